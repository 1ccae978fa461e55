"""Work runs in processes of our own: real parallel Python, each body stoppable by itself.

Owns: the worker processes, the queue of ready work, one thread that starts workers and hears them. Called by: any
thread (``dispatch``, ``cancel``); tells the engine of ends on its thread. Guarantees: at most ``size`` bodies run at
once, not counting those that wait for other tasks; whoever waits never starves the pool, which grows; a worker is
killed, or dies, with its own body and no other; no worker outlives this process.

A pool of another library has no way for a body to talk to the engine while it runs, and no way to grow when a body
waits: ``docs/processes.md`` has what was measured.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import logging
import os
import selectors
import socket
import sys
import threading
from collections.abc import Callable
from typing import Any

from ipyflow.errors import ExecutorUnavailable, WorkerLost
from ipyflow.executors.guard import Guard
from ipyflow.executors.process import Process
from ipyflow.model.ports import Hearing, Work
from ipyflow.wire.pickling import Packer

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

    def __init__(self, size: int, call_later: Callable[[float, Callable[[], object]], object]) -> None:
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
        self._full: list[Process] = []
        """Processes that do not listen just now, with something left to be sent."""
        self._finished = 0
        self._watching = False
        self._rung = False
        self._down = False
        self._thread: threading.Thread | None = None
        self._guard: Guard | None = None
        self._selector = selectors.DefaultSelector()
        self._ears, self._bell = socket.socketpair()
        self._ears.setblocking(False)
        self._bell.setblocking(False)
        self._selector.register(self._ears, selectors.EVENT_READ, None)

    # Work comes and goes.

    def dispatch(self, work: Work) -> None:
        """Queue it."""
        with self._lock:
            heapq.heappush(self._ready, (-work.level, next(self._order), work))
            self._wake()

    def follow(self, work: Work) -> Work | None:
        """Queue it."""
        self.dispatch(work)
        return None

    def _go_on(self) -> None:
        """On the thread: give ready work to idle processes, and ask for more of them if there is room."""
        while True:
            with self._lock:
                if not self._ready or self._down:
                    return
                process = next((p for p in reversed(self._idle) if p.is_fit()), None)
                if process is None:
                    self._ask_for_more()
                    return
                self._idle.remove(process)
                work = heapq.heappop(self._ready)[2]
                process.work, self._at[work] = work, process
            if not self._start(process, work):
                self._free(process)

    def _start(self, process: Process, work: Work) -> bool:
        """Send work to an idle process; False if it is not to be run after all."""
        host = work.remote
        try:
            package = host.package()
        except BaseException as error:
            host.failed(error)
            return False
        if not host.begin(process.label):
            return False
        process.send_path(sys.path)
        process.run(package)  # if nobody hears it any more, its end is about to be heard
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
        """Under the lock: have the thread start processes for the ready work, as many as there may be."""
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

    def _wake(self) -> None:
        """Have the thread look at what there is to do; it is started when there is first."""
        if self._thread is None and not self._down:
            self._thread = Hearing(self._serve, "ipyflow-processes")
            self._thread.start()
        if not self._rung:
            self._rung = True
            with contextlib.suppress(OSError):
                self._bell.send(b"!")

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
                self._wake()

        self._call_later(STALL_SECONDS, look)

    # On the thread: processes start, speak and end.

    def _serve(self) -> None:
        while True:
            try:
                for key, mask in self._selector.select():
                    if key.data is None:
                        with contextlib.suppress(BlockingIOError):
                            self._ears.recv(1024)
                        # Behind that, or a ring just heard would count for ever; before the queue is looked at.
                        self._rung = False
                    elif key.fileobj is key.data.channel:
                        if mask & selectors.EVENT_READ:
                            self._hear(key.data)
                        if mask & selectors.EVENT_WRITE and key.data.is_alive and key.data.flush():
                            self._selector.modify(key.data.channel, selectors.EVENT_READ, key.data)
                    elif key.fileobj == key.data.ending:
                        self._hear_end(key.data)
                    else:
                        self._hear_pipe(key.data, key.fileobj)
                self._go_on()
                self._start_processes()
                self._mind_the_full()
            except Exception:  # of the engine's, or of a callback: the others are still to be heard
                logging.getLogger(__name__).exception("the thread that hears worker processes goes on after an error")
            with self._lock:
                if not self._down or self._processes:
                    continue
            self._close()
            if self._guard is not None:
                self._guard.close()
            return

    def _start_processes(self) -> None:
        while True:
            with self._lock:
                if not self._asked or self._down:
                    self._asked = 0
                    return
                self._asked -= 1
                number = next(n for n in itertools.count(1) if all(n != p.number for p in self._processes))
            try:
                self._guard = self._guard or Guard()
                process = Process(number, self._guard, self._is_full)
            except OSError as error:
                with self._lock:
                    self._coming -= 1
                self._refuse(f"no worker process can be started: {error}")
                continue
            with self._lock:
                self._processes[process] = None
                if self._is_down():  # meanwhile; whoever has said so has not seen it
                    process.kill()
            self._selector.register(process.channel, selectors.EVENT_READ, process)
            if process.ending is not None:
                self._selector.register(process.ending, selectors.EVENT_READ, process)
            for pipe in process.pipes:
                self._selector.register(pipe, selectors.EVENT_READ, process)

    def _is_down(self) -> bool:
        return self._down

    def _mind_the_full(self) -> None:
        """Go on sending to those for which there was no room, once there is."""
        while self._full:
            process = self._full.pop()
            if process.is_alive:
                self._selector.modify(process.channel, selectors.EVENT_READ | selectors.EVENT_WRITE, process)

    def _is_full(self, process: Process) -> None:
        self._full.append(process)
        self._wake()

    def _hear(self, process: Process) -> None:
        if not process.is_alive:
            return
        try:
            messages = process.channel.read()
        except (EOFError, OSError):
            self._gone(process)
            return
        for message in messages:
            self._heard(process, message)

    def _heard(self, process: Process, message: Any) -> None:
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
            self._drain(process)
            process.last = work
            self._finished += 1
            self._free(process)
            self._go_on()  # the process has its next work before others hear of this end
            work.remote.ended(message[1])
        else:
            work.remote.heard(message, process.send)

    def _hear_end(self, process: Process) -> None:
        """It has ended; somebody else, a child that C code has forked, may still hold its end of the channel."""
        while process.is_alive and process.speaks():
            self._hear(process)
        if process.is_alive:
            self._gone(process)

    def _hear_pipe(self, process: Process, pipe: Any) -> None:
        """What was written to a descriptor, by code that does not go through ``sys.stdout``."""
        text = process.read(pipe)
        if text is None and pipe in process.pipes:
            self._selector.unregister(pipe)
            process.pipes.pop(pipe)
            pipe.close()
        elif text:
            work = process.work or process.last
            if work is not None:
                work.remote.heard(("output", process.pipes[pipe], text), _no_answer)
            else:
                process.words += text

    def _drain(self, process: Process) -> None:
        for pipe in list(process.pipes):
            while process.has(pipe):
                self._hear_pipe(process, pipe)

    def _gone(self, process: Process) -> None:
        """A process has ended: so has its body."""
        self._selector.unregister(process.channel)
        if process.ending is not None:
            self._selector.unregister(process.ending)
        began = process.has_begun
        how = process.reap()
        self._drain(process)
        for pipe in process.pipes:
            self._selector.unregister(pipe)
        process.close_pipes()
        with self._lock:
            process.is_alive = False
            self._processes.pop(process, None)
            if process in self._idle:
                self._idle.remove(process)
            work = process.work
            if not process.is_ready:
                self._coming -= 1
                self._stillborn += 1
        if not process.is_ready and self._stillborn >= STILLBORN:
            self._refuse(f"worker processes end before they are ready: the last one {how}. It said: {process.words}")
        if work is not None:
            self._free(process)
            work.remote.lost(
                f"its worker {process.label} (process {process.pid}) {how}; retries= would run it again", began
            )

    def _refuse(self, why: str) -> None:
        """No process can be had: fail what waits for one, rather than let it wait for ever."""
        with self._lock:
            if self._processes and any(process.is_ready for process in self._processes):
                return
            waiting, self._ready = self._ready, []
            self._stillborn = 0
        for _, _, work in waiting:
            work.remote.failed(WorkerLost(f"{work.label}: {why}"))

    # What the engine says of running bodies.

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
                self._wake()

    def unblocked(self, work: Work) -> None:
        """The body goes on; of processes too many, one goes when it has nothing to do."""
        with self._lock:
            self._away.discard(work)

    def crowded(self) -> bool:
        """Never: a body runs no other inside of it."""
        return False

    def mend(self) -> None:
        """A dispatch was interrupted: see that what is ready goes on."""
        self._rung = False
        self._wake()

    def shutdown(self, wait: bool) -> None:
        """Take no more work, and let the processes go: the idle ones now, the others are killed."""
        with self._lock:
            self._down = True
            processes, thread = list(self._processes), self._thread
        for process in processes:
            process.kill()
        if thread is None:
            self._close()
        else:
            self._rung = False
            self._wake()
        if thread is not None and wait and thread is not threading.current_thread():
            thread.join()

    def _close(self) -> None:
        self._selector.close()
        self._ears.close()
        self._bell.close()

    def forget(self) -> None:
        """In a forked child: let go of the workers, which are the parent's."""
        for process in list(self._processes):
            process.channel.close()
        if self._guard is not None:
            self._guard.leave()


def make(size: int | None, call_later: Callable[[float, Callable[[], object]], object]) -> ProcessExecutor:
    """The executor of this machine.

    Raises:
        ExecutorUnavailable: the platform has no sockets that hand over files.
    """
    if not hasattr(socket, "send_fds") or sys.platform == "win32":
        raise ExecutorUnavailable(
            'executor="processes" needs Linux or macOS: here, give a concurrent.futures.ProcessPoolExecutor, '
            'or executor="dask"'
        )
    return ProcessExecutor(size or os.cpu_count() or 1, call_later)


def _no_answer(_: Any) -> None:
    """Output wants none."""
