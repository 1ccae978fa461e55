"""The states of a task, one sentence each, and the table of the transitions that may happen.

The words are the same everywhere: in Python, in the views, in the saved file and in the pictures.
"""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """Where a task stands. A ``State`` is also its own word: ``State.FAILED == "failed"``."""

    PLANNED = "planned"
    """Part of a plan that has not been started."""
    WAITING = "waiting"
    """Held back; the reason is recorded: arguments, a limit, a branch slot, a delay, a retry, a pause. A pipeline, a
    group of branches and a workflow wait for what is below them."""
    QUEUED = "queued"
    """Ready to run, waiting for a worker."""
    RUNNING = "running"
    """A worker runs the body."""
    BLOCKED = "blocked"
    """The body stands in a wait of ours for another task."""
    CANCELLING = "cancelling"
    """Told to stop; its waiters were released, its body has not returned yet."""
    SUCCEEDED = "succeeded"
    """Ended with a value."""
    FAILED = "failed"
    """Ended with an exception."""
    TIMED_OUT = "timed_out"
    """An attempt ran over its timeout and no retry was left."""
    CANCELLED = "cancelled"
    """Stopped on request, before it started or in the middle."""
    SKIPPED = "skipped"
    """Passed over: a pipeline took another way."""
    CACHED = "cached"
    """Ended without running: an equal call had already given the value."""


FINAL_STATES = frozenset(
    {
        State.SUCCEEDED,
        State.FAILED,
        State.TIMED_OUT,
        State.CANCELLED,
        State.SKIPPED,
        State.CACHED,
    }
)
"""No transition leaves these, except a retry that a person or the code asks for."""

FAILURE_STATES = frozenset({State.FAILED, State.TIMED_OUT})
"""Final states that carry an exception somebody should look at."""

RESTARTABLE_STATES = frozenset({State.FAILED, State.TIMED_OUT, State.CANCELLED})
"""Final states without a value: ``future.retry()`` may reset them, and ``run.retry()`` resets them all."""

REFRESHABLE_STATES = RESTARTABLE_STATES | {State.CACHED}
"""Final states that ``future.retry()`` of that very task may reset: what it has from the cache is made anew."""

_ENDS = {State.SUCCEEDED, State.FAILED, State.TIMED_OUT, State.CANCELLED}

TRANSITIONS: dict[State, frozenset[State]] = {
    State.PLANNED: frozenset({State.WAITING, State.QUEUED, State.SKIPPED}),
    State.WAITING: frozenset(
        {
            State.WAITING,
            State.QUEUED,
            State.CANCELLING,
            State.SUCCEEDED,
            State.CANCELLED,
            State.FAILED,
            State.TIMED_OUT,
            State.SKIPPED,
            State.CACHED,
        }
    ),
    State.QUEUED: frozenset({State.RUNNING, State.WAITING, State.CANCELLED, State.FAILED, State.CACHED}),
    State.RUNNING: frozenset({State.BLOCKED, State.CANCELLING, State.WAITING, *_ENDS}),
    State.BLOCKED: frozenset({State.RUNNING, State.CANCELLING, State.WAITING, *_ENDS}),
    State.CANCELLING: frozenset({State.CANCELLED, State.FAILED}),
    State.SUCCEEDED: frozenset(),
    State.FAILED: frozenset({State.WAITING, State.QUEUED}),
    State.TIMED_OUT: frozenset({State.WAITING, State.QUEUED}),
    State.CANCELLED: frozenset({State.WAITING, State.QUEUED}),
    State.SKIPPED: frozenset({State.PLANNED}),
    State.CACHED: frozenset({State.WAITING, State.QUEUED}),
}
"""``TRANSITIONS[a]`` holds every state that may follow ``a``. The steps out of ``failed``, ``timed_out``, ``cancelled``
and ``cached`` are those of a retry on request (record ``Reset``), the one out of ``skipped`` is that of a pipeline that
is retried and may come to it after all (record ``Planned``); everything else about them is final."""
