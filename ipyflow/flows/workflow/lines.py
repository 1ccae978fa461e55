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
from ipyflow.flows.workflow.step_task import StepTask, kind_for

if TYPE_CHECKING:
    from ipyflow.flows.workflow.run import WorkflowRun


class Line:
    """The line of one step in one run; see the module."""

    __slots__ = ("_standing", "kind", "limit", "permits", "queue", "run", "task")

    def __init__(self, run: WorkflowRun, task: StepTask) -> None:
        self.run, self.task = run, task
        self.limit = Limit(f"workers of {task.name}", task.step.num_workers)
        self.kind = kind_for(task)
        self.permits = (self.limit,)
        task.own_limit = self.limit
        self.queue: deque[Delivery] = deque()
        """Filled and emptied under the run's lock."""
        self._standing = False
        """True while the line stands in the queue of its own limit, behind bodies that had a permit before."""

    def start(self) -> Call | None:
        """Start what workers are free for; returns a call to be run next by this thread."""
        run, limit = self.run, self.limit
        ready: Call | None = None
        # Looked at without the lock: whoever adds to the queue comes here after it, and so does who leaves its place.
        while self.queue and not self._standing:
            if not limit.try_enter():
                with run.lock:
                    if self._stands() or not self.queue or run.over:
                        break
                    self._standing = True
                if not limit.enter(self):
                    break
                with run.lock:
                    self._standing = False
            with run.lock:
                invocation = run.take(self.queue)
            if invocation is None:
                limit.leave()
                break
            ready = run.both(ready, run.enter(self, invocation))
        return ready

    def _stands(self) -> bool:
        return self._standing

    def wants_permit(self) -> bool:
        """For the queue of its limit."""
        return bool(self.queue)

    def permit_granted(self, permit: Limit | None) -> bool:
        """A worker is free: the first in the line has it, and the next stands in the queue for the next."""
        run = self.run
        with run.lock:
            invocation = run.take(self.queue)
            self._standing = invocation is not None and bool(self.queue)
            more = self._standing
        if invocation is None:
            return False
        another = more and self.limit.enter(self)
        ready = run.enter(self, invocation)
        if another:
            self.limit.leave()  # it had a free one for the asking: start() takes it
            with run.lock:
                self._standing = False
            ready = run.both(ready, self.start())
        if ready is not None:
            run.engine.dispatch(ready)
        return True
