"""Workflows, with what their classes have there besides."""

from __future__ import annotations

from typing import Any, ClassVar, cast

import ipyflow
from ipyflow.compat.workflows.context import Context
from ipyflow.compat.workflows.handler import WorkflowHandler
from ipyflow.workflows import WorkflowFuture

__all__ = ["Workflow"]


class Workflow(ipyflow.Workflow):
    """A workflow whose ``run`` gives a :class:`WorkflowHandler`.

    Args:
        timeout: seconds for a run; ``None`` for no limit.
        options: those of :class:`ipyflow.Workflow`; ``serializer`` is not used.

    Raises:
        NotImplementedError: ``runtime`` was given.
        WorkflowValidationError: an option that cannot be.

    Example:
        >>> import asyncio
        >>> from ipyflow.compat.workflows import StartEvent, StopEvent, Workflow, step
        >>> class Hello(Workflow):
        ...     @step
        ...     async def hello(self, ev: StartEvent) -> StopEvent:
        ...         return StopEvent(result=f"hello {ev.name}")
        >>> async def main():
        ...     return await Hello(timeout=10).run(name="world")
        >>> asyncio.run(main())
        'hello world'
    """

    future_class: ClassVar[type[WorkflowFuture[Any]]] = WorkflowHandler

    def __init__(self, timeout: float | None = 45.0, *args: Any, **options: Any) -> None:
        __tracebackhide__ = True
        options.pop("serializer", None)
        if options.pop("runtime", None) is not None:
            raise NotImplementedError(
                "runtime=...: workflows run in this process; leave it out. To go on after a restart keep "
                "handler.ctx.to_dict() and give Context.from_dict(...) to run(ctx=...)"
            )
        super().__init__(timeout, *args, **options)

    def run(self, ctx: Any = None, start_event: Any = None, **values: Any) -> WorkflowHandler[Any]:
        """Start a run in the background; returns its handler at once. See :meth:`ipyflow.Workflow.run`."""
        __tracebackhide__ = True
        handler = super().run(Context(self) if ctx is None else ctx, start_event, **values)
        return cast(WorkflowHandler[Any], handler)

    @property
    def workflow_name(self) -> str:
        """Its name in views."""
        return str(self.name)

    @property
    def start_event_class(self) -> type[ipyflow.Event]:
        """What its runs begin with."""
        return self.table.start

    @property
    def stop_event_class(self) -> type[ipyflow.Event]:
        """What its runs end with."""
        return self.table.stops[0]
