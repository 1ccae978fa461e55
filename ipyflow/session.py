"""The wiring: the default engine and its executors, ``configure``, ``runs``, ``shutdown``.

Owns: the one engine of the process, made when first needed. Called by: any thread. Guarantees: nothing is started at
import; after ``shutdown`` the next submit starts afresh; a forked child does not use its parent's threads; the
interpreter's exit never waits for a task, and says which were lost.
"""

from __future__ import annotations

import atexit
import concurrent.futures
import dataclasses
import difflib
import importlib
import os
import sys
import threading
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, cast

from ipyflow.engine import default, future, nesting, output, sources
from ipyflow.engine.asking import BY_CODE, PLACE, PromptExecutor
from ipyflow.engine.context import current_call
from ipyflow.engine.loop import LoopClock, LoopThread
from ipyflow.engine.run import Run
from ipyflow.engine.scheduler import Engine
from ipyflow.executors.coroutines import CoroutineExecutor
from ipyflow.executors.inline import InlineExecutor
from ipyflow.executors.table import Executors
from ipyflow.executors.threads import ThreadExecutor, default_size
from ipyflow.machine import cores
from ipyflow.model.ports import Clock, Executor, Presenter


@dataclass(frozen=True)
class Settings:
    """What :func:`configure` sets.

    Attributes:
        threads: task bodies that run at once on threads; ``None`` is the number of cores and four, 32 at most.
        processes: task bodies that run at once in worker processes; ``None`` is the number of cores that this
            process may use (in a container, its share).
        dask: the cluster of ``executor="dask"``: a ``distributed.Client``, a scheduler's address, or ``None`` for the
            current client, else a ``LocalCluster``.
        log_limit: records kept for each run, in memory; ``None`` keeps all. A long-lived service should set it.
        answers: to prompts, by their title or name: values, or functions that are given the question's text. The word
            ``"code"`` has prompts wait for ``future.answer(...)`` where no page is open.
        nested_loops: whether a blocking wait on the main thread keeps the loop that runs there turning.
        database: where runs and results are kept: a path, ``":memory:"`` for as long as the process lives, ``None``
            for nowhere. ``"default"`` is what the environment variable ``IPYFLOW_DATABASE`` says (``none`` is nowhere),
            else a file in the user's data directory.
        keep_results: whether the values of tasks are kept too, so that a flow whose kernel died goes on with them.
        disk_limit: bytes that the database and its files may take: beyond them kept results go first, those first that
            were not used for longest, then the oldest runs.
    """

    threads: int | None = None
    processes: int | None = None
    dask: Any = None
    log_limit: int | None = None
    answers: Mapping[str, Any] | str | None = None
    nested_loops: bool = False
    database: str | os.PathLike[str] | None = "default"
    keep_results: bool = False
    disk_limit: int = 2_000_000_000


_SMALLEST = 1_000_000
_AT_ONCE: dict[str, Any] = {"answers": None, "nested_loops": False}
"""Settings that no engine is made of: they count at once, also while tasks run."""


class _WhenShown:
    """The static presenter, imported when something is first shown: it is a third of what there is to import."""

    def __getattr__(self, name: str) -> Any:
        views = importlib.import_module("ipyflow.views.presenter")
        return getattr(views.StaticPresenter(), name)


