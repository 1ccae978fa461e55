"""``wait_for_event``: the body of a step waits for an event, in the middle and without being run again.

Called by: steps, on threads and on the loop. Guarantees: a waiter gets one event, the first that fits; of several in
one step the oldest gets it. While it waits the step's worker is free for other events.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

from ipyflow.engine import awaiting, blocking
from ipyflow.engine.bells import Bell, hung
from ipyflow.engine.describe import short
from ipyflow.errors import WouldDeadlock
from ipyflow.flows.workflow.encoding import name_of
from ipyflow.model import records as r

if TYPE_CHECKING:
    from ipyflow.flows.workflow.invocation import Invocation
    from ipyflow.flows.workflow.run import WorkflowRun
    from ipyflow.model.ports import Timer


class Waiter:
    """One wait for one event: await it, or ask for its ``result()`` in a step on a thread.

    Attributes:
        kind: the type of the event.
        requirements: names and the values that the event must have there.
    """

    id = r.NO_TASK

    def __init__(
        self, workflow_run: WorkflowRun, invocation: Invocation, kind: type, requirements: dict[str, Any],
        key: str = "",
    ) -> None:  # fmt: skip
        self._waits, self.invocation = workflow_run.waits, invocation
        self.run = workflow_run.node.future.run
        self.kind, self.requirements, self.key = kind, requirements, key
        self.timer: Timer | None = None
        self.event: Any = None
        self._error: BaseException | None = None
        self._callbacks: list[Callable[[Any], object]] = []
        self._done = False

    def fits(self, event: Any) -> bool:
        """True for an event that it waits for."""
        if not isinstance(event, self.kind):
            return False
        return all(getattr(event, name, _MISSING) == value for name, value in self.requirements.items())

    def settle(self, event: Any, error: BaseException | None = None) -> None:
        """The event has come, or will not."""
        self.event, self._error = event, error
        self._done = True
        if self.timer is not None:
            self.timer.cancel()
        while self._callbacks:
            try:
                callback = self._callbacks.pop()
            except IndexError:
                break
            callback(self)

    # What waits of ours ask of what they wait for.

    def done(self) -> bool:
        """True once the wait is over."""
        return self._done

    def when_settled(self, callback: Callable[[Any], object]) -> None:
        """Call ``callback(self)`` once the wait is over."""
        self._callbacks.append(callback)
        if self._done:
            try:
                self._callbacks.remove(callback)
            except ValueError:
                return
            callback(self)

    def forget_callback(self, callback: Callable[[Any], object]) -> None:
        """Take a callback back."""
        try:
            self._callbacks.remove(callback)
        except ValueError:
            pass

    def result(self, timeout: float | None = None) -> Any:
        """The event; waits for it on this thread.

        Raises:
            TimeoutError: it did not come in time.
            WouldDeadlock: on the loop that runs the steps; write ``await``.
        """
        if self.run.engine.loop.here():
            raise WouldDeadlock("waiting here would stop the loop that runs the steps: write `await`")
        try:
            bell = Bell(1)
            with hung(bell, [self]):
                blocking.listen(bell, [self], timeout)
            if not self._done:
                raise TimeoutError(f"no {self.kind.__name__} within {timeout} s")
            return self._outcome()
        finally:
            self._waits.forget(self)

    def __await__(self) -> Generator[Any, None, Any]:
        try:
            while not self._done:
                yield from awaiting.await_one(self)  # type: ignore[arg-type]
            return self._outcome()
        finally:
            self._waits.forget(self)

    def _outcome(self) -> Any:
        if self._error is not None:
            raise self._error
        return self.event


class Kept:
    """A wait of a run before, which this run goes on with: its step has not come to it yet.

    Attributes:
        event: the event that it is to have, if that has come meanwhile.
    """

    def __init__(self, step: str, kind: str, requirements: dict[str, Any]) -> None:
        self.step, self.kind, self.requirements = step, kind, requirements
        self.event: Any = None

    def fits(self, event: Any) -> bool:
        """True for an event that it waits for."""
        if self.event is not None or all(name_of(kind) != self.kind for kind in type(event).__mro__):
            return False
        return all(getattr(event, name, _MISSING) == value for name, value in self.requirements.items())


class Waits:
    """The waits of one run, oldest first. All but :meth:`expire` and :meth:`forget` under the run's lock.

    Attributes:
        all: the waits in which bodies stand.
        kept: those of a run before.
    """

    def __init__(self, run: WorkflowRun) -> None:
        self._run = run
        self.all: list[Waiter] = []
        self.kept: list[Kept] = []
        self.asked: set[str] = set()
        """The waits for which the question was published already."""

    def ended_by(self, event: Any) -> list[Waiter]:
        """Take out the waits that ``event`` ends: of each step the oldest that fits."""
        found: dict[str, Waiter] = {}
        for waiter in self.all:
            if waiter.invocation.step.name not in found and waiter.fits(event):
                found[waiter.invocation.step.name] = waiter
        for waiter in found.values():
            self.all.remove(waiter)
            self.asked.discard(waiter.key)
        return list(found.values())

    def keep(self, event: Any, ended: list[Waiter]) -> list[str]:
        """Keep ``event`` for the steps that will wait for it; returns their names."""
        steps = {waiter.invocation.step.name for waiter in ended}
        names = []
        for kept in self.kept:
            if kept.step not in steps and kept.fits(event):
                kept.event = event
                steps.add(kept.step)
                names.append(kept.step)
        return names

    def taken_up(self, waiter: Waiter) -> Kept | None:
        """The kept wait that ``waiter`` goes on with."""
        for kept in self.kept:
            same = kept.step == waiter.invocation.step.name and kept.kind == name_of(waiter.kind)
            if same and kept.requirements == waiter.requirements:
                self.kept.remove(kept)
                return kept
        return None

    def end_of(self, invocation: Invocation) -> None:
        """Its body has ended, and waits for nothing."""
        self.all = [waiter for waiter in self.all if waiter.invocation is not invocation]

    def forget(self, waiter: Waiter) -> bool:
        """Nobody waits there any more; False when its event has come."""
        with self._run.lock:
            waits = waiter in self.all
            if waits:
                self.all.remove(waiter)
        return waits

    def expire(self, waiter: Waiter, error: BaseException) -> None:
        """Nothing has come in time."""
        if self.forget(waiter):
            waiter.settle(None, error)


def wait_in(
    run: WorkflowRun, invocation: Invocation, kind: type, question: Any, key: str | None,
    requirements: dict[str, Any], seconds: float | None,
) -> Waiter:  # fmt: skip
    """Begin a wait in the body of ``invocation``; its question is published once for each ``key``, if it has one."""
    waiter = Waiter(run, invocation, kind, requirements, key or "")
    text = ", ".join(f"{name}={short(value)}" for name, value in requirements.items())
    with run.lock:
        kept = run.waits.taken_up(waiter)
        if kept is None or kept.event is None:
            run.waits.all.append(waiter)
        ask = question is not None and kept is None and key not in run.waits.asked
        if key is not None:
            run.waits.asked.add(key)
        if not run.over:
            run.tell.awaited(invocation.id, kind, text)
    if kept is not None and kept.event is not None:
        waiter.settle(kept.event)
        return waiter
    if ask:  # behind the wait: the answer may come at once
        run.publish(question, invocation.id)
    if seconds is not None:
        text = f"step {invocation.step.name} waited {seconds:g} s for {kind.__name__}, and none came"
        waiter.timer = run.engine.clock.call_later(seconds, lambda: run.waits.expire(waiter, TimeoutError(text)))
    return waiter


_MISSING = object()
