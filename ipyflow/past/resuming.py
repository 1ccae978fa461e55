"""A flow or a pipeline goes on whose kernel died in the middle: it is run again, and what was done is not done twice.

What of it is found done is the engine's: see :mod:`ipyflow.engine.resuming`. ``docs/resume.md`` has the why.
"""

from __future__ import annotations

import builtins
import importlib
import inspect
import os
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ipyflow import session
from ipyflow.engine.beginning import Arguments, Beginning
from ipyflow.engine.codes import facts
from ipyflow.engine.future import Future
from ipyflow.engine.past import Past
from ipyflow.engine.resuming import Resumed
from ipyflow.engine.run import Run
from ipyflow.engine.sources import inner_function
from ipyflow.errors import MemoryWarning
from ipyflow.flows.pipelines.start import start
from ipyflow.flows.pipelines.value import Pipeline
from ipyflow.flows.tasks import Task, flow_called
from ipyflow.model import records as r
from ipyflow.model.run import RunState, TaskState
from ipyflow.past.finding import found, kept
from ipyflow.past.run import PastRun

if TYPE_CHECKING:
    from ipyflow.store.store import Store

LOOKED_AT = 100
"""Of so many lost runs one is chosen, where none is named."""

_of_cell: Callable[[str], Task[Any, Any]] | None = None
"""Makes the flow of a cell from its source."""


def set_cells(of_cell: Callable[[str], Task[Any, Any]] | None) -> None:
    """Say what makes flows of cells: the notebook does, as long as it is there."""
    global _of_cell
    _of_cell = of_cell


def resume(
    run: str | PastRun | Run | Future[Any] | None = None, pipeline: Pipeline | None = None, /, **changes: Any
) -> Future[Any]:
    """Run a flow, or a pipeline, that did not come to its end again, with what it had done: after its kernel has died.

    The flow's code runs from its beginning, as it is now. A task it submits again with the same arguments is not run
    again if it had succeeded and its value is known: numbers, short texts and small lists always are, all others with
    ``configure(keep_results=True)``. So it is with the entries of a pipeline. See ``docs/resume.md``.

    Args:
        run: a run of the history, its key, the beginning of it, or its name; by default the newest flow of this
            notebook, or of code that is known here, that was lost with its kernel.
        pipeline: of the run of a pipeline, the same pipeline, put together again: nobody else has it.
        changes: arguments of the flow that are to be others, by name.

    Returns:
        The future of the flow in its new run, which says by ``future.run.resumes`` with which it goes on.

    Raises:
        LookupError: no run goes by that, or several do.
        RuntimeError: it cannot go on: it has succeeded, it is at work, it was no flow, its code is not known here, or
            nothing is kept; the message says what to do. Nothing was started.
        TypeError: its arguments do not fit the flow as it is now, or a pipeline is given for a flow. Nothing was
            started.

    Example:
        >>> import ipyflow as fl
        >>> @fl.flow
        ... def double(x):
        ...     if x < 0:
        ...         raise ValueError("too small")
        ...     return 2 * x
        >>> with fl.configure(database=":memory:"):
        ...     failed = double.submit(-4)
        ...     _ = failed.exception()
        ...     fl.resume("double", x=4).result()
        8
    """
    if pipeline is not None and not isinstance(pipeline, Pipeline):
        raise TypeError(f"resume({run!r}, {pipeline!r}): the second is the pipeline of a pipeline's run, as it was")
    past = _newest(pipeline.outline if run is None and pipeline is not None else run, pipeline)
    store = kept()
    runs = _chain(past, store)
    states = [one.records.state() for one in runs]
    first = next((task for task in states[0].tasks.values() if not task.parent), None)
    if first is None:
        raise RuntimeError(f"{_label(past)} was lost before anything of it was written: submit it again")
    task = None
    if pipeline is None:
        task = _flow_of(past, first)
        _check_names(past, task, states)
    places = []
    for one, state in zip(runs, states, strict=True):
        known = _past(one, state, store)
        if known.root is not None:
            places.append((known, known.root))
    resumed = Resumed(places)
    engine = session._session.engine()
    if task is None:
        return _start(engine, past, first, pipeline, resumed, changes)
    args, kwargs = _arguments(past, first, task, store, changes)
    begin = lambda args, kwargs: engine.submit(task, args, kwargs, resumed=resumed)  # noqa: E731
    return Beginning(begin, task).start_with(args, kwargs)


