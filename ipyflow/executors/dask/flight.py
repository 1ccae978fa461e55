"""One attempt on its way through a cluster."""

from __future__ import annotations

from typing import Any

from ipyflow.executors.dask.hands import Box
from ipyflow.model.ports import Work


class Flight(Box):
    """What is known of an attempt, from ``dispatch`` until its end was told to the engine."""

    __slots__ = (
        "address", "future", "has_begun", "holds", "is_over", "is_stopped", "is_waited_for", "key", "label", "level",
        "process", "tries", "work",
    )  # fmt: skip

    def __init__(self, work: Work, key: str, level: int) -> None:
        super().__init__()
        self.work, self.key, self.level = work, key, level
        self.tries = 1
        """How often it was handed to Dask; only more than once where Dask has certainly not begun it."""
        self.future: Any = None
        """Dask's."""
        self.holds: tuple[Any, ...] = ()
        """What must stay on the cluster as long as this is on its way."""
        self.address, self.label, self.process = "", "", 0
        """Of its worker, once it has begun."""
        self.has_begun = self.is_over = False
        self.is_stopped = False
        """The engine has no use for its outcome."""
        self.is_waited_for = False
        """Its body has ended, and Dask has still to say that it has the value."""


class Held:
    """A value on the cluster, as the engine's ``Kept`` knows it.

    Args:
        future: Dask's; the value goes when nobody holds it any more.
        cluster: where it is.
        label: of the task.
    """

    __slots__ = ("cluster", "future", "label")

    def __init__(self, future: Any, cluster: Any, label: str) -> None:
        self.future, self.cluster, self.label = future, cluster, label
