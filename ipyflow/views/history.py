"""Runs of many days and kernels as a list: text for a terminal, a table for a notebook.

What a list says of a run stands in the store already: no log is read for it.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from typing import Protocol

from ipyflow.model.status import State
from ipyflow.views.html import STYLE
from ipyflow.views.palette import LOOKS
from ipyflow.views.svg import esc
from ipyflow.views.words import clip, counted, duration, shown

LOST = "† lost"
"""The mark and the word of a run that had not ended when its kernel went."""
_NAME = 36


class Listed(Protocol):
    """What a list knows of a run; times in seconds, ``opened`` since the epoch."""

    @property
    def key(self) -> str:
        """By what it is known."""

    @property
    def name(self) -> str:
        """Of the flow or the cell."""

    @property
    def kind(self) -> str:
        """Of the run."""

    @property
    def state(self) -> str:
        """Its state in a word."""

    @property
    def lost(self) -> bool:
        """True when its kernel ended before it did."""

    @property
    def opened(self) -> float:
        """Seconds since the epoch."""

    @property
    def seconds(self) -> float:
        """How long it took."""

    @property
    def tasks(self) -> int:
        """How many there are."""

    @property
    def ended(self) -> int:
        """How many of them have ended."""

    @property
    def failed(self) -> int:
        """How many of them failed."""

    @property
    def cached(self) -> int:
        """How many had their value without running."""

    @property
    def notebook(self) -> str:
        """The path of the notebook that it ran in; empty where it was none."""

    @property
    def resumes(self) -> str:
        """The key of the run that went on in it."""


def history_text(lines: Sequence[Listed], now: datetime.datetime, more: bool = False, chosen: bool = False) -> str:
    """Make the list for a terminal.

    Args:
        lines: the runs, newest first.
        now: what today is.
        more: whether older ones fit, too.
        chosen: whether there was a condition.

    Example:
        >>> history_text([], datetime.datetime(2026, 11, 20))
        'no runs in the history yet'
    """
    if not lines:
        return _none(chosen)
    several = _several(lines)
    rows = [["key", "name", "state", "began", "took", "tasks", "notebook"][: 7 if several else 6]]
    for line in lines:
        when, took = began(line.opened, now), duration(line.seconds)
        cells = [line.key, shown(line.name, _NAME), _state(line), when, took, _tasks(line)]
        rows.append([*cells, shown(_file(line), _NAME)] if several else cells)
    wide = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    out = [
        "  ".join(
            cell.rjust(wide[column]) if rows[0][column] == "took" else cell.ljust(wide[column])
            for column, cell in enumerate(row)
        ).rstrip()
        for row in rows
    ]
    return "\n".join([*out, *(["… and older ones"] if more else [])])


def history_html(lines: Sequence[Listed], now: datetime.datetime, more: bool = False, chosen: bool = False) -> str:
    """Make the table for a notebook; arguments as of :func:`history_text`.

    Example:
        >>> history_html([], datetime.datetime(2026, 11, 20)).count("<table>")
        0
    """
    if not lines:
        return f'<div class="ipyflow-run">{_none(chosen)}</div>'
    several = _several(lines)
    names = ["key", "name", "state", "began", "took", "tasks", *(["notebook"] if several else [])]
    head = f"<tr>{''.join(f'<th>{name}</th>' for name in names)}</tr>"
    rows = "".join(_row(line, now, several) for line in lines)
    older = "<small>… and older ones</small>" if more else ""
    # Where it is narrow the table is scrolled: a key in two pieces, or a column of single letters, is not read.
    return f'<div class="ipyflow-run" style="overflow-x:auto">{STYLE}<table>{head}{rows}</table>{older}</div>'


def _none(chosen: bool) -> str:
    return "no run in the history fits" if chosen else "no runs in the history yet"


def _row(line: Listed, now: datetime.datetime, several: bool) -> str:
    colour = LOOKS[State.FAILED if line.lost else _look(line)].color
    mark, word = _state(line).split(" ", 1)
    cells = (
        f'<code style="white-space:nowrap">{esc(line.key)}</code>',
        esc(clip(line.name, 80)) + ("" if line.kind == "flow" else f" <small>{esc(line.kind)}</small>"),
        f'<span style="color:{colour}">{mark}</span>&nbsp;{esc(word).replace(" ", "&nbsp;")}',
        _unbroken(began(line.opened, now)),
        _unbroken(duration(line.seconds)),
        f'<span style="white-space:nowrap">{esc(_tasks(line))}</span>',
        *([esc(_file(line))] if several else []),
    )
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _several(lines: Sequence[Listed]) -> bool:
    """Whether they are of several notebooks: of one that need not be said in each row."""
    return len({line.notebook for line in lines}) > 1


def _file(line: Listed) -> str:
    return clip(re.split(r"[/\\]", line.notebook)[-1], 60)


def _look(line: Listed) -> State:
    try:
        return State(line.state)
    except ValueError:
        return State.PLANNED  # a state of a newer version: grey


def _state(line: Listed) -> str:
    if line.lost:
        return LOST
    look = LOOKS[_look(line)]
    return f"{look.mark} {look.word if line.state == _look(line) else shown(line.state, 20)}"


def _tasks(line: Listed) -> str:
    parts = [f"{line.failed:,} failed"] if line.failed else []
    parts += [f"{line.cached:,} cached"] if line.cached else []
    said = counted(line.tasks, "task")
    if line.ended < line.tasks:
        said = f"{line.ended:,} of {said} done"
    said += f": {', '.join(parts)}" if parts else ""
    return said + (f", resumes {shown(line.resumes, 20)}" if line.resumes else "")


_TAKES = {"logs": "logs", "results": "results of cache=", "kept": "values to resume with", "sources": "sources"}


def disk_text(kinds: Mapping[str, int]) -> str:
    """Say what the history takes.

    Args:
        kinds: bytes by what they hold; ``file`` is all.

    Example:
        >>> disk_text({"logs": 1_500_000, "kept": 0, "file": 2_000_000})
        '2.0 MB: logs 1.5 MB'
    """
    parts = [f"{_TAKES.get(kind, kind)} {room(count)}" for kind, count in kinds.items() if kind != "file" and count]
    return room(kinds.get("file", 0)) + (f": {', '.join(parts)}" if parts else "")


def room(count: float) -> str:
    """A number of bytes for people.

    Example:
        >>> room(999), room(12_345), room(2_000_000_000)
        ('999 bytes', '12 kB', '2.0 GB')
    """
    if count < 1000:
        return f"{count:.0f} bytes"
    units = iter(("kB", "MB", "GB", "TB"))
    unit = next(units)
    count /= 1000
    while count >= 999.5 and unit != "TB":
        unit = next(units)
        count /= 1000
    return f"{count:.{1 if count < 9.95 else 0}f} {unit}"


def began(opened: float, now: datetime.datetime) -> str:
    """Say when a run began, as a person would who reads it today.

    Example:
        >>> began(datetime.datetime(2026, 11, 19, 9, 5).timestamp(), datetime.datetime(2026, 11, 20))
        'yesterday 09:05'
    """
    at = datetime.datetime.fromtimestamp(opened)
    days = (now.date() - at.date()).days
    if days in (0, 1):
        return f"{'yesterday' if days else 'today'} {at:%H:%M}"
    year = "" if at.year == now.year else f" {at.year}"
    return f"{at.day} {at:%b}{year} {at:%H:%M}"


def _unbroken(words: str) -> str:
    return words.replace(" ", "\u00a0")
