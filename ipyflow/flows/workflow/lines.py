"""The line of one step: what waits for a worker of it, and the permits that say how many are at work.

Owns: the deliveries that wait. Called by: the workflow under way, from any thread. Guarantees: never more than
``num_workers`` bodies of the step run at once, those that wait for something else not counted; deliveries start in
the order in which they came; what waits costs nothing but its place.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from ipyflow.engine.call import Call
from ipyflow.engine.limits import Limit
from ipyflow.flows.workflow.routing import Delivery
from ipyflow.flows.workflow.step_task import StepTask

if TYPE_CHECKING:
    from ipyflow.flows.workflow.run import WorkflowRun


class Line:
    """The line of one step in one run; see the module."""

    __slots__ = ("_standing", "limit", "queue", "run", "task")

    def __init__(self, run: WorkflowRun, task: StepTask) -> None:
        self.run, self.task = run, task
        self.limit = Limit(f"workers of {task.name}", task.step.num_workers)
        self.queue: deque[Delivery] = deque()
        """Filled and emptied under the run's lock."""
        self._standing = False
        """True while the line stands in the queue of its own limit, behind bodies that had a permit before."""

    def start(self) -> Call | None:
        """Start what workers are free for; returns a call to be run next by this thread."""
        ready: Call | None = None
        while self.queue:  # looked at without the lock: whoever adds to it starts it
            with self.run.lock:
                if self._stands() or not self.queue or self.run.over:
                    break
            if not self.limit.try_enter():
                with self.run.lock:
                    if self._stands():
                        return ready
                    self._standing = True
                if not self.limit.enter(self):
                    return ready
                with self.run.lock:
                    self._standing = False
            ready = self.run.both(ready, self._start_one())
        return ready

    def _stands(self) -> bool:
        return self._standing

    def _start_one(self) -> Call | None:
        """Start the first, with the permit that is there."""
        invocation = self.run.next_of(self)
        if invocation is None:
            self.limit.leave()
            return None
        return self.run.enter(self, invocation)

    def wants_permit(self) -> bool:
        """For the queue of its limit."""
        return bool(self.queue)

    def permit_granted(self, permit: Limit | None) -> bool:
        """A worker is free: the first in the line has it."""
        with self.run.lock:
            self._standing = False
            if not self.queue or self.run.over:
                return False
        ready = self.run.both(self._start_one(), self.start())
        if ready is not None:
            self.run.engine.dispatch(ready)
        return True
