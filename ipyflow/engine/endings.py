"""How calls end other than by returning a value: failing, timing out, being cancelled, going on as another future.

And how they begin again: the next attempt, and a retry on request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from threading import get_ident
from time import sleep
from typing import TYPE_CHECKING, Any

from ipyflow.engine import admission, caching, deferring, leaks, recurring
from ipyflow.engine.call import AsyncCall, Call
from ipyflow.engine.describe import arguments, message, short, traceback_text, trim
from ipyflow.engine.earlier import Earlier
from ipyflow.engine.future import Future
from ipyflow.engine.kept import Kept
from ipyflow.engine.references import find
from ipyflow.engine.sources import revision, same_function
from ipyflow.errors import DependencyError, TaskCancelled, TaskTimeout
from ipyflow.model import records as r
from ipyflow.model.status import FAILURE_STATES, REFRESHABLE_STATES, RESTARTABLE_STATES, State

if TYPE_CHECKING:
    from ipyflow.engine.options import Definition
    from ipyflow.engine.run import Run
    from ipyflow.engine.scheduler import Engine

NODE = "pipeline"
"""Stands for an executor where there is none: the task has no body, others bring its outcome."""
_RUNS = (State.RUNNING, State.BLOCKED)


def attempt_failed(engine: Engine, call: Call, error: BaseException) -> Call | None:
    """The body of ``call`` raised ``error``: try again, or end."""
    call.flush_output()
    if call.stopped or call.future._call is not call:
        returned_late(engine, call)
        return None
    if isinstance(error, asyncio.CancelledError) and isinstance(call, AsyncCall):
        cancel_one(engine, call.future, "its coroutine was cancelled")
        returned_late(engine, call)
        return None
    if _try_again(engine, call, error):
        return None
    if call.unread:
        leaks.body_failed(engine, call)
    return end(engine, call, State.FAILED, error)


def _try_again(engine: Engine, call: Call, error: BaseException) -> bool:
    policy = call.task.options.retries
    if policy is None or not isinstance(error, Exception):
        return False
    try:
        elapsed = 0.0 if call.began is None else engine.now() - call.began
        pause = policy.pause(call.attempt - call.before, error, engine.rng, elapsed)
    except Exception as second:
        add_note(error, f"its retry policy raised {type(second).__name__}: {message(second)}")
        return False
    return pause is not None and _again(engine, call, error, pause)


def never_began(engine: Engine, call: Call, error: BaseException) -> None:
    """What was to run ``call`` is gone, and the body had not begun: it is started elsewhere, which is no retry."""
    if call.stopped or call.future._call is not call:
        returned_late(engine, call)
    else:
        _again(engine, call, error, 0.0, counts=False)


def _again(engine: Engine, call: Call, error: BaseException, pause: float, counts: bool = True) -> bool:
    future = call.future
    following = call.successor(call.task, call.args, call.kwargs, call.executor)
    following.attempt, following.origin = call.attempt + 1, call.origin
    following.wish = call.wish
    following.before, following.began, following.last = call.before + (not counts), call.began, error
    if call.earlier is not None:
        following.earlier, following.given = Earlier(call), call.given
    text, trace = message(error), traceback_text(error)  # before the lock: these run foreign code
    with engine.changing:
        if not call.take_end():
            return False
        future.state = State.WAITING
        future._call = following
        future.run.append(r.AttemptFailed(engine.now(), future.id, call.attempt, type(error).__name__, text, trace))
    admission.release(call)
    admission.again_after(engine, following, pause)
    return True


def end(engine: Engine, call: Call, state: State, error: BaseException) -> Call | None:
    """End a call whose body raised ``error``."""
    ended, follow = try_end(engine, call, state, error)
    if not ended:
        returned_late(engine, call)
    return follow


def try_end(
    engine: Engine, call: Call, state: State, error: BaseException, noted: bool = True
) -> tuple[bool, Call | None]:
    """End a call with ``error`` from elsewhere than its body; False when it has ended, or was stopped, before.

    ``noted``: the error gets a note that names the task, where that has run.
    """
    future = call.future
    if noted and not isinstance(error, TaskTimeout):
        add_note(error, f"in task {future.label}({arguments(call.args, call.kwargs)}) of run {future.run.id}")
    text, trace = message(error), traceback_text(error)
    with engine.changing:
        decides = call.take_end()
        if decides:
            call.take_start()
            future.state = state
            future._when = time = engine.now()
            future.run.append(r.Finished(time, future.id, state.value, type(error).__name__, text, trace))
    if not decides:
        return False, None
    _keep_failure(future, error)
    return True, engine.settled(call, future, call.origin or (call.args, call.kwargs))


def _keep_failure(future: Future[Any], error: BaseException) -> None:
    future._error = error
    future._tb = trim(error.__traceback__)
    future.run.failed[future.id] = future
    if not future._read and not deferring.is_moved(future):
        future.run.unobserved[future.id] = future


def add_note(error: BaseException, note: str) -> None:
    """Add a line to what an exception says, once."""
    try:
        notes = getattr(error, "__notes__", ())
        if len(notes) < 20 and note not in notes:
            error.add_note(note)
    except Exception:
        pass  # an exception that takes no notes goes without


def fail_before_start(engine: Engine, call: Call, error: BaseException, because: Future[Any]) -> Call | None:
    """End a call that never ran; it goes on by itself if ``because`` is retried and then succeeds."""
    waits_for_retry(because, lambda: _retry_dependant(engine, call.future, because))
    return try_end(engine, call, State.FAILED, error)[1]


def timed_out(engine: Engine, call: Call) -> None:
    """The attempt ran over its time: give it up, with everything below it."""
    future = call.future
    if future._call is not call or future.state not in _RUNS:
        return
    error = TaskTimeout(f"{future.label} ran over its timeout of {call.task.options.timeout:g} s")
    # Told before its children are looked for: what it submits from now on is cancelled there.
    call.stopped = True
    below = descendants(future)
    if not _try_again(engine, call, error):
        ended, follow = try_end(engine, call, State.TIMED_OUT, error)
        engine.dispatch(follow)
        if not ended:
            return
    give_up(engine, call, "ran over its timeout")
    for child in below:
        cancel_one(engine, child, f"{future.label} timed out")


def give_up(engine: Engine, call: Call, why: str) -> None:
    """Stop the body of an attempt that counts no more."""
    call.stopped = True
    wake = call.wake
    if wake is not None:
        wake()
    if not isinstance(call, AsyncCall) and not call.executor.remote:
        call.future.run.append(
            r.Noted(engine.now(), call.future.id, "abandoned", f"it {why}; its thread goes on until the body returns")
        )
    call.executor.cancel(call)
    call.executor.abandon(call)


def cancel_one(engine: Engine, future: Future[Any], why: str) -> bool:
    """Cancel one task; its waiters get ``TaskCancelled`` at once."""
    text = f"{future.label} was cancelled" if why == "cancelled" else f"{future.label}: {why}"
    if future.task.executor_name == NODE:
        return _stop_node(engine, future, why, text)
    with engine.changing:
        call = future._call
        if call is None or future._settled or not call.take_end():
            return future.state is State.CANCELLING
        if not call.take_start():
            while future.state is State.QUEUED:
                sleep(0)  # a worker has just taken it and is about to record the start
        state = future.state
        future._when = time = engine.now()
        future._error, future._tb = TaskCancelled(text), None
        future.run.failed[future.id] = future
        returned = call.origin or (call.args, call.kwargs)
        if state in _RUNS:
            call.stopped = future._settled = True
            call.returned = returned
            future.state = State.CANCELLING
            future.run.append(r.Cancelling(time, future.id, why))
        else:
            future.state = State.CANCELLED
            future.run.append(r.Finished(time, future.id, "cancelled", "TaskCancelled", why, None))
    if state in _RUNS:
        follow = engine.notify(future)
        wake = call.wake
        if wake is not None:
            wake()
        call.executor.cancel(call)
        call.executor.abandon(call)
    else:
        if call.executor.remote:
            call.executor.cancel(call)  # it may be queued where nobody asks again before it is started
        admission.release(call)
        follow = engine.settled(call, future, returned)
    engine.dispatch(follow)
    return True


def _stop_node(engine: Engine, future: Future[Any], why: str, text: str) -> bool:
    """Tell a task without a body to stop: it ends once what is below it has, finalisers included."""
    with engine.changing:
        call = future._call
        if call is None or future._settled or call.stopped or call.ending or not hasattr(call, "unended"):
            return future.state is State.CANCELLING
        call.stopped = True
        future.state = State.CANCELLING
        future._error = TaskCancelled(text)
        future.run.append(r.Cancelling(engine.now(), future.id, why))
    call.conductor.told_to_stop()
    return True


def interrupted(engine: Engine, call: Call) -> None:
    """Ctrl-C came while ``call`` was handed over, and nobody gets its handle: cancel it, mend what is half done.

    One more Ctrl-C meanwhile changes nothing: the first is on its way to the caller.
    """
    for _ in range(100):
        try:
            _mend(engine, call)
            return
        except KeyboardInterrupt:
            pass


def _mend(engine: Engine, call: Call) -> None:
    run, id = call.future.run, call.future.id
    if any(row[0] == r.SUBMITTED and row[2] == id for row in list(run.records.tail)):
        cancel_one(engine, call.future, "submitting it was interrupted")
        if call.ident == get_ident() and call.future.state is State.CANCELLING:
            returned_late(engine, call)  # it ran on this thread, and does no more
    else:
        run.live.pop(id, None)  # nobody has heard of it yet
        if call.future._unread is not None:
            call.future._unread.pop(id, None)
    for executor in engine.executors.values():
        executor.mend()
    engine.loop.nudge()


def returned_late(engine: Engine, call: Call) -> None:
    """The body of a call that was cancelled, or given up, has returned."""
    call.executor.returned(call)
    future = call.future
    with engine.changing:
        ended = future._call is call and future.state is State.CANCELLING
        if ended:
            future.state = State.CANCELLED
            text = message(future._error) if future._error is not None else "cancelled"
            future.run.append(r.Finished(engine.now(), future.id, "cancelled", "TaskCancelled", text, None))
            future.run.live.pop(future.id, None)
    admission.release(call)
    if not ended:
        return
    call.drop()
    future.run.close_if_done()


def descendants(future: Future[Any]) -> list[Future[Any]]:
    """The unfinished tasks below ``future``, children before grandchildren; those whose own parent has ended, too."""
    below: dict[int, list[Future[Any]]] = {}
    unfinished = list(future.run.live.values())
    for live in unfinished:
        if live._call is None or not live._call.spared:
            below.setdefault(live.parent_id, []).append(live)
    for parent in set(below) - {live.id for live in unfinished} - {future.id, r.NO_TASK}:
        if (above := unfinished_above(future.run, parent)) is not None:
            below.setdefault(above, []).extend(below.pop(parent))
    out: list[Future[Any]] = []
    queue = [future.id]
    while queue:
        children = below.get(queue.pop(), ())
        out.extend(children)
        queue.extend(child.id for child in children)
    return out


def unfinished_above(run: Run, id: int) -> int | None:
    """The nearest unfinished task above one that has ended; the log knows the way."""
    tasks = run.snapshot().tasks
    while id not in run.live:
        task = tasks.get(id)
        if task is None:
            return None
        id = task.parent
    return id


def continue_as(engine: Engine, call: Call, inner: Future[Any]) -> None:
    """The body returned a future: the task ends as that future ends."""
    future = call.future
    if inner is future:
        end(
            engine,
            call,
            State.FAILED,
            RuntimeError(f"{future.label} returned its own future and would wait for itself"),
        )
        return
    with engine.changing:
        goes_on = hasattr(call, "unended")
        if goes_on:
            future.state = State.WAITING
            future.run.append(r.Continued(engine.now(), future.id, inner.id))
    if not goes_on:
        returned_late(engine, call)
        return
    admission.release(call)
    inner._consume()
    call.into = inner
    end_as(engine, call, lambda error: (State.FAILED, _cancelled_inner(future, inner) if inner.cancelled() else error))


def end_as(engine: Engine, call: Call, badly: Callable[[BaseException], tuple[State, BaseException]]) -> None:
    """The task of ``call``, which waits, ends as the future does that it goes on as.

    Args:
        engine: the engine.
        call: the call; ``into`` is that future.
        badly: how it ends where the other has failed.
    """
    future = call.future
    inner: Any = call.into
    given: BaseException | None = None

    def go_on(_: Future[Any]) -> Call | None:
        nonlocal given, inner
        if deferring.moves_on(engine, call):
            inner = call.into
            inner.when_settled(go_on)
            return None
        if not inner.done():  # somebody retried it at once
            inner.when_settled(go_on)
            return None
        error = inner.peek()
        if error is None:
            return end_with_value(engine, call, inner._value)
        state, given = badly(error)
        waits_for_retry(inner, again)
        return try_end(engine, call, state, given, noted=not deferring.is_moved(future))[1]

    def again() -> None:
        """``inner`` is run again: so the task waits for it again, without running its body a second time."""
        with engine.changing:
            if future._call is not call or call.returned is None or future._error is not given:
                return  # it has gone on, or has ended otherwise
            call.returned, call.unended = None, True
            reset(future, call)
            future.state = State.WAITING
            future.run.append(r.Reset(engine.now(), future.id, f"{inner.label} is run again"))
            future.run.append(r.Continued(engine.now(), future.id, inner.id))
        if future.run.closed:
            future.run.reopen()
        wake_dependants(future)
        inner.when_settled(go_on)

    inner.when_settled(go_on)


def _cancelled_inner(future: Future[Any], inner: Future[Any]) -> DependencyError:
    error = DependencyError(f"{future.label} returned {inner.label}, which was cancelled; retry that one first")
    error.__cause__ = inner.peek()
    return error


def end_with_value(engine: Engine, call: Call, value: Any) -> Call | None:
    """End a call that waits, with a value that came from elsewhere; not a node that was told to stop."""
    future = call.future
    if value is None and future.task.options.recurrent and not deferring.is_moved(future):
        return recurring.again(engine, call)[1]
    if call.wish is not None and not deferring.is_moved(future):
        caching.keep(call, value)
    if future.task.executor_name != NODE:
        engine.keep_outcome(future, value)
    with engine.changing:
        if (call.stopped and future.task.executor_name == NODE) or not call.take_end():
            return None
        future.state = State.SUCCEEDED
        future._when = time = engine.now()
        kept = type(value) is Kept
        type_name, text = (value.type_name, value.text) if kept else (type(value).__name__, short(value))
        future.run.append(r.Finished(time, future.id, "succeeded", type_name, text, None))
    future._value = value
    return engine.settled(call, future)


def reset(future: Future[Any], call: Call) -> None:
    """Make a future that has ended badly wait for ``call``; under the lock."""
    run = future.run
    run.failed.pop(future.id, None)
    run.unobserved.pop(future.id, None)
    future._settled, future._error, future._tb, future._value = False, None, None, None
    future._call = call
    run.live[future.id] = future


def waits_for_retry(future: Future[Any], go_on: Callable[[], object]) -> None:
    """Have ``go_on`` called when ``future``, which has failed, is retried."""
    future.run.dependants.setdefault(future.id, []).append(go_on)


def wake_dependants(future: Future[Any]) -> None:
    """What failed because of ``future`` goes on: it is run again."""
    for go_on in future.run.dependants.pop(future.id, []):
        go_on()


def _retry_dependant(engine: Engine, future: Future[Any], because: Future[Any]) -> None:
    if future.state is State.FAILED and isinstance(future.peek(), DependencyError):
        retry(engine, future, f"{because.label} is run again")


def listen(future: Future[Any], callback: Callable[[Future[Any]], object]) -> Call | None:
    """As ``future.when_settled``, but a callback that is due at once waits its turn: lists of them need no stack.

    Returns:
        A call that became ready through it.
    """
    if not future._settled:
        future.when_settled(callback)
        return None
    if future._callbacks is None:
        future._callbacks = []
    future._callbacks.append(callback)
    return future.run.engine.notify(future)


def _is_as_it_was(call: Call, task: Definition | None) -> bool:
    newest = call.task.latest() if task is None else task
    return newest is call.task or same_function(newest.fn, call.task.fn)


def is_retriable(future: Future[Any]) -> bool:
    """Whether the body of an ended task can be started again, as far as can be told now."""
    call = future._call
    return call is not None and call.returned is not None and future.state in REFRESHABLE_STATES


def retry(engine: Engine, future: Future[Any], why: str = "retried", task: Definition | None = None) -> None:
    """Start an ended task again, with the code its name stands for now; with that of ``task``, where it is given."""
    call = future._call
    if future.task.executor_name == NODE and call is not None:
        if future.state not in RESTARTABLE_STATES:
            why = "it has ended well; submit it again instead" if future.is_final() else "it has not ended"
            raise RuntimeError(f"{future.label} is {future.state} and cannot be retried: {why}")
        call.conductor.again()
        return
    moved = deferring.is_moved(future)
    into = call.into if call is not None and (moved or future.state in FAILURE_STATES) else None
    if call is not None and into is not None and into.state in RESTARTABLE_STATES and _is_as_it_was(call, task):
        retry(engine, into, why)  # its own body has done its part, and is the same as it was
        return
    with engine.changing:
        call = future._call
        returned = None if call is None or future.state not in REFRESHABLE_STATES else call.returned
        if returned is not None:
            assert call is not None
            call.returned = None  # of several that ask at once, one starts it
    if call is None or returned is None:
        hint = "it has not ended" if not future.is_final() else "only failed, timed out, cancelled and cached tasks are"
        raise RuntimeError(
            f"{future.label} is {future.state} and cannot be retried: {hint}; submit the task again instead"
        )
    args, kwargs = returned
    run = future.run
    try:
        task = call.task.latest() if task is None else task
        following = call.successor(task, args, kwargs, engine.executors[task.options.executor])
        following.attempt, following.before = call.attempt + 1, call.attempt
        if task.options.cache is not None:
            # What never ran for want of an argument was not asked to be made anew.
            fresh = not isinstance(future.peek(), DependencyError)
            following.wish = caching.wish_of(task, args, kwargs, fresh)
        changed = revision(call.task.fn, task.fn)
        earlier = following.earlier = Earlier(call) if call.has_children else None
        following.given = call.given
    except BaseException:  # an executor that is not there, Ctrl-C: nothing was started, and it can be asked for again
        call.returned = returned
        raise
    if moved:
        future._unread = None  # from here on it stands for itself
    with engine.changing:
        reset(future, following)
        future.task = task
        future.state = State.QUEUED
        time = engine.now()
        run.append(r.Reset(time, future.id, why))  # under the lock: a cancel comes behind it
        if changed is not None:
            run.append(r.Revised(time, future.id, *changed))
        if earlier is not None and earlier.done:
            run.append(r.Noted(time, future.id, "reused", earlier.in_words()))
    if run.closed:
        run.reopen()
    try:
        wake_dependants(future)
    finally:  # what one of them raises, as an executor that is not there, leaves this one not behind
        engine.dispatch(admission.admit(engine, following, find((args, kwargs))))
