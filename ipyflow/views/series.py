"""Counts over time, summed in bins: what the lanes of a large run are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise

FINE = 1920
"""Bins kept inside. When the time outgrows them each becomes twice as long."""
_END = float(FINE)


def _zeros() -> list[float]:
    return [0.0] * (FINE + 1)


@dataclass(slots=True)
class Series:
    """A count that goes up and down over time.

    A stretch adds by its two ends alone, however long it is: ``level`` holds the steps, ``part`` what the bin in
    which a step stands is short of it. The sums are taken when somebody looks.
    """

    level: list[float] = field(default_factory=_zeros)
    part: list[float] = field(default_factory=_zeros)

    def stretch(self, begin: float, end: float, by: float = 1.0) -> None:
        """Count ``by`` more from ``begin`` to ``end``, both in bins."""
        # Written out, and no call where none is needed: a large run comes here for each task.
        if not 0.0 <= begin <= _END:
            begin = min(max(begin, 0.0), _END)
        i = int(begin)
        self.level[i] += by
        self.part[i] -= by * (begin - i)
        if not 0.0 <= end <= _END:
            end = min(max(end, 0.0), _END)
        i = int(end)
        self.level[i] -= by
        self.part[i] += by * (end - i)

    def copy(self) -> Series:
        """Give a copy to add to for one look."""
        return Series(self.level[:], self.part[:])

    def add(self, other: Series) -> None:
        """Count the other's stretches too."""
        self.level = [a + b for a, b in zip(self.level, other.level, strict=True)]
        self.part = [a + b for a, b in zip(self.part, other.part, strict=True)]

    def halve(self) -> None:
        """Make each bin twice as long."""
        level, part = _zeros(), _zeros()
        for i in range(FINE):
            level[i // 2] += self.level[i]
            # A step in the second half of the new bin counts for one half of it.
            part[i // 2] += self.part[i] / 2 - (self.level[i] / 2 if i % 2 else 0)
        level[FINE // 2] += self.level[FINE]
        self.level, self.part = level, part

    def means(self, until: float, bins: int) -> list[float]:
        """Give the mean count in each of ``bins`` equal stretches from 0 to ``until`` (in bins of this series)."""
        fine = [a + b for a, b in zip(accumulate(self.level), self.part, strict=True)]
        area = [0.0, *accumulate(fine)]
        width = until / bins
        if width <= 0:
            return [0.0] * bins
        sums = [_at(area, k * width) for k in range(bins + 1)]
        return [(b - a) / width for a, b in pairwise(sums)]


def _at(area: Sequence[float], place: float) -> float:
    i = min(int(place), len(area) - 2)
    return area[i] + (area[i + 1] - area[i]) * (place - i)


@dataclass(slots=True)
class Marks:
    """How many events fell into each bin."""

    number: list[int] = field(default_factory=lambda: [0] * (FINE + 1))

    def mark(self, at: float) -> None:
        """Count one event at the place ``at`` (in bins)."""
        self.number[min(max(int(at), 0), FINE)] += 1

    def add(self, other: Marks) -> None:
        """Count the other's events too."""
        self.number = [a + b for a, b in zip(self.number, other.number, strict=True)]

    def halve(self) -> None:
        """Make each bin twice as long."""
        number = [0] * (FINE + 1)
        for i, n in enumerate(self.number):
            number[i // 2] += n
        self.number = number

    def sums(self, until: float, bins: int) -> list[int]:
        """Give the number of events in each of ``bins`` equal stretches from 0 to ``until``."""
        out = [0] * bins
        for i, n in enumerate(self.number):
            if n:
                out[min(int((i + 0.5) * bins / until), bins - 1) if until > 0 else 0] += n
        return out