def _start(
    engine: Any, past: PastRun, first: TaskState, pipeline: Any, resumed: Resumed, changes: dict[str, Any]
) -> Future[Any]:
    """Submit a pipeline that goes on, at top level, in a run of the name that it had."""
    pipeline.check()
    name = "" if past.name == first.args else past.name
    begin = lambda args, kwargs: start(engine, pipeline, name, resumed)  # noqa: E731
    return Beginning(begin).again(changes)


def _newest(run: Any, pipeline: Pipeline | None) -> PastRun:
    """The run that is meant, or the one that has gone on with it since."""
    if isinstance(run, Future):
        run = run.run
    if isinstance(run, Run):
        if not run.closed:
            how = "run.resume() lets it go on" if run.is_paused() else "run.cancel() stops it"
            raise RuntimeError(f"{run.name} (run {run.id}) is at work in this kernel: {how}")
        if not run.key:
            raise RuntimeError(f"nothing of {run.name} (run {run.id}) was kept: run.retry() runs again what failed")
        run = run.key
    store = kept()
    past: PastRun | None
    if run is None:
        past = _newest_lost(store)
    elif isinstance(run, str):
        past = found(run, store)
        if past is None:
            raise LookupError(f"no run in the history goes by {run!r}: history() lists them by their keys")
    elif isinstance(run, PastRun):
        past = found(run.key, store) or run
    else:
        raise TypeError(
            f"resume({run!r}): give a run of history(), its key or its name, or nothing for the newest lost"
        )
    while (after := _successor(past, store)) is not None:
        past = after
    _check(past, pipeline)
    return past


def _check(past: PastRun, pipeline: Pipeline | None) -> None:
    if not past.closed:
        if any(run.key == past.key for run in session.runs()):
            raise RuntimeError(f"{_label(past)} is at work in this kernel: there is nothing to go on with yet")
        raise RuntimeError(f"{_label(past)} is at work in another kernel: it can go on here once that has ended")
    if past.word in ("succeeded", "cached"):
        raise RuntimeError(f"{_label(past)} has succeeded: there is nothing to go on with; submit it again instead")
    if past.kind == "pipeline" and pipeline is None:
        raise RuntimeError(
            f"{_label(past)} is a pipeline, which nobody here has any more: put it together again and give it, as in "
            f"ipyflow.resume({past.key!r}, pipeline)"
        )
    if pipeline is not None and past.kind != "pipeline":
        raise TypeError(f"{_label(past)} is a {past.kind} and no pipeline: write resume({past.key!r})")
    if past.kind not in ("flow", "pipeline"):
        what = {"cell": "run the cell again", "script": "run the script again"}.get(past.kind, "submit it again")
        raise RuntimeError(
            f"{_label(past)} is a {past.kind}, and only flows and pipelines go on in another kernel: {what}; tasks "
            "with cache=True are not computed twice"
        )


def _newest_lost(store: Store) -> PastRun:
    """The newest flow that was lost with its kernel, of this notebook or of code that is known here."""
    lines = [line for line in store.shelf.lines(state="lost", limit=LOOKED_AT) if line.kind == "flow"]
    lost = [one for one in (PastRun(store.shelf, line) for line in lines) if _successor(one, store) is None]
    past = next((one for one in lost if _is_from_here(one, store)), None)
    if past is not None:
        return past
    if lost:
        named = ", ".join(map(_label, lost[:5])) + (", ..." if lost[5:] else "")
        raise RuntimeError(
            f"the flows that were lost with their kernels are of other notebooks, or of cells that have not run here "
            f"yet: {named}; run the cells that define one, or give the key of one"
        )
    raise RuntimeError(
        "no flow was lost with its kernel, or each has gone on already; one that failed or was cancelled is resumed by "
        "its key, which the history lists"
    )


