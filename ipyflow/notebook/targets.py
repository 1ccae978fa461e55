"""The run, or the task, that a person means by a word of a ``%flow`` line: of this kernel, or of the past."""

from __future__ import annotations

from itertools import islice
from typing import Any, Literal, overload

from IPython.core.error import UsageError

from ipyflow import session
from ipyflow.engine.future import Future
from ipyflow.engine.recorded import Recorded
from ipyflow.engine.run import Run
from ipyflow.notebook.grammar import unquoted
from ipyflow.past.finding import found as of_the_past
from ipyflow.past.run import PastRun
from ipyflow.views.words import shown

NEWEST = 500
"""Futures of a run, besides those that have not ended or have failed, that are looked through for a name."""


@overload
def target(
    word: str | None, variables: dict[str, Any], failed: bool = False, past: Literal[False] = False
) -> Run | Future[Any]: ...


@overload
def target(
    word: str | None, variables: dict[str, Any], failed: bool = False, *, past: Literal[True]
) -> Run | PastRun | Future[Any]: ...


def target(
    word: str | None, variables: dict[str, Any], failed: bool = False, past: bool = False
) -> Run | PastRun | Future[Any]:
    """What a word stands for; without one the newest run.

    Args:
        word: the name or number of a run, ``name#number`` of a task, a task's name, a variable, or the key of a run.
        variables: of the notebook.
        failed: of several tasks of that name the newest that failed is meant.
        past: a run of the past will do as well: by its key, the beginning of it, or its name.

    Raises:
        UsageError: nothing goes by it, or several tasks do; the message says what there is.
    """
    found = session.runs()
    if word is None:
        if not found:
            raise UsageError(f"there is no run yet{_elsewhere() if past else ''}")
        return found[0]
    word = unquoted(word)
    for run in found:
        if word in (run.name, str(run.id), run.key):
            return run
    name, mark, number = word.rpartition("#")
    for run in found if mark and number.isdigit() else ():
        future = run.find(int(number))
        if future is not None and name in ("", future.task.name):
            return future
    if mark and number.isdigit():
        _refuse_let_go(word, name, int(number), found)
    handle = variables.get(word)
    if isinstance(handle, Run | Future):
        return handle
    if isinstance(handle, PastRun):
        if not past:
            raise UsageError(_over(handle))
        return handle
    task = _by_name(word, found, failed)
    if task is not None:
        return task
    earlier = _remembered(word)
    if earlier is not None:
        if not past:
            raise UsageError(_over(earlier))
        return next((run for run in found if run.key == earlier.key), earlier)
    names = ", ".join(f"{shown(run.name, 40)} ({run.id})" for run in found[:8])
    if not names:
        raise UsageError(f"there is no run yet that goes by {shown(word, 40)}{_elsewhere() if past else ''}")
    where = _elsewhere() if past else ""
    raise UsageError(f"no run and no task goes by {shown(word, 40)}; there are the runs {names}{where}")


def _remembered(word: str) -> PastRun | None:
    """The run of the past that goes by a word, where a history is kept."""
    try:
        return of_the_past(word)
    except LookupError as error:
        raise UsageError(str(error)) from None
    except Exception:
        return None  # there is no history, or it cannot be read: that was said when it was found out


def _elsewhere() -> str:
    return "" if session._session.store() is None else "; %flow history has those of other kernels"


def _over(run: PastRun) -> str:
    what = "is a run of the past" if run.closed else "goes on in another kernel"
    return f"{label(run)} ({run.key}) {what}: %flow show {run.key} shows it, but it cannot be steered from here"


def _refuse_let_go(word: str, name: str, id: int, found: list[Run]) -> None:
    """Say of a task that views still show why it cannot be named."""
    for run in found:
        task = run.snapshot().tasks.get(id)
        if task is not None and name in ("", task.name):
            raise UsageError(
                f"{word} {task.state.value}, and nobody holds its future any more: "
                f"keep what submit() or map() gives, or write %flow show {run.id}"
            )


@overload
def run_of(found: Run | Future[Any]) -> Run: ...


@overload
def run_of(found: Run | PastRun | Future[Any]) -> Run | PastRun: ...


def run_of(found: Run | PastRun | Future[Any]) -> Run | PastRun:
    """The run itself, or the one that a task belongs to."""
    return found.run if isinstance(found, Future) else found


def label(found: Recorded | Future[Any]) -> str:
    """What a person knows it by."""
    return found.label if isinstance(found, Future) else shown(found.name, 60)


def futures(run: Run) -> list[Future[Any]]:
    """The futures of a run that a person may mean, newest first: a large run is not gone through from end to end."""
    held = {future.id: future for ref in islice(reversed(run.refs), NEWEST) if (future := ref()) is not None}
    held.update((future.id, future) for future in islice(reversed(run.failed.copy().values()), NEWEST))
    held.update((future.id, future) for future in islice(run.live.copy().values(), NEWEST))
    return [held[id] for id in sorted(held, reverse=True)]


def _by_name(name: str, found: list[Run], failed: bool) -> Future[Any] | None:
    for run in found:
        called = [future for future in futures(run) if future.task.name == name]
        wanted = [future for future in called if future.id in run.failed] if failed else []
        if wanted or len(called) == 1:
            return (wanted or called)[0]
        if called:
            labels = ", ".join(future.label for future in called[:8]) + (", …" if len(called) > 8 else "")
            raise UsageError(f"{len(called)} tasks of {shown(run.name, 40)} go by {name}: name one of {labels}")
    return None
