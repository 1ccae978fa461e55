"""What open pages are told of a run, and when.

One publisher thread serves every page of the kernel. Owns: for each run on show, which pages watch it and what each
has. Called by: any thread (``watch``, ``post``, ``wake``); everything else happens on the publisher's thread, so that
messages leave in order. Guarantees: nothing is sent when nothing changed; at most 20 messages a second for a run, 10
from 200 tasks on, fewer where folding what has come would take more than a small share of the time; after a run has
ended its pages get the rest and cost nothing more.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from ipyflow.model.run import RunState
from ipyflow.notebook.facts import AnyRun, facts, is_paused
from ipyflow.past.run import PastRun
from ipyflow.views.live import LiveView
from ipyflow.views.rows import rows

log = logging.getLogger("ipyflow")

TICK, TICK_LARGE, SMALL = 0.05, 0.1, 200
TICK_ELSEWHERE = 1.0
"""Seconds between two looks at a run that goes on in another kernel: its log has to be asked of the store."""
SHARE = 0.06
"""The part of the time that folding and sending may take while the engine is busy."""
PATIENCE, PATIENCE_MOST = 1.0, 4.0
"""Seconds after which a page is told what has come, whatever it costs; longer each time in a run that stays as fast."""
UNHEARD = 0.3
"""Seconds until a page that has not said that it is ready is sent a snapshot; then twice as long each time."""
UNHEARD_MOST = 40.0


class Viewer:
    """One widget's pages: they share its messages.

    Args:
        send: sends a message; called on the publisher's thread.
    """

    def __init__(self, send: Callable[[dict[str, Any]], None]) -> None:
        self.send = send
        self.view = LiveView()
        self.seq = 0
        self.changed: set[int] = set()
        self.wants_snapshot = False
        self.hears = True
        """Whether a page's messages are read while a cell runs."""
        self._since = time.monotonic()
        self._unheard = UNHEARD

    def asked(self) -> None:
        """A page has said that it is there, or that it has missed something."""
        self.wants_snapshot = True
        self._unheard = float("inf")

    def unheard(self) -> float | None:
        """When a page that has not been heard of should get a snapshot, on the monotonic clock.

        ipykernel 6 reads a page's messages only when the cell has ended: until then it may or may not be listening.
        """
        return self._since + self._unheard if self._unheard <= UNHEARD_MOST else None

    def message(self, state: RunState, now: float) -> dict[str, Any]:
        """The next message, with all that has changed since the last one."""
        changed, self.changed = self.changed, set()
        self.seq += 1
        unheard = self.unheard()
        if unheard is not None and unheard <= time.monotonic():
            self.wants_snapshot = True
            self._unheard *= 2
        if not self.wants_snapshot:
            try:
                return self.view.message(state, changed, self.seq, now)
            except KeyError:
                pass  # a log with a limit has dropped a task that the page knew
        self.wants_snapshot = False
        return self.view.snapshot(state, self.seq, now)


class Feed:
    """A run on show, and its viewers."""

    def __init__(self, run: AnyRun) -> None:
        self.run = run
        self.viewers: list[Viewer] = []
        self.seen = 0
        self.ended = False
        self.paused = False
        self._pumped = self._due = time.monotonic()
        self._put_off = False
        self._patience = PATIENCE
        self._cost = 10e-6
        """Seconds for each record, from the folding to the sending, as measured lately."""

    def next_look(self) -> float | None:
        """When this feed should be pumped next, on the monotonic clock; ``None`` when nothing is left to tell."""
        if self._wanted() and not self._put_off:
            return float("-inf")
        if self._wanted() or not self.ended or self.seen != len(self.run.records) or self._behind():
            return self._due
        return min([at for viewer in self.viewers if (at := viewer.unheard()) is not None], default=None)

    def pump(self, now: float) -> bool:
        """Tell the viewers what has come. True when the run has ended and everything is told."""
        news, waited = len(self.run.records) - self.seen, now - self._pumped
        dear = news * self._cost > SHARE * waited
        self._put_off = dear and not self.run.closed and waited < self._patience
        if self._put_off:
            self._due = min(now + TICK_LARGE, self._pumped + self._patience)
            return False
        self._patience = min(2 * self._patience, PATIENCE_MOST) if dear else PATIENCE
        self._pumped, self._due = now, now + self._tick()
        if news or self._wanted() or self._behind() or any((v.unheard() or now) < now for v in self.viewers):
            began = time.thread_time()
            self._tell(news > 0)
            if news > 100:
                self._cost = max((time.thread_time() - began) / news, 2e-6)
        return self.next_look() is None

    def _tick(self, tasks: int = 0) -> float:
        """Seconds until the run is looked at again."""
        if isinstance(self.run, PastRun):
            return TICK_ELSEWHERE
        return TICK if tasks < SMALL else TICK_LARGE

    def _wanted(self) -> bool:
        return any(viewer.wants_snapshot for viewer in self.viewers)

    def _behind(self) -> bool:
        """Whether the pages lack something that no new record speaks of."""
        return self.paused != is_paused(self.run) or any(viewer.view.behind for viewer in self.viewers)

    def _tell(self, news: bool) -> None:
        messages = []
        paused = is_paused(self.run)
        news, self.paused = news or paused != self.paused, paused
        with self.run.reading() as state:
            self.seen, self.ended = state.seq, state.closed is not None
            clock = self.run.now()
            changed, state.changed = state.changed, set()
            self._due = self._pumped + self._tick(len(state.tasks))
            for viewer in self.viewers:
                viewer.changed |= changed
                if news or viewer.wants_snapshot or viewer.view.behind or viewer.unheard() is not None:
                    messages.append((viewer, viewer.message(state, clock)))
        for viewer, message in messages:
            header = message["payload"]["run"] if message["type"] == "snapshot" else message["run"]
            header |= facts(self.run) | {"hears": viewer.hears}
            viewer.send(message)


