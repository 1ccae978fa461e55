"""A workflow under way: events come in, steps are run for them, one of them ends it.

Owns: the routing of events, the lines of the steps, the waits of bodies. Called by: whoever starts it, the threads and
the loop on which its steps run and end, whoever sends events from outside. Guarantees: an event that was sent reaches
every step, and of each step the oldest wait, that it is for; the first stop event or failure ends the run, once, and
stops the rest; when nothing is on its way any more and nothing can come from outside, it has stalled and says so.

Everything is decided under one lock, and nothing of a step's own runs under it.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ipyflow.engine import endings
from ipyflow.engine.call import Call
from ipyflow.engine.entries import enter
from ipyflow.engine.limits import Limit
from ipyflow.engine.nodes import Node
from ipyflow.errors import WorkflowRuntimeError
from ipyflow.flows.workflow.closing import Closing
from ipyflow.flows.workflow.collecting import Buffers
from ipyflow.flows.workflow.events import Event, InputRequiredEvent, StopEvent
from ipyflow.flows.workflow.failures import step_failed
from ipyflow.flows.workflow.invocation import Invocation, running
from ipyflow.flows.workflow.lines import Line
from ipyflow.flows.workflow.routing import Delivery, Fan, Recoveries, Routing, Sent
from ipyflow.flows.workflow.step_task import StepTask, kind_for
from ipyflow.flows.workflow.steps import Step
from ipyflow.flows.workflow.stream import Stream
from ipyflow.flows.workflow.texts import event_text
from ipyflow.flows.workflow.waiting import Waiter
from ipyflow.model import records as r

if TYPE_CHECKING:
    from ipyflow.engine.scheduler import Engine
    from ipyflow.flows.workflow.context import Context
    from ipyflow.flows.workflow.making import Setup
    from ipyflow.flows.workflow.resources import ResourceManager
    from ipyflow.flows.workflow.table import Table
    from ipyflow.flows.workflow.workflow import Workflow


class WorkflowRun:
    """A workflow under way; see the module.

    Args:
        engine: the engine.
        workflow: what to run.
        setup: its options.
        table: its steps.
        resources: what they are given besides events.
        context: the context of the run.
    """

    node: Node

    def __init__(
        self, engine: Engine, workflow: Workflow, setup: Setup, table: Table, resources: ResourceManager,
        context: Context[Any],
    ) -> None:  # fmt: skip
        self.engine, self.workflow, self.setup, self.table = engine, workflow, setup, table
        self.resources, self.context = resources, context
        self.lock = threading.Lock()
        self.stream = Stream(engine.loop)
        self.gates: tuple[Limit, ...] = ()
        """Limits that all below it need permits of."""
        self.over = False
        """True once something has ended it: no step is started any more."""
        self.entering = 0
        """Steps that a thread is just starting: the run does not end before they can be seen."""
        self.closing = Closing(self)
        self.clear()

    def clear(self) -> None:
        """Begin from the beginning."""
        before = getattr(self, "routing", None)
        self.routing = Routing(self.table, self)
        self.routing.last = 0 if before is None else before.last  # no two events have one number
        self.buffers = Buffers()
        self.lines: dict[str, Line] = {name: Line(self, StepTask(self, step)) for name, step in self.table.steps.items()}
        self.active: dict[Invocation, None] = {}
        """The steps that run, in the order in which they were started."""
        self.waiters: list[Waiter] = []
        self.asked: set[str] = set()
        """The waits for which the question was published already."""
        self.unanswered = 0
        """Questions that were published and not answered yet."""
        self.unhandled: list[Sent] = []

    # Events.

    def send(self, event: Any, step: str | None = None) -> None:
        """``ctx.send_event``: from the body of a step or from a task below it; from elsewhere it comes from outside."""
        to = self._checked(event, step)
        by = running(self)
        if by is None:
            self.send_from_outside(event, step)
        elif isinstance(event, StopEvent):
            self.engine.dispatch(self.closing.stop(event, by))
        else:
            delivery = by.delivery
            self.engine.dispatch(self._post(event, delivery.fan, by.id, delivery.recoveries, to))

    def send_from_outside(self, event: Any, step: str | None = None) -> None:
        """``future.send_event``."""
        to = self._checked(event, step)
        if self.over:
            raise WorkflowRuntimeError(
                f"{self.node.future.label} has ended and takes no {type(event).__name__}: run the workflow again"
            )
        if isinstance(event, StopEvent):
            self.engine.dispatch(self.closing.stop(event, None))
            return
        with self.lock:
            self.unanswered = max(0, self.unanswered - 1)
        self.closing.goes_on()
        self.engine.dispatch(self._post(event, self.routing.root, r.NO_TASK, {}, to))
        self.closing.look_whether_idle()

    def _checked(self, event: Any, step: str | None) -> Any:
        if not isinstance(event, Event):
            raise WorkflowRuntimeError(
                f"send_event takes an event, not {type(event).__name__}: make a subclass of Event for it"
            )
        if step is None:
            return None
        found = self.table.steps.get(step)
        if found is None:
            names = ", ".join(self.table.steps)
            raise WorkflowRuntimeError(f"there is no step {step!r} in {self.setup.name}: its steps are {names}")
        if not any(taker is found for taker, _ in self.table.takers(type(event))):
            kinds = " | ".join(kind.__name__ for one in found.takes for kind in one.types)
            raise WorkflowRuntimeError(f"step {step} does not take {type(event).__name__}: it takes {kinds}")
        return found

    def _post(self, event: Any, fan: Fan, by: int, recoveries: Recoveries, to: Any = None) -> Call | None:
        """Send one event, and start what it lets start."""
        if isinstance(event, InputRequiredEvent):
            self.publish(event, by)
        with self.lock:
            if self.over:
                return None
            ended, lines = self._send(event, fan, by, recoveries, to)
        return self._go_on(ended, event, lines)

    def _send(
        self, event: Any, fan: Fan, by: int, recoveries: Recoveries, to: Any = None
    ) -> tuple[list[Waiter], list[Line]]:
        """Under the lock: route one event; returns the waits that it ends and the lines in which something waits."""
        ended = self._waits_ended_by(event) if self.waiters else []
        heard = tuple([waiter.invocation.step.name for waiter in ended])
        deliveries = self.routing.send(event, fan, by, recoveries, to, heard)
        for waiter in ended:
            row = (r.EVENTS_TAKEN, self.engine.now(), waiter.invocation.id, (self.routing.last,))
            self.node.future.run.append_row(row)
        return ended, self._queue(deliveries)

    def _waits_ended_by(self, event: Any) -> list[Waiter]:
        found: dict[str, Waiter] = {}
        for waiter in self.waiters:
            if waiter.invocation.step.name not in found and waiter.fits(event):
                found[waiter.invocation.step.name] = waiter
        for waiter in found.values():
            self.waiters.remove(waiter)
        return list(found.values())

    def forget(self, waiter: Waiter) -> None:
        """Nobody waits there any more."""
        with self.lock:
            if waiter in self.waiters:
                self.waiters.remove(waiter)

    def expire(self, waiter: Waiter, error: BaseException) -> None:
        """Nothing has come in time."""
        with self.lock:
            waits = waiter in self.waiters
            if waits:
                self.waiters.remove(waiter)
        if waits:
            waiter.settle(None, error)

    def publish(self, event: Any, by: int, last: bool = False) -> None:
        """Write an event to the stream."""
        if isinstance(event, InputRequiredEvent):
            with self.lock:
                self.unanswered += 1
        future = self.node.future
        kind = self.table.label(type(event))
        future.run.append(r.EventPublished(self.engine.now(), future.id, by, kind, _text(event)))
        self.stream.publish(event, last)

    # Starting steps.

    def _queue(self, deliveries: Sequence[Delivery]) -> list[Line]:
        """Under the lock: have deliveries wait for a worker; returns their lines."""
        lines: dict[Line, None] = {}
        for delivery in deliveries:
            line = self.lines[delivery.step.name]
            line.queue.append(delivery)
            lines[line] = None
        return list(lines)

    def go_on_with(self, deliveries: Sequence[Delivery]) -> None:
        """Have these deliveries taken: what a run before, or a retry, has left."""
        with self.lock:
            lines = self._queue(deliveries)
        self.engine.dispatch(self._go_on([], None, lines))
        self.closing.look_whether_idle()

    def begin(self, event: Any) -> None:
        """Send the first event."""
        self.engine.dispatch(self._post(event, self.routing.root, r.NO_TASK, {}))
        self.closing.look_whether_idle()

    def _go_on(self, ended: Sequence[Waiter], event: Any, lines: Sequence[Line]) -> Call | None:
        for waiter in ended:
            waiter.settle(event)
        ready: Call | None = None
        for line in lines:
            ready = self.both(ready, line.start())
        return ready

    def both(self, one: Call | None, other: Call | None) -> Call | None:
        """The calls that became ready: one to be run by whoever asks, another on its way."""
        if one is not None and other is not None:
            self.engine.dispatch(one)
            return other
        return other if one is None else one

    def next_of(self, line: Line) -> Invocation | None:
        """The first in a line, about to be started."""
        with self.lock:
            if self.over or not line.queue:
                return None
            invocation = Invocation(self, line.queue.popleft())
            self.active[invocation] = None
            self.entering += 1
        return invocation

    def enter(self, line: Line, invocation: Invocation) -> Call | None:
        """Start a step, with the permit of its line."""
        sents, node, limit = invocation.delivery.sents, self.node, line.limit
        args, kwargs = line.task.arguments(self.context, invocation.delivery)
        refs = (sents[0].by,) if len(sents) == 1 else tuple(dict.fromkeys([sent.by for sent in sents]))
        if r.NO_TASK in refs:
            refs = tuple([ref for ref in refs if ref])
        ready = enter(
            node, line.task, args, kwargs, invocation, None, (limit, *self.gates), refs, None, node.label_group, "step",
            None, kind=kind_for(line.task), text="", permits=(limit,),
        )  # fmt: skip
        taken = tuple([sent.number for sent in sents])
        node.future.run.append_row((r.EVENTS_TAKEN, self.engine.now(), invocation.id, taken))
        with self.lock:
            self.entering -= 1
            over = self.over
        if over:
            assert invocation.current is not None
            endings.cancel_one(self.engine, invocation.current, f"{node.future.label} has ended")
            return self.both(ready, self.closing.end_if_due())
        return ready

    # Steps that have ended.

    def step_ended(self, invocation: Invocation, value: Any, error: BaseException | None) -> Call | None:
        """A step has ended; returns a call to be run next by this thread."""
        if error is not None:
            return step_failed(self, invocation, error)
        if isinstance(value, StopEvent):
            with self.lock:
                self._gone(invocation)
            return self.both(self.closing.stop(value, invocation), self.closing.end_if_due())
        if isinstance(value, InputRequiredEvent):
            self.publish(value, invocation.id)
        delivery, ended, lines = invocation.delivery, [], []  # type: ignore[var-annotated]
        many = isinstance(value, (list, tuple))
        with self.lock:
            self._gone(invocation)
            over = self.over
            if not over:
                fan = self.routing.open_fan(delivery.step.name, delivery.fan) if many else delivery.fan
                for event in value if many else () if value is None else (value,):
                    more, queued = self._send(event, fan, invocation.id, delivery.recoveries)
                    ended += [(waiter, event) for waiter in more]
                    lines += queued
                if many:
                    lines += self._queue(self.routing.ended(fan))
                lines += self._queue(self.routing.ended(delivery.fan))
                idle = self.routing.idle
        if over:
            return self.closing.end_if_due()
        for waiter, event in ended:
            waiter.settle(event)
        ready = self._go_on([], None, lines if len(lines) < 2 else list(dict.fromkeys(lines)))
        if idle:
            self.closing.look_whether_idle()
        return ready

    def handle(self, invocation: Invocation, handler: Step, event: Any, recoveries: Recoveries) -> Call | None:
        """A step has failed: its handler is run for it, in its place."""
        delivery, lines = invocation.delivery, []  # type: ignore[var-annotated]
        with self.lock:
            self._gone(invocation)
            if not self.over:
                handled = self.routing.deliver(handler, event, delivery.fan, invocation.id, recoveries)
                lines = self._queue([handled, *self.routing.ended(delivery.fan)])
        return self.both(self._go_on([], None, lines), self.closing.end_if_due())

    def _gone(self, invocation: Invocation) -> None:
        """Under the lock: it runs no more, and waits for nothing."""
        self.active.pop(invocation, None)
        if self.waiters:
            self.waiters = [waiter for waiter in self.waiters if waiter.invocation is not invocation]

    # What the routing tells, under the lock.

    def sent(self, sent: Sent, steps: tuple[str, ...]) -> None:
        """An event goes to these steps."""
        future, event = self.node.future, sent.event
        kind = self.table.label(type(event))
        future.run.append_row(
            (r.EVENT_SENT, self.engine.now(), future.id, sent.number, sent.by, kind, event_text(event), steps)
        )
        if not steps and not isinstance(event, InputRequiredEvent):
            self.unhandled.append(sent)

    def held(self, sent: Sent, step: str, join: str, have: int, needs: tuple[tuple[str, int], ...]) -> None:
        """An event waits in a join."""
        future = self.node.future
        future.run.append_row((r.EVENT_HELD, self.engine.now(), future.id, sent.number, step, join, have, needs))

    def filled(self, step: str, join: str, sents: Sequence[Sent]) -> None:
        """A join lets events go on together."""
        future = self.node.future
        numbers = tuple([sent.number for sent in sents])
        future.run.append(r.JoinFilled(self.engine.now(), future.id, step, join, numbers))

    # What the engine tells of the node.

    def again(self) -> None:
        """The run has ended badly, and somebody asks for a retry."""
        self.closing.again()

    def told_to_stop(self) -> None:
        """The run was told to stop."""
        self.closing.told_to_stop()


def _text(event: Any) -> str:
    held = event_text(event)
    return ", ".join(f"{name}={value}" for name, value in zip(held[::2], held[1::2], strict=True))
