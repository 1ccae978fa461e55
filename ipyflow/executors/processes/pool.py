"""Work runs in processes of our own: real parallel Python, each body stoppable by itself.

Owns: the worker processes, the queue of ready work. Called by: any thread (``dispatch``, ``cancel``); decides, and
tells the engine of ends, on the thread of its ears. Guarantees: at most ``size`` bodies run at once, not counting
those that wait for other tasks; whoever waits never starves the pool, which grows; a worker is killed, or dies, with
its own body and no other; no worker outlives this process.

A pool of another library has no way for a body to talk to the engine while it runs, and no way to grow when a body
waits: ``docs/processes.md`` has what was measured.
"""

from __future__ import annotations

import heapq
import itertools
import sys
import threading
from collections.abc import Callable
from typing import Any, TypeAlias

from ipyflow.errors import WorkerLost
from ipyflow.executors.processes.ears import Ears
from ipyflow.executors.processes.guard import Guard
from ipyflow.executors.processes.process import Process
from ipyflow.model.ports import Work
from ipyflow.wire.pickling import Packer

Later: TypeAlias = Callable[[float, Callable[[], object]], object]

STILLBORN = 3
"""So many processes may end before they are ready until the pool gives up."""
SPARE = 8
"""Processes that may stand in at once for those whose bodies wait."""
STALL_SECONDS = 0.05
"""So long may all stand waiting, with work queued and no spare, before one more is started."""


