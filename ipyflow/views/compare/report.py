"""A comparison as JSON: what a page draws (``docs/protocol.md``)."""

from __future__ import annotations

from typing import Any

from ipyflow.model.run import TaskState
from ipyflow.views.compare.changes import KINDS, Change, Row
from ipyflow.views.compare.facts import Facts, Side
from ipyflow.views.compare.lanes import Lane, Stretch
from ipyflow.views.compare.words import differing_arguments, row_words, said, sentences, title, when
from ipyflow.views.words import clean, clip, home

ROWS = 200
"""Rows at most."""
CHANGES = 50
"""Tasks of a row that are told one by one."""


def report(facts: Facts) -> dict[str, Any]:
    """What ``Comparison.to_json()`` gives."""
    rows = [row for row in facts.rows if row.kind != "same"]
    return {
        "title": title(facts),
        "before": _side(facts.before),
        "after": _side(facts.after),
        "words": sentences(facts),
        "counts": dict(facts.counts),
        "rows": [_row(row) for row in rows[:ROWS]],
        "more": max(len(rows) - ROWS, 0),
        "code": [
            {"name": clean(one.name), "module": home(one.module), "lines": [[m, clean(text)] for m, text in one.lines]}
            for one in facts.code
        ],
        "lanes": [_lane(lane) for lane in facts.lanes.rows],
        "lanes_more": facts.lanes.left_out,
    }


def _side(side: Side) -> dict[str, Any]:
    return {
        "id": side.id,
        "key": side.key,
        "name": side.name,
        "kind": side.kind,
        "state": str(side.state),
        "wall": side.wall,
        "when": when(side),
        "seconds": round(side.seconds, 6),
        "ended": side.ended,
        "lost": side.lost,
        "tasks": side.tasks,
        "ran": round(side.ran, 6),
        "queued": round(side.queued, 6),
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        "name": clean(clip(row.name, 200)),
        "role": row.role,
        "kind": row.kind,
        "word": KINDS[row.kind],
        "tasks": len(row.changes),
        "before": _rounded(row.before),
        "after": _rounded(row.after),
        "said": row_words(row),
        "changes": [_change(one) for one in row.changes[:CHANGES]],
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "args": clean(clip(change.args, 200)),
        "was": clean(clip(differing_arguments(change), 200)),
        "said": clean(clip(said(change), 300)),
        "before": _task(change.pair.before, change.before),
        "after": _task(change.pair.after, change.after),
    }


def _task(task: TaskState | None, seconds: float | None) -> list[Any] | None:
    return None if task is None else [task.id, str(task.state), _rounded(seconds)]


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 6)


def _lane(lane: Lane) -> dict[str, Any]:
    return {
        "name": clean(clip(lane.name, 200)),
        "args": clean(clip(lane.args, 200)),
        "role": lane.role,
        "tasks": lane.tasks,
        "kind": lane.kind,
        "before": _stretches(lane.before),
        "after": _stretches(lane.after),
    }


def _stretches(stretches: list[Stretch]) -> list[list[Any]]:
    return [[round(begin, 6), round(end, 6), look] for begin, end, look in stretches]
