"""The facts a run consists of: small immutable records, appended to the run's log and never changed.

A record carries the time at which it happened, in seconds on the engine's clock; its run is the log it stands
in and its sequence number is its place there, so neither is stored twice. Values never enter a record: only
their type, a short text and, for failures, the traceback's text. Fields hold nothing but numbers, strings,
``None`` and tuples of these, so a record can be written to a file or sent to a page as it is.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

from ipyflow.model.texts import PLAIN

SCHEMA_VERSION = 5
"""Raised whenever a record gains, loses or changes a field."""

ROLES = ("pipeline", "group", "exceptionally", "finally", "merge", "workflow", "step", "prompt")
"""What a task is in a pipeline or a workflow, where it is more than an entry: the pipeline itself, a group of branches
and a workflow, which have no body and wait for what is below them; the handler of a failure; the finaliser; what merges
the branches' states; a step of a workflow, run for what it was given; a question to a person."""

NO_TASK = 0
"""Stands for "no task" where a record names one: a task without a parent, a note about the whole run."""


class Opened(NamedTuple):
    """A run begins. ``wall`` is the same instant as ``time``, in seconds since the epoch."""

    time: float
    run: int
    name: str
    kind: str
    wall: float


class Submitted(NamedTuple):
    """A task was submitted; without a ``Waiting`` behind it, it is queued at once.

    ``refs`` are the ids of the tasks whose outcome it is given: the futures among its arguments, or the entries before
    it in a pipeline; ``args`` is the short text of the arguments. ``role`` is what a pipeline makes of it, one of
    :data:`ROLES`; ``branch`` is the place of its branch in the group that is its parent.
    """

    time: float
    task: int
    parent: int
    name: str
    module: str
    executor: str
    args: str
    refs: tuple[int, ...]
    group: str | None
    role: str | None
    branch: int | None


class Waiting(NamedTuple):
    """A task is held back. ``reason`` is in words, ``on`` names the tasks it waits for, if any."""

    time: float
    task: int
    reason: str
    on: tuple[int, ...]


class Queued(NamedTuple):
    """What held a task back is gone; it waits for a worker."""

    time: float
    task: int


class Started(NamedTuple):
    """A worker begins an attempt (1 is the first)."""

    time: float
    task: int
    worker: str
    attempt: int


class Blocked(NamedTuple):
    """The body began to wait for other tasks."""

    time: float
    task: int
    on: tuple[int, ...]


class Unblocked(NamedTuple):
    """The body goes on after a wait."""

    time: float
    task: int


class Read(NamedTuple):
    """The task ``by`` took the outcome of ``task``: data flowed from one to the other."""

    time: float
    task: int
    by: int


class Output(NamedTuple):
    """The body wrote to ``stdout``, ``stderr`` or its own ``log``."""

    time: float
    task: int
    stream: str
    text: str


class Progress(NamedTuple):
    """The body has done ``done`` of ``total`` steps (``total`` is ``None`` when unknown)."""

    time: float
    task: int
    done: int
    total: int | None
    label: str


class AttemptFailed(NamedTuple):
    """An attempt failed and the task will be tried again; ``Waiting`` or ``Queued`` follows."""

    time: float
    task: int
    attempt: int
    type: str
    text: str
    traceback: str


class Continued(NamedTuple):
    """The body returned a future: the task ends as ``into`` ends."""

    time: float
    task: int
    into: int


class Cancelling(NamedTuple):
    """The task was told to stop while its body ran. ``why`` is in words."""

    time: float
    task: int
    why: str


class Finished(NamedTuple):
    """The task ended in ``state``. ``type`` and ``text`` describe the value, or the exception and its message."""

    time: float
    task: int
    state: str
    type: str
    text: str
    traceback: str | None


class Reset(NamedTuple):
    """An ended task is started again on request; it is queued unless ``Waiting`` follows."""

    time: float
    task: int
    why: str


class Noted(NamedTuple):
    """Something to know: ``kind`` is ``leaked``, ``unobserved``, ``detached``, ``abandoned``, ``conflict`` (branches
    changed the same part of a pipeline's state), ``lost`` (the run's kernel has gone), ``cache`` (why no kept
    value was found) or ``state`` (the state of a pipeline behind this task).
    """

    time: float
    task: int
    kind: str
    text: str


class Closed(NamedTuple):
    """The run ended: every task in it had ended before."""

    time: float
    state: str


