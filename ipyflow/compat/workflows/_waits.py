"""How long a step waits before it is tried again: waits of a retry policy, added with ``+``.

The small letters are the names that the waits have there, where they are classes.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from datetime import timedelta

Seconds = float | timedelta
Strategy = Callable[..., float]


def seconds(value: Seconds) -> float:
    """A number of seconds, of one or of a ``timedelta``."""
    return value.total_seconds() if isinstance(value, timedelta) else float(value)


class WaitStrategy:
    """Says for each failed attempt how many seconds to wait.

    Args:
        pause: gives them for the number of the attempt, from 1 on, and a source of chance.

    Example:
        >>> wait = wait_fixed(1) + wait_incrementing(start=0, increment=2)
        >>> [wait(attempt) for attempt in (1, 2, 3)]
        [1.0, 3.0, 5.0]
    """

    def __init__(self, pause: Callable[[int, random.Random], float]) -> None:
        self._pause = pause

    def __call__(self, attempts: int, *, seed: int | None = None) -> float:
        return max(0.0, self._pause(max(1, attempts), random.Random(seed)))

    def __add__(self, other: Strategy) -> WaitStrategy:
        return wait_combine(self, other)

    def __radd__(self, other: Strategy | int) -> WaitStrategy:
        return self if isinstance(other, int) else wait_combine(other, self)  # sum() begins with 0


def wait_fixed(wait: Seconds) -> WaitStrategy:
    """Always the same."""
    pause = seconds(wait)
    return WaitStrategy(lambda attempt, chance: pause)


def wait_none() -> WaitStrategy:
    """Not at all."""
    return wait_fixed(0)


def wait_incrementing(start: Seconds = 0.0, increment: Seconds = 100.0, max: Seconds = math.inf) -> WaitStrategy:
    """``start``, and ``increment`` more each time, up to ``max``."""
    first, more, most = seconds(start), seconds(increment), seconds(max)
    return WaitStrategy(lambda attempt, chance: min(most, first + more * (attempt - 1)))


def wait_exponential(
    multiplier: float = 1.0, exp_base: float = 2.0, max: Seconds = 60.0, min: Seconds = 0.0
) -> WaitStrategy:
    """``multiplier``, and ``exp_base`` times as long each time, between ``min`` and ``max``."""
    least, most = seconds(min), seconds(max)
    return WaitStrategy(lambda attempt, chance: _between(least, _power(multiplier, exp_base, attempt), most))


def wait_exponential_jitter(
    initial: float = 1.0, exp_base: float = 2.0, max: float = 60.0, jitter: float = 1.0
) -> WaitStrategy:
    """As :func:`wait_exponential`, with up to ``jitter`` seconds added by chance; ``max`` at most."""
    return WaitStrategy(
        lambda attempt, chance: _between(0.0, _power(initial, exp_base, attempt) + chance.uniform(0, jitter), max)
    )


def wait_random(min: Seconds = 0.0, max: Seconds = 1.0) -> WaitStrategy:
    """By chance, between the two."""
    least, most = seconds(min), seconds(max)
    return WaitStrategy(lambda attempt, chance: chance.uniform(least, most))


def wait_random_exponential(
    multiplier: float = 1.0, exp_base: float = 2.0, max: Seconds = 60.0, min: Seconds = 0.0
) -> WaitStrategy:
    """By chance, between ``min`` and what :func:`wait_exponential` would wait."""
    least, most = seconds(min), seconds(max)
    return WaitStrategy(
        lambda attempt, chance: chance.uniform(least, _between(least, _power(multiplier, exp_base, attempt), most))
    )


wait_full_jitter = wait_random_exponential


def wait_chain(*strategies: Strategy) -> WaitStrategy:
    """One after the other, a strategy for each attempt; the last one for all further.

    Raises:
        ValueError: there is none.
    """
    if not strategies:
        raise ValueError("wait_chain() has nothing to wait with: give it strategies, as in wait_chain(wait_fixed(1))")

    def pause(attempt: int, chance: random.Random) -> float:
        return strategies[min(attempt, len(strategies)) - 1](attempt, seed=chance.getrandbits(32))

    return WaitStrategy(pause)


def wait_combine(*strategies: Strategy) -> WaitStrategy:
    """All of them, one behind the other."""
    return WaitStrategy(
        lambda attempt, chance: math.fsum(wait(attempt, seed=chance.getrandbits(32)) for wait in strategies)
    )


def _between(least: float, value: float, most: float) -> float:
    return max(least, min(value, most))


def _power(first: float, base: float, attempt: int) -> float:
    try:
        return first * base ** (attempt - 1)
    except OverflowError:
        return math.inf
