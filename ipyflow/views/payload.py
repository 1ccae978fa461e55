"""What a live page knows of a run: the payload of ``docs/protocol.md``."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

from ipyflow.model.run import RunState, Span, TaskState
from ipyflow.views.critical import critical_path
from ipyflow.views.edges import Edge, between
from ipyflow.views.edges import edges as edges_of
from ipyflow.views.graph import Graph, graph, plan
from ipyflow.views.interest import interesting
from ipyflow.views.lanes import lanes
from ipyflow.views.listing import summary
from ipyflow.views.prompts import asking
from ipyflow.views.words import arguments, clean, clip, home, instant, remarked, remarks
from ipyflow.views.workflows import LISTED, workflows

SCHEMA = 1
MIME = "application/vnd.ipyflow-parallel.run+json"
LIMIT = 2000
"""Above this many tasks a live page gets the tasks worth a look instead of all."""
_SPANS = 200
_NOTES = 50


def row(task: TaskState, run: RunState, *, text: int = 500, spans: int = _SPANS, digits: int = 6) -> dict[str, Any]:
    """Describe one task as a row of the payload.

    Args:
        task: a task of ``run``.
        run: its run, for the instant that times count from.
        text: the most characters of each text that comes from user code.
        spans: the most stretches; of more only the longest in each part of the task's life stays.
        digits: decimals of the times, in seconds.
    """
    zero = run.opened

    def at(time: float | None) -> float | None:
        return None if time is None else round(time - zero, digits)

    progress = task.progress
    return {
        "id": task.id,
        "parent": task.parent,
        "name": clean(clip(task.name, text)),
        "module": home(task.module),
        "group": None if task.group is None else clean(clip(task.group, text)),
        "role": task.role,
        "branch": task.branch,
        "executor": clean(clip(task.executor, text)),
        "state": str(task.state),
        "reason": clean(clip(task.reason, text)),
        "on": list(task.waiting_on[:50]),
        "worker": clean(clip(task.worker, text)),
        "args": clean(clip(arguments(run, task), text)),
        "attempts": len(task.attempts),
        "submitted": at(task.submitted),
        "started": at(task.started),
        "ended": at(task.ended),
        "spans": [[at(s.time), str(s.state), clean(clip(s.note, text))] for s in thinned(task, spans)],
        "type": clean(clip(task.type, text)),
        "text": clean(clip(task.text, text)),
        "progress": None if progress is None else [progress[0], progress[1], clean(clip(progress[2], text))],
        "notes": [[kind, clean(clip(said, text))] for kind, said in remarked(task)[:_NOTES]],
        "takes": list(task.takes[:LISTED]),
        "revised": [at(one.time) for one in task.revisions or ()],
        "reused": reused(task),
    }


def reused(task: TaskState) -> list[Any] | None:
    """Where a value comes from that a task has without running: how, the run's key, the task there, when made."""
    reuse = task.reused
    return None if reuse is None else [reuse.how, clean(clip(reuse.run, 80)), reuse.task, round(reuse.made, 3)]


def thinned(task: TaskState, most: int) -> Sequence[Span]:
    """Give a task's spans, or, of too many, the one that lasts longest in each of ``most`` equal parts of its life."""
    spans = task.spans
    if len(spans) <= most:
        return spans
    begin, end = spans[0].time, spans[-1].time
    width = (end - begin) / max(most - 2, 1) or 1.0
    longest: dict[int, tuple[float, Span]] = {}
    for span, following in itertools.pairwise(spans):
        part = int((span.time - begin) / width)
        lasts = following.time - span.time
        if part not in longest or lasts > longest[part][0]:
            longest[part] = (lasts, span)
    return [spans[0], *(span for _, span in longest.values() if span is not spans[0]), spans[-1]]


def run_header(state: RunState, now: float | None = None, *, aggregated: bool = False) -> dict[str, Any]:
    """Make the payload's ``run``.

    Args:
        state: the run.
        now: the engine's clock, for a run that goes on; by default the time of its last record.
        aggregated: whether the payload holds only the tasks worth a look.
    """
    return {
        **summary(state),
        "now": round(instant(state, now) - state.opened, 6),
        "closed": None if state.closed is None else round(state.closed - state.opened, 6),
        "aggregated": aggregated,
        "critical": critical_path(state),
        "notes": [[kind, task, clean(clip(said, 500))] for task, kind, said in remarks(state, _NOTES)],
        **asking(state),
    }


def payload(state: RunState, seq: int = 0, limit: int = LIMIT, *, now: float | None = None) -> dict[str, Any]:
    """Make the whole payload for a live page.

    Args:
        state: the run.
        seq: the number of the message it goes out with.
        limit: above this many tasks the payload is aggregated.
        now: the engine's clock, for a run that goes on; by default the time of its last record.

    Example:
        >>> payload(RunState())["tasks"]
        []
    """
    aggregated = len(state.tasks) > limit
    chosen = interesting(state) if aggregated else sorted(state.tasks)
    found = edges_of(state)
    header = run_header(state, now, aggregated=aggregated)
    critical = header.get("critical", ())
    return {
        "schema": SCHEMA,
        "seq": seq,
        "run": header,
        "tasks": [row(state.tasks[id_], state) for id_ in chosen],
        "edges": edge_rows(between(found, chosen) if aggregated else found),
        "graph": graph(state, plan(state, found=found), counted=aggregated, critical=critical, handles=True),
        "lanes": lanes(state, now) if aggregated else None,
        "workflows": workflows(state),
    }


def edge_rows(found: Sequence[Edge]) -> list[list[Any]]:
    """Write edges as the payload holds them."""
    return [list(edge) for edge in found]


def delta(
    state: RunState,
    changed: Iterable[int],
    seq: int,
    *,
    now: float | None = None,
    aggregated: bool = False,
    edges: Sequence[Edge] | None = None,
    planned: Graph | None = None,
    lanes: list[dict[str, Any]] | None = None,
    flows: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """Make the message with what changed. :class:`ipyflow.views.live.LiveView` knows what to give.

    Args:
        state: the run.
        changed: ids of the tasks whose rows to send.
        seq: the number of the message.
        now: the engine's clock.
        aggregated: whether the page has only the tasks worth a look.
        edges: all edges between the page's tasks, when edges were added.
        planned: the laid out graph, when it or its counts changed.
        lanes: the lanes, when they changed.
        flows: the workflows, when something happened in one.
    """
    header = run_header(state, now, aggregated=aggregated)
    critical, drawn = header.get("critical", ()), None
    if planned is not None:
        drawn = graph(state, planned, counted=aggregated, critical=critical, handles=True)
    return {
        "type": "delta",
        "seq": seq,
        "run": header,
        "tasks": [row(state.tasks[id_], state) for id_ in sorted(changed)],
        "edges": None if edges is None else edge_rows(edges),
        "graph": drawn,
        "lanes": lanes,
        "workflows": flows,
    }
