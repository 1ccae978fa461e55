"""The link of pages with our JupyterLab extension: they ask over the control channel and hear over iopub.

A cell may block the main thread and with it the shell channel; the control channel has a thread of its own in every
ipykernel that is supported, so a click is heard in milliseconds. What a page is told goes out as a ``comm_msg`` under
the page's own number: a comm that nobody ever opens, so that front ends and runners without the extension pass it over.

Owns: which pages there are, and what each watches; all of it on the publisher's thread. Called by: the control thread,
which hands everything on. Guarantees: a page that is not heard of for :data:`PATIENCE` seconds costs nothing more.
"""

from __future__ import annotations

import importlib.metadata
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from ipyflow import session
from ipyflow.engine.run import Run
from ipyflow.engine.scheduler import Engine
from ipyflow.notebook import library
from ipyflow.notebook.facts import AnyRun, is_paused
from ipyflow.notebook.subscription import Desk, Subscription
from ipyflow.views.listing import listed

REQUEST, REPLY = "ipyflow_request", "ipyflow_reply"
TARGET = "ipyflow-parallel"
"""Under this name the kernel's table of comms says that we are here; hellos to all pages have it for their number."""
ANNOUNCING = 0.15
"""Seconds after loading in which a page may say that it has the extension, before something is shown without."""
PATIENCE = 75.0
"""Seconds without a sign of life after which a page is forgotten: timers of hidden tabs ring once a minute."""
BEAT = 1.0
"""Seconds between two hellos to all while a run goes on: for pages that were reloaded while a cell blocks."""
LISTING = 0.5
"""Seconds between two lists of runs."""
LISTED = 200
"""Runs in a list."""
try:
    _VERSION = importlib.metadata.version("ipyflow-parallel")
except importlib.metadata.PackageNotFoundError:  # the sources alone are on the path
    _VERSION = ""


class Beacon:
    """What stands in the kernel's table of comms, for pages that ask whether ipyflow is loaded; it hears nothing."""

    comm_id = target_name = TARGET

    def handle_msg(self, message: Any) -> None:
        """Nobody has opened it."""

    def handle_close(self, message: Any) -> None:
        """Nobody has opened it."""


class Page:
    """One page in a browser.

    Args:
        id: the number it has given itself.
    """

    def __init__(self, id: str) -> None:
        self.id = id
        self.heard = time.monotonic()
        self.subscriptions: dict[int, Subscription] = {}
        self.wants_runs = False
        self.told: list[tuple[Any, ...]] | None = None
        """What its list of runs was made from."""