class ProcessExecutor(Packer):
    """A pool of ``size`` processes.

    Args:
        size: bodies that run at once.
        call_later: plans a call, in seconds; used only to look whether the pool is stuck.
    """

    name = "processes"
    remote = True
    keeps = False

    def __init__(self, size: int, call_later: Later) -> None:
        super().__init__()
        self.size = size
        self._call_later = call_later
        self._lock = threading.Lock()
        self._ready: list[tuple[int, int, Work]] = []
        """A heap: the deepest first, or a chain of tasks that wait would hold ever more processes; else in order."""
        self._order = itertools.count()
        self._idle: list[Process] = []
        self._processes: dict[Process, None] = {}
        self._at: dict[Work, Process] = {}
        self._asked = 0
        """Processes that are to be started."""
        self._coming = 0
        """Those, and the ones that were started and are not ready."""
        self._stillborn = 0
        """Processes that ended before they were ready, one after the other."""
        self._away: set[Work] = set()
        """Work whose body waits for other tasks."""
        self._finished = 0
        self._watching = False
        self._down = False
        self._guard: Guard | None = None
        self._ears = Ears(self)

    # What the engine says.

    def dispatch(self, work: Work) -> None:
        """Queue it."""
        with self._lock:
            heapq.heappush(self._ready, (-work.level, next(self._order), work))
        self._ears.ring()

    def follow(self, work: Work) -> Work | None:
        """Queue it."""
        self.dispatch(work)
        return None

    def cancel(self, work: Work) -> None:
        """Kill its process; of queued work, only what was to be sent goes: it is never started."""
        with self._lock:
            process = self._at.get(work)
            if process is not None and process.work is work:
                process.kill()
        if process is None:
            work.remote.forget_body()

    def abandon(self, work: Work) -> None:
        """It was killed: its slot is free when that is heard."""

    def returned(self, work: Work) -> None:
        """It was heard."""

    def blocked(self, work: Work) -> None:
        """The body waits: another process may take its place."""
        with self._lock:
            if work in self._at:
                self._away.add(work)
        self._ears.ring()

    def unblocked(self, work: Work) -> None:
        """The body goes on; of processes too many, one goes when it has nothing to do."""
        with self._lock:
            self._away.discard(work)

    def crowded(self) -> bool:
        """Never: a body runs no other inside of it."""
        return False

    def mend(self) -> None:
        """A dispatch was interrupted: see that what is ready goes on."""
        self._ears.ring(again=True)

    def shutdown(self, wait: bool) -> None:
        """Take no more work, and kill the processes: the engine has waited for what should end."""
        with self._lock:
            self._down = True
            processes = list(self._processes)
        for process in processes:
            process.kill()
        self._ears.join(wait)

    def forget(self) -> None:
        """In a forked child: let go of the workers, which are the parent's."""
        for process in list(self._processes):
            process.channel.close()
        if self._guard is not None:
            self._guard.leave()

    # On the thread of the ears: work is given out, and processes are started.

    def look(self) -> None:
        """Give ready work to idle processes, and start more of them if there is room."""
        while (given := self._give()) is not None:
            process, work = given
            if not self._start(process, work):
                self._free(process)
        while (number := self._next_number()) is not None:
            self._start_process(number)

    def _give(self) -> tuple[Process, Work] | None:
        with self._lock:
            if not self._ready or self._down:
                return None
            process = next((p for p in reversed(self._idle) if p.is_fit()), None)
            if process is None:
                self._ask_for_more()
                return None
            self._idle.remove(process)
            work = heapq.heappop(self._ready)[2]
            process.work, self._at[work] = work, process
            return process, work

    @staticmethod
    def _start(process: Process, work: Work) -> bool:
        """Send work to an idle process; False if it is not to be run after all."""
        host = work.remote
        try:
            package = host.package()
        except BaseException as error:
            host.failed(error)
            return False
        if not host.begin(process.label):
            return False
        try:
            process.send_path(sys.path)
            process.run(package)  # if nobody hears it any more, its end is about to be heard
        except BaseException:  # no memory, perhaps: nobody is to wait for what was not sent
            process.kill()
            raise
        return True

    def _free(self, process: Process) -> None:
        """A process has no work any more."""
        with self._lock:
            work, process.work = process.work, None
            if work is not None:
                self._at.pop(work, None)
                self._away.discard(work)
            if process.is_alive and len(self._processes) - len(self._away) > self.size:
                process.send(("exit",))
            elif process.is_alive:
                self._idle.append(process)

    def _ask_for_more(self) -> None:
        """Under the lock: plan processes for the ready work, as many as there may be."""
        there = len(self._processes) + self._asked
        wanted = min(self.size - (there - len(self._away)), len(self._ready) - self._coming)
        room = max(0, self.size + SPARE - there)
        if wanted > room:
            wanted = room
            self._watch_for_stall()
        if wanted > 0:
            self._ask(wanted)

    def _ask(self, count: int) -> None:
        """Under the lock."""
        self._asked += count
        self._coming += count

    def _watch_for_stall(self) -> None:
        """Under the lock: all wait, and no more may come; if nothing moves for a while one comes after all."""
        if self._watching:
            return
        self._watching = True
        finished = self._finished

        def look() -> None:
            with self._lock:
                self._watching = False
                stuck = self._finished == finished and len(self._away) >= len(self._processes)
                if self._ready and not self._down and not self._coming and stuck:
                    self._ask(1)
            self._ears.ring()

        self._call_later(STALL_SECONDS, look)

    def _next_number(self) -> int | None:
        """The number of the next process to be started; ``None`` when there is none."""
        with self._lock:
            if not self._asked or self._down:
                self._asked = 0
                return None
            self._asked -= 1
            return next(n for n in itertools.count(1) if all(n != process.number for process in self._processes))

    def _start_process(self, number: int) -> None:
        try:
            self._guard = self._guard or Guard()
            process = Process(number, self._guard, self._ears.is_full)
        except OSError as error:
            with self._lock:
                self._coming -= 1
            self._refuse(f"no worker process can be started: {error}")
            return
        with self._lock:
            self._processes[process] = None
            if self._down:  # meanwhile; whoever has said so has not seen it
                process.kill()
        self._ears.add(process)

    # On the same thread: processes speak and end.

    def heard(self, process: Process, message: Any) -> None:
        """A process says that it is ready, or that its body has ended; else it is the body that speaks."""
        work = process.work
        if message[0] == "ready":
            with self._lock:
                process.is_ready = True
                self._coming -= 1
                self._stillborn = 0
            self._free(process)
        elif work is None:
            pass  # something that a body has left running has spoken
        elif message[0] == "ended":
            self._ears.drain(process)
            process.last = work.remote.late()
            self._finished += 1
            self._free(process)
            self.look()  # the process has its next work before others hear of this end
            work.remote.ended(message[1])
        else:
            if message[0] == "output":
                self._ears.drain(process)  # what the body has printed before it came another way
            work.remote.heard(message, process.send)

    def wrote(self, process: Process, stream: str, text: str) -> None:
        """A body has printed something."""
        if process.work is not None:
            process.work.remote.heard(("output", stream, text), process.send)
        elif process.last is not None:
            process.last(stream, text)
        else:
            process.words += text

    def gone(self, process: Process, how: str, began: bool) -> None:
        """A process has ended: so has its body."""
        with self._lock:
            self._processes.pop(process, None)
            if process in self._idle:
                self._idle.remove(process)
            if not process.is_ready:
                self._coming -= 1
                self._stillborn += 1
        if not process.is_ready and self._stillborn >= STILLBORN:
            self._refuse(f"worker processes end before they are ready: the last one {how}. It said: {process.words}")
        work = process.work
        if work is not None:
            self._free(process)
            who = f"its worker {process.label} (process {process.pid})"
            work.remote.lost(f"{who} {how}; retries= would run it again", began)

    def is_over(self) -> bool:
        """No process is left, and none will come: the guard may go."""
        with self._lock:
            over = self._down and not self._processes
        if over and self._guard is not None:
            self._guard.close()
        return over

    def _refuse(self, why: str) -> None:
        """No process can be had: fail what waits for one, rather than let it wait for ever."""
        with self._lock:
            if any(process.is_ready for process in self._processes):
                return
            waiting, self._ready = self._ready, []
            self._stillborn = 0
        for _, _, work in waiting:
            work.remote.failed(WorkerLost(f"{work.label}: {why}"))
