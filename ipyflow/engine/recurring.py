"""``recurrent=``: a body that gives ``None`` is run again, until it gives something else, raises or is stopped.

Each time is an attempt of its own, with its own timeout and its own retries, and goes through the gates again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipyflow.engine import admission
from ipyflow.engine.call import Call
from ipyflow.model import records as r
from ipyflow.model.status import State

if TYPE_CHECKING:
    from ipyflow.engine.scheduler import Engine


_OVER = "the engine was shut down, so it is not run again"


def let_go(engine: Engine) -> None:
    """The engine takes nothing more: what would be run again and again ends with the time that it is in."""
    for future in engine.unfinished():
        call = future._call
        between = call is not None and call.attempt > 1 and call.last is None
        if future.task.options.recurrent and between and future.state in (State.WAITING, State.QUEUED):
            engine.cancel(future, _OVER)


def again(engine: Engine, call: Call) -> tuple[bool, Call | None]:
    """The body of ``call`` gave ``None``: plan the next time.

    Returns:
        Whether there is one, or the call was stopped before; and the next attempt, where the worker of this one is to
        go on with it at once.
    """
    future = call.future
    following = call.successor(call.task, call.args, call.kwargs, call.executor)
    following.attempt, following.origin = call.attempt + 1, call.origin
    following.before = call.attempt  # so its retries begin afresh
    following.wish = call.wish
    with engine.changing:
        ended = call.take_end()
        if ended:
            future.state = State.WAITING
            future._call = following
            future.run.append(r.Recurred(engine.now(), future.id, call.attempt))
    if not ended:
        return False, None
    admission.release(call)
    call.drop()
    if not engine.accepting:  # looked at after it waits: whoever shuts the engine down sees it there, or is seen here
        engine.cancel(future, _OVER)
        return True, None
    pause = call.task.options.delay
    ready = admission.after_pause(engine, following, pause, f"pause of {pause:g} s: it gave None")
    if ready is None or ready.executor.name == "inline":
        return True, ready
    # Not by the same worker at once: what is queued has its turn in between.
    ready.executor.dispatch(ready)
    return True, None
