"""The payload that a notebook file keeps: small enough to live in git, whole enough to draw every picture from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from math import floor, log10
from typing import Any

from ipyflow.model.run import RunState
from ipyflow.views.edges import Edge, between
from ipyflow.views.edges import edges as edges_of
from ipyflow.views.graph import graph, plan
from ipyflow.views.interest import interesting
from ipyflow.views.kept import kept
from ipyflow.views.lanes import lanes
from ipyflow.views.payload import SCHEMA, edge_rows, row, run_header
from ipyflow.views.tallies import MOST
from ipyflow.views.words import clip
from ipyflow.views.workflows import workflows

SAVED_LIMIT = 200
SAVED_EVENTS = 100
"""Events of a run's workflows that a notebook file keeps."""
SAVED_SIZE = 50_000
"""Bytes of JSON that a saved payload stays under."""
KEPT_LEAST = 5_000
"""Bytes of it for tracebacks and the end of the log, if they are that long, and all that the rest leaves over."""

DEFAULTS: dict[str, Any] = {
    "parent": 0, "module": "", "group": None, "role": None, "branch": None, "executor": "threads", "reason": "",
    "on": [], "worker": "", "args": "", "attempts": 1, "started": None, "ended": None, "type": "", "text": "",
    "progress": None, "notes": [], "takes": [], "revised": [], "reused": None,
}  # fmt: skip
"""Keys that a row of a saved payload leaves out when they have these values; see :func:`expand`."""


def saved_payload(state: RunState, *, now: float | None = None, limit: int = SAVED_LIMIT) -> dict[str, Any]:
    """Make the payload that a notebook file keeps: the same shape, in under :data:`SAVED_SIZE` bytes of JSON.

    Rows leave out what has its default (:data:`DEFAULTS`) and spans that follow from the other times, texts are
    shorter, times have the digits a picture can show. If that is still too much, the fewer tasks the less worth a
    look they are. Tracebacks and the end of the log have :data:`KEPT_LEAST` and what is left over. :func:`expand` gives
    whole rows again.
    """
    texts, most, nodes, events, flows = 80, limit, 80, SAVED_EVENTS, MOST
    found = edges_of(state)
    wanted = min(_size(kept(state, KEPT_LEAST, interesting(state, limit))) + 20, KEPT_LEAST)
    lanes_of: list[dict[str, Any]] | None = None
    header = run_header(state, now)
    critical = header["critical"]
    planned = plan(state, nodes, found)
    drawn = graph(state, planned, listed=10, critical=critical)
    while True:
        if lanes_of is None and len(state.tasks) > most:
            lanes_of = lanes(state, now, most=8)
            drawn = graph(state, planned, listed=10, counted=True, critical=critical)
        made = _saved(state, header, texts, most, found)
        made |= {"graph": drawn, "lanes": lanes_of}
        made["workflows"] = workflows(state, most=flows, events=events, published=events // 5, text=texts, digits=4)
        size = _size(made)
        if size + wanted < SAVED_SIZE or most < 2:
            return _keeping(made, state, SAVED_SIZE - size)
        if texts > 40:
            texts = 40
            continue
        if events > 10 and state.workflows:
            events //= 2
            continue
        if flows > 1 and state.workflows:
            flows //= 2
            continue
        if texts > 24:
            texts = 24
            continue
        most, nodes = most * 3 // 4, max(nodes * 3 // 4, 12)
        if len(drawn["nodes"]) > nodes:
            planned = plan(state, nodes, found)
            drawn = graph(state, planned, listed=10, counted=lanes_of is not None, critical=critical)


def _size(made: dict[str, Any]) -> int:
    return len(json.dumps(made, separators=(",", ":")))


def _keeping(made: dict[str, Any], state: RunState, room: int) -> dict[str, Any]:
    """Add what else there is room for: the pictures come first."""
    found = kept(state, room - len(',"kept":'), [task["id"] for task in made["tasks"]], digits=4)
    return {**made, "kept": found}


def _saved(state: RunState, whole: dict[str, Any], texts: int, most: int, found: Sequence[Edge]) -> dict[str, Any]:
    aggregated = len(state.tasks) > most
    chosen = interesting(state, most) if aggregated else sorted(state.tasks)
    elapsed = whole["now"]
    digits = min(max(4 - floor(log10(elapsed)), 2), 6) if elapsed > 0 else 6
    there = set(chosen)
    header = {
        **whole,
        "aggregated": aggregated,
        "critical": [id_ for id_ in whole["critical"] if id_ in there],
        "notes": [[kind, task, clip(said, 200)] for kind, task, said in whole["notes"][:10]],
    }
    rows = [row(state.tasks[id_], state, text=texts, spans=24, digits=digits) for id_ in chosen]
    return {
        "schema": SCHEMA,
        "seq": 0,
        "run": header,
        "tasks": [_packed(r) for r in rows],
        "edges": edge_rows(between(found, chosen) if aggregated else found),
    }


def _packed(full: dict[str, Any]) -> dict[str, Any]:
    out = {key: value for key, value in full.items() if key not in DEFAULTS or DEFAULTS[key] != value}
    if full["spans"] == _plain_spans(full):
        del out["spans"]
    return out


def _plain_spans(full: dict[str, Any]) -> list[list[Any]]:
    """The spans of a task that was queued, ran once and ended: they follow from its times."""
    spans = [[full["submitted"], "queued", ""]]
    if full["started"] is not None:
        spans.append([full["started"], "running", full["worker"]])
    if full["ended"] is not None:
        spans.append([full["ended"], full["state"], ""])
    return spans


def expand(saved: dict[str, Any]) -> dict[str, Any]:
    """Give a saved payload whole rows again; a payload that has them already comes back equal."""
    rows = []
    for packed in saved["tasks"]:
        full = {**DEFAULTS, **packed}
        full.setdefault("spans", _plain_spans(full))
        rows.append({key: full[key] for key in _ORDER})
    return {**saved, "tasks": rows}


_ORDER = (
    "id", "parent", "name", "module", "group", "role", "branch", "executor", "state", "reason", "on", "worker", "args",
    "attempts", "submitted", "started", "ended", "spans", "type", "text", "progress", "notes",
    "takes", "revised", "reused",
)  # fmt: skip