class _Session:
    """The engine of the process and what it was made with."""

    def __init__(self) -> None:
        self.settings = Settings()
        self.presenter: Presenter = cast(Presenter, _WhenShown())
        self.listeners: list[Callable[[Engine], None]] = []
        self._engine: Engine | None = None
        self._executors: Executors | None = None
        self._store: Any = None
        self._began = False
        self.is_forked = False
        """True in a forked child of a process that had begun: SQLite may have been at work there, or just have been
        imported, by a thread that is not here and gives nothing back. So nothing is kept here."""
        self._lock = threading.RLock()

    def engine(self) -> Engine:
        """The engine, made now if there is none."""
        engine = self._engine
        return engine if engine is not None else self._make()

    def _make(self) -> Engine:
        with self._lock:
            if self._engine is None:
                self._began = True
                engine, executors = make_engine(self.settings, self.presenter)
                self._executors = executors
                self._store = remember(engine, self.settings)
                for listener in self.listeners:
                    listener(engine)
                self._engine = engine
                default.install(engine)
            return self._engine

    def current(self) -> Engine | None:
        """The engine if there is one."""
        return self._engine

    def kept(self) -> Any:
        """The store if there is one."""
        return self._store

    def stop(self, wait: bool) -> None:
        """Let the engine go."""
        with self._lock:
            engine, self._engine = self._engine, None
            executors, self._executors = self._executors, None
            store, self._store = self._store, None
        if engine is None or executors is None:
            return
        if default.instance is engine:
            default.install(None)
        engine.accepting = False
        for run in [run for run in engine.runs if run.open]:
            engine.end_scope(run)
        executors.shutdown(wait)
        engine.loop.stop()
        if store is not None:
            store.close()
        output.uninstall()

    def store(self) -> Any:
        """The store, if runs are kept; made now, with its engine, if there is none."""
        self.engine()
        return self._store

    def forget(self) -> None:
        """In a forked child: the parent's threads are not here."""
        self._lock = threading.RLock()
        self.is_forked = self._began
        engine, self._engine = self._engine, None
        executors, self._executors = self._executors, None
        store, self._store = self._store, None
        if store is not None:
            store.left_behind()
        for executor in list((executors or {}).values()):
            executor.forget()
        default.install(None)
        output.after_fork()
        future.after_fork()
        if engine is not None:
            engine.left_behind()


def make_engine(
    settings: Settings, presenter: Presenter, clock: Clock | None = None, seed: int | None = None, inline: bool = False
) -> tuple[Engine, Executors]:
    """An engine with its executors, ready to take tasks.

    Args:
        settings: the sizes.
        presenter: shows its runs.
        clock: another clock than real time.
        seed: for the random pauses of retries.
        inline: run the work of threads on the thread that submits it.
    """
    loop = LoopThread()
    timers = clock or LoopClock(loop)
    call_later = LoopClock(loop).call_later
    here: dict[str, Executor] = {
        "threads": InlineExecutor()
        if inline
        else ThreadExecutor(settings.threads or default_size(cores()), call_later),
        "inline": InlineExecutor(),
        "loop": CoroutineExecutor(loop),
        PLACE: PromptExecutor(),
    }
    executors = Executors(here, settings, call_later)
    engine = Engine(timers, loop, executors, presenter, settings.log_limit, seed)
    engine.can_ask, engine.answers = _at_a_prompt, lambda: _session.settings.answers
    return engine, executors


def remember(engine: Engine, settings: Settings) -> Any:
    """Have what happens in ``engine`` kept where the settings say; returns the store, ``None`` for nowhere."""
    place = settings.database
    if place == "default":
        place = os.environ.get("IPYFLOW_DATABASE") or place
    if place is None or place == "none" or _session.is_forked:
        return None
    made = importlib.import_module("ipyflow.store.store").Store
    store = made(os.fspath(place), settings.keep_results, settings.disk_limit, sources.source_of_task)
    engine.memory = store
    engine.on_run.append(store.run_began)
    engine.on_close.append(store.run_ended)
    engine.on_reopen.append(store.run_goes_on)
    return store


def _at_a_prompt() -> bool:
    """Whether somebody types line after line: who can answer a prompt by the next one. Notebooks say more."""
    return hasattr(sys, "ps1") and sys.stdin is not None and sys.stdin.isatty()


_session = _Session()
default.set_maker(_session.engine)
default.set_presenter(lambda: _session.presenter)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_session.forget)


class Configured:
    """The settings, and a way back to those before: ``with configure(threads=2): ...``."""

    def __init__(self, settings: Settings, before: Settings) -> None:
        self._settings, self._before = settings, before

    def __getattr__(self, name: str) -> Any:
        return getattr(self._settings, name)

    def __enter__(self) -> Configured:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        _apply(self._before)

    def __repr__(self) -> str:
        return repr(self._settings).replace("Settings", "configure")