class Planned(Submitted):
    """A task will be submitted if its pipeline comes to it: what is known of it before, in the same fields."""

    __slots__ = ()


class Routes(NamedTuple):
    """All ways through a workflow, before any is gone: ``task`` is the workflow.

    ``steps`` are tuples ``(name, workers, kind)`` with the kind ``""`` or ``"catch_error"``; ``events`` are tuples
    ``(name, kind)`` with the kind ``"start"``, ``"stop"``, ``"ask"`` (a person is asked), ``"answer"`` (comes from
    outside), ``"failed"`` (a step has failed) or ``""``; ``edges`` are tuples ``(source, target, kind)``, from an event
    to a step that takes it or from a step to an event it may give: ``"list"`` where it takes or gives lists, ``"part"``
    where it takes the event together with others, else ``""``. Names of steps begin with ``step:`` there, those of
    events with ``event:``.
    """

    time: float
    task: int
    steps: tuple[tuple[str, int, str], ...]
    events: tuple[tuple[str, str], ...]
    edges: tuple[tuple[str, str, str], ...]


class EventSent(NamedTuple):
    """A workflow has one more event: ``event`` is its number there, ``task`` the workflow.

    ``by`` is the step's task that gave it, ``NO_TASK`` for one from outside; ``type`` its name in the routes; ``text``
    what it holds, in short; ``to`` the steps that it goes to, none where nobody takes it.
    """

    time: float
    task: int
    event: int
    by: int
    type: str
    text: str
    to: tuple[str, ...]


class EventsTaken(NamedTuple):
    """The task of a step has ``events``: it is run for them, or its body has waited for one or collected them."""

    time: float
    task: int
    events: tuple[int, ...]


class EventHeld(NamedTuple):
    """An event waits in a join for others: in ``join`` (a name, mostly empty) of ``step``, with ``have`` in all.

    ``needs`` are tuples ``(type, count)`` of what is missing; none where nobody knows, as in a list of all that come.
    """

    time: float
    task: int
    event: int
    step: str
    join: str
    have: int
    needs: tuple[tuple[str, int], ...]


class JoinFilled(NamedTuple):
    """A join of ``step`` lets ``events`` go on together."""

    time: float
    task: int
    step: str
    join: str
    events: tuple[int, ...]


class EventAwaited(NamedTuple):
    """The body of the step ``task`` waits for an event of this type; ``text`` says what it must hold.

    ``Unblocked`` follows.
    """

    time: float
    task: int
    type: str
    text: str


class EventPublished(NamedTuple):
    """The workflow ``task`` wrote an event to its stream, for whoever listens; ``by`` is the step's task."""

    time: float
    task: int
    by: int
    type: str
    text: str


class Asked(NamedTuple):
    """The prompt ``task`` asks a person: ``Waiting`` follows.

    ``title`` and ``text`` say what is asked; ``form`` is the JSON text of the fields to fill in, ``"[]"`` without any;
    ``actions`` are the words on the buttons, the first of which sends the form and the last of which says no.
    """

    time: float
    task: int
    title: str
    text: str
    form: str
    actions: tuple[str, ...]


class Answered(NamedTuple):
    """The prompt ``task`` has its answer: ``by`` is ``page``, ``code``, ``configured`` or ``default``.

    ``action`` is the button's word, ``text`` the value in short.
    """

    time: float
    task: int
    by: str
    action: str
    text: str


class Revised(NamedTuple):
    """From its next attempt on the task runs other code: the source of its function ``before`` and ``after``."""

    time: float
    task: int
    before: str
    after: str


class Reused(NamedTuple):
    """The task has its value from elsewhere, and its body is not run: ``Finished`` as ``cached`` follows.

    ``how`` is ``cache`` (kept from an earlier call), ``flight`` (an equal call that was at work) or ``resumed`` (from
    the run that goes on here). ``run`` is that run's key in the history, empty where it has none, ``source`` the task
    there; ``made`` is when the value was made, in seconds since the epoch.
    """

    time: float
    task: int
    how: str
    run: str
    source: int
    made: float


class Recurred(NamedTuple):
    """An attempt ended with ``None`` and the task, being recurrent, is run again: ``Waiting`` or ``Queued`` follows."""

    time: float
    task: int
    attempt: int


