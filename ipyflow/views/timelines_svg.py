"""Timelines of several runs below each other, all on one scale: what took longer is longer."""

from __future__ import annotations

from collections.abc import Sequence

from ipyflow.model.run import RunState
from ipyflow.views.svg import stacked
from ipyflow.views.timeline_svg import MOST_ROWS, drawing, sheet_of
from ipyflow.views.words import clip, instant

FEWEST = 8
"""Rows that each run has at least, however many runs there are."""


def timelines_svg(
    states: Sequence[RunState],
    *,
    now: Sequence[float] | None = None,
    inline: bool = False,
    by: str = "task",
    most: int = 3 * MOST_ROWS,
) -> str:
    """Draw the timelines of several runs, each from its own beginning.

    Args:
        states: the runs, at least one.
        now: for each run the engine's clock, where one of them goes on; by default the time of its last record.
        inline: to stand in an HTML page, in the page's colours.
        by: a row for each ``"task"``, or for each ``"worker"``.
        most: rows at most, of all runs together.

    Example:
        >>> timelines_svg([RunState(name="slow"), RunState(name="fast")]).count("Timeline of")
        2
    """
    each = min(max(most // len(states), FEWEST), MOST_ROWS)
    clocks = [instant(state, None if now is None else now[i]) for i, state in enumerate(states)]
    sheets = [sheet_of(state, until, by, each) for state, until in zip(states, clocks, strict=True)]
    column, right = max(sheet.column for sheet in sheets), max(sheet.right for sheet in sheets)
    longest = max(sheet.until - sheet.state.opened for sheet in sheets)
    drawn = [drawing(sheet, column, right, longest) for sheet in sheets]
    return stacked([(clip(sheet.state.name, 60), one) for sheet, one in zip(sheets, drawn, strict=True)], inline=inline)
