"""Two runs beside each other: what a person means by them, and which run came before one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipyflow import session
from ipyflow.engine.future import Future
from ipyflow.engine.recorded import Recorded
from ipyflow.engine.run import Run
from ipyflow.past.finding import exactly, found, kept
from ipyflow.past.run import PastRun

if TYPE_CHECKING:
    from ipyflow.store.store import Store
    from ipyflow.views.compare.shown import Comparison

Meant = Recorded | Future[Any] | str | int
"""What stands for a run: it, a future of it, or a word: its number or name in this kernel, its key or name in the
history."""


def compare(before: Meant, after: Meant | None = None) -> Comparison:
    """Put two runs beside each other: what became slower or faster, what failed anew, whose code changed.

    Tasks are known again by their name and their arguments, then by their name and their order. The result displays
    itself, is iterated over what changed, and has ``to_json()``.

    Args:
        before: a run, of this kernel or of the past; a future of it; or its number, its name or its key.
        after: another one. Left out, ``before`` is compared with the run of the same name that came before it.

    Raises:
        LookupError: no run goes by that word, or none of that name came before.
        ValueError: both are the same run.
        TypeError: something that stands for no run.

    Example:
        >>> import ipyflow as fl
        >>> @fl.flow
        ... def double(x):
        ...     return 2 * x
        >>> runs = [double.submit(4).run, double.submit(5).run]
        >>> for run in runs:
        ...     _ = run.wait()
        >>> [change.kind for change in fl.compare(*runs).of("same")]
        ['same']
    """
    one = meant(before)
    other = one if after is None else meant(after)
    if after is None:
        one = earlier(other)
    if one is other or (one.key and one.key == other.key):
        raise ValueError(f"{one.name} ({one.key or one.id}) is the same run twice: name another one to compare it with")
    return session._session.presenter.compare(one, other, (one.sources(), other.sources()))  # type: ignore[no-any-return]


def meant(given: Meant) -> Recorded:
    """The run that something stands for.

    Raises:
        LookupError: no run goes by that word.
        TypeError: it stands for no run.
    """
    if isinstance(given, Future):
        return given.run
    if isinstance(given, Recorded):
        return given
    if isinstance(given, bool) or not isinstance(given, str | int):
        raise TypeError(f"{given!r} is no run: give one, a future of it, or its number, its name or its key as text")
    word = str(given)
    runs = session.runs()
    run: Recorded | None = next((run for run in runs if word in (str(run.id), run.name, run.key)), None)
    if run is None and _store() is not None:
        run = found(word)
    if run is None:
        here = ", ".join(f"{run.name} ({run.id})" for run in runs[:8]) or "none"
        raise LookupError(f"no run goes by {word}, neither here nor in the history; the runs of this kernel: {here}")
    return run


def earlier(run: Recorded) -> Recorded:
    """The run of the same name that came before this one.

    Raises:
        LookupError: there is none.
    """
    if isinstance(run, Run):
        older = next((one for one in session.runs() if one.name == run.name and one.id < run.id), None)
        if older is not None:
            return older
    store = _store()
    if store is not None:
        began = run.snapshot().wall
        lines = store.shelf.lines(name=exactly(run.name), until=began, limit=2)
        line = next((line for line in lines if line.key != run.key), None)
        if line is not None:
            return PastRun(store.shelf, line)
    raise LookupError(
        f"no other run of {run.name} came before {run.key or run.id}: run it again, or name two runs to compare"
    )


def _store() -> Store | None:
    """The store, if anything is kept."""
    try:
        return kept()
    except RuntimeError:
        return None
