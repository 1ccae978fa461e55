"""Every exception and warning of ipyflow.

::

    IpyflowError(Exception)
    ├── TaskTimeout(TimeoutError)            an attempt ran over its timeout
    ├── TaskCancelled(concurrent.futures.CancelledError)
    ├── DependencyError                      an argument under resolve= failed; __cause__ is the original
    ├── WouldDeadlock(RuntimeError)          a blocking wait on the engine's own loop
    ├── NotInTask(RuntimeError)              current() outside a task
    ├── LeakedFuture                         on_leak="error"
    ├── FormError(ValueError)                what was typed into a form is wrong; a message for each field
    ├── PipelineInvalid(ValueError)          a pipeline that cannot be; found when it is built
    │   └── EditRefused                      an edit of a Builder that cannot be done; its plan stays as it was
    ├── GroupError(ExceptionGroup)           failures of in_parallel, in the order of its branches
    │   └── BatchError                       items of a batch of map(batch=...) failed
    ├── WorkflowError
    │   ├── WorkflowConfigurationError       steps, or start and stop events, that cannot make a workflow
    │   ├── WorkflowValidationError          a step's signature, or a graph that cannot work: all problems at once
    │   ├── WorkflowRuntimeError             what a running workflow cannot do: an unknown step, a wrong value
    │   │   └── ContextStateError            a context where it cannot be used
    │   ├── WorkflowTimeoutError(TimeoutError)
    │   ├── WorkflowCancelled(TaskCancelled)
    │   └── WorkflowStalled                  nothing can go on; names what waits for what
    ├── WorkerLost                           a process or machine died under the task
    ├── NotPicklable(TypeError)              what cannot travel to a worker, or back; named
    ├── PromptDismissed                      a person said no to a prompt
    ├── NoAnswer                             a prompt where nobody can answer
    ├── RemoteTraceback                      the __cause__ of an error from elsewhere: its traceback as text
    └── ExecutorUnavailable(ImportError)     an executor that is not there
    IpyflowWarning(UserWarning)
    ├── LeakedFutureWarning                  a child that nobody read
    ├── UnobservedFailureWarning             a failure that nobody looked at
    ├── StateConflictWarning                 branches changed the same part of a pipeline's state
    ├── UnhandledEventWarning                events of a workflow that no step takes
    └── MemoryWarning                        something cannot be kept, or no longer be read; the work goes on without

Each can be pickled, and each message ends in what to do.
"""

from __future__ import annotations

import concurrent.futures
import importlib
import sys
import traceback
from collections.abc import Sequence
from types import TracebackType
from typing import Any


class IpyflowError(Exception):
    """Base of the errors that ipyflow itself raises; errors of tasks are raised as they are."""


class TaskTimeout(IpyflowError, TimeoutError):
    """An attempt ran over its ``timeout=`` and no retry was left."""


class TaskCancelled(IpyflowError, concurrent.futures.CancelledError):
    """The task was cancelled; also raised by ``current().check()`` inside a task that was told to stop."""


class DependencyError(IpyflowError):
    """A future among the arguments of a ``resolve=`` task failed; ``__cause__`` is its own exception."""


class WouldDeadlock(IpyflowError, RuntimeError):
    """A blocking wait on the thread that has to do the work; the message names what to write instead."""


class NotInTask(IpyflowError, RuntimeError):
    """``current()`` was called where no task runs."""


class LeakedFuture(IpyflowError):
    """A flow with ``on_leak="error"`` ended without reading all its children."""


class FormError(IpyflowError, ValueError):
    """What was typed into a form is wrong.

    Attributes:
        errors: a message for each field, by its path, as in ``"address.street"`` or ``"sizes.0"``; what is about the
            whole form stands under ``""``.

    Example:
        >>> raise FormError({"rate": "needs a value"})
        Traceback (most recent call last):
        ipyflow.errors.FormError: rate: needs a value
    """

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__(errors)
        self.errors = errors

    def __str__(self) -> str:
        return "; ".join(f"{path}: {text}" if path else text for path, text in self.errors.items())


class PipelineInvalid(IpyflowError, ValueError):
    """A pipeline that cannot be, found when it is built; or a task that did not keep to what pipelines ask of it."""


class EditRefused(PipelineInvalid):
    """An edit of a :class:`ipyflow.Builder` that cannot be done; the message says why, and the plan stays as it was."""


class GroupError(IpyflowError, ExceptionGroup[Exception]):
    """Branches of ``in_parallel`` failed: their exceptions, in the order of the branches, each noted with its place.

    An :class:`ExceptionGroup`, so ``except*`` takes it apart:

    Example:
        >>> try:
        ...     raise GroupError("1 of 2 branches failed", [OSError("disk full")])
        ... except* OSError as errors:
        ...     print(len(errors.exceptions))
        1
    """

    def derive(self, excs: Sequence[Exception], /) -> GroupError:  # type: ignore[override]
        """A group of the same kind with other exceptions."""
        return GroupError(self.message, excs)


