"""The sets that ``wait`` returns: sets that keep the order in which the futures were given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

T = TypeVar("T")


class FutureSet(set[T]):
    """A set of futures that iterates in the order given; ``pop`` takes the one that finished first.

    Everything else is as of a set: ``in``, ``==``, ``-``, ``add``, ``discard``.

    Example:
        >>> FutureSet([3, 1, 2]) == {1, 2, 3}, list(FutureSet([3, 1, 2]))
        (True, [3, 1, 2])
    """

    def __init__(self, items: Iterable[T] = ()) -> None:
        self._order = list(dict.fromkeys(items))
        super().__init__(self._order)

    def __iter__(self) -> Iterator[T]:
        known = set.copy(self)
        for item in self._order:
            if item in known:
                known.discard(item)
                yield item
        while known:
            yield set.pop(known)

    def pop(self) -> T:
        """Remove and return the future that finished first; one that has not finished, only when none has.

        Raises:
            KeyError: the set is empty.
        """
        if not self:
            raise KeyError("pop from an empty set")
        first = min(self, key=_finished)
        self.discard(first)
        return first

    def __repr__(self) -> str:
        return "{" + ", ".join(repr(item) for item in self) + "}"

    def __reduce__(self) -> Any:
        return (FutureSet, (list(self),))


def _finished(item: Any) -> float:
    when = getattr(item, "_when", 0.0)
    return when or float("inf")
