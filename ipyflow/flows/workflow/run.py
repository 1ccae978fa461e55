"""A workflow under way: events come in, steps are run for them, one of them ends it.

Owns: the routing of events, the lines of the steps, the waits of bodies. Called by: whoever starts it, the threads and
the loop on which its steps run and end, whoever sends events from outside. Guarantees: an event that was sent reaches
every step, and of each step the oldest wait, that it is for; the first stop event or failure ends the run, once, and
stops the rest; when nothing is on its way any more and nothing can come from outside, it has stalled and says so.

Everything is decided under one lock, and nothing of a step's own runs under it.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ipyflow.engine import endings
from ipyflow.engine.call import Call
from ipyflow.engine.describe import message
from ipyflow.engine.entries import enter
from ipyflow.engine.limits import Limit
from ipyflow.engine.nodes import Node
from ipyflow.flows.workflow.closing import Closing
from ipyflow.flows.workflow.collecting import Buffers
from ipyflow.flows.workflow.events import InputRequiredEvent, StopEvent
from ipyflow.flows.workflow.failures import step_failed
from ipyflow.flows.workflow.invocation import Invocation
from ipyflow.flows.workflow.lines import Line
from ipyflow.flows.workflow.reviving import again
from ipyflow.flows.workflow.routing import Delivery, Fan, Recoveries, Routing
from ipyflow.flows.workflow.step_task import StepTask
from ipyflow.flows.workflow.steps import Step
from ipyflow.flows.workflow.stream import Stream
from ipyflow.flows.workflow.telling import Telling
from ipyflow.flows.workflow.texts import shown_event
from ipyflow.flows.workflow.waiting import Waiter, Waits
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
        self.reviving = threading.RLock()
        """Held by whoever has the run go on after its end."""

    def open(self, node: Node) -> None:
        """The run has its node."""
        self.node = node
        self.lines = {name: Line(self, StepTask(self, step)) for name, step in self.table.steps.items()}
        self.clear(0)

    def clear(self, last: int) -> None:
        """Begin from the beginning; events are numbered from ``last`` on."""
        self.tell = Telling(self.node.future, self.table.label, self.setup.verbose)
        self.routing = Routing(self.table, self.tell)
        self.routing.last = last
        self.buffers = Buffers()
        self.active: dict[Invocation, None] = {}
        """The steps that run, in the order in which they were started."""
        self.waits = Waits(self)
        self.unanswered = 0
        """Questions that were published and not answered yet."""

    # Events.

    def post(
        self, event: Any, fan: Fan, by: int, recoveries: Recoveries, to: Any = None, sender: Invocation | None = None
    ) -> Call | None:
        """Send one event, and start what it lets start."""
        asks = isinstance(event, InputRequiredEvent)
        with self.lock:
            if self.over:
                if sender is not None:
                    sender.cut_off = True
                return None
            if asks:
                self._publish(event, by)
            ended, lines = self._send(event, fan, by, recoveries, to)
            if not by and (ended or lines):
                self.unanswered = max(0, self.unanswered - 1)
        if asks:
            self.stream.ring()
        return self.go_on(ended, event, lines)

    def _send(
        self, event: Any, fan: Fan, by: int, recoveries: Recoveries, to: Any = None
    ) -> tuple[list[Waiter], list[Line]]:
        """Under the lock: route one event; returns the waits that it ends and the lines in which something waits."""
        if not self.waits.all and not self.waits.kept:
            return [], self.queue(self.routing.send(event, fan, by, recoveries, to))
        ended = self.waits.ended_by(event)
        heard = (*[waiter.invocation.step.name for waiter in ended], *self.waits.keep(event, ended))
        deliveries = self.routing.send(event, fan, by, recoveries, to, heard)
        for waiter in ended:
            self.tell.taken(waiter.invocation.id, (self.routing.last,))
        return ended, self.queue(deliveries)

    def publish(self, event: Any, by: int, last: bool = False) -> None:
        """Write an event to the stream."""
        with self.lock:
            self._publish(event, by, last)
        self.stream.ring()

    def _publish(self, event: Any, by: int, last: bool = False) -> None:
        """Under the lock, so that records and stream have one order; :meth:`Stream.ring` follows."""
        if self.over and not last:
            return  # somebody is late
        self.unanswered += isinstance(event, InputRequiredEvent)
        self.tell.published(event, by)
        self.stream.add(event, last)

    # Starting steps.

    def queue(self, deliveries: Sequence[Delivery]) -> list[Line]:
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
            if self.over:
                self.closing.queued += deliveries
                return
            lines = self.queue(deliveries)
        self.engine.dispatch(self.go_on([], None, lines))
        self.closing.look_whether_idle()

    def begin(self, event: Any) -> None:
        """Send the first event."""
        self.engine.dispatch(self.post(event, self.routing.root, r.NO_TASK, {}))
        self.closing.look_whether_idle()

    def go_on(self, ended: Sequence[Waiter], event: Any, lines: Sequence[Line]) -> Call | None:
        """Outside the lock: what was decided happens; returns a call to be run next by this thread."""
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

    def take(self, queue: deque[Delivery]) -> Invocation | None:
        """Under the lock: the first in a line, about to be started."""
        if self.over or not queue:
            return None
        invocation = Invocation(self, queue.popleft())
        self.active[invocation] = None
        self.entering += 1
        return invocation

    def enter(self, line: Line, invocation: Invocation) -> Call | None:
        """Start a step, with the permit of its line."""
        sents, node, task = invocation.delivery.sents, self.node, line.task
        args, kwargs = task.arguments(self.context, invocation.delivery)
        taken: tuple[int, ...]
        refs: tuple[int, ...]
        if len(sents) == 1:
            taken, by = (sents[0].number,), sents[0].by
            refs = (by,) if by else ()
        else:
            taken = tuple([sent.number for sent in sents])
            refs = tuple(dict.fromkeys([sent.by for sent in sents if sent.by]))
        ready = enter(
            node, task, args, kwargs, invocation, None, self.gates, refs, None, node.label_group, "step", None, None,
            False, None, line.kind, "", line.permits,
        )  # fmt: skip
        self.tell.taken(invocation.id, taken)
        if self.tell.aloud:
            events = ", ".join([shown_event(sent.event) for sent in sents[:3]]) or "an empty list"
            self.tell.say(line.task.name, invocation.id, f"is run for {events}")
        with self.lock:
            self.entering -= 1
            over = self.over
        if over:
            assert invocation.current is not None
            endings.cancel_one(self.engine, invocation.current, f"{node.future.label} has ended")
            return self.both(ready, self.closing.end_if_due())
        return ready

    # Steps that have ended.

    def step_ended(self, invocation: Invocation, turn: int, value: Any, error: BaseException | None) -> Call | None:
        """A step has ended; returns a call to be run next by this thread.

        Whether its end counts, and what follows from it, is decided in one hold of the lock: another may end the run at
        the same moment, and somebody may have it go on again.
        """
        if self.tell.aloud:
            self.tell.say(invocation.step.name, invocation.id, _outcome(value, error))
        if error is not None:
            return step_failed(self, invocation, turn, error)
        many = isinstance(value, (list, tuple))
        if many:
            value = next((event for event in value if isinstance(event, StopEvent)), value)
        if isinstance(value, StopEvent):
            return self.both(self.closing.stop(value, invocation, turn), self.closing.end_if_due())
        events: Sequence[Any] = value if many else () if value is None else (value,)
        delivery = invocation.delivery
        asks = False
        ended: list[tuple[Waiter, Any]] = []
        lines: list[Line] = []
        with self.lock:
            counts = self.ends(invocation, turn) and not self.over and delivery.under_way
            if counts:
                fan = self.routing.open_fan(delivery.step.name, delivery.fan) if many else delivery.fan
                for event in events:
                    if isinstance(event, InputRequiredEvent):
                        self._publish(event, invocation.id)
                        asks = True
                    more, queued = self._send(event, fan, invocation.id, delivery.recoveries)
                    ended += [(waiter, event) for waiter in more]
                    lines += queued
                if many:
                    lines += self.queue(self.routing.ended(fan))
                lines += self.queue(self.routing.done(delivery))
                idle = self.routing.idle
        if not counts:
            return self.closing.end_if_due()
        if asks:
            self.stream.ring()
        for waiter, event in ended:
            waiter.settle(event)
        ready = self.go_on([], None, lines if len(lines) < 2 else list(dict.fromkeys(lines)))
        if idle:
            self.closing.look_whether_idle()
        return ready

    def handle(
        self, invocation: Invocation, turn: int, handler: Step, event: Any, recoveries: Recoveries
    ) -> Call | None:
        """A step has failed: its handler is run for it, in its place."""
        delivery = invocation.delivery
        lines: list[Line] = []
        with self.lock:
            if self.ends(invocation, turn) and not self.over and delivery.under_way:
                handled = self.routing.deliver(handler, event, delivery.fan, invocation.id, recoveries)
                handled.handled = invocation
                lines = self.queue([handled, *self.routing.done(delivery)])
        return self.both(self.go_on([], None, lines), self.closing.end_if_due())

    def ends(self, invocation: Invocation, turn: int) -> bool:
        """Under the lock: a step has come to its end; False where that counts no more, or not twice."""
        if invocation not in self.active or invocation.turn != turn:
            return False
        del self.active[invocation]
        if self.waits.all:
            self.waits.end_of(invocation)
        return True

    # What the engine tells of the node.

    def again(self) -> None:
        """The run has ended badly, and somebody asks for a retry."""
        again(self)

    def told_to_stop(self) -> None:
        """The run was told to stop."""
        self.closing.told_to_stop()


def _outcome(value: Any, error: BaseException | None) -> str:
    """What came of a step, in words."""
    if error is not None:
        return f"failed: {type(error).__name__}: {message(error)}"
    if isinstance(value, (list, tuple)):
        return f"gave a list of {len(value)} events"
    return "gave nothing" if value is None else f"gave {shown_event(value)}"