def _is_from_here(past: PastRun, store: Store) -> bool:
    notebook = os.environ.get("JPY_SESSION_NAME", "")
    if past.line.notebook == notebook and (notebook or past.source):  # without a name, cells are known by their source
        return True
    rows = next(store.shelf.rows(past.line.id), [])
    first = next((row for row in rows if row[0] == r.SUBMITTED), None)
    return first is not None and flow_called(first[5], first[4]) is not None


def _successor(past: PastRun, store: Store) -> PastRun | None:
    """The newest run that went on with one."""
    line = store.shelf.resumed_by(past.key)
    return None if line is None else PastRun(store.shelf, line)


def _chain(past: PastRun, store: Store) -> list[PastRun]:
    """A run, the one that it went on with, and so on, as far as they are still there."""
    runs = [past]
    while runs[-1].resumes and (line := store.shelf.find(runs[-1].resumes)) is not None:
        runs.append(PastRun(store.shelf, line))
    return runs


def _past(run: PastRun, state: RunState, store: Store) -> Past:
    shelf, row = store.shelf, run.line.id
    said: set[str] = set()

    def lost(text: str) -> None:
        if text not in said:
            said.add(text)
            warnings.warn(f"{run.key}: {text}", MemoryWarning, stacklevel=2)

    return Past(
        run.key, state, shelf.marks(row), shelf.outcomes(row), lambda task: shelf.outcome(row, task), lost,
        bool(run.resumes),
    )  # fmt: skip


def _flow_of(past: PastRun, first: TaskState) -> Task[Any, Any]:
    """The flow that goes by its name now."""
    module, name = first.module, first.name
    task = flow_called(module, name)
    if task is not None:
        return task
    source = past.source
    if source:
        if _of_cell is None:
            raise RuntimeError(f"{_label(past)} was a %%flow cell: write %load_ext ipyflow, then resume it again")
        return _of_cell(source)
    if module != "__main__":
        try:
            importlib.import_module(module)
        except ImportError as error:
            raise RuntimeError(
                f"the code of {_label(past)} is not here: {module} cannot be imported ({error})"
            ) from None
        task = flow_called(module, name)
    if task is None:
        how = "run the cell that defines it, then resume it again"
        if module != "__main__":
            how = f"{module} has no flow of that name at its top level"
        raise RuntimeError(f"the code of {_label(past)} is not known here: {how}")
    return task


def _check_names(past: PastRun, task: Task[Any, Any], states: list[RunState]) -> None:
    """Refuse a flow whose tasks are not here yet: it would fail at the first of them, as a run that has gone on."""
    fn = inner_function(task.fn)
    code, known = getattr(fn, "__code__", None), getattr(fn, "__globals__", {})
    if code is None:
        return
    were = {one.name for state in states for one in state.tasks.values()}
    missing = [name for name in facts(code).names if name in were and name not in known and not hasattr(builtins, name)]
    if missing:
        raise RuntimeError(
            f"{_label(past)} calls {', '.join(missing)}, which nothing here defines yet: run the cells that do, then "
            "resume it again"
        )


def _arguments(
    past: PastRun, first: TaskState, task: Task[Any, Any], store: Store, changes: dict[str, Any]
) -> Arguments:
    """What to call the flow with, checked.

    Raises:
        RuntimeError: what it was given was not kept, or no longer loads.
        TypeError: the arguments do not fit it.
    """
    signature = inspect.signature(task.fn)
    why, given = "they were not kept, being too large or of a kind that cannot be", None
    if first.args:
        try:
            given = store.shelf.beginning(past.line.id)
        except Exception as error:
            why = f"they no longer load ({type(error).__name__}: {error})"
        if given is None and not changes:
            names = ", ".join(f"{name}=..." for name in signature.parameters)
            raise RuntimeError(
                f"{_label(past)} had the arguments ({first.args}), and {why}: give them by name, as in "
                f"resume({past.key!r}, {names})"
            )
    args, kwargs = given or ((), {})
    try:
        if changes:
            return Beginning(lambda args, kwargs: task.submit(*args, **kwargs), task, args, kwargs).changed(changes)
        signature.bind(*args, **kwargs)
    except TypeError as error:
        raise TypeError(f"{_label(past)} cannot go on as {task.name}{signature}: {error}") from None
    return args, kwargs


def _label(past: PastRun) -> str:
    return f"{past.name} ({past.key})"
