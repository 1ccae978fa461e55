"""The timeline as a static picture: a row for each task, or a band for many, on one axis of time."""

from __future__ import annotations

from typing import Protocol

from ipyflow.model.run import RunState, TaskState
from ipyflow.model.status import FINAL_STATES, State
from ipyflow.views.axis_svg import TOP, Axis, draw_axis
from ipyflow.views.band_svg import band, band_height
from ipyflow.views.beside_svg import hover, right, said
from ipyflow.views.bracket_svg import bracket
from ipyflow.views.containers import contains
from ipyflow.views.labels_svg import INDENT, label_width, name, stem
from ipyflow.views.outline import Line, outline
from ipyflow.views.palette import EDITED, LOOKS
from ipyflow.views.path_svg import path_legend, path_lines, path_of
from ipyflow.views.svg import SANS_LETTER, Drawing, bar, esc, num, patterns, text
from ipyflow.views.words import duration, instant, total
from ipyflow.views.workers import failed_with, outcome
from ipyflow.views.workers_svg import WorkerSheet, failed_words

WIDTH = 760
ROW = 24
BAR = 11
MOST_ROWS = 30


def timeline_svg(
    state: RunState,
    *,
    now: float | None = None,
    inline: bool = False,
    width: int = WIDTH,
    most: int = MOST_ROWS,
    by: str = "task",
) -> str:
    """Draw the timeline.

    A running stretch has the colour of what came of it; waiting, queued and blocked stretches have looks of their
    own. Siblings of one name share a band when there are more than ``most`` rows.

    Args:
        state: the run.
        now: the engine's clock, for a run that goes on; by default the time of its last record.
        inline: to stand in an HTML page, in the page's colours.
        width: pixels.
        most: rows at most.
        by: a row for each ``"task"``, or for each ``"worker"``.

    Example:
        >>> timeline_svg(RunState())[:4]
        '<svg'
    """
    sheet = sheet_of(state, instant(state, now), by, most)
    return drawing(sheet, sheet.column, sheet.right, width=width).document(inline=inline)


class Sheet(Protocol):
    """The rows of a timeline, before it is known where on the page they stand."""

    state: RunState
    until: float
    column: int
    """How wide its column of names wants to be, in pixels."""
    right: int
    """How much room it wants behind the axis."""
    path: bool
    """Whether it draws the critical path."""

    def rows(self, axis: Axis, key: str, used: set[State]) -> tuple[str, float]:
        """Draw them; gives the drawing and its lower edge. ``used`` gets the states that were drawn."""


def sheet_of(state: RunState, until: float, by: str = "task", most: int = MOST_ROWS) -> Sheet:
    """Choose the rows of a timeline. See :func:`timeline_svg`.

    Raises:
        ValueError: ``by`` is neither ``"task"`` nor ``"worker"``.
    """
    if by == "worker":
        return WorkerSheet(state, until, most)
    if by != "task":
        raise ValueError(f'no rows by {by!r}; there is by="task" and by="worker"')
    return _TaskSheet(state, until, most)


def drawing(sheet: Sheet, column: int, right: int, longest: float = 0.0, *, width: int = WIDTH) -> Drawing:
    """Draw a sheet.

    Args:
        sheet: the rows.
        column: the width of the column of names.
        right: the room behind the axis.
        longest: the length of the longest run of those that are drawn on one scale, in seconds.
        width: pixels.
    """
    state, until = sheet.state, sheet.until
    left, edge = column + 18.0, float(width - right)
    length = until - state.opened
    if longest > length:
        edge = left + (edge - left) * length / longest
    axis = Axis(left, edge, state.opened, until, width, longest)
    key = f"ipyflow{state.id}t"
    used: set[State] = set()
    rows, y = sheet.rows(axis, key, used)
    body = draw_axis(state, axis, y) + rows + _legend(used, sheet.path, y + 22, width, key)
    words = f"Timeline of {state.name}: {total(state):,} tasks in {duration(length)}"
    return Drawing(width, y + 36, body, patterns(key, body), words)


