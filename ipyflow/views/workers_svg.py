"""The rows of workers in a timeline: what each ran, on as many lines as it ran tasks at once."""

from __future__ import annotations

from collections.abc import Sequence

from ipyflow.model.run import RunState
from ipyflow.model.status import State
from ipyflow.views.axis_svg import TOP, Axis
from ipyflow.views.labels_svg import WIDTH
from ipyflow.views.palette import LOOKS, ORDER
from ipyflow.views.svg import MONO_LETTER, SANS_LETTER, bar, esc, num, text
from ipyflow.views.words import clip, counted, duration, label, shown
from ipyflow.views.workers import Stretch, WorkerRow, place, worker_rows

ROW = 30
TALL = 20
"""Pixels that all lines of a worker take together."""
FEW = 1500
"""Stretches of which each has a bar of its own if it can be seen; of more, small ones are drawn as one."""


class WorkerSheet:
    """The rows of a timeline: one for each worker. See :class:`ipyflow.views.timeline_svg.Sheet`."""

    def __init__(self, state: RunState, until: float, most: int) -> None:
        self.state, self.until = state, until
        self.path = False
        found = worker_rows(state, until)
        self._rows, self._left_out = found[:most], max(len(found) - most, 0)
        self._grain = 1.5 if sum(len(row.stretches) for row in self._rows) <= FEW else 4.0
        self.column = round(min(max([_wide(row) for row in self._rows], default=0), WIDTH[1]))
        self.right = round(max([len(_said(row)) for row in self._rows], default=0) * 11 * SANS_LETTER + 14)

    def rows(self, axis: Axis, key: str, used: set[State]) -> tuple[str, float]:
        """Draw them; gives the drawing and its lower edge."""
        out, y = "", float(TOP)
        for row in self._rows:
            out += worker_row(row, axis, y, self._grain, key, used)
            y += ROW
        if self._left_out:
            out += text(10, y + 16, f"… and {counted(self._left_out, 'more worker')}", 11, faint=0.6)
            y += ROW
        return out, y


def _said(row: WorkerRow) -> str:
    return counted(row.tasks, "task")


def _wide(row: WorkerRow) -> float:
    name, host = place(row.worker)
    wide = 12 * MONO_LETTER * len(shown(name)) + 4
    return max(wide + (10 * SANS_LETTER * len(shown(host)) + 8 if host else 0), WIDTH[0])


def worker_row(row: WorkerRow, axis: Axis, y: float, grain: float, key: str, used: set[State]) -> str:
    """Draw one row.

    Args:
        row: the worker.
        axis: the timeline's axis.
        y: the upper edge.
        grain: bars narrower than this are drawn together.
        key: the picture's key, for its patterns.
        used: gets the states that were drawn, for the legend.
    """
    middle = y + ROW / 2
    name, host = place(row.worker)
    name = clip(shown(name), int(WIDTH[1] / (12 * MONO_LETTER)))
    x = 10 + 12 * MONO_LETTER * len(name) + 8
    out = text(10, middle + 4, name, mono=True)
    if host and (room := int((axis.left - 8 - x) / (10 * SANS_LETTER))) > 3:
        out += text(x, middle + 4, clip(shown(host), room), 10, faint=0.55)
    under = f"M{num(axis.left)} {num(y + ROW - 0.5)}H{num(axis.right)}"
    out += f'<path d="{under}" stroke="currentColor" stroke-opacity=".1"/>'
    lines: list[list[Stretch]] = [[] for _ in range(row.lines)]
    for stretch in row.stretches:
        lines[stretch.line].append(stretch)
    tall = (TALL - (row.lines - 1)) / row.lines
    for i, line in enumerate(lines):
        out += _line(line, axis, middle - TALL / 2 + i * (tall + 1), tall, grain, key, used)
    for stretch in row.stretches:
        if stretch.lost:  # the end of that process, however short its work was
            edge = f"M{num(axis.x(stretch.end) - 0.5)} {num(y + 1)}v{ROW - 3}"
            out += f'<path d="{edge}" stroke="{LOOKS[State.FAILED].color}" stroke-width="2"/>'
    return out + text(axis.right + 6, middle + 4, _said(row), 11, faint=0.55)


def _line(found: Sequence[Stretch], axis: Axis, y: float, tall: float, grain: float, key: str, used: set[State]) -> str:
    out = ""
    slivers: dict[int, State] = {}
    for stretch in found:
        x, end = axis.x(stretch.begin), axis.x(stretch.end)
        if end - x < grain:
            at = int(x / grain)
            if at not in slivers or ORDER.index(stretch.look) < ORDER.index(slivers[at]):
                slivers[at] = stretch.look
            continue
        used.add(stretch.look)
        wide = end - x - (1 if end - x > 4 else 0)  # a hair of ground between neighbours
        drawn = bar(x, y, wide, tall, stretch.look, key, 2.5 if tall > 6 else 1.5)
        out += f"<g><title>{esc(_hover(stretch))}</title>{drawn}</g>" if wide > 6 else drawn
    out += "".join(
        bar(first * grain, y, (last - first + 1) * grain, tall, look, key, 0) for first, last, look in _runs(slivers)
    )
    used.update(slivers.values())
    if tall < 9:
        return out
    body = sorted((s for s in found if s.look is not State.BLOCKED), key=lambda s: s.begin)
    following = [axis.x(s.begin) for s in body[1:]] + [axis.x(axis.end)]
    for stretch, after in zip(body, following, strict=True):
        x, end, size = axis.x(stretch.begin), axis.x(stretch.end) - 1, 10 if tall > 12 else 8.5
        words, base = shown(stretch.task.name, 60), y + tall / 2 + (3.5 if tall > 12 else 2.8)
        room = int((end - x - 8) / (size * SANS_LETTER))
        if stretch.failed:
            out += failed_words(stretch.failed, x, end, after, base, size, words)
        elif room >= min(len(words), 5):
            out += text(x + 5, base, clip(words, room), size, color="#fff")
    return out


def _runs(slivers: dict[int, State]) -> list[tuple[int, int, State]]:
    """Slivers of one look side by side as one: first place, last place, look."""
    out: list[tuple[int, int, State]] = []
    for at in sorted(slivers):
        look = slivers[at]
        if out and out[-1][1] == at - 1 and out[-1][2] is look:
            out[-1] = (out[-1][0], at, look)
        else:
            out.append((at, at, look))
    return out


def _hover(stretch: Stretch) -> str:
    said = f"{label(stretch.task)}({clip(stretch.task.args, 80)}) · {LOOKS[stretch.look].word}"
    return f"{said} · {duration(stretch.end - stretch.begin)}" + (f" · {stretch.failed}" if stretch.failed else "")


def failed_words(type_: str, x: float, end: float, after: float, y: float, size: float, name: str = "") -> str:
    """Write into the bar of an attempt what it failed with, or behind it where only there is room.

    Args:
        type_: of the exception.
        x: where the bar begins, in pixels.
        end: where it ends.
        after: where the next one begins.
        y: the base line.
        size: of the letters.
        name: what else to say if there is room.
    """
    failed = f"✗ {shown(type_.rsplit('.', 1)[-1], 60)}"
    for words in (f"{name} {failed}", failed) if name else (failed,):
        if len(words) * size * SANS_LETTER + 8 <= end - x:
            return text(x + 5, y, words, size, color="#fff")
    if len(failed) * size * SANS_LETTER + 8 <= after - end:
        return text(end + 4, y, failed, size, color=LOOKS[State.FAILED].color)
    return text(x + 3, y, "✗", size, color="#fff") if end - x > 12 else ""
