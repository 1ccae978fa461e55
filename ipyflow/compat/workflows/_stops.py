"""When a step is given up: stops of a retry policy, joined with ``|`` and ``&``.

The small letters are the names that the stops have there, where they are classes.
"""

from __future__ import annotations

from collections.abc import Callable

from ipyflow.compat.workflows._waits import Seconds, seconds

Stop = Callable[..., bool]


class StopCondition:
    """Says after a failed attempt whether it was the last.

    Args:
        stop: true if so; gets the number of attempts, the seconds since the first one began, and the next pause.

    Example:
        >>> stop = stop_after_attempt(3) | stop_after_delay(60)
        >>> stop(2, 10.0), stop(3, 10.0), stop(1, 61.0)
        (False, True, True)
    """

    def __init__(self, stop: Callable[[int, float, float], bool]) -> None:
        self._stop = stop

    def __call__(self, attempts: int, elapsed_time: float, *, upcoming_sleep: float = 0.0) -> bool:
        return bool(self._stop(attempts, elapsed_time, upcoming_sleep))

    def __or__(self, other: Stop) -> StopCondition:
        return stop_any(self, other)

    def __ror__(self, other: Stop) -> StopCondition:
        return stop_any(other, self)

    def __and__(self, other: Stop) -> StopCondition:
        return stop_all(self, other)

    def __rand__(self, other: Stop) -> StopCondition:
        return stop_all(other, self)


def stop_after_attempt(max_attempt_number: int) -> StopCondition:
    """After so many attempts, the first one counted."""
    return StopCondition(lambda attempts, elapsed, pause: attempts >= max_attempt_number)


def stop_after_delay(max_delay: Seconds) -> StopCondition:
    """Once so many seconds have gone by."""
    most = seconds(max_delay)
    return StopCondition(lambda attempts, elapsed, pause: elapsed >= most)


def stop_before_delay(max_delay: Seconds) -> StopCondition:
    """When the next attempt would begin so many seconds after the first, or later."""
    most = seconds(max_delay)
    return StopCondition(lambda attempts, elapsed, pause: elapsed + pause >= most)


def stop_any(*stops: Stop) -> StopCondition:
    """Where one of them says so."""
    return StopCondition(
        lambda attempts, elapsed, pause: any(stop(attempts, elapsed, upcoming_sleep=pause) for stop in stops)
    )


def stop_all(*stops: Stop) -> StopCondition:
    """Where all of them say so."""
    return StopCondition(
        lambda attempts, elapsed, pause: all(stop(attempts, elapsed, upcoming_sleep=pause) for stop in stops)
    )


def stop_never() -> StopCondition:
    """Never."""
    return StopCondition(lambda attempts, elapsed, pause: False)
