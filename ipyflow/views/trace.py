"""A run as a trace: the JSON of Chrome's trace events, which ui.perfetto.dev, Perfetto's tools and speedscope open.

A process for each host, a thread for each worker, a slice for each attempt with what it stood blocked in it, arrows
for data, and how many tasks ran or waited as counters.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from typing import Any

from ipyflow.model.run import RunState, TaskState
from ipyflow.model.status import State
from ipyflow.views.containers import CONTAINERS, contains
from ipyflow.views.edges import DATA, edges
from ipyflow.views.tracks import Slice, nested, on_tracks
from ipyflow.views.words import STATE_NOTE, arguments, instant, shown
from ipyflow.views.workers import place

Event = dict[str, Any]

WAITS = 2000
"""Up to so many tasks, what each waited for before it ran is drawn too; of more the counters tell."""
ARROWS = 50_000
"""Arrows at most."""
SAMPLES = 4000
"""Values of the counters at most."""
HERE = 1
"""The process that stands for this machine."""
_COUNTED = (State.RUNNING, State.BLOCKED, State.QUEUED, State.WAITING)
_TEXT = 500


def trace(state: RunState, *, now: float | None = None) -> str:
    """Write the trace.

    Args:
        state: the run.
        now: the engine's clock, for a run that goes on; by default the time of its last record.

    Example:
        >>> json.loads(trace(RunState()))["displayTimeUnit"]
        'ms'
    """
    about = {"run": shown(state.name, 200), "kind": state.kind, "state": str(state.state)}
    about["opened"] = datetime.fromtimestamp(state.wall, UTC).isoformat()
    lines = ",\n".join(json.dumps(event, separators=(",", ":")) for event in events(state, now))
    return f'{{"displayTimeUnit":"ms","otherData":{json.dumps(about)},"traceEvents":[\n{lines}\n]}}\n'


def events(state: RunState, now: float | None = None) -> Iterator[Event]:
    """Give the trace's events; times in microseconds since the run was opened."""
    until = instant(state, now)
    found = on_tracks(state, until)
    hosts = {"": HERE}
    yield _named("process_name", HERE, 0, shown(state.name, 120) or "run")
    places: dict[tuple[str, int], tuple[int, int]] = {}
    numbers = count(1)
    for worker, of_worker in found.items():
        name, host = place(worker)
        if host not in hosts:
            hosts[host] = len(hosts) + 1
            yield _named("process_name", hosts[host], 0, shown(host, 120))
        for track in range(max(one.track for one in of_worker) + 1):
            pid, tid = places[worker, track] = hosts[host], next(numbers)
            more = f" ({track + 1})" if track else ""
            yield _named("thread_name", pid, tid, (shown(name, 120) or "worker") + more)
            yield {"ph": "M", "name": "thread_sort_index", "pid": pid, "tid": tid, "args": {"sort_index": tid}}
    for of_worker in found.values():
        for begin, end, blocked, one in nested(of_worker):
            pid, tid = places[one.worker, one.track]
            what = _blocked(one) if blocked else _attempt(state, one)
            yield {"ph": "X", "pid": pid, "tid": tid, "ts": begin / 1000, "dur": (end - begin) / 1000, **what}
    yield from _arrows(state, found, places)
    yield from _before(state, until)
    yield from _counters(state)
    yield from _notes(state)


def _named(what: str, pid: int, tid: int, name: str) -> Event:
    return {"ph": "M", "name": what, "pid": pid, "tid": tid, "args": {"name": name}}


def _us(state: RunState, time: float) -> float:
    return round((time - state.opened) * 1e9) / 1000


def _attempt(state: RunState, one: Slice) -> Event:
    task = one.task
    args: dict[str, Any] = {"task": task.id, "attempt": one.attempt, "state": str(one.state), "executor": task.executor}
    called = arguments(state, task)
    tried = task.attempts[one.attempt - 1] if one.attempt <= len(task.attempts) else None
    if called:
        args["arguments"] = shown(called, _TEXT)
    if tried is not None and tried.failed:
        args["error"] = shown(f"{tried.type}: {tried.text}", _TEXT)
    elif tried is not None and tried.type:
        args["value"] = shown(tried.text, _TEXT)
    elif one.state is State.SUCCEEDED and task.text:
        args["value"] = shown(task.text, _TEXT)
    if task.group is not None:
        args["group"] = shown(task.group, 120)
    return {"name": shown(task.name, 120) or "task", "cat": "task", "args": args}


def _blocked(one: Slice) -> Event:
    return {"name": "blocked", "cat": "blocked", "args": {"task": one.task.id}}


