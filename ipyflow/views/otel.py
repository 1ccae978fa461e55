"""A run as OpenTelemetry spans, made with the official SDK (``opentelemetry-sdk``), for whoever has a place for traces.

A trace for the run: a span for the run itself, and in it one for each task, below the task that submitted it. Data
that went from task to task are links, attempts are events, a failure is a recorded exception. The ids follow from the
run and the task, so the same run sent twice is one trace.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from ipyflow.model.run import RunState, TaskState
from ipyflow.model.status import FAILURE_STATES, FINAL_STATES, State
from ipyflow.views.edges import DATA, edges
from ipyflow.views.words import arguments, block, clean, clip, home, instant

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import Event, ReadableSpan
    from opentelemetry.trace import SpanContext, Status

MISSING = "OpenTelemetry spans need its SDK: pip install 'ipyflow-parallel[otel]' (or opentelemetry-sdk)"
SCOPE = "ipyflow"
LINKS = 128
"""Links of a span at most, which is the SDK's own limit; ``ipyflow.task.inputs`` says how many there were."""
_TEXT = 2000
_TRACE = 20_000


def spans(state: RunState, *, now: float | None = None) -> list[ReadableSpan]:
    """Make the spans of a run, the run's own first.

    Tasks that have not ended yet end now; tasks that are only planned have none.

    Args:
        state: the run.
        now: the engine's clock, for a run that goes on; by default the time of its last record.

    Raises:
        ImportError: the SDK is not installed; the message says how to get it.
    """
    try:
        from opentelemetry.sdk.trace import ReadableSpan
        from opentelemetry.sdk.util.instrumentation import InstrumentationScope
        from opentelemetry.trace import Link, SpanContext, TraceFlags
    except ImportError:
        raise ImportError(MISSING) from None
    resource, scope = _resource(), InstrumentationScope(SCOPE)
    until = instant(state, now)
    trace_id = _id(state, "trace", 16)

    def context(task: int) -> SpanContext:
        return SpanContext(trace_id, _id(state, task, 8), False, TraceFlags(TraceFlags.SAMPLED))

    happened = [task for task in state.tasks.values() if task.state is not State.PLANNED]
    contexts = {task.id: context(task.id) for task in happened}
    root = context(0)
    given: dict[int, list[int]] = {}
    for source, target, kind in edges(state):
        if kind == DATA and source in contexts:
            given.setdefault(target, []).append(source)
    of_run: dict[str, Any] = {"ipyflow.run.id": state.id, "ipyflow.run.kind": state.kind}
    of_run["ipyflow.run.state"] = str(state.state)
    if state.key:
        of_run["ipyflow.run.key"] = state.key
    out = [
        ReadableSpan(
            f"run {clean(clip(state.name, _TEXT))}", root, None, resource, of_run,
            status=_status(state.state, ""), start_time=_wall(state, state.opened), end_time=_wall(state, until),
            instrumentation_scope=scope,
        )
    ]  # fmt: skip
    for task in happened:
        inputs = given.get(task.id, [])
        out.append(
            ReadableSpan(
                clean(clip(task.name, _TEXT)) or "task", contexts[task.id], contexts.get(task.parent, root), resource,
                _attributes(state, task, len(inputs)), _events(state, task),
                [Link(contexts[source]) for source in inputs[:LINKS]],
                status=_status(task.state, f"{task.type}: {task.text}" if task.type else task.text),
                start_time=_wall(state, task.submitted),
                end_time=_wall(state, until if task.ended is None else task.ended), instrumentation_scope=scope,
            )
        )  # fmt: skip
    return out


def _resource() -> Any:
    """What the user's environment says the service is (``OTEL_SERVICE_NAME``), else our name."""
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource

    found = Resource.create()
    if str(found.attributes.get(SERVICE_NAME, "unknown_service")).startswith("unknown_service"):
        found = found.merge(Resource({SERVICE_NAME: SCOPE}))
    return found


def _id(state: RunState, what: object, size: int) -> int:
    words = f"{state.wall!r} {state.key or state.id} {what}".encode()
    return int.from_bytes(hashlib.blake2b(words, digest_size=size).digest()) or 1


def _wall(state: RunState, time: float) -> int:
    """An instant in nanoseconds since the epoch."""
    whole, part = divmod(state.wall, 1)  # all at once the nanoseconds would be rounded to hundreds
    return int(whole) * 1_000_000_000 + round(part * 1e9) + round((time - state.opened) * 1e9)


def _attributes(state: RunState, task: TaskState, inputs: int) -> dict[str, Any]:
    module, called = home(task.module), clean(clip(arguments(state, task), _TEXT))
    function = f"{module}.{clean(task.name)}" if module else clean(task.name)
    out: dict[str, Any] = {
        "ipyflow.run.id": state.id,
        "ipyflow.task.id": task.id,
        "ipyflow.task.state": str(task.state),
        "ipyflow.task.executor": clean(task.executor),
        "ipyflow.task.attempts": len(task.attempts),
        "code.function.name": clip(function, _TEXT),
    }
    more = {
        "ipyflow.task.worker": clean(task.worker), "ipyflow.task.arguments": called,
        "ipyflow.task.group": clean(clip(task.group or "", _TEXT)), "ipyflow.task.role": task.role or "",
        "ipyflow.task.inputs": inputs,
    }  # fmt: skip
    return out | {name: value for name, value in more.items() if value}


def _events(state: RunState, task: TaskState) -> list[Event]:
    from opentelemetry.sdk.trace import Event

    out = []
    for attempt in task.attempts:
        at: dict[str, Any] = {"ipyflow.attempt": attempt.number, "ipyflow.task.worker": clean(attempt.worker)}
        out.append(Event("attempt", at, _wall(state, attempt.started)))
        if attempt.failed and attempt.ended is not None:
            failed = _exception(attempt.type, attempt.text, attempt.traceback)
            out.append(Event("exception", failed, _wall(state, attempt.ended)))
    if not task.attempts and task.state in FAILURE_STATES and task.ended is not None:
        failed = _exception(task.type, task.text, task.traceback)
        out.append(Event("exception", failed, _wall(state, task.ended)))
    return out


def _exception(type_: str, text: str, traceback: str | None) -> dict[str, str]:
    out = {"exception.type": clean(clip(type_, _TEXT)), "exception.message": clean(clip(text, _TEXT))}
    return out | ({"exception.stacktrace": clean(block(traceback, _TRACE))} if traceback else {})


def _status(state: State, words: str) -> Status:
    from opentelemetry.trace import Status, StatusCode

    if state in FAILURE_STATES:
        return Status(StatusCode.ERROR, clean(clip(words, _TEXT)) or None)
    return Status(StatusCode.OK if state in FINAL_STATES and state is not State.CANCELLED else StatusCode.UNSET)
