"""What a saved file keeps of that which a live page asks its kernel for: tracebacks, and the end of the log."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from ipyflow.model.run import RunState, TaskState
from ipyflow.model.status import FAILURE_STATES
from ipyflow.views.explain import origin, taken
from ipyflow.views.failures_html import is_traced
from ipyflow.views.log_lines import line
from ipyflow.views.words import block

TRACEBACKS = 12_000
"""Bytes of JSON for all tracebacks."""
TRACEBACK = 4000
"""Characters of one; of a longer one the middle is left out."""
LOG = 8000
"""Bytes of JSON for the last lines of the log."""
LINE = 400
"""Characters of one line."""
_AROUND = 60
"""Bytes of the keys."""


def kept(state: RunState, room: int, chosen: Collection[int], digits: int = 6) -> dict[str, Any]:
    """Make the saved payload's ``kept`` (see ``docs/protocol.md``).

    The failures in which others began come first. Where nothing failed and nothing was written, or there is no room, it
    is empty but for the number of lines: so a page knows that it need not ask a kernel.

    Args:
        state: the run.
        room: the most bytes of JSON that it may have.
        chosen: ids of the tasks whose rows are saved: only these can be opened.
        digits: decimals of times, in seconds.

    Example:
        >>> kept(RunState(), 20_000, [])
        {'tracebacks': {}, 'log': [], 'lines': 0}
    """
    room -= _AROUND
    traced = _tracebacks(state, min(TRACEBACKS, room), chosen)
    room -= sum(size for _, _, size in traced)
    lines: list[list[Any]] = []
    left = min(LOG, room)
    for piece in reversed(state.output):
        said = line(state, piece, LINE, digits)
        left -= _size(said)
        if left < 0:
            break
        lines.append(said)
    return {
        "tracebacks": {str(task.id): text for task, text, _ in traced},
        "log": lines[::-1],
        "lines": len(state.output),
    }


def _tracebacks(state: RunState, room: int, chosen: Collection[int]) -> list[tuple[TaskState, str, int]]:
    failed = [state.tasks[id_] for id_ in chosen if state.tasks[id_].state in FAILURE_STATES]
    failed = [task for task in failed if is_traced(task.traceback)]
    if not failed:
        return []
    took = taken(state)
    failed.sort(key=lambda task: (origin(state, task, took) is not task, task.ended or 0.0, task.id))
    out = []
    for task in failed:
        text = block(task.traceback or "", TRACEBACK)
        size = _size(text) + _size(str(task.id)) + 1
        if size <= room:
            room -= size
            out.append((task, text, size))
    return out


def _size(value: Any) -> int:
    return len(json.dumps(value, separators=(",", ":"))) + 1
