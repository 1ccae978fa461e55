"""Running a workflow in a test, with all that it tells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ipyflow import Context, Event, StartEvent, Workflow

__all__ = ["WorkflowTestResult", "WorkflowTestRunner"]


@dataclass
class WorkflowTestResult:
    """What a run under test gave.

    Attributes:
        collected: the events of its stream, in order.
        event_types: how many there were of each type.
        result: its value.
        ctx: its context.
    """

    collected: list[Event]
    event_types: dict[type[Event], int]
    result: Any
    ctx: Context[Any]


class WorkflowTestRunner:
    """Runs one workflow, as often as wanted.

    Example:
        >>> import asyncio
        >>> from ipyflow.compat.workflows import StartEvent, StopEvent, Workflow, step
        >>> class Double(Workflow):
        ...     @step
        ...     async def double(self, ev: StartEvent) -> StopEvent:
        ...         return StopEvent(result=2 * ev.n)
        >>> outcome = asyncio.run(WorkflowTestRunner(Double()).run(StartEvent(n=4), expose_internal=False))
        >>> outcome.result, outcome.event_types
        (8, {<class 'ipyflow.flows.workflow.events.StopEvent'>: 1})
    """

    def __init__(self, workflow: Workflow) -> None:
        self._workflow = workflow

    async def run(
        self,
        start_event: StartEvent | None = None,
        ctx: Context[Any] | None = None,
        expose_internal: bool = True,
        exclude_events: Iterable[type[Event]] | None = None,
    ) -> WorkflowTestResult:
        """Run the workflow to its end.

        Args:
            start_event: what it begins with.
            ctx: a context to go on with.
            expose_internal: collect what happens inside too.
            exclude_events: types that are not collected.

        Raises:
            Exception: what the run fails with.
        """
        left_out = set(exclude_events or ())
        future = self._workflow.run(ctx=ctx, start_event=start_event or StartEvent())
        collected = [event async for event in future.stream_events(expose_internal) if type(event) not in left_out]
        result = await future
        return WorkflowTestResult(collected, dict(Counter(map(type, collected))), result, future.ctx)
