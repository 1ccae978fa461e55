"""From what a person writes behind ``@task(...)`` to checked :class:`~ipyflow.engine.options.Options`.

Every option is checked where it is written, so that a mistake shows at the decorator and not in the middle of a run.
"""

from __future__ import annotations

import concurrent.futures
import difflib
import importlib
import inspect
import random
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from ipyflow.engine.options import LEAK_POLICIES, Cache, Defer, Options, Retry, RetryPolicy

NAMES = (
    "name", "wait", "resolve", "executor", "retries", "timeout", "memo", "cache", "limit", "rate", "max_parallelism",
    "delay", "defer", "recurrent", "on_leak", "stdout", "with_state", "fruitful",
)  # fmt: skip
_STATELESS = {
    "memo": "a value that is reused cannot change the state",
    "cache": "a value that is reused cannot change the state",
    "defer": "a call that another one takes the place of cannot change the state",
    "recurrent": "each run of it would begin with the same state",
}
"""Options that do not go with ``with_state=True``, and why."""
EXECUTORS = ("threads", "processes", "dask", "inline")
HERE = ("threads", "inline", "loop")
"""Executors whose bodies run in this process."""
ENTRY_POINTS = "ipyflow.executors"
"""The group of entry points under which other packages offer executors."""
_PERIODS = {"s": 1.0, "sec": 1.0, "second": 1.0, "m": 60.0, "min": 60.0, "minute": 60.0, "h": 3600.0, "hour": 3600.0}


def check(fn: Callable[..., Any], given: dict[str, Any]) -> Options:
    """Make :class:`Options` of what was given.

    Raises:
        TypeError: an unknown option, or one of the wrong type.
        ValueError: a value that cannot be.
    """
    for name in given:
        if name not in NAMES:
            near = difflib.get_close_matches(name, NAMES, 1)
            hint = f"did you mean {near[0]}=?" if near else f"there are {', '.join(NAMES)}"
            raise TypeError(f"unknown option {name}= for a task: {hint}")
    is_async = inspect.iscoroutinefunction(fn)
    for name, why in _STATELESS.items():
        if given.get(name) and given.get("with_state"):
            raise ValueError(f"{name}={given[name]!r} with with_state=True: {why}; drop one")
    return Options(
        wait=_parameters(fn, "wait", given.get("wait", False)),
        resolve=_parameters(fn, "resolve", given.get("resolve", False)),
        executor=_executor(given.get("executor"), is_async, fn),
        retries=retries(given.get("retries", 0)),
        timeout=seconds("timeout", given.get("timeout"), positive=True),
        memo=_flag("memo", given.get("memo", False)),
        cache=_cache(fn, given.get("cache", False)),
        limit=_limit(given.get("limit")),
        rate=_rate(given.get("rate")),
        max_parallelism=_parallelism(given.get("max_parallelism")),
        delay=seconds("delay", given.get("delay", 0)) or 0.0,
        defer=_defer(fn, given.get("defer", False)),
        recurrent=_flag("recurrent", given.get("recurrent", False)),
        on_leak=_choice("on_leak", given.get("on_leak", "warn"), LEAK_POLICIES),
        stdout=_choice("stdout", given.get("stdout", "task"), ("task", "cell")),
        with_state=_flag("with_state", given.get("with_state", False)),
        fruitful=_flag("fruitful", given.get("fruitful", True)),
    )


def seconds(option: str, value: Any, positive: bool = False) -> float | None:
    """A duration in seconds from a number or a ``timedelta``; ``None`` stays ``None``.

    Raises:
        TypeError: neither.
        ValueError: negative, or zero where it must be more.
    """
    if value is None:
        return None
    number = value.total_seconds() if isinstance(value, timedelta) else value
    if isinstance(number, bool) or not isinstance(number, (int, float)):
        raise TypeError(f"{option}={value!r}: give seconds or a datetime.timedelta, as in {option}=2.5")
    if number < 0 or (positive and number == 0) or number != number:
        raise ValueError(f"{option}={value!r}: give {'more than 0' if positive else '0 or more'} seconds")
    return float(number)


def _parameters(fn: Callable[..., Any], option: str, value: Any) -> bool | frozenset[str]:
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        names = [name for name in re.split(r"[,\s]+", value.strip()) if name]
    elif isinstance(value, Iterable):
        names = list(value)
    else:
        raise TypeError(f"{option}={value!r}: give True, parameter names, or a string as in {option}='user, product'")
    known = inspect.signature(getattr(fn, "__func__", fn)).parameters
    for name in names:
        if name not in known:
            raise ValueError(
                f"{option}={value!r}: {getattr(fn, '__name__', fn)} has no parameter {name!r}; "
                f"it has {', '.join(known) or 'none'}"
            )
    return frozenset(names)


def _cache(fn: Callable[..., Any], value: Any) -> Cache | None:
    if value is None or value is False:
        return None
    if isinstance(value, Cache):
        if value.params is None:
            return value
        names = _parameters(fn, "Cache(params)", value.params)
        return replace(value, params=None if isinstance(names, bool) else names)
    if value is True:
        return Cache()
    if isinstance(value, (int, float, timedelta)):
        return Cache(max_age=seconds("cache", value, positive=True))
    raise TypeError(f"cache={value!r}: give True, seconds, a datetime.timedelta, or Cache(...)")


def _defer(fn: Callable[..., Any], value: Any) -> bool | frozenset[str]:
    if isinstance(value, Defer):
        value = True if value.params is None else value.params
    return _parameters(fn, "defer", value)


