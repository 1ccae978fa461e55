"""What can be asked of a task, as values: the options, the retry policy, and what the engine needs of a task."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

LEAK_POLICIES = ("warn", "wait", "cancel", "error", "ignore")


@dataclass(frozen=True)
class Retry:
    """How often, when and after what pause a failed task is tried again.

    Args:
        limit: retries after the first attempt, so ``limit + 1`` attempts; ``None`` is without limit.
        backoff: shortest and longest pause in seconds. With a limit the pause grows evenly from the first to the
            second; without one it is drawn at random between them.
        jitter: seconds added at random to each pause, from 0 to this.
        when: exception type, tuple of types, or a predicate; anything else is not retried.

    Example:
        >>> Retry(3, backoff=(0.1, 2), when=OSError).limit
        3
    """

    limit: int | None = None
    backoff: tuple[float, float] = (1.0, 60.0)
    jitter: float = 0.0
    when: type[BaseException] | tuple[type[BaseException], ...] | Callable[[BaseException], bool] = Exception

    def __post_init__(self) -> None:
        limit: object = self.limit
        if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 0):
            raise ValueError(f"Retry(limit={self.limit!r}): give a whole number of retries, 0 or more, or None")
        low, high = self.backoff
        if not 0 <= low <= high:
            raise ValueError(f"Retry(backoff={self.backoff!r}): give (shortest, longest) in seconds, as in (1, 60)")
        if self.jitter < 0:
            raise ValueError(f"Retry(jitter={self.jitter!r}): give seconds, 0 or more")
        if not callable(self.when) and not isinstance(self.when, tuple):
            raise TypeError(f"Retry(when={self.when!r}): give an exception type, a tuple of types or a predicate")

    def pause(self, attempt: int, error: BaseException, rng: random.Random, elapsed: float = 0.0) -> float | None:
        """Seconds to wait before the next attempt, or ``None`` to give up. ``attempt`` is the one that failed."""
        if self.limit is not None and attempt > self.limit:
            return None
        if isinstance(self.when, (type, tuple)):
            if not isinstance(error, self.when):
                return None
        elif not self.when(error):
            return None
        low, high = self.backoff
        if self.limit is None:
            pause = rng.uniform(low, high)
        elif self.limit <= 1:
            pause = low
        else:
            pause = low + (high - low) * (attempt - 1) / (self.limit - 1)
        return pause + (rng.uniform(0, self.jitter) if self.jitter else 0.0)


class RetryPolicy(Protocol):
    """Anything that says how long to pause before the next attempt; :class:`Retry` and the tenacity adapter do."""

    def pause(self, attempt: int, error: BaseException, rng: random.Random, elapsed: float = 0.0) -> float | None:
        """Seconds before the next attempt, ``None`` to give up; ``elapsed`` seconds after the first one began."""


@dataclass(frozen=True)
class Options:
    """The options of a task, checked. Durations in seconds. See :func:`ipyflow.task` for what each means."""

    wait: bool | frozenset[str] = False
    resolve: bool | frozenset[str] = False
    executor: Any = "threads"
    retries: RetryPolicy | None = None
    timeout: float | None = None
    memo: bool = False
    limit: int | None = None
    rate: tuple[int, float] | None = None
    max_parallelism: int | None = None
    delay: float = 0.0
    on_leak: str = "warn"
    stdout: str = "task"
    with_state: bool = False
    fruitful: bool = True


class Definition(Protocol):
    """A task as the engine sees it."""

    name: str
    module: str
    fn: Callable[..., Any]
    options: Options
    executor_name: str
    is_flow: bool
    is_async: bool
    own_limit: Any
    """The :class:`~ipyflow.engine.limits.Limit` that its calls need a permit of, and those below them do not, if it has
    one besides ``options.limit``."""
    is_local: bool
    """True where its function was made inside another one: it may be another each time, under the same name."""
    role: str | None
    """What it is in views, where it is more than a task: of those that are not ``simple``."""
    simple: bool
    """True when nothing can hold a call of it back: no wait, limit, delay, timeout or memo, no way to a worker."""

    def latest(self) -> Definition:
        """The definition that now goes by this one's name: a cell may have been edited and run again."""

    def waits_for(self, args: tuple[Any, ...], kwargs: dict[str, Any], names: bool | frozenset[str]) -> Any:
        """The arguments that ``wait=`` or ``resolve=`` selects."""

    def changed(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], names: bool | frozenset[str], by: Callable[[Any], Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments with those that ``resolve=`` selects changed."""
