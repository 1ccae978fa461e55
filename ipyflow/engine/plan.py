"""A value that stands for work: what a task may return to go on as it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ipyflow.engine.call import Call
    from ipyflow.engine.future import Future


class Plan:
    """Work that was put together and not submitted yet. A task that returns one ends as that work ends.

    A plain class, not an abstract one: each value that a body returns is asked whether it is one.
    """

    __slots__ = ()

    def submit(self) -> Future[Any]:
        """Submit it here."""
        raise NotImplementedError

    def submit_below(self, call: Call) -> Future[Any]:
        """Submit it as a child of ``call``, whose body has returned it."""
        raise NotImplementedError