def _executor(value: Any, is_async: bool, fn: Callable[..., Any]) -> Any:
    name = getattr(fn, "__name__", "the task")
    if is_async:
        if value not in (None, "loop"):
            raise ValueError(
                f"{name} is `async def` and runs on the loop: leave executor={value!r} out, or write `def`"
            )
        return "loop"
    if value is None:
        return "threads"
    if isinstance(value, str):
        if value in EXECUTORS:
            return value
        known = [*EXECUTORS, *_offered()]
        if value in known:
            return value
        near = difflib.get_close_matches(value, known, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(map(repr, known))}"
        raise ValueError(f"executor={value!r} is not known: {hint}")
    if isinstance(value, concurrent.futures.Executor):
        return value
    raise TypeError(
        f"executor={value!r}: give the name of one, {', '.join(map(repr, EXECUTORS))}, or a concurrent.futures.Executor"
    )


def _offered() -> list[str]:
    """The names of executors that other packages offer."""
    metadata = importlib.import_module("importlib.metadata")  # by name: it takes long to import and is rarely asked
    return sorted(metadata.entry_points(group=ENTRY_POINTS).names)


def retries(value: Any, option: str = "retries") -> RetryPolicy | None:
    """The retry policy that was meant; ``None`` for no retries.

    Args:
        value: a number, ``True``, :class:`Retry`, a tenacity strategy, or an object with
            ``next(elapsed, attempts, error)``, which gives seconds or ``None``.
        option: the name it was given under.

    Raises:
        TypeError: something else.
        ValueError: a number below 0.
    """
    if value is True:
        return Retry(None)
    if value is False or value is None or value == 0:
        return None
    if isinstance(value, int):
        return Retry(value, backoff=(0.0, 0.0))
    if isinstance(value, Retry):
        return value
    if not isinstance(value, type):
        if callable(getattr(value, "pause", None)):
            return value  # type: ignore[no-any-return]
        if callable(getattr(value, "next", None)):
            return NextRetry(value)
        if callable(value):
            return TenacityRetry(value, option)
    raise TypeError(f"{option}={value!r}: give a number, True, Retry(...), or a tenacity strategy")


class NextRetry:
    """An object with ``next(elapsed, attempts, error)`` as a retry policy."""

    def __init__(self, policy: Any) -> None:
        self.policy = policy

    def pause(self, attempt: int, error: BaseException, rng: random.Random, elapsed: float = 0.0) -> float | None:
        """Seconds before the next attempt, ``None`` to give up."""
        pause = self.policy.next(elapsed, attempt, error)
        return None if pause is None else float(pause)


class _Outcome(concurrent.futures.Future[Any]):
    """An attempt's outcome, as tenacity's strategies look at it."""

    failed = True


class TenacityRetry:
    """A tenacity ``stop``, ``wait`` or ``retry`` strategy as a retry policy.

    Which of the three it is shows in its name: ``stop_after_attempt``, ``wait_exponential``,
    ``retry_if_exception_type``. A ``stop`` alone retries at once; a ``wait`` or ``retry`` alone retries without limit.
    """

    def __init__(self, strategy: Callable[[Any], Any], option: str = "retries") -> None:
        kinds = [cls.__name__.split("_")[0] for cls in type(strategy).__mro__]
        self.kind = next((kind for kind in kinds if kind in ("stop", "wait", "retry")), None)
        if self.kind is None:
            raise TypeError(
                f"{option}={strategy!r}: give a number, True, Retry(...), or a tenacity stop, wait or retry strategy"
            )
        self.strategy = strategy

    def pause(self, attempt: int, error: BaseException, rng: random.Random, elapsed: float = 0.0) -> float | None:
        """Seconds before the next attempt, ``None`` to give up."""
        outcome = _Outcome()
        outcome.set_exception(error)
        state = SimpleNamespace(
            attempt_number=attempt, outcome=outcome, seconds_since_start=elapsed, idle_for=0.0, upcoming_sleep=0.0,
            fn=None, args=(), kwargs={}, next_action=None, retry_object=None,
        )  # fmt: skip
        answer = self.strategy(state)
        if self.kind == "stop":
            return None if answer else 0.0
        if self.kind == "retry":
            return 0.0 if answer else None
        return float(answer)


def _flag(option: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{option}={value!r}: give True or False")
    return value


def _limit(value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"limit={value!r}: give a whole number of tasks that may run at once")
    if value < 1:
        raise ValueError(f"limit={value!r}: at least 1 must be able to run; leave limit out for no limit")
    return value


def _parallelism(value: Any) -> int | None:
    """``None`` and 0 are without limit, as in ``in_parallel``."""
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise TypeError(f"max_parallelism={value!r}: give a whole number of tasks that may run at once below the flow")
    if value is not None and value < 0:
        raise ValueError(f"max_parallelism={value!r}: give 1 or more; leave it out for no limit")
    return value or None


def _rate(value: Any) -> tuple[int, float] | None:
    if value is None:
        return None
    match = re.fullmatch(r"\s*(\d+)\s*(?:/|per)\s*([a-z]+)\s*", value) if isinstance(value, str) else None
    if match is None or (match[2].rstrip("s") not in _PERIODS and match[2] not in _PERIODS) or int(match[1]) < 1:
        raise ValueError(f"rate={value!r}: write it as '5/s', '100/min' or '1000/h'")
    return int(match[1]), _PERIODS.get(match[2]) or _PERIODS[match[2].rstrip("s")]


def _choice(option: str, value: Any, known: tuple[str, ...]) -> str:
    if value not in known:
        raise ValueError(f"{option}={value!r}: choose one of {', '.join(map(repr, known))}")
    return str(value)