def configure(**changes: Any) -> Configured:
    """Change settings; without arguments, only return them.

    Settings of the engine itself take effect when it is made: at the first submit, or the next one after
    :func:`shutdown`. Changing them while tasks run raises.

    Args:
        changes: ``threads`` and ``processes`` (bodies at once on threads, in worker processes), ``dask`` (a
            ``distributed.Client``, an address, or ``None``), ``log_limit`` (records kept for each run), ``answers`` (to
            prompts, by their title or name; at once, also while tasks run), ``nested_loops`` (a blocking wait on the
            main thread keeps the loop that runs there turning; at once, too), ``database`` (a path, ``":memory:"``,
            ``"default"``, or ``None`` to keep nothing), ``keep_results`` (of all tasks, for a kernel that dies),
            ``disk_limit`` (bytes that all that is kept may take).

    Returns:
        The settings; also a context manager that brings back those before.

    Raises:
        TypeError: an unknown setting, or one of the wrong type. Nothing is changed.
        ValueError: a value that cannot be. Nothing is changed.
        ImportError: ``nested_loops`` needs a package of its own; the message says how to get it. Nothing is changed.
        RuntimeError: tasks are running. Nothing is changed.

    Example:
        >>> import ipyflow as fl
        >>> with fl.configure(threads=2) as settings:
        ...     settings.threads
        2
    """
    names = [f.name for f in dataclasses.fields(Settings)]
    for name, value in changes.items():
        if name not in names:
            near = difflib.get_close_matches(name, names, 1)
            hint = f"did you mean {near[0]}=?" if near else f"there are {', '.join(names)}"
            raise TypeError(f"unknown setting {name}=: {hint}")
        if name == "dask":
            _check_cluster(value)
            continue
        if name == "answers":
            _check_answers(value)
            continue
        if name == "nested_loops":
            _check_nesting(value)
            continue
        if name == "database":
            _check_database(value)
            continue
        if name == "keep_results":
            if not isinstance(value, bool):
                raise TypeError(f"configure(keep_results={value!r}): give True or False")
            continue
        if name == "disk_limit":
            _check_disk_limit(value)
            continue
        if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
            raise TypeError(f"configure({name}={value!r}): give a whole number, or None for the default")
        if value is not None and value < 1:
            raise ValueError(f"configure({name}={value!r}): give 1 or more, or None for the default")
    before = _session.settings
    _apply(dataclasses.replace(before, **changes))
    return Configured(_session.settings, before)


def _check_cluster(value: Any) -> None:
    if value is None or (isinstance(value, str) and value) or hasattr(value, "scheduler_info"):
        return
    raise TypeError(
        f"configure(dask={value!r}): give a distributed.Client, an address as in 'tcp://10.0.0.1:8786', or None"
    )


def _check_answers(value: Any) -> None:
    if isinstance(value, Mapping) and all(isinstance(name, str) for name in value):
        return
    if value is not None and value != BY_CODE:
        raise TypeError(
            f"configure(answers={value!r}): give a dict of titles or names and answers, as in {{'Mails': True}}; "
            f"{BY_CODE!r} where future.answer(...) answers; or None"
        )


def _check_database(value: Any) -> None:
    if value is not None and not (value and isinstance(value, str | os.PathLike)):
        raise TypeError(
            f"configure(database={value!r}): give the path of a file, ':memory:', 'default', or None to keep nothing"
        )


def _check_disk_limit(value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"configure(disk_limit={value!r}): give a whole number of bytes, as in 2_000_000_000")
    if value < _SMALLEST:
        raise ValueError(f"configure(disk_limit={value!r}): give {_SMALLEST:,} bytes or more")


def _check_nesting(value: Any) -> None:
    if not isinstance(value, bool):
        raise TypeError(f"configure(nested_loops={value!r}): give True or False")
    if value:
        nesting.check()


