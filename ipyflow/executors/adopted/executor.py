"""Work runs on an executor of another library: any ``concurrent.futures.Executor``.

Owns: nothing of the executor, which stays whose it was: it is never shut down from here. Called by: any thread.
Guarantees: where it runs things in this very interpreter, bodies run in its threads as they are, see
``here``; else they go there pickled, see ``there``. Which of the two, classes of the standard library
tell; any other executor is asked, by what it does with a function that looks around. Work that comes before the answer
waits for it, and no submit does.
"""

from __future__ import annotations

import concurrent.futures
import threading
from threading import get_ident
from typing import Any

from ipyflow.errors import ExecutorUnavailable
from ipyflow.executors.adopted.here import Here
from ipyflow.executors.adopted.there import There
from ipyflow.model.ports import Work
from ipyflow.model.wire import Parcel
from ipyflow.wire import pickling
from ipyflow.worker import foreign

_ELSEWHERE = ("loky", "joblib")
"""Packages all of whose executors are processes."""
_SILENT = ("distributed", "ipyparallel")
"""Packages whose futures do not tell when a call starts."""


class AdoptedExecutor(pickling.Packer):
    """An executor of another library; see the module."""

    keeps = False

    def __init__(self, pool: concurrent.futures.Executor) -> None:
        super().__init__()
        self.pool = pool
        self.name = type(pool).__name__
        most = getattr(pool, "_max_workers", None)
        self.size = most if isinstance(most, int) and most > 0 else None
        self._lock = threading.Lock()
        self._held: list[Work] = []
        """Work that came before it is known where the executor runs it."""
        self._asked = False
        self._side: Here | There | None = None
        self.remote = True
        known = _runs_here(pool)
        if known is not None:
            self._settle(known, at_once=False)

    # Where does it run things?

    def _settle(self, here: bool, at_once: bool) -> None:
        if here:
            self._side = Here(self.pool, self.name, self.size, at_once)
            self.remote = False
        else:
            self._side = There(self.pool, self.name, tells=_package(self.pool) not in _SILENT)

    def _ask(self) -> None:
        asked_on = get_ident()
        try:
            answer = self.pool.submit(foreign.look_around)
        except Exception as error:
            self._refuse(error)
            return

        def answered(future: concurrent.futures.Future[tuple[foreign.Place, int]]) -> None:
            try:
                place, thread = future.result()
            except BaseException as error:
                self._refuse(error)
                return
            here = place == foreign.here()
            self._settle(here, at_once=here and thread == asked_on)
            with self._lock:
                held, self._held = self._held, []
            for work in held:
                self.dispatch(work)

        answer.add_done_callback(answered)

    def _refuse(self, error: BaseException) -> None:
        """It did not run even that: so it is for the work that waits, and the next to come asks again."""
        with self._lock:
            held, self._held = self._held, []
            self._asked = False
        for work in held:
            refusal = ExecutorUnavailable(
                f"{self.name} could not run a function of ipyflow ({type(error).__name__}: {error}): it must be able "
                "to take work, and its workers must be able to import ipyflow"
            )
            refusal.__cause__ = error
            work.remote.failed(refusal)

    # Work comes and goes.

    def dispatch(self, work: Work) -> None:
        """Hand it to the executor."""
        side = self._side
        if side is not None:
            side.dispatch(work)
            return
        with self._lock:
            known = self._side is not None
            if not known:
                self._held.append(work)
            ask, self._asked = not self._asked, True
        if known:
            self.dispatch(work)
        elif ask:
            self._ask()

    def follow(self, work: Work) -> Work | None:
        """Hand it to the executor: this thread may not be one of its own."""
        self.dispatch(work)
        return None

    def cancel(self, work: Work) -> None:
        """Take it out of the executor's queue; a body that runs there cannot be stopped."""
        if self._side is not None:
            self._side.cancel(work)

    def abandon(self, work: Work) -> None:
        """The executor has its worker back when the body returns."""
        if self._side is not None:
            self._side.abandon(work)

    def returned(self, work: Work) -> None:
        """Nothing was given up."""

    def blocked(self, work: Work) -> None:
        """The body waits: where it stands in the way of what it waits for, another thread stands in."""
        if isinstance(self._side, Here):
            self._side.blocked()

    def unblocked(self, work: Work) -> None:
        """The body goes on."""
        if isinstance(self._side, Here):
            self._side.unblocked()

    def crowded(self) -> bool:
        """Never: threads stand in where all wait."""
        return False

    def mend(self) -> None:
        """It may have been about to ask where work runs, and have asked nobody."""
        with self._lock:
            self._asked = self._asked and not self._held
            ask = self._side is None and bool(self._held)
        if ask:
            self._ask()

    def forget(self) -> None:
        """In a forked child: what it was given is the parent's."""
        self._lock = threading.Lock()
        self._held = []
        if self._side is not None:
            self._side.forget()

    def shutdown(self, wait: bool) -> None:
        """It is not ours: only what was made for it here ends."""
        if isinstance(self._side, There):
            self._side.end()

    # Pickling: nothing but bytes, which is what any library carries.

    def pack(self, value: Any) -> Parcel:
        """Pickle ``value``; where that may not be needed at all, an empty parcel stands for what cannot be."""
        try:
            return pickling.pack(value, apart=False)
        except Exception:
            if self._side is None:
                return Parcel(b"")
            raise


def _package(pool: concurrent.futures.Executor) -> str:
    return type(pool).__module__.partition(".")[0]


def _runs_here(pool: concurrent.futures.Executor) -> bool | None:
    """Whether it runs things in this interpreter; ``None`` where the class does not tell."""
    if isinstance(pool, concurrent.futures.ThreadPoolExecutor):
        return not any(kind.__name__ == "InterpreterPoolExecutor" for kind in type(pool).__mro__)
    if isinstance(pool, concurrent.futures.ProcessPoolExecutor) or _package(pool) in _ELSEWHERE:
        return False
    return None