class Publisher:
    """The thread that tells the pages, and does what is asked of it in between."""

    def __init__(self) -> None:
        self.on_ended: list[Callable[[AnyRun], None]] = []
        """Called on the publisher's thread when the pages of a run know its end."""
        self._feeds: dict[int, Feed] = {}
        self._active: set[int] = set()
        self._posted: deque[Callable[[], object]] = deque()
        self._later: list[tuple[float, int, Callable[[], object]]] = []
        self._numbers = itertools.count()
        self._bell = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stopped = False

    def watch(self, run: AnyRun, viewer: Viewer) -> None:
        """Keep the viewer's pages up to date with the run."""
        self.post(lambda: self._watch(run, viewer))

    def _watch(self, run: AnyRun, viewer: Viewer) -> None:
        feed = self._feeds.setdefault(run.id, Feed(run))
        feed.viewers.append(viewer)
        self._active.add(run.id)

    def leave(self, run: AnyRun, viewer: Viewer) -> None:
        """The viewer has no pages any more."""
        self.post(lambda: self._leave(run, viewer))

    def _leave(self, run: AnyRun, viewer: Viewer) -> None:
        feed = self._feeds.get(run.id)
        if feed is not None and viewer in feed.viewers:
            feed.viewers.remove(viewer)
            if not feed.viewers:
                del self._feeds[run.id]

    def wake(self, run: AnyRun) -> None:
        """Look at the run again: a page asks for a snapshot, or it goes on after it had ended."""
        self.post(lambda: self._active.add(run.id) if run.id in self._feeds else None)

    def answer_rows(self, run: AnyRun, viewer: Viewer, asked: dict[str, Any]) -> None:
        """Send the rows that the table of a large run shows."""
        self.post(lambda: viewer.send(_rows(run, asked)))

    def post(self, call: Callable[[], object]) -> None:
        """Have ``call`` made on the publisher's thread, soon."""
        self._posted.append(call)
        self._ring()

    def later(self, delay: float, call: Callable[[], object]) -> None:
        """Have ``call`` made on the publisher's thread in ``delay`` seconds."""
        due = time.monotonic() + delay
        self.post(lambda: heapq.heappush(self._later, (due, next(self._numbers), call)))

    def _ring(self) -> None:
        with self._lock:
            if self._thread is None and not self._stopped:
                self._thread = threading.Thread(target=self._main, name="ipyflow-publisher", daemon=True)
                self._thread.start()
        self._bell.set()

    def stop(self, timeout: float = 2) -> None:
        """Do what was posted, then end the thread."""
        with self._lock:
            self._stopped, thread = True, self._thread
        self._bell.set()
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout)

    def _main(self) -> None:
        while not (self._stopped and not self._posted):
            self._bell.wait(self._pause())
            self._bell.clear()
            for _ in range(len(self._posted)):
                self._guarded(self._posted.popleft())
            while self._later and self._later[0][0] <= time.monotonic():
                self._guarded(heapq.heappop(self._later)[2])
            for id in list(self._active):
                feed = self._feeds.get(id)
                if feed is None or not self._pumped(feed):
                    self._active.discard(id)

    def _pause(self) -> float | None:
        feeds = [feed for id in self._active if (feed := self._feeds.get(id)) is not None]
        looks = [look for feed in feeds if (look := feed.next_look()) is not None]
        looks += [due for due, _, _ in self._later[:1]]
        return max(0.0, min(looks) - time.monotonic()) if looks else None

    def _pumped(self, feed: Feed) -> bool:
        """Pump a feed that is due; False when it needs no more."""
        now = time.monotonic()
        look = feed.next_look()
        if look is not None and look > now:
            return True
        try:
            over = feed.pump(now)
        except Exception:
            log.exception("the view of run %s stopped", feed.run.id)
            return False
        if over:
            for listener in self.on_ended:
                self._guarded(lambda listener=listener: listener(feed.run))  # type: ignore[misc]
        return not over

    @staticmethod
    def _guarded(call: Callable[[], object]) -> None:
        try:
            call()
        except Exception:
            log.exception("a call on the publisher's thread failed")


def _rows(run: AnyRun, asked: dict[str, Any]) -> dict[str, Any]:
    column, ascending = asked.get("sort") or ("id", True)
    with run.reading() as state:
        answer = rows(
            state,
            int(asked.get("offset") or 0),
            int(asked.get("limit") or 100),
            sort=(str(column), bool(ascending)),
            states=asked.get("states"),
            text=str(asked.get("text") or ""),
            now=run.now(),
        )
    return {**answer, "request": asked.get("request")}