Record: TypeAlias = (
    Opened
    | Submitted
    | Waiting
    | Queued
    | Started
    | Blocked
    | Unblocked
    | Read
    | Output
    | Progress
    | AttemptFailed
    | Continued
    | Cancelling
    | Finished
    | Reset
    | Noted
    | Closed
    | Planned
    | Routes
    | EventSent
    | EventsTaken
    | EventHeld
    | JoinFilled
    | EventAwaited
    | EventPublished
    | Asked
    | Answered
    | Revised
    | Reused
    | Recurred
)

KINDS: tuple[type[Any], ...] = (
    Opened,
    Submitted,
    Waiting,
    Queued,
    Started,
    Blocked,
    Unblocked,
    Read,
    Output,
    Progress,
    AttemptFailed,
    Continued,
    Cancelling,
    Finished,
    Reset,
    Noted,
    Closed,
    Planned,
    Routes,
    EventSent,
    EventsTaken,
    EventHeld,
    JoinFilled,
    EventAwaited,
    EventPublished,
    Asked,
    Answered,
    Revised,
    Reused,
    Recurred,
)
"""Every kind of record; the place in this tuple is the kind's number in packed form. Append only."""

_NUMBER = {kind: number for number, kind in enumerate(KINDS)}
_BY_NAME = {kind.__name__: kind for kind in KINDS}


SUBMITTED, WAITING, QUEUED = _NUMBER[Submitted], _NUMBER[Waiting], _NUMBER[Queued]
STARTED, BLOCKED, UNBLOCKED = _NUMBER[Started], _NUMBER[Blocked], _NUMBER[Unblocked]
READ, FINISHED, PLANNED = _NUMBER[Read], _NUMBER[Finished], _NUMBER[Planned]
EVENT_SENT, EVENTS_TAKEN, EVENT_HELD = _NUMBER[EventSent], _NUMBER[EventsTaken], _NUMBER[EventHeld]
"""The kinds that nearly every task has. The engine writes their packed form itself: making a record first costs as much
as all the rest of a small task's bookkeeping. In packed form ``Submitted.args`` may be a tuple of texts and plain
numbers, and a ``Finished`` whose ``type`` is ``None`` has the plain number itself as ``text``; ``EventSent.text``, and
``Finished.text`` of an event, may be a tuple of names and, behind each, the value's text or the plain number itself.
:func:`unpack` writes them out."""


def pack(record: Record) -> tuple[Any, ...]:
    """Turn a record into a plain tuple that begins with the kind's number. Inverse: :func:`unpack`."""
    return (_NUMBER[type(record)], *record)


def unpack(row: tuple[Any, ...]) -> Record:
    """Turn what :func:`pack` made back into a record."""
    kind = row[0]
    if kind == SUBMITTED and type(row[7]) is not str:
        row = (*row[:7], ", ".join([v if type(v) is str else PLAIN[type(v)](v) for v in row[7]]), *row[8:])
    elif kind == EVENT_SENT and type(row[6]) is not str:
        row = (*row[:6], _pairs(row[6]), row[7])
    elif kind == FINISHED and type(row[5]) is tuple:
        row = (*row[:5], f"{row[4]}({_pairs(row[5])})", row[6])
    elif kind == FINISHED and row[4] is None:
        row = (*row[:4], type(row[5]).__name__, PLAIN[type(row[5])](row[5]), None)
    record: Record = tuple.__new__(KINDS[kind], row[1:])  # what _make does, but for counting the fields
    return record


def _pairs(held: tuple[Any, ...]) -> str:
    pairs = zip(held[::2], held[1::2], strict=True)
    return ", ".join([f"{name}={v if type(v) is str else PLAIN[type(v)](v)}" for name, v in pairs])


def to_json(record: Record) -> list[Any]:
    """Turn a record into a JSON list ``[kind name, field, ...]``. Inverse: :func:`from_json`."""
    return [type(record).__name__, *(_lists(v) for v in record)]


def from_json(row: list[Any]) -> Record:
    """Turn what :func:`to_json` made back into a record.

    Raises:
        ValueError: the kind is unknown or the number of fields does not fit.
    """
    kind = _BY_NAME.get(row[0])
    if kind is None or len(row) - 1 != len(kind._fields):
        raise ValueError(f"not a record of schema {SCHEMA_VERSION}: {row!r}; export the run again with this version")
    record: Record = kind._make([_tuples(v) for v in row[1:]])
    return record


def _lists(value: Any) -> Any:
    return [_lists(v) for v in value] if isinstance(value, tuple) else value


def _tuples(value: Any) -> Any:
    return tuple([_tuples(v) for v in value]) if isinstance(value, list) else value
