"""The futures of a ``map``, as a list that can be waited for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from operator import methodcaller
from typing import TypeVar

from ipyflow.engine.future import Future
from ipyflow.engine.waiting import ALL_COMPLETED, Waited, as_completed, wait

R = TypeVar("R")


def all_or_none(futures: Iterable[Future[R]]) -> list[Future[R]]:
    """The futures that an iterable submits as it is gone through; where one cannot be, those before are cancelled."""
    made: list[Future[R]] = []
    try:
        for future in futures:
            made.append(future)  # noqa: PERF402
    except BaseException:
        for future in made:
            future.cancel()
        raise
    return made


class FutureList(list[Future[R]]):
    """The futures of a ``map``, in the order of the items."""

    def __init__(self, futures: Iterable[Future[R]] = (), ordered: bool = True) -> None:
        super().__init__(futures)
        self.ordered = ordered

    def results(self, timeout: float | None = None) -> list[R]:
        """All the values; the first failure, in the order of the list, is raised.

        Args:
            timeout: seconds to wait at most for all of them.

        Raises:
            TimeoutError: not all were done in time.
        """
        __tracebackhide__ = True
        value = methodcaller("result")  # a comprehension would be a frame of its own in tracebacks
        if not self.ordered:
            return list(map(value, as_completed(self, timeout)))
        if wait(self, timeout).not_done and timeout is not None:  # without, one was retried just now
            raise self._late(timeout)
        return list(map(value, self))

    def _late(self, timeout: float | None) -> TimeoutError:
        return TimeoutError(f"not all of {len(self)} futures are done after {timeout} s; .progress says how many are")

    def wait(self, timeout: float | None = None, return_when: str = ALL_COMPLETED) -> Waited:
        """As :func:`ipyflow.wait`."""
        return wait(self, timeout, return_when)

    def as_completed(self, timeout: float | None = None) -> Iterator[Future[R]]:
        """As :func:`ipyflow.as_completed`."""
        return as_completed(self, timeout)

    @property
    def progress(self) -> tuple[int, int]:
        """How many are done, and how many there are."""
        return sum(1 for future in self if future.done()), len(self)

    def cancel(self) -> int:
        """Cancel those that are not done; returns how many."""
        return sum(1 for future in self if future.cancel())

    def __repr__(self) -> str:
        done, total = self.progress
        return f"<FutureList {done} of {total} done>"