class _TaskSheet:
    """A row for each task, or for several."""

    def __init__(self, state: RunState, until: float, most: int) -> None:
        self.state, self.until = state, until
        self._told = outline(state, most)
        drawn = {line.tasks[0] for line in self._told.lines if len(line.tasks) == 1}
        self._path = {id_: found for id_, found in path_of(state).items() if id_ in drawn}
        self.path = bool(self._path)
        self.column = label_width(state, self._told.lines)
        self.right = right(state, self._told.lines, until)

    def rows(self, axis: Axis, key: str, used: set[State]) -> tuple[str, float]:
        """See :class:`Sheet`."""
        state, told, path = self.state, self._told, self._path
        rows: list[str] = []
        y = float(TOP)
        for line in told.lines:
            tall = ROW if len(line.tasks) == 1 else band_height(state, line.tasks, self.until) + 12
            rows.append(_row(state, line, axis, y, tall, round(axis.left) - 18, key, used))
            if len(line.tasks) == 1 and line.tasks[0] in path:
                rows.append(path_lines(path[line.tasks[0]], axis, y + ROW / 2))
            y += tall
        if told.left_out:
            rows.append(text(10, y + 16, f"… and {told.left_out:,} more tasks", 11, faint=0.6))
            y += ROW
        return "".join(rows), y


def _row(
    state: RunState, line: Line, axis: Axis, y: float, tall: float, column: int, key: str, used: set[State]
) -> str:
    task = state.tasks[line.tasks[0]]
    x = 10 + INDENT * line.depth
    middle = y + ROW / 2
    out = [stem(line, y, tall, ROW), name(state, task, len(line.tasks), x, middle + 4, column)]
    if len(line.tasks) == 1:
        out.append(f"<g><title>{esc(hover(state, task, axis.end))}</title>{_bars(task, axis, middle, key, used)}</g>")
        out.append(said(state, task, axis, middle + 4))
    else:
        out.append(band(state, line.tasks, axis.x, y + 6, axis.begin, axis.end, axis.edge, key, used))
    return "".join(out)


def _bars(task: TaskState, axis: Axis, middle: float, key: str, used: set[State]) -> str:
    if contains(task):
        return bracket(task, axis, middle)
    out: list[str] = []
    tries: list[tuple[float, float, str]] = []
    ran = False
    ends = [span.time for span in task.spans[1:]] + [axis.end]
    for i, (span, end) in enumerate(zip(task.spans, ends, strict=True)):
        if span.state in FINAL_STATES or span.state is State.PLANNED:
            continue
        look = outcome(task, i) if span.state is State.RUNNING else span.state
        x = axis.x(span.time)
        wide = axis.x(end) - x
        if wide < 0.4 and look not in (State.FAILED, State.TIMED_OUT) and len(task.spans) > 2:
            continue
        if wide >= 1.5:
            used.add(look)
        ran |= span.state is State.RUNNING
        out.append(bar(x, middle - BAR / 2, wide, BAR, look, key))
        if i + 1 < len(task.spans) and (type_ := failed_with(task.spans[i + 1])):
            tries.append((x, x + max(wide, 1.5), type_))
    # What goes on behind a failed attempt is drawn first, and then what the attempt says.
    starts = [axis.x(span.time) for span in task.spans if span.state is State.RUNNING]
    for begin, end, type_ in tries:
        after = next((start for start in starts if start > end), axis.x(axis.end))
        out.append(failed_words(type_, begin, end, after, middle + 3, 8.5))
    if not ran and task.started is not None:  # too short to be seen: a tick where it ran
        began = next(i for i, span in enumerate(task.spans) if span.state is State.RUNNING)
        look = outcome(task, began)
        used.add(look)
        out.append(bar(axis.x(task.spans[began].time), middle - BAR / 2, 2, BAR, look, key, 1))
    for one in task.revisions or ():
        begun = next((span.time for span in task.spans if span.time >= one.time and span.state is State.RUNNING), None)
        if begun is not None:
            out.append(_pencil(axis.x(begun) - 14, middle - 6))
    if task.ended is not None and task.started is None:
        used.add(task.state)
        out.append(bar(axis.x(task.ended) - 1.5, middle - BAR / 2, 3, BAR, task.state, key, 1))
    if task.state is State.CANCELLED and task.ended is not None:
        x = axis.x(task.ended)
        out.append(f'<path d="M{num(x - 6)} {num(middle + 8)}l9 -16" stroke="currentColor" stroke-width="1.5"/>')
    return "".join(out)


def _pencil(x: float, y: float) -> str:
    """Stands before the bar in which new code began."""
    place = f'transform="translate({num(x)} {num(y)})"'
    return f'<path d="{EDITED}" {place} fill="none" stroke="currentColor" stroke-width="1.2" stroke-linejoin="round"/>'


def _legend(used: set[State], path: bool, y: float, width: int, key: str) -> str:
    out = []
    x = 10.0
    for state, look in LOOKS.items():
        if state in used and x < width - 80:
            out.append(bar(x, y - 8, 16, 9, state, key) + text(x + 21, y, look.word, 11, faint=0.75))
            x += 21 + len(look.word) * 11 * SANS_LETTER + 16
    if path and x < width - 100:
        out.append(path_legend(x, y))
    return "".join(out)