class BatchError(GroupError):
    """Items of a batch of ``map(batch=...)`` raised; the others have their values all the same.

    Whoever reads an item's own future gets that item's own value or exception.

    Attributes:
        values: of all items, in their order; ``None`` where one raised.
        failures: what was raised, by the item's place in the batch.
        frames: where, as far as it was raised in this process.
    """

    values: list[Any]
    failures: dict[int, BaseException]
    frames: dict[int, TracebackType | None]

    @classmethod
    def of(
        cls, message: str, values: list[Any], failures: dict[int, BaseException],
        frames: dict[int, TracebackType | None] | None = None,
    ) -> BatchError:  # fmt: skip
        """The error of a batch with these values and failures, of which there is one at least."""
        error = cls(message, [one if isinstance(one, Exception) else _wrapped(one) for one in failures.values()])
        error.values, error.failures, error.frames = values, failures, frames or {}
        return error

    def __reduce__(self) -> Any:
        return _batch_error, (*_fit_to_travel(self), getattr(self, "__notes__", []))


def _wrapped(error: BaseException) -> Exception:
    """An exit or an interrupt, which a group of failures does not take."""
    wrapped = RuntimeError(f"{type(error).__name__}: {error}")
    wrapped.__cause__ = error
    return wrapped


def _fit_to_travel(group: BatchError) -> tuple[str, list[Any], list[tuple[int, BaseException, str]]]:
    """What a batch gave, without what cannot be pickled: that must not take the rest with it."""
    pickle = importlib.import_module("pickle")  # by name: it is there, or this would not be asked for
    # Where cloudpickle is not there, it is not what pickles this.
    dumps = sys.modules.get("cloudpickle", pickle).dumps
    values: list[Any] = list(group.values)
    failures: list[tuple[int, BaseException, str]] = []
    try:
        dumps(values)
    except Exception:
        for place, value in enumerate(values):
            try:
                dumps(value)
            except Exception as why:
                values[place] = None
                text = f"the value, of type {type(value).__name__}, cannot be sent back from its process: {why}"
                failures.append((place, NotPicklable(text), ""))
    for place, error in group.failures.items():
        trace = "".join(traceback.format_exception(type(error), error, group.frames.get(place)))
        try:
            pickle.loads(dumps(error))
        except Exception:
            stands_in = RuntimeError(f"{type(error).__name__}: {error}")
            for note in getattr(error, "__notes__", ()):
                stands_in.add_note(note)
            error = stands_in
        failures.append((place, error, trace))
    return group.message, values, sorted(failures, key=lambda failure: failure[0])


def _batch_error(
    message: str, values: list[Any], failures: list[tuple[int, BaseException, str]], notes: list[str]
) -> BatchError:
    for _, one, trace in failures:
        if trace:
            one.__cause__ = RemoteTraceback(trace)
    error = BatchError.of(message, values, {place: one for place, one, _ in failures})
    for note in notes:
        error.add_note(note)
    return error


class WorkflowError(IpyflowError):
    """Base of the errors of workflows; errors of steps are raised as they are."""


class WorkflowConfigurationError(WorkflowError):
    """Steps, or start and stop events, that cannot make a workflow."""


class WorkflowValidationError(WorkflowError):
    """A step's signature, or a graph of steps and events, that cannot work; the message lists all that is wrong."""


class WorkflowRuntimeError(WorkflowError):
    """What a running workflow cannot do: send to a step that is not there, go on with what is no event."""


class ContextStateError(WorkflowRuntimeError):
    """A context where it cannot be used: of a run that still goes on, or outside a step."""


class WorkflowTimeoutError(WorkflowError, TimeoutError):
    """A workflow ran over its ``timeout=``; the message names the steps that were at work."""


class WorkflowCancelled(WorkflowError, TaskCancelled):
    """The workflow was cancelled."""


class WorkflowStalled(WorkflowError):
    """Nothing of the workflow can go on: the message names the joins that wait, and for what."""


class WorkerLost(IpyflowError):
    """The process or the machine that ran the task died under it; ``retries=`` runs it again elsewhere."""


class NotPicklable(IpyflowError, TypeError):
    """A function, an argument or a value that cannot travel to a worker or back; the message names it."""


class PromptDismissed(IpyflowError):
    """A person, or code, said no to a prompt."""


class NoAnswer(IpyflowError):
    """A prompt was asked where nobody can answer it; the message says how to give its answer before."""


class RemoteTraceback(IpyflowError):
    """The traceback of an error that was raised in another process, as text: the error's ``__cause__``."""

    def __str__(self) -> str:
        return f"\n{self.args[0]}" if self.args else ""


class ExecutorUnavailable(IpyflowError, ImportError):
    """The executor asked for is not there; the message says what is, or what to install."""


class HistoryUnavailable(IpyflowError):
    """The database of the history cannot be used; the message says why, and what to do."""

    passing = False
    """True where it may be otherwise in a while: another program holds it locked, or the disk is full."""


class IpyflowWarning(UserWarning):
    """Base of the warnings of ipyflow."""


class LeakedFutureWarning(IpyflowWarning):
    """A run ended with children that nobody read; ``.detach()`` says that it is meant."""


class UnobservedFailureWarning(IpyflowWarning):
    """A run ended with failures that nobody looked at."""


class StateConflictWarning(IpyflowWarning):
    """Branches of a group changed the same part of the state differently; the first in entry order was taken."""


class UnhandledEventWarning(IpyflowWarning):
    """Events of a workflow that no step takes."""


class MemoryWarning(IpyflowWarning):
    """Runs or results cannot be kept, or no longer be read; said once, and the work goes on without them."""