class Pages:
    """The pages of one kernel.

    Args:
        kernel: the kernel, or ``None`` where there is none, as in a terminal.
        desk: what all subscriptions share.
        cell_of: the id of the cell that a run stands under, by the run's number.
    """

    def __init__(self, kernel: Any, desk: Desk, cell_of: dict[int, str]) -> None:
        self._kernel, self._desk, self._cell_of = kernel, desk, cell_of
        self._publisher = desk.publisher
        self._pages: dict[str, Page] = {}
        self._lines: dict[int, tuple[tuple[Any, ...], dict[str, Any]]] = {}
        self._due: dict[int, float] = {}
        self._heard = threading.Event()
        self._loaded = time.monotonic()
        self._forget_engines: Callable[[], None] = lambda: None
        self._numbers: Iterator[int] | None = None
        self._resumed: set[str] = set()
        """Runs of the past that went on in this kernel."""
        self._planned: set[Callable[[], None]] = set()
        """What is to be called later, each once, however often it is asked for."""

    def load(self) -> None:
        """Listen, and say to all pages that we are here."""
        if self._kernel is None:
            return
        self._loaded = time.monotonic()
        self._kernel.control_handlers[REQUEST] = self._on_request
        self._kernel.comm_manager.register_comm(Beacon())
        self._forget_engines = session.on_engine(self._engine_came)
        self._greet()

    def unload(self) -> None:
        """Listen no more."""
        if self._kernel is None:
            return
        self._kernel.control_handlers.pop(REQUEST, None)
        self._kernel.comm_manager.comms.pop(TARGET, None)
        self._forget_engines()
        for page in list(self._pages.values()):
            self._forget(page)

    def announced(self) -> bool:
        """Whether a page has the extension, and so draws runs itself; shortly after loading this waits for its word."""
        if self._kernel is None:
            return False
        return self._heard.wait(max(0.0, self._loaded + ANNOUNCING - time.monotonic()))

    def go_over(self, before: AnyRun, run: Run) -> None:
        """Show ``run`` wherever ``before`` is on show."""
        for page in list(self._pages.values()):
            for subscription in list(page.subscriptions.values()):
                if subscription.run is before:
                    subscription.go_over(run)

    def beat(self) -> None:
        """A run goes on: say now and then that we are here."""
        if self._kernel is not None:
            self._publisher.post(self._start_beating)

    def _engine_came(self, engine: Engine) -> None:
        """Another engine may have another database, as after ``configure(database=...)``: pages list it anew. And it
        numbers its runs where the one before it stopped, for views and cells know a run of this kernel by its number.
        """
        if self._numbers is None:
            self._numbers = engine.run_numbers
        engine.run_numbers = self._numbers
        self._publisher.post(self._tell_history)

    # On the control thread.

    async def _on_request(self, stream: Any, ident: Any, parent: Any) -> None:
        content = parent["content"]
        self._heard.set()
        self._publisher.post(lambda: self._received(content))
        self._kernel.session.send(stream, REPLY, {"status": "ok"}, parent, ident=ident)

    # On the publisher's thread.

    def _received(self, content: dict[str, Any]) -> None:
        id, sub, body = str(content.get("page")), content.get("sub"), content.get("body") or {}
        page = self._pages.get(id)
        if page is None:
            page = self._pages[id] = Page(id)
            self._plan(PATIENCE / 3, self._sweep)
        page.heard = time.monotonic()
        kind = body.get("type")
        if kind == "hello":
            self._send(id, None, {"type": "hello", "version": _VERSION, "subs": list(page.subscriptions)})
        elif kind == "bye":
            self._forget(page)
        elif kind == "runs":
            page.wants_runs, page.told = bool(body.get("on")), None
            self._list()
        elif kind == "watch":
            self._watch(page, int(body["sub"]), int(body["run"]), float(body["wall"]), str(body.get("key") or ""))
        elif kind == "ask" and sub is None:
            self._ask(page.id, body)
        elif kind == "leave":
            subscription = page.subscriptions.pop(int(body["sub"]), None)
            if subscription is not None:
                subscription.close()
        elif sub in page.subscriptions:
            page.subscriptions[sub].received(body)
        elif sub is not None:
            self._send(id, sub, {"type": "unknown"})

    def _watch(self, page: Page, sub: int, id: int, wall: float, key: str) -> None:
        run = next((run for run in session.runs() if run.id == id or (key and run.key == key)), None)
        # Numbers begin anew in every kernel: the instant at which it began tells runs apart.
        if run is not None and (run.key == key != "" or abs(run.snapshot().wall - wall) <= 1e-3):
            self._subscribe(page, sub, run)
        elif key:
            threading.Thread(target=self._open, args=(page, sub, key), name="ipyflow-command", daemon=True).start()
        else:
            self._send(page.id, sub, {"type": "unknown"})

    def _subscribe(self, page: Page, sub: int, run: AnyRun) -> None:
        before = page.subscriptions.get(sub)
        if before is not None:
            before.close()
        subscription = Subscription(run, self._desk, lambda message: self._send(page.id, sub, message))
        page.subscriptions[sub] = subscription
        subscription.viewer.asked()

    def _open(self, page: Page, sub: int, key: str) -> None:
        """On a thread of its own: the log of a large run takes its time to be read."""
        try:
            run = library.opened(key)
        except Exception as error:
            self._send(page.id, sub, {"type": "unknown", "why": str(error)})
            return
        self._publisher.post(lambda: self._subscribe(page, sub, run) if page.id in self._pages else None)

    def _ask(self, page: str, body: dict[str, Any]) -> None:
        """A question about no run on show."""

        def ask() -> None:
            answer, error = None, None
            try:
                answer = library.answer(body.get("what"), body.get("query") or {}, self._desk.placing)
            except Exception as raised:
                error = str(raised)
            self._send(page, None, {"type": "answer", "request": body.get("request"), "answer": answer, "error": error})

        threading.Thread(target=ask, name="ipyflow-command", daemon=True).start()

    def _tell_history(self) -> None:
        for page in self._pages.values():
            self._send(page.id, None, {"type": "history"})

    def _forget(self, page: Page) -> None:
        self._pages.pop(page.id, None)
        for subscription in page.subscriptions.values():
            subscription.close()

    def _sweep(self) -> None:
        for page in [page for page in self._pages.values() if time.monotonic() - page.heard > PATIENCE]:
            self._forget(page)
        if self._pages:
            self._plan(PATIENCE / 3, self._sweep)

    def _start_beating(self) -> None:
        self._plan(BEAT, self._beat)

    def _beat(self) -> None:
        if any(not run.closed for run in session.runs()[:LISTED]):
            self._greet()
            self._start_beating()

    def _greet(self) -> None:
        self._send(TARGET, None, {"type": "hello", "version": _VERSION})

    def _list(self) -> None:
        pages = [page for page in self._pages.values() if page.wants_runs]
        if not pages:
            return
        found = session.runs()[:LISTED]
        resumed = {run.resumes for run in found if run.resumes}
        if resumed - self._resumed:
            self._tell_history()  # what can be done with those that went on is something else now
        self._resumed = resumed
        lines = [self._line(run) for run in found]
        for page in pages:
            key = [line[0] for line in lines]
            if page.told != key:
                page.told = key
                self._send(page.id, None, {"type": "runs", "runs": [line[1] for line in lines]})
        self._lines = {run.id: line for run, line in zip(found, lines, strict=True)}
        self._due = {id: due for id, due in self._due.items() if id in self._lines}
        self._plan(LISTING, self._list)

    def _line(self, run: Run) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """A run's line in the list, and what it was made from."""
        key = (run.id, len(run.records), is_paused(run), run.beginning is not None, self._cell_of.get(run.id))
        before, began = self._lines.get(run.id), time.thread_time()
        early = time.monotonic() < self._due.get(run.id, 0.0) and not run.closed
        if before is not None and (before[0] == key or early):
            return before
        with run.reading() as state:
            line = listed(state, run.now())
        # A run that nobody watches is folded for this list alone: that must not slow it down.
        self._due[run.id] = time.monotonic() + 20 * (time.thread_time() - began)
        return key, line | {"paused": key[2], "again": key[3], "cell": key[4]}

    def _plan(self, delay: float, call: Callable[[], None]) -> None:
        if call in self._planned:
            return

        def due() -> None:
            self._planned.discard(call)
            call()

        self._planned.add(call)
        self._publisher.later(delay, due)

    def _send(self, page: str, sub: int | None, body: dict[str, Any]) -> None:
        content = {"comm_id": page, "data": {"ipyflow": 1, "sub": sub, "body": body}}
        ident = f"comm-{page}".encode()
        self._kernel.session.send(self._kernel.iopub_socket, "comm_msg", content, parent={}, ident=ident)
