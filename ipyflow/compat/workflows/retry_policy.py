"""Retry policies, and what they are put together of.

``@step(retry_policy=...)`` takes :class:`ipyflow.Retry`, a number and tenacity's own strategies as well.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from ipyflow.compat.workflows._conditions import (
    RetryCondition,
    Test,
    retry_all,
    retry_always,
    retry_any,
    retry_if_exception,
    retry_if_exception_cause_type,
    retry_if_exception_message,
    retry_if_exception_type,
    retry_if_not_exception_message,
    retry_if_not_exception_type,
    retry_never,
    retry_unless_exception_type,
)
from ipyflow.compat.workflows._stops import (
    Stop,
    StopCondition,
    stop_after_attempt,
    stop_after_delay,
    stop_all,
    stop_any,
    stop_before_delay,
    stop_never,
)
from ipyflow.compat.workflows._waits import (
    Strategy,
    WaitStrategy,
    wait_chain,
    wait_combine,
    wait_exponential,
    wait_exponential_jitter,
    wait_fixed,
    wait_full_jitter,
    wait_incrementing,
    wait_none,
    wait_random,
    wait_random_exponential,
)
from ipyflow.workflows import RetryInfo

__all__ = [
    "ConstantDelayRetryPolicy",
    "ExponentialBackoffRetryPolicy",
    "RetryCondition",
    "RetryInfo",
    "RetryPolicy",
    "StopCondition",
    "WaitStrategy",
    "retry_all",
    "retry_always",
    "retry_any",
    "retry_if_exception",
    "retry_if_exception_cause_type",
    "retry_if_exception_message",
    "retry_if_exception_type",
    "retry_if_not_exception_message",
    "retry_if_not_exception_type",
    "retry_never",
    "retry_policy",
    "retry_unless_exception_type",
    "stop_after_attempt",
    "stop_after_delay",
    "stop_all",
    "stop_any",
    "stop_before_delay",
    "stop_never",
    "wait_chain",
    "wait_combine",
    "wait_exponential",
    "wait_exponential_jitter",
    "wait_fixed",
    "wait_full_jitter",
    "wait_incrementing",
    "wait_none",
    "wait_random",
    "wait_random_exponential",
]


@runtime_checkable
class RetryPolicy(Protocol):
    """What a policy of one's own must have."""

    def next(self, elapsed_time: float, attempts: int, error: Exception) -> float | None:
        """Seconds until the next attempt, ``None`` to give up.

        Args:
            elapsed_time: since the first attempt began.
            attempts: how many there were.
            error: what the last one has raised.
        """
        ...


@dataclass(frozen=True)
class _Composed:
    """A policy of a condition, a wait and a stop."""

    retry: Test | None
    wait: Strategy
    stop: Stop

    def next(
        self, elapsed_time: float, attempts: int, error: BaseException, *, seed: int | None = None
    ) -> float | None:
        """Seconds until the next attempt, ``None`` to give up."""
        if self.retry is not None and not self.retry(error):
            return None
        pause = self.wait(attempts, seed=seed)
        return None if self.stop(attempts, elapsed_time, upcoming_sleep=pause) else pause

    def pause(self, attempt: int, error: BaseException, rng: random.Random, elapsed: float = 0.0) -> float | None:
        """The same, as the engine asks for it: chance is that of the run."""
        return self.next(elapsed, attempt, error, seed=rng.getrandbits(32))


_WAIT = wait_fixed(5)
_STOP = stop_after_attempt(3)


def retry_policy(retry: Test | None = None, wait: Strategy = _WAIT, stop: Stop = _STOP) -> _Composed:
    """Put a policy together.

    Args:
        retry: for which errors; by default for all.
        wait: how long, by default 5 seconds.
        stop: when to give up, by default after 3 attempts.

    Example:
        >>> policy = retry_policy(retry_if_exception_type(OSError), wait_fixed(3), stop_after_attempt(2))
        >>> policy.next(0.0, 1, OSError()), policy.next(3.0, 2, OSError()), policy.next(0.0, 1, ValueError())
        (3.0, None, None)
    """
    return _Composed(retry, wait, stop)


def ConstantDelayRetryPolicy(maximum_attempts: int = 3, delay: float = 5) -> _Composed:
    """So many attempts, always the same pause between them."""
    return _Composed(None, wait_fixed(delay), stop_after_attempt(maximum_attempts))


def ExponentialBackoffRetryPolicy(
    maximum_attempts: int = 5, initial_delay: float = 1.0, multiplier: float = 2.0, max_delay: float = 60.0,
    jitter: bool = True,
) -> _Composed:  # fmt: skip
    """So many attempts with growing pauses; with ``jitter`` any pause up to that, by chance."""
    wait = wait_random_exponential if jitter else wait_exponential
    return _Composed(None, wait(initial_delay, multiplier, max_delay), stop_after_attempt(maximum_attempts))
