"""The workflows of a run as its payload has them: the picture, the numbers in it, the events one by one."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ipyflow.model.events import EventState, WorkflowState
from ipyflow.model.run import RunState
from ipyflow.views.tallies import MOST, joins, sent, shown_flows, tally, unhandled, went
from ipyflow.views.ways import Ways, ways
from ipyflow.views.words import clean, clip

EVENTS = 300
"""Events of all workflows of a run that are sent; of more those that want a look, then the newest."""
PUBLISHED = 100
LISTED = 50
"""Ids in one list."""
TEXT = 200


def workflows(
    state: RunState, *, most: int = MOST, events: int = EVENTS, published: int = PUBLISHED, text: int = TEXT,
    digits: int = 6,
) -> list[dict[str, Any]]:  # fmt: skip
    """Make the payload's ``workflows`` (see ``docs/protocol.md``).

    Args:
        state: the run.
        most: how many workflows at most.
        events: how many events at most, of all of them together.
        published: how many published events of each at most.
        text: the most characters of each text that comes from user code.
        digits: decimals of the times, in seconds.

    Example:
        >>> workflows(RunState())
        []
    """
    flows = shown_flows(state, most)
    counts = tally(state, flows)
    out = []
    for i, flow in enumerate(flows):
        share = min(events // (len(flows) - i), len(flow.events))
        events -= share
        out.append(
            {
                "task": flow.id,
                "name": clean(clip(state.tasks[flow.id].name, text)),
                **_picture(ways(flow), went(state, flow), text),
                "steps": {
                    clean(clip(name, text)): {
                        "running": step.running,
                        "blocked": step.blocked,
                        "retrying": step.retrying,
                        "waiting": step.waiting,
                        "succeeded": step.succeeded,
                        "failed": step.failed,
                        "cancelled": step.cancelled,
                    }
                    for name, step in counts[flow.id].items()
                },
                "sent": {clean(clip(name, text)): number for name, number in sent(state, flow).items()},
                "unhandled": {clean(clip(name, text)): len(found) for name, found in unhandled(flow).items()},
                **_waiting(state, flow, text, digits),
                "events": _events(state, flow, share, text, digits),
                "total": len(flow.events),
                "published": _published(state, flow, published, text, digits),
            }
        )
    return out


def _picture(drawn: Ways, counts: Counter[tuple[str, str]], text: int) -> dict[str, Any]:
    return {
        "nodes": [
            {
                "key": clean(clip(place.key, text)),
                "name": clean(clip(place.name, text)),
                "kind": place.kind,
                "form": place.form,
                "workers": place.workers,
                "x": place.x,
                "y": place.y,
                "w": place.w,
                "h": place.h,
            }
            for place in drawn.places
        ],
        "edges": [
            {
                "from": clean(clip(way.source, text)),
                "to": clean(clip(way.target, text)),
                "form": way.form,
                "points": [list(point) for point in way.points],
                "at": None if way.at is None else list(way.at),
                "count": counts[way.source, way.target],
            }
            for way in drawn.ways
        ],
        "width": drawn.width,
        "height": drawn.height,
    }


def _waiting(state: RunState, flow: WorkflowState, text: int, digits: int) -> dict[str, Any]:
    """What stands in joins, and the steps whose bodies wait for an event."""

    def at(time: float) -> float:
        return round(time - state.opened, digits)

    return {
        "joins": [
            {
                "step": clean(clip(join.step, text)),
                "join": clean(clip(join.join, text)),
                "have": len(join.events),
                "needs": [[clean(clip(name, text)), count] for name, count in join.needs],
                "since": at(join.since),
                "last": at(join.last),
                "filled": join.filled,
                "events": join.events[:LISTED],
            }
            for join in joins(flow)
        ],
        "awaited": [
            {
                "task": task,
                "step": clean(clip(state.tasks[task].name, text)),
                "type": clean(clip(type_, text)),
                "text": clean(clip(said, text)),
                "since": at(time),
            }
            for task, (time, type_, said) in list(flow.awaited.items())[:LISTED]
            if task in state.tasks
        ],
    }


def _published(state: RunState, flow: WorkflowState, most: int, text: int, digits: int) -> list[dict[str, Any]]:
    return [
        {
            "time": round(time - state.opened, digits),
            "by": by,
            "type": clean(clip(type_, text)),
            "text": clean(clip(said, text)),
        }
        for time, by, type_, said in (flow.published[-most:] if most else ())
    ]


def _events(state: RunState, flow: WorkflowState, most: int, text: int, digits: int) -> list[dict[str, Any]]:
    gave: dict[int, list[int]] = {}
    for event in flow.events.values():
        if event.by:
            gave.setdefault(event.by, []).append(event.id)
    out = []
    for event in _chosen(flow, most):
        by = state.tasks.get(event.by)
        out.append(
            {
                "id": event.id,
                "type": clean(clip(event.type, text)),
                "text": clean(clip(event.text, text)),
                "time": round(event.time - state.opened, digits),
                "by": event.by,
                "from": [] if by is None else list(by.takes[:LISTED]),
                "to": [clean(clip(step, text)) for step in event.to],
                "taken": event.taken_by[:LISTED],
                "held": [clean(clip(step, text)) for step in event.held_in],
                "gave": [id_ for task in event.taken_by for id_ in gave.get(task, ())][:LISTED],
            }
        )
    return out


def _chosen(flow: WorkflowState, most: int) -> list[EventState]:
    """The events to send: first what nobody takes and what waits, in a join or for a worker; then the newest."""
    if len(flow.events) <= most:
        return list(flow.events.values())
    wanted = [event for event in flow.events.values() if event.unhandled or event.held_in or not event.taken_by]
    chosen = {event.id for event in wanted[-most:]} if most else set()
    for id_ in reversed(flow.events):
        if len(chosen) >= most:
            break
        chosen.add(id_)
    return [flow.events[id_] for id_ in sorted(chosen)]
