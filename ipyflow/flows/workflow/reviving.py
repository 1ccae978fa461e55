"""A run of a workflow that has ended badly goes on: a person, or the code, asks for a retry.

What had failed or was in the middle is run again from the top, for the same events and with the code of now; joins, the
store and what had succeeded are kept. Only a run that has stalled begins anew: nothing of it was left to do. Called by:
any thread. Guarantees: of what the run had left undone, each is run once more, whoever asks for it and how often.
"""

from __future__ import annotations

from time import sleep
from typing import TYPE_CHECKING, Any

from ipyflow.engine import endings
from ipyflow.engine.future import Future
from ipyflow.engine.nodes import reopen
from ipyflow.flows.workflow.graph import routes
from ipyflow.model.status import RESTARTABLE_STATES, State

if TYPE_CHECKING:
    from ipyflow.flows.workflow.invocation import Invocation
    from ipyflow.flows.workflow.run import WorkflowRun


def again(run: WorkflowRun) -> None:
    """``future.retry()`` of the run: of the step that has failed, of what was in the middle, or from the beginning."""
    with run.reviving:
        failed = run.closing.failed
        future = failed.current if failed is not None else None
        if future is None or future.state in (State.CANCELLING, State.SUCCEEDED):
            revive(run, None)
        elif future.state in RESTARTABLE_STATES:
            run.engine.retry(future)  # which revives the run
        # else somebody has just restarted it, and revives the run


def revive(run: WorkflowRun, retried: Invocation | None) -> None:
    """Have a run go on that is over; ``retried`` is a step that somebody runs again already."""
    with run.reviving:
        _revive(run, retried)


def _revive(run: WorkflowRun, retried: Invocation | None) -> None:
    with run.lock:
        over = run.over
        if not over and retried is not None:
            _is_under_way(run, retried)
    if not over:
        if retried is not None:
            retried.listen(retried.turn)
        return
    closing = run.closing
    why = "a step of it is run again" if retried is not None else "retried"
    if closing.is_ending or not reopen(run.node, why):
        return  # it has ended well meanwhile, or is just ending
    run.stream.reopen()
    with run.lock:
        interrupted, queued, afresh = closing.interrupted, closing.queued, closing.stalled
        closing.undo()
        run.active.clear()
        stopped = run.node.stopped  # just now: who did it found the run still over
        if stopped:
            closing.is_cancelled()
            closing.interrupted, closing.queued, closing.stalled = interrupted, queued, afresh
        else:
            for invocation in interrupted:
                invocation.turn += 1  # its stop may still be on its way here, and counts no more
                run.active[invocation] = None
            if retried is not None:
                _is_under_way(run, retried)
            if afresh:
                run.clear(run.routing.last)
                run.node.future.run.append(routes(run.table, run.engine.now(), run.node.future.id))
            lines = run.queue(queued)
    if stopped:
        if retried is not None and retried.current is not None:
            endings.cancel_one(run.engine, retried.current, f"{run.node.future.label} was told to stop")
        run.engine.dispatch(closing.say_cancelled())
        return
    closing.start_timer()
    if retried is not None:
        retried.listen(retried.turn)
    if afresh or not closing.begun:
        closing.begun = True
        run.begin(run.context.start_event)
        return
    for place, invocation in enumerate(interrupted):
        if run.over:  # once more: the rest of them is left undone, as before, and nothing of it runs
            with run.lock:
                for left in interrupted[place:]:
                    if left is not retried:
                        run.active.pop(left, None)
            run.engine.dispatch(closing.end_if_due())
            return
        if invocation is not retried:
            _run_again(run, invocation)
    run.engine.dispatch(run.go_on([], None, lines))  # behind what had begun before them
    run.closing.look_whether_idle()


def _is_under_way(run: WorkflowRun, invocation: Invocation) -> None:
    """Under the lock: its task is run again; what it gives counts where it stands now."""
    invocation.turn += 1
    run.active[invocation] = None
    run.routing.again(invocation.delivery)


def _run_again(run: WorkflowRun, invocation: Invocation) -> None:
    """Run the task of an interrupted step again; where that cannot be, another for the same delivery."""
    future = invocation.current
    with run.lock:
        if invocation not in run.active:
            return  # it has come to its end meanwhile, or another runs in its place
        turn = invocation.turn
    if future is None:
        _in_its_place(run, invocation, turn)
        return
    settled = future._settled  # looked at before the outcome
    error, value = future._error, future._value
    if settled and error is None:  # it had just ended well, when the run was over
        if invocation.cut_off:
            _in_its_place(run, invocation, turn)
            return
        with run.lock:
            invocation.turn += 1
        run.engine.dispatch(run.step_ended(invocation, invocation.turn, value, None))
        return
    against = _restart(run, future)
    if against is State.CANCELLING and _in_its_place(run, invocation, turn):
        return
    if against is not None:  # somebody has just restarted it
        with run.lock:
            _is_under_way(run, invocation)
        invocation.listen(invocation.turn)
        return
    if run.over:  # just now, and whoever ended it did not see this one
        endings.cancel_one(run.engine, future, f"{run.node.future.label} has ended")
    if invocation.turn == turn:  # nobody had heard of its end yet
        with run.lock:
            _is_under_way(run, invocation)
        invocation.listen(invocation.turn)


def _restart(run: WorkflowRun, future: Future[Any]) -> State | None:
    """Run the task of a step again, and not what has failed below it; the state that stands against it, if one does."""
    while True:
        try:
            endings.retry(run.engine, future)
            return None
        except RuntimeError:
            state = future.state
            if state not in RESTARTABLE_STATES or not run.engine.accepting:
                return state
            sleep(0)  # its body has just returned, or somebody is about to restart it


def _in_its_place(run: WorkflowRun, invocation: Invocation, turn: int) -> bool:
    """Have another run for its delivery; False where somebody has just restarted its own task.

    Its body may still be on its way out; nobody may retry that one then.
    """
    future = invocation.current
    with run.lock:
        if invocation not in run.active or invocation.turn != turn:
            return True  # somebody else has seen to it
        over = run.over
        if not over:
            with run.engine.changing:
                call = None if future is None else future._call
                if call is not None:
                    if call.returned is None:
                        return False
                    call.returned = None
            lines = run.queue([invocation.delivery])
        del run.active[invocation]
    if over:  # once more, just now: it is among what that end has found undone
        run.engine.dispatch(run.closing.end_if_due())
    else:
        run.engine.dispatch(run.go_on([], None, lines))
        run.closing.look_whether_idle()
    return True
