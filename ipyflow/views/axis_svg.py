"""The axis of time above a timeline: when the run began, how long it is, round times between."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ipyflow.model.run import RunState
from ipyflow.views.svg import SANS_LETTER, num, text
from ipyflow.views.words import duration

TOP = 34
"""Where the rows below an axis begin, in pixels."""


@dataclass(slots=True)
class Axis:
    """Turns instants into pixels. ``longest`` is the longest of several axes that share their marks."""

    left: float
    right: float
    begin: float
    end: float
    edge: float
    longest: float = 0.0

    def x(self, time: float) -> float:
        """Where an instant of the engine's clock stands, in pixels."""
        length = self.end - self.begin
        share = (time - self.begin) / length if length > 0 else 0.0
        return self.left + (self.right - self.left) * min(max(share, 0.0), 1.0)


def draw_axis(state: RunState, axis: Axis, bottom: float) -> str:
    """Draw the axis, and its lines down to ``bottom``."""
    length = axis.end - axis.begin
    out = [f'<path d="M{num(axis.left)} 26.5H{num(axis.right)}" stroke="currentColor" stroke-opacity=".35"/>']
    begin = datetime.fromtimestamp(state.wall) if state.wall else None
    total = f"+{duration(length)}"
    out.append(
        text(axis.left, 19, f"{begin:%H:%M:%S}.{begin.microsecond // 1000:03d}" if begin else "0", 11, faint=0.7)
    )
    out.append(text(axis.right, 19, total, 11, anchor="end", bold=True))
    grid = []
    for tick in ticks(max(length, axis.longest)):
        if tick >= length * 0.999:
            break
        x = axis.x(axis.begin + tick)
        grid.append(f"M{num(x)} 26.5V{num(bottom)}")
        words = f"+{duration(tick)}"
        half = len(words) * 10 * SANS_LETTER / 2
        if axis.left + 92 < x - half and x + half < axis.right - 8 - len(total) * 11 * SANS_LETTER:
            out.append(text(x, 19, words, 10, faint=0.5, anchor="middle"))
    edges = f"M{num(axis.left)} 26.5V{num(bottom)}M{num(axis.right)} 26.5V{num(bottom)}"
    out.append(f'<path d="{edges}{"".join(grid)}" fill="none" stroke="currentColor" stroke-opacity=".12"/>')
    return "".join(out)


def ticks(length: float, most: int = 5) -> list[float]:
    """Choose round times on an axis of ``length`` seconds, at most ``most``, without its ends."""
    if length <= 0:
        return []
    steps = [m * 10.0**e for e in range(-7, 2) for m in (1, 2, 5)]
    steps += [60, 120, 300, 600, 1800, 3600, 7200, 21600, 43200, 86400]
    step = next((s for s in steps if length / s <= most + 1e-9), length / most)
    return [i * step for i in range(1, int(length / step) + 1) if i * step < length * 0.999]
