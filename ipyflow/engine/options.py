"""What can be asked of a task, as values: the options, the retry policy, and what the engine needs of a task."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
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


@dataclass(frozen=True)
class Defer:
    """Which calls of a task are the same for ``defer=``: the newest of them takes the place of those that still wait.

    Args:
        params: names of parameters, as ``{"user"}`` or ``"user, document"``: calls in which these are equal. ``None``
            looks at all arguments, ``()`` at none.

    Example:
        >>> import ipyflow as fl
        >>> @fl.task(delay=60, defer=fl.Defer("user"))
        ... def notify(user, text):
        ...     return f"{user}: {text}"
        >>> notify.options.defer
        frozenset({'user'})
    """

    params: Iterable[str] | str | None = None


@dataclass(frozen=True)
class Cache:
    """How results of a task are kept and found again, for ``cache=``.

    Args:
        max_age: seconds, or a ``timedelta``: a result that was made longer ago is not used. Whoever looks decides: the
            result stays kept for others. ``None``: any age.
        params: names of the parameters that count, as ``{"user"}`` or ``"user, day"``: calls in which these are equal
            have one result. ``None``: all.
        namespace: results are shared by tasks with the same one; ``None``: module and name of the function.
        version: stands in the place of the code and the globals that it reads: while it is the same, results are used
            however the code has changed. A number or a text.

    Raises:
        TypeError, ValueError: something else; the message says what is meant.

    Example:
        >>> Cache(max_age=3600, version=2).age
        3600.0
    """

    max_age: float | timedelta | None = None
    params: Iterable[str] | str | None = None
    namespace: str | None = None
    version: Any = None

    def __post_init__(self) -> None:
        age: object = self.max_age
        if isinstance(age, bool) or not isinstance(age, int | float | timedelta | None):
            raise TypeError(f"Cache(max_age={self.max_age!r}): give seconds or a datetime.timedelta, or None")
        if self.age is not None and not self.age > 0:
            raise ValueError(f"Cache(max_age={self.max_age!r}): give more than 0 seconds, or None for any age")
        if self.namespace is not None and not (isinstance(self.namespace, str) and self.namespace):
            raise TypeError(f"Cache(namespace={self.namespace!r}): give a text")
        if isinstance(self.version, bool) or not isinstance(self.version, int | float | str | None):
            raise TypeError(f"Cache(version={self.version!r}): give a number or a text")

    @property
    def age(self) -> float | None:
        """``max_age`` in seconds."""
        age = self.max_age
        return None if age is None else age.total_seconds() if isinstance(age, timedelta) else float(age)


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
    cache: Cache | None = None
    """Its ``params`` are checked names."""
    limit: int | None = None
    rate: tuple[int, float] | None = None
    max_parallelism: int | None = None
    delay: float = 0.0
    defer: bool | frozenset[str] = False
    """False, or which arguments tell calls apart: all, or those of these names, which may be none."""
    recurrent: bool = False
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
    """True when nothing can hold a call of it back, or repeat it: no wait, limit, delay, timeout, memo, defer or
    recurrent, no way to a worker."""

    def latest(self) -> Definition:
        """The definition that now goes by this one's name: a cell may have been edited and run again."""

    def waits_for(self, args: tuple[Any, ...], kwargs: dict[str, Any], names: bool | frozenset[str]) -> Any:
        """The arguments that ``wait=`` or ``resolve=`` selects."""

    def changed(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], names: bool | frozenset[str], by: Callable[[Any], Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments with those that ``resolve=`` selects changed."""
