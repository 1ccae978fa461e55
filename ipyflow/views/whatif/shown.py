"""A forecast that displays itself: text in a terminal, a table with bars in a notebook, JSON for a page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ipyflow.model import records as r
from ipyflow.model.run import RunState
from ipyflow.views.palette import LOOKS
from ipyflow.views.svg import esc
from ipyflow.views.whatif.forecast import Facts, Forecast, forecast
from ipyflow.views.whatif.words import sentences, times, workers
from ipyflow.views.words import duration

WIDTH = 28
"""Characters, and tens of pixels, of the longest bar."""
_EIGHTHS = " ▏▎▍▌▋▊▉█"


class WhatIf:
    """How long a run would have taken with other numbers of workers; made by ``run.what_if()``.

    Attributes:
        facts: all figures, in seconds: ``measured``, ``sequential``, ``best``, ``enough``, ``chain``, ...
    """

    def __init__(self, facts: Facts) -> None:
        self.facts = facts

    def __iter__(self) -> Iterator[Forecast]:
        return iter(self.facts.forecasts)

    def __getitem__(self, number: int) -> Forecast:
        for one in self.facts.forecasts:
            if one.workers == number:
                return one
        asked = ", ".join(str(one.workers) for one in self.facts.forecasts)
        raise KeyError(f"{number} was not asked for, but {asked}: run.what_if([{number}])")

    def to_json(self) -> dict[str, Any]:
        """What a page gets: the figures, and the sentences."""
        facts = self.facts
        return {**facts.to_json(), "unit": workers(facts, 2).removeprefix("2 "), "words": sentences(facts, chain=False)}

    def __repr__(self) -> str:
        facts = self.facts
        rows = _rows(facts)
        left = max(len(name) for name, _, _, _ in rows)
        longest = max(seconds for _, seconds, _, _ in rows) or 1.0
        out = [_head(facts)]
        for name, seconds, gain, note in rows:
            bar = _bar(seconds / longest)
            said = f"  {name:<{left}}  {duration(seconds):>10}  {gain:>7}  {bar:<{WIDTH}}  {note}"
            out.append(said.rstrip())
        return "\n".join([*out, *sentences(facts)])

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {"text/plain": repr(self), "text/html": self._html()}

    def _html(self) -> str:
        facts = self.facts
        rows = _rows(facts)
        longest = max(seconds for _, seconds, _, _ in rows) or 1.0
        out = []
        for name, seconds, gain, note in rows:
            width = max(round(WIDTH * 10 * seconds / longest), 2)
            color = LOOKS["blocked" if "ran" in note else "running" if name != "best" else "succeeded"].color  # type: ignore[index]
            bar = f'<span style="display:inline-block;height:10px;width:{width}px;background:{color}"></span>'
            cells = (name, duration(seconds), gain, f"{bar} <small>{esc(note)}</small>")
            out.append("<tr>" + "".join(f'<td style="text-align:left">{_unbroken(cell)}</td>' for cell in cells[:3]))
            out.append(f'<td style="text-align:left;white-space:nowrap">{cells[3]}</td></tr>')
        head = "".join(f'<th style="text-align:left">{word}</th>' for word in ("workers", "time", "gain", ""))
        said = "".join(f"<li>{esc(words)}</li>" for words in sentences(facts))
        return f"<div><b>{esc(_head(facts))}</b><table><tr>{head}</tr>{''.join(out)}</table><ul>{said}</ul></div>"


def what_if(state: RunState, numbers: Iterable[int] | None = None, reads: Iterable[r.Read] = ()) -> WhatIf:
    """Play an ended run again with other numbers of workers. See :func:`ipyflow.views.whatif.forecast.forecast`.

    Args:
        state: the run.
        numbers: how many workers.
        reads: who looked at the outcome of whom, from the log.
    """
    return WhatIf(forecast(state, numbers, reads))


def _head(facts: Facts) -> str:
    head = f"{facts.name} took {duration(facts.measured)}"
    with_ = f", with at most {workers(facts, facts.own)} at work" if facts.own else ""
    return f"{head}{with_}; one after another its tasks take {duration(facts.sequential)}"


def _rows(facts: Facts) -> list[tuple[str, float, str, str]]:
    """Name, seconds, gain and a note of each line."""
    out = []
    for one in facts.forecasts:
        note = f"{one.busy:.0%} busy"
        if one.workers == facts.own:
            note += f" · as it ran, in {duration(facts.measured)}"
        out.append((workers(facts, one.workers), one.seconds, times(facts, one.seconds), note))
    reached = f"with {workers(facts, facts.enough)}" if facts.own else ""
    return [*out, ("best", facts.best, times(facts, facts.best), reached)]


def _bar(part: float) -> str:
    eighths = max(round(part * WIDTH * 8), 1)
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def _unbroken(words: str) -> str:
    return esc(words).replace(" ", "\u00a0")
