"""The log of a run: what its tasks printed, logged and warned, of all together or of one, a page of it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from ipyflow.model.run import RunState
from ipyflow.views.words import clean, clip

MOST = 2000
"""Lines in one answer."""
LONGEST = 4000
"""Characters of one line; of a longer one the middle is left out."""

Piece = tuple[float, int, str, str]
"""``(time, task, stream, text)``, as :attr:`RunState.output` has it."""


def log_lines(
    state: RunState,
    *,
    offset: int = 0,
    limit: int = 500,
    tail: bool = False,
    task: int | None = None,
    streams: Collection[str] | None = None,
    text: str = "",
    until: float | None = None,
) -> dict[str, Any]:
    """Make the answer to the question ``log`` (see ``docs/protocol.md``).

    Lines come in the order in which they were written. What a task wrote at once, a table for instance, is one line of
    the answer with line breaks in it.

    Args:
        state: the run.
        offset: how many lines to pass over.
        limit: how many lines to give, :data:`MOST` at most.
        tail: count from the end: the last ``limit`` lines before the last ``offset``.
        task: only what this task wrote.
        streams: only these of ``stdout``, ``stderr``, ``log`` and ``warning``; ``None`` for all.
        text: only lines that have each of these words, small or capital, in them or in the name of their task.
        until: only lines written up to this instant, in seconds since the run opened.

    Example:
        >>> log_lines(RunState())
        {'total': 0, 'offset': 0, 'lines': []}
    """
    found = _found(state, task, streams, text.casefold().split())
    if until is not None:
        found = [piece for piece in found if round(piece[0] - state.opened, 6) <= until]  # as the page has it
    offset, limit = max(offset, 0), min(max(limit, 0), MOST)
    begin = max(len(found) - offset - limit, 0) if tail else offset
    end = max(len(found) - offset, 0) if tail else offset + limit
    return {"total": len(found), "offset": begin, "lines": [line(state, piece) for piece in found[begin:end]]}


def line(state: RunState, piece: Piece, longest: int = LONGEST, digits: int = 6) -> list[Any]:
    """Write a piece of output as the payload has it: ``[time, task, label, stream, text]``.

    Args:
        state: the run.
        piece: of its output.
        longest: the most characters of its text.
        digits: decimals of the time, in seconds.
    """
    time, task, stream, text = piece
    said = shortened(settled(text), longest)
    return [round(time - state.opened, digits), task, label(state, task), stream, clean(said)]


def label(state: RunState, id_: int) -> str:
    """Name the task that wrote a line; its number alone where a log with a limit has dropped the task.

    Example:
        >>> label(RunState(), 7)
        '#7'
    """
    task = state.tasks.get(id_)
    return f"#{id_}" if task is None else f"{clean(clip(task.name, 60))}#{id_}"


def settled(text: str) -> str:
    r"""What a terminal shows in the end: no last line break, and of what was written over what came last.

    Example:
        >>> settled("10 %\r 50 %\r100 %\n")
        '100 %'
    """
    text = text.removesuffix("\n").removesuffix("\r")
    if "\r" not in text:
        return text
    return "\n".join(one.rstrip("\r").rpartition("\r")[2] for one in text.split("\n"))


def shortened(text: str, longest: int) -> str:
    """Leave out the middle of a text that is too long, and say so.

    Example:
        >>> shortened("x" * 1000, 100)[30:-63]
        'xxx … 900 characters left out … xxxx'
    """
    if len(text) <= longest:
        return text
    head = longest // 3
    return f"{text[:head]} … {len(text) - longest:,} characters left out … {text[-(longest - head) :]}"


def _found(state: RunState, task: int | None, streams: Collection[str] | None, wanted: list[str]) -> list[Piece]:
    found = state.output
    if task is not None:
        found = [piece for piece in found if piece[1] == task]
    if streams is not None:
        streams = frozenset(streams)
        found = [piece for piece in found if piece[2] in streams]
    names: dict[int, str] = {}
    for word in wanted:
        kept = []
        for piece in found:
            if word in piece[3].casefold():
                kept.append(piece)
                continue
            name = names.get(piece[1])
            if name is None:
                name = names[piece[1]] = label(state, piece[1]).casefold()
            if word in name:
                kept.append(piece)
        found = kept
    return found