def _apply(settings: Settings) -> None:
    if settings == _session.settings:
        return
    if dataclasses.replace(settings, **_AT_ONCE) == dataclasses.replace(_session.settings, **_AT_ONCE):
        _use(settings)
        return
    if current_call() is not None:
        raise RuntimeError("configure() in a task would change what it runs on: call it where no task runs")
    engine = _session.current()
    if engine is not None:
        unfinished = engine.unfinished()
        if unfinished:
            raise RuntimeError(
                f"{len(unfinished)} tasks have not ended ({unfinished[0].label}, ...): "
                "wait for them or cancel them, then configure"
            )
        _session.stop(wait=True)
    _use(settings)


def _use(settings: Settings) -> None:
    _session.settings = settings
    nesting.switch(settings.nested_loops)


def runs() -> list[Run]:
    """The runs of this process, newest first (the last 200)."""
    engine = _session.current()
    return [] if engine is None else list(engine.runs)[::-1]


def on_engine(listener: Callable[[Engine], None]) -> Callable[[], None]:
    """Have ``listener`` called with the engine, now if there is one, and with each one made later.

    Returns:
        What takes the listener away.
    """
    _session.listeners.append(listener)
    engine = _session.current()
    if engine is not None:
        listener(engine)
    return lambda: _session.listeners.remove(listener)


def shutdown(wait: bool = True, cancel: bool = False) -> None:
    """Stop the engine; the next submit starts afresh.

    Args:
        wait: wait for the tasks that have not ended; those of a paused run are cancelled, and a recurrent one is not
            run again.
        cancel: cancel them first.

    Never hangs on a body that does not return after it was cancelled: such a thread is left behind.
    """
    if current_call() is not None:
        raise RuntimeError("shutdown() in a task would wait for that task: call it where no task runs")
    engine = _session.current()
    if engine is None:
        return
    engine.take_no_more()
    for run in list(engine.runs):
        if cancel or not wait or run.is_paused():
            run.cancel()
    # What runs may still submit, so look again; waiting does not count as looking at a failure. A body that
    # was cancelled and does not return is not waited for.
    while wait and (pending := [future for future in engine.unfinished() if not future.done()]):
        concurrent.futures.wait(pending)
    _session.stop(wait=wait and not engine.unfinished())


def _at_exit() -> None:
    engine = _session.current()
    if engine is None:
        return
    engine.accepting = False
    unseen = [f for run in engine.runs for f in list(run.unobserved.values())]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is said below
        for run in [run for run in engine.runs if run.open]:
            engine.end_scope(run)
    _come_to_rest(engine)
    lost = engine.unfinished()
    output.uninstall()
    if unseen:
        named = ", ".join(f"{future.label} ({type(future.peek()).__name__})" for future in unseen[:5])
        _say(f"{len(unseen)} failed and nobody looked: {named}")
    if lost:
        names = ", ".join(f.label for f in lost[:5]) + (", ..." if len(lost) > 5 else "")
        _say(f"{len(lost)} tasks had not ended and were dropped: {names}; ipyflow.shutdown() at the end waits for them")
    store = _session.kept()
    if store is not None:
        store.close(timeout=2.0)  # first: it was not the person who cancelled what is cancelled now, and it can go on
    for run in list(engine.runs):
        run.cancel()


def _come_to_rest(engine: Engine) -> None:
    """Wait for the last lines of what has ended: its value was had, and its thread is about to close the run."""
    deadline = time.monotonic() + 1.0
    while time.monotonic() < deadline:
        closing = [run for run in engine.runs if not run.closed and not run.open]
        if all(any(not future.is_final() for future in list(run.live.values())) for run in closing):
            return
        time.sleep(0.001)


def _say(text: str) -> None:
    try:
        print(f"ipyflow: at exit, {text}", file=sys.__stderr__, flush=True)
    except (OSError, ValueError, AttributeError):
        pass  # there is nobody left to tell


atexit.register(_at_exit)
