"""Timing two things in turn, and the figures that come of it.

A machine's own speed moves by a factor of two within minutes, so a time alone says little. Work and reference run
one after the other, many times over, and what counts is the median of the ratios of the pairs.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Pairs:
    """Costs of the work and of its reference, pair by pair, in the same unit."""

    ours: tuple[float, ...]
    reference: tuple[float, ...]

    @property
    def ratios(self) -> list[float]:
        return [ours / reference for ours, reference in zip(self.ours, self.reference, strict=True)]

    @property
    def ratio(self) -> float:
        return statistics.median(self.ratios)

    @property
    def cost(self) -> float:
        return statistics.median(self.ours)

    @property
    def reference_cost(self) -> float:
        return statistics.median(self.reference)


def timed(body: Callable[[], T]) -> tuple[float, T]:
    """Seconds that ``body`` takes, and what it returns. Garbage left by others is collected before."""
    gc.collect()
    begin = time.perf_counter()
    value = body()
    return time.perf_counter() - begin, value


def sweep(
    work: Callable[[int], float], reference: Callable[[int], float], sizes: Sequence[int], count: int
) -> dict[int, Pairs]:
    """Measure ``count`` pairs at every size, size after size in turn; one more round before them warms up.

    Args:
        work: does it at a size and returns its cost.
        reference: the same, bare.
        sizes: what to call them with.
        count: pairs that count.
    """
    ours: dict[int, list[float]] = {size: [] for size in sizes}
    bare: dict[int, list[float]] = {size: [] for size in sizes}
    for pair in range(count + 1):
        for size in sizes:
            sides = [(ours, work), (bare, reference)]
            for costs, run in sides if pair % 2 else reversed(sides):
                costs[size].append(run(size))
    return {size: Pairs(tuple(ours[size][1:]), tuple(bare[size][1:])) for size in sizes}


def paired(work: Callable[[], float], reference: Callable[[], float], count: int) -> Pairs:
    """Measure ``count`` pairs, after one to warm up."""
    return sweep(lambda _: work(), lambda _: reference(), (1,), count)[1]


def growth(at: dict[int, Pairs], small: int, large: int) -> Pairs:
    """Our own cost at the large size beside that at the small one, measured in the same rounds."""
    return Pairs(at[large].ours, at[small].ours)
