"""Programs made at random and run by rule, as the engine would on so many workers, without any overhead."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from heapq import heappop, heappush
from typing import Any
from zlib import crc32

from ipyflow.model import records as r
from ipyflow.model.run import RunState, fold
from tests.views.build import Log

Act = tuple[str, int]
"""``("run", ms)``, ``("call", n)`` a child that takes what ``n % 3`` before it gave, ``("wait", n)`` for one."""
DEPTH, WIDTH = 3, 4
WITHOUT_END = 10_000


class Machine:
    """Runs a program and writes its log.

    First come, first served; a body that waits gives its worker to others, and goes on at once when it may. A worker
    goes on with what became ready by what it has ended; a body that waits for a child which is queued runs it itself.
    """

    def __init__(self, script: list[list[Act]], workers: int) -> None:
        self.script, self.free = script, workers
        self.log = Log()
        self.now = 0.0
        self.heap: list[tuple[float, int, Any]] = []
        self.pushed = 0
        self.queue: deque[tuple[int, Iterator[Any]]] = deque()
        self.ended: set[int] = set()
        self.run_here: set[int] = set()
        """Who was run by the body that waited for it."""
        self.goes_on = False
        self.waiting: list[tuple[set[int], Any]] = []
        self.times: set[float] = set()
        self.has_ties = False
        """True where two bodies came to something in the same instant: who is first is a matter of chance then."""
        self._submit(0, (), ())
        while self.heap:
            self.now, _, go = heappop(self.heap)
            go()
            self._serve()
        self.seconds = self.now / 1000
        self.log.close(self.now)

    @property
    def state(self) -> RunState:
        return fold(self.log.records)

    @property
    def reads(self) -> list[r.Read]:
        return [record for record in self.log.records if isinstance(record, r.Read)]

    def _later(self, ms: float, go: Any) -> None:
        self.pushed += 1
        heappush(self.heap, (self.now + ms, self.pushed, go))

    def _submit(self, parent: int, path: tuple[int, ...], refs: tuple[int, ...]) -> int:
        task = self.log.task(self.now, "body", parent, refs=refs)
        body = self._body(task, path)
        missing = set(refs) - self.ended
        if missing:
            self.log.wait(self.now, task, "arguments", on=tuple(missing))
            self.waiting.append((missing, lambda: self._queue(task, body)))
        else:
            self.queue.append((task, body))
        self._serve()
        return task

    def _start(self, task: int, body: Iterator[Any]) -> None:
        self.log.start(self.now, task)
        self._later(0, lambda: self._step(task, body))

    def _queue(self, task: int, body: Iterator[Any]) -> None:
        self.log.queue(self.now, task)
        if self.goes_on:  # the worker that has ended what it waited for
            self.goes_on = False
            self.free -= 1
            self._start(task, body)
        else:
            self.queue.append((task, body))

    def _serve(self) -> None:
        while self.queue and self.free > 0:
            task, body = self.queue.popleft()
            self.free -= 1
            self._start(task, body)

    def _step(self, task: int, body: Iterator[Any]) -> None:
        for kind, what in body:
            if kind == "run":
                self.has_ties |= (when := round(self.now + what, 3)) in self.times
                self.times.add(when)
                self._later(what, lambda: self._step(task, body))
                return
            if what not in self.ended:
                self.log.block(self.now, task, what)
                child = next((item for item in self.queue if item[0] == what), None)
                if child is not None:  # it runs it itself
                    self.queue.remove(child)
                    self.run_here.add(what)
                    self._start(*child)
                else:
                    self.free += 1
                self.waiting.append(({what}, lambda: self._resume(task, body, what)))
                self._serve()
                return
            self.log.read(self.now, what, task)
        self.log.done(self.now, task)
        self.ended.add(task)
        self.goes_on = task not in self.run_here
        self.free += self.goes_on
        waiting, self.waiting = self.waiting, []
        for missing, go in waiting:
            missing.discard(task)
            if missing:
                self.waiting.append((missing, go))
            else:
                go()
        self.goes_on = False

    def _resume(self, task: int, body: Iterator[Any], of: int) -> None:
        self.log.unblock(self.now, task)
        self.free -= of not in self.run_here
        self._later(0, lambda: self._step(task, body))

    def _body(self, task: int, path: tuple[int, ...]) -> Iterator[Any]:
        children: list[int] = []
        for place, (act, n) in enumerate(self.script[sum(path) % len(self.script)]):
            # Hardly any two bodies take the same time, and none takes no time.
            yield "run", (n if act == "run" else 0) + crc32(repr((path, place)).encode()) % 997 / 1000 + 0.001
            if act == "call" and len(path) < DEPTH and len(children) < WIDTH:
                refs = tuple(children[-(n % 3) :]) if n % 3 else ()
                children.append(self._submit(task, (*path, n + place), refs))
            elif act == "wait" and children:
                yield "wait", children[n % len(children)]
        yield "run", crc32(repr(path).encode()) % 997 / 1000 + 0.001