def _arrows(
    state: RunState, found: dict[str, list[Slice]], places: dict[tuple[str, int], tuple[int, int]]
) -> Iterator[Event]:
    """An arrow for each edge of data, from the end of the body that gave it to the body that took it."""
    bodies: dict[int, list[Slice]] = {}
    for of_worker in found.values():
        for one in of_worker:
            bodies.setdefault(one.task.id, []).append(one)
    data = [(source, target) for source, target, kind in edges(state) if kind == DATA]
    numbers = count(1)
    for source, target in _past_containers(state, data):
        if source not in bodies or target not in bodies:
            continue
        giver = max(bodies[source], key=lambda s: s.end)
        at = giver.end - 1
        taker = min((s for s in bodies[target] if s.end - 1 >= at), key=lambda s: s.begin, default=None)
        number = next(numbers) if taker is not None else ARROWS + 1
        if taker is None or number > ARROWS:
            continue
        same = {"name": "data", "cat": "data", "id": number}
        for ph, one, ns in (("s", giver, at), ("f", taker, max(at, taker.begin))):
            pid, tid = places[one.worker, one.track]
            more = {"bp": "e"} if ph == "f" else {}
            yield {"ph": ph, "pid": pid, "tid": tid, "ts": ns / 1000, **same, **more}


def _past_containers(state: RunState, data: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The edges between bodies: a pipeline or a group has none, so what it was given is what it gives."""
    given: dict[int, list[int]] = {}
    for source, target in data:
        if contains(state.tasks[target]):
            given.setdefault(target, []).append(source)

    def givers(source: int) -> list[int]:
        out, left, seen = [], [source], {source}
        while left:
            id_ = left.pop()
            if not contains(state.tasks[id_]):
                out.append(id_)
                continue
            left += [more for more in given.get(id_, ()) if more not in seen]
            seen.update(given.get(id_, ()))
        return out

    for source, target in data:
        if not contains(state.tasks[target]):
            yield from ((id_, target) for id_ in givers(source))


def _before(state: RunState, until: float) -> Iterator[Event]:
    """What has no worker: pipelines, groups and workflows from end to end; and what tasks waited for."""
    small = len(state.tasks) <= WAITS
    for task in state.tasks.values():
        if contains(task):
            end = until if task.ended is None else task.ended
            name = f"{task.role} {shown(task.name, 120)}"
            yield from _pair(state, task, name, str(task.role), task.submitted, end)
        elif small:
            ends = [span.time for span in task.spans[1:]] + [until]
            for span, end in zip(task.spans, ends, strict=True):
                if span.state in (State.WAITING, State.QUEUED) and end > span.time:
                    why = f"waiting: {shown(span.note, 80)}" if span.note else str(span.state)
                    yield from _pair(state, task, why, "waiting", span.time, end)


def _pair(state: RunState, task: TaskState, name: str, cat: str, begin: float, end: float) -> Iterator[Event]:
    same = {"pid": HERE, "tid": 0, "name": name, "cat": cat, "id": str(task.id)}
    said = {"task": task.id, "name": shown(task.name, 120), "state": str(task.state)}
    yield {"ph": "b", "ts": _us(state, begin), **same, "args": said}
    yield {"ph": "e", "ts": _us(state, max(begin, end)), **same}


def _counters(state: RunState) -> Iterator[Event]:
    """How many tasks were in each state: at each change, or of very many so often as a picture can show."""
    changes: list[tuple[float, State, int]] = []
    for task in state.tasks.values():
        if task.role in CONTAINERS:
            continue
        before = None
        for span in task.spans:
            if before in _COUNTED:
                changes.append((span.time, before, -1))
            if span.state in _COUNTED:
                changes.append((span.time, span.state, 1))
            before = span.state
    if not changes:
        return
    changes.sort(key=lambda change: change[0])
    step = (changes[-1][0] - changes[0][0]) / SAMPLES if len(changes) > SAMPLES else 0.0
    counts = dict.fromkeys(_COUNTED, 0)
    since = changes[0][0]
    for i, (time, which, by) in enumerate(changes):
        counts[which] += by
        following = changes[i + 1][0] if i + 1 < len(changes) else None
        if following is None or (following > time and following - since >= step):
            since = time if following is None else following
            args = {str(which): number for which, number in counts.items()}
            yield {"ph": "C", "pid": HERE, "tid": 0, "ts": _us(state, time), "name": "tasks", "args": args}


def _notes(state: RunState) -> Iterator[Event]:
    for time, task, kind, text in state.notes:
        if kind not in ("detached", STATE_NOTE):
            same = {"pid": HERE, "tid": 0, "ts": _us(state, time), "name": shown(kind, 60), "cat": "note"}
            yield {"ph": "i", "s": "p", **same, "args": {"task": task, "text": shown(text, _TEXT)}}
