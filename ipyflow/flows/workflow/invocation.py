"""One step, run for one delivery: what the engine tells of its end, and what its body has asked of the context."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipyflow.engine.context import current_call
from ipyflow.engine.future import Future
from ipyflow.flows.workflow.routing import Delivery, Sent
from ipyflow.flows.workflow.steps import Step

if TYPE_CHECKING:
    from ipyflow.flows.workflow.run import WorkflowRun


class Invocation:
    """The owner of one entry; see the module.

    Attributes:
        current: its task's future.
        delivery: what it is run for.
        cut_off: something that it sent came too late, when the run was over.
        turn: how often its task was run again on request: ends of turns before do not count.
    """

    __slots__ = ("current", "cut_off", "delivery", "turn", "workflow_run")

    current: Future[Any] | None

    def __init__(self, workflow_run: WorkflowRun, delivery: Delivery) -> None:
        self.workflow_run, self.delivery = workflow_run, delivery
        self.current = None
        self.turn = 0
        self.cut_off = False

    @property
    def step(self) -> Step:
        """The step it runs."""
        return self.delivery.step

    @property
    def id(self) -> int:
        """The number of its task."""
        assert self.current is not None
        return self.current.id

    def sent(self, event: Any) -> Sent:
        """The event as it was sent; of one that the body made itself, the first that it was run for, in its place."""
        sents = self.delivery.sents
        for sent in sents:
            if sent.event is event:
                return sent
        first = sents[0]
        return Sent(event, first.number, first.fan, first.by, first.recoveries)

    def entry_done(self, future: Future[Any]) -> Any:
        """Its task has ended; returns what ``Future.when_settled`` asks for."""
        return self._ended(future, 0)

    def listen(self, turn: int) -> None:
        """Its task is run again: hear of the end of this turn."""
        assert self.current is not None
        self.current.when_settled(lambda ended: self._ended(ended, turn))

    def _ended(self, future: Future[Any], turn: int) -> Any:
        error, value = future._error, future._value
        if not future._settled:  # looked at after they were read: somebody has retried it at once
            self.listen(turn)
            return None
        ready = self.workflow_run.step_ended(self, turn, value, error)
        following: Any = None if ready is None else ready.executor.follow(ready)
        return following


def running(workflow_run: WorkflowRun) -> Invocation | None:
    """The step of this run in whose body, or in a task below it, this line stands."""
    call: Any = current_call()
    while call is not None:
        owner = getattr(call, "owner", None)
        if type(owner) is Invocation and owner.workflow_run is workflow_run:
            return owner
        future = call.future.run.live.get(call.future.parent_id)
        call = None if future is None else future._call
    return None
