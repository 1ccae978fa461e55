"""Pipelines with the methods that statefun-tasks has besides ours."""

from __future__ import annotations

import functools
from typing import Any

import ipyflow
from ipyflow import Pipeline


class PipelineBuilder(Pipeline):
    """A pipeline by its name there. Each method returns a new one: keep what it returns.

    Example:
        >>> from ipyflow.compat.statefun_tasks import PipelineBuilder, client, tasks
        >>> @tasks.bind()
        ... def multiply(x, y):
        ...     return x * y
        >>> pipeline = PipelineBuilder().send(multiply, 3, 2).send(multiply, 7)
        >>> client.submit(pipeline).result()
        42
    """

    __slots__ = ()

    def send(self, fn: Any, *args: Any, **kwargs: Any) -> Any:
        """Then run this task: ``continue_with``."""
        __tracebackhide__ = True
        return self.continue_with(fn, *args, **kwargs)

    def wait(self) -> Any:
        """Pause behind the last entry: ``pause_here``."""
        __tracebackhide__ = True
        return self.pause_here()

    def is_empty(self) -> bool:
        """True when it has no entries."""
        return not self.size

    def append_to(self, other: Pipeline) -> Any:
        """``other``, and then all of this one: ``other.continue_with(self)``."""
        __tracebackhide__ = True
        return other.continue_with(self)


@functools.wraps(ipyflow.in_parallel)
def in_parallel(*args: Any, **kwargs: Any) -> Any:  # noqa: D103 - it has that of ours
    __tracebackhide__ = True
    return PipelineBuilder().continue_with(ipyflow.in_parallel(*args, **kwargs))
