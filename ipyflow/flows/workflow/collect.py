"""How many events of a list a ``list[E]`` parameter waits for."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class All:
    """All that come of the list."""


@dataclass(frozen=True, slots=True)
class Take:
    """The first ``n`` that come; fewer where fewer come.

    Raises:
        ValueError: ``n`` is no whole number of 1 or more.
    """

    n: int

    def __post_init__(self) -> None:
        n: object = self.n
        if isinstance(n, bool) or not isinstance(n, int) or n < 1:
            raise ValueError(f"Take({n!r}): give a whole number of 1 or more, as in Take(2)")


@dataclass(frozen=True, slots=True)
class Collect:
    """Says at a ``list[E]`` parameter when the step is run: ``Annotated[list[E], Collect(Take(2))]``.

    Raises:
        TypeError: ``cardinality`` is neither ``All()`` nor ``Take(n)``.

    Example:
        >>> Collect(Take(2)).cardinality.n
        2
    """

    cardinality: All | Take = field(default_factory=All)

    def __post_init__(self) -> None:
        wanted: object = self.cardinality
        if not isinstance(wanted, (All, Take)):
            raise TypeError(f"Collect({wanted!r}): give All() or Take(n), as in Collect(Take(2))")
