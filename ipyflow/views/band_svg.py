"""Many equal tasks in one band of the timeline: thin bars packed side by side, or areas where they are too many."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ipyflow.model.run import RunState, TaskState
from ipyflow.model.status import FINAL_STATES, State
from ipyflow.views.containers import contains
from ipyflow.views.palette import LOOKS, ORDER
from ipyflow.views.series import FINE, Series
from ipyflow.views.svg import SANS_LETTER, esc, hatch, num, text
from ipyflow.views.words import counts_in_marks, counts_in_words, duration

LINES = 24
"""More bars side by side than this become an area."""
BARS = 400
"""More tasks than this become an area: a picture of single bars would be too large a file."""
AREA = 48
_POINTS = 160


def packed(tasks: Sequence[TaskState], until: float) -> list[list[TaskState]]:
    """Distribute tasks over lines so that none meet on a line, in order of their starts."""
    lines: list[list[TaskState]] = []
    ends: list[float] = []
    begun = [(begin, t.id, t) for t in tasks if (begin := _begin(t)) is not None]
    for begin, _, task in sorted(begun):
        line = next((i for i, end in enumerate(ends) if end <= begin), len(ends))
        if line == len(ends):
            lines.append([])
            ends.append(0.0)
        lines[line].append(task)
        ends[line] = until if task.ended is None else task.ended
        if len(lines) > LINES:
            break
    return lines


def _begin(task: TaskState) -> float | None:
    """When a task began to be drawn; a pipeline and a group, which have no body, when they were submitted."""
    return task.submitted if contains(task) and task.state is not State.PLANNED else task.started


def _as_area(state: RunState, ids: Sequence[int], until: float) -> list[list[TaskState]] | None:
    """The packed lines, or ``None`` when the band is an area."""
    if len(ids) > BARS:
        return None
    lines = packed([state.tasks[id_] for id_ in ids], until)
    return None if len(lines) > LINES else lines


def _thick(lines: int) -> float:
    return 6.0 if lines <= 8 else 4.0 if lines <= 14 else 3.0


def band_height(state: RunState, ids: Sequence[int], until: float) -> float:
    """Pixels that a band takes."""
    lines = _as_area(state, ids, until)
    return AREA if lines is None else max(_thick(len(lines)) * len(lines), 12)


def band(
    state: RunState,
    ids: Sequence[int],
    x: Callable[[float], float],
    y: float,
    begin: float,
    until: float,
    edge: float,
    key: str,
    used: set[State],
) -> str:
    """Draw a band.

    Args:
        state: the run.
        ids: the tasks.
        x: turns instants into pixels.
        y: the upper edge.
        begin: where the axis begins, on the engine's clock.
        until: where it ends.
        edge: the picture's right edge, in pixels.
        key: the picture's key, for its patterns.
        used: gets the states that were drawn, for the legend.
    """
    tasks = [state.tasks[id_] for id_ in ids]
    counts = {s: sum(1 for t in tasks if t.state is s) for s in ORDER}
    lines = _as_area(state, ids, until)
    if lines is None:
        drawn, most = _area(tasks, x, y, begin, until, key, used)
        height = float(AREA)
    else:
        drawn, most = _bars(lines, x, y, until, used), len(lines)
        height = max(_thick(len(lines)) * len(lines), 12)
    if contains(tasks[0]):
        drawn = f'<g opacity=".45">{drawn}</g>'  # they do no work of their own
    lengths = sorted(t.ended - start for t in tasks if t.ended is not None and (start := _begin(t)) is not None)
    typical = duration(lengths[len(lengths) // 2]) if lengths else ""
    first = x(min(t.submitted for t in tasks))
    last = x(max(until if t.ended is None else t.ended for t in tasks))
    ground = (
        f'<rect x="{num(first)}" y="{num(y - 2)}" width="{num(max(last - first, 1.5))}" height="{num(height + 4)}"'
        ' rx="3" fill-opacity=".06"/>'
    )
    hover = f"{tasks[0].name} ×{len(tasks):,} · {counts_in_words(counts)}"
    hover += f" · shortest {duration(lengths[0])}, median {typical}, longest {duration(lengths[-1])}" if lengths else ""
    words = text(last + 6, y + 9, counts_in_marks(counts), 11, faint=0.85)
    at_once = f"{most:,} at once" + (f", {typical} each" if typical and height > 20 else "")
    room = int((edge - 6 - last) / (10 * SANS_LETTER))
    words += text(last + 6, y + 22, at_once[: at_once.find(",")] if len(at_once) > room else at_once, 10, faint=0.6)
    return f"<g><title>{esc(hover)}</title>{ground}{drawn}</g>{words}"


def _bars(lines: list[list[TaskState]], x: Callable[[float], float], y: float, until: float, used: set[State]) -> str:
    """All bars of one colour are one path: a picture of 400 tasks stays small."""
    thick = _thick(len(lines))
    paths: dict[State, list[str]] = {}
    for i, line in enumerate(lines):
        middle = y + thick * (i + 0.5)
        for task in line:
            for look, start, end in _stretches(task, until):
                left, right = x(start), x(end)
                paths.setdefault(look, []).append(f"M{num(left)} {num(middle)}h{num(max(right - left - 0.7, 1))}")
    used.update(paths)
    return "".join(
        f'<path d="{"".join(parts)}" fill="none" stroke="{LOOKS[s].color}" stroke-width="{num(thick - 1)}"/>'
        for s, parts in paths.items()
    )


def _area(
    tasks: list[TaskState],
    x: Callable[[float], float],
    y: float,
    begin: float,
    until: float,
    key: str,
    used: set[State],
) -> tuple[str, int]:
    """How many ran at each time, by what came of them, and on top of them how many stood blocked."""
    scale = FINE / max(until - begin, 1e-9)
    series: dict[State, Series] = {}
    for task in tasks:
        for look, start, end in _stretches(task, until):
            if look not in series:
                series[look] = Series()
            series[look].stretch((start - begin) * scale, (end - begin) * scale)
    heights = [0.0] * _POINTS
    shapes = []
    for look in (s for s in _STACK if s in series):
        heights = [a + b for a, b in zip(heights, series[look].means(FINE, _POINTS), strict=True)]
        shapes.append((look, heights))
    used.update(series)
    peak = max([*heights, 1e-9])
    out = ""
    for look, top in reversed(shapes):  # each covers the lower part of the one before
        fill = f"url(#{hatch(look, key)}) {LOOKS[look].color}" if look is State.BLOCKED else LOOKS[look].color
        out += f'<path d="{_shape(top, peak, x, y + AREA, begin, until)}" fill="{fill}"/>'
    return out, max(round(peak), 1)


_STACK = (
    State.FAILED, State.TIMED_OUT, State.CANCELLED, State.CANCELLING, State.SUCCEEDED, State.CACHED, State.SKIPPED,
    State.WAITING, State.RUNNING, State.BLOCKED,
)  # fmt: skip
"""From the ground up."""


def _stretches(task: TaskState, until: float) -> Iterator[tuple[State, float, float]]:
    """The times in which a task ran, with the state it came to, and those in which it stood blocked."""
    if contains(task):
        if task.state is not State.PLANNED:
            running = task.state not in FINAL_STATES
            yield State.WAITING if running else task.state, task.submitted, until if task.ended is None else task.ended
        return
    ends = [span.time for span in task.spans[1:]] + [until]
    for span, end in zip(task.spans, ends, strict=True):
        if span.state in (State.BLOCKED, State.CANCELLING):
            yield span.state, span.time, end
        elif span.state is State.RUNNING:
            yield (task.state if task.state in FINAL_STATES else State.RUNNING), span.time, end


def _shape(
    heights: list[float], peak: float, x: Callable[[float], float], base: float, begin: float, until: float
) -> str:
    """A closed stepped shape over the ground line; level stretches are one step."""
    path = f"M{num(x(begin))} {num(base)}"
    before = 0.0
    for i, height in enumerate([*heights, 0.0]):
        at = base - AREA * height / peak
        if abs(height - before) * AREA / peak < 0.05:
            continue
        path += f"H{num(x(begin + (until - begin) * i / len(heights)))}V{num(at)}"
        before = height
    return path + f"V{num(base)}z"
