"""Random pipelines as plain data, and the real pipeline made of such data, with counters in every body."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import Any

import ipyflow as fl
from tests.flows.pipelines.interpreter import Boom, Group, Pipe, Reader, Step, act, everything, last_wins

DEPTH = 5


class Generator:
    """Makes a random :class:`Pipe` of a seed."""

    def __init__(self, seed: int, places: tuple[str, ...]) -> None:
        self.rng = random.Random(seed)
        self.places = places
        self.numbers = iter(range(10_000))
        self.room = self.rng.choice([6, 15, 30, 60])
        rng = self.rng
        self.loose = rng.random() < 0.15
        self.unordered = not self.loose and rng.random() < 0.15
        self.stateful = not self.loose and rng.random() < 0.6
        self.whole = self.stateful and rng.random() < 0.15
        self.failing = rng.choice([0.0, 0.05, 0.2])

    def program(self) -> Pipe:
        start: Any = None
        if self.stateful and self.rng.random() < 0.8:
            start = 1 if self.whole else {"a": 0, "b": 0, "z": 9}
        if self.whole and start is None:
            start = 1
        args, kwargs = self.initial()
        least, room = self.rng.choice([1, 5, 15, 30]), self.room
        body = self.pipe(DEPTH)
        while len(everything(body)) < min(least, room):
            self.room = room
            body = self.pipe(DEPTH)
        last = replace(self.step(finaliser=True), place="inline")
        return Pipe(body.entries, last, False, args, kwargs, start)

    def initial(self) -> tuple[tuple[Any, ...], tuple[tuple[str, Any], ...]]:
        rng = self.rng
        if rng.random() < 0.7:
            return (), ()
        return tuple(range(rng.randint(0, 2))), (("k", "initial"),) if rng.random() < 0.5 else ()

    def pipe(self, depth: int, inline: bool = False, child: bool = False) -> Pipe:
        rng = self.rng
        entries: list[Step | Group | Pipe] = [self.entry(depth)]
        while rng.random() < 0.55 and len(entries) < 5:
            draw = rng.random()
            if draw < 0.3:
                entries.append(self.step(handles=True, depth=depth))
            elif draw < 0.4 and depth > 0:
                entries.append(Pipe(self.pipe(depth - 1).entries))
            else:
                entries.append(self.entry(depth))
        if not child:
            return Pipe(tuple(entries))
        last = self.step(finaliser=True) if rng.random() < 0.2 else None
        if inline:
            return Pipe(tuple(entries), last, True)
        args, kwargs = self.initial()
        state = {"own": 1} if self.stateful and not self.whole and rng.random() < 0.3 else 1 if self.whole else None
        return Pipe(tuple(entries), last, False, args, kwargs, state)

    def entry(self, depth: int) -> Step | Group:
        if depth > 0 and self.rng.random() < 0.45:
            return self.group(depth)
        return self.step(depth=depth)

    def group(self, depth: int) -> Group:
        rng = self.rng
        count = rng.choice([0, 0, 1, 2, 2, 3, 4, 7]) if self.room > 0 else 0
        exceptions = rng.random() < 0.15
        return Group(
            f"g{next(self.numbers)}",
            tuple(self.pipe(depth - 1) for _ in range(count)),
            most=rng.choice([None, None, 0, 1, 2, 3]),
            stages=rng.choice([None, None, None, 1, 2, 3, 20]),
            exceptions=exceptions,
            fail_fast=self.loose and not exceptions and rng.random() < 0.5,
            ordered=not (self.unordered and rng.random() < 0.5),
            merges=self.stateful and rng.random() < 0.15,
        )

    def step(self, handles: bool = False, depth: int = 0, finaliser: bool = False) -> Step:
        rng = self.rng
        self.room -= 1
        with_state = self.stateful and rng.random() < 0.5
        child, gives = None, rng.choice(["value"] * 6 + ["list", "none", "empty", "single", "pair", "named", "future"])
        if rng.random() < 0.1:
            gives = "children"
        if rng.random() < self.failing * (0.5 if handles else 1):
            gives = rng.choice(["raise", "again"]) if handles else "raise"
            if with_state and not finaliser and rng.random() < 0.2:
                gives = "wrong"
        elif depth > 0 and self.room > 0 and not finaliser and rng.random() < 0.15:
            gives = "pipe"
            # What a task with state and a failing child that is not inline leave behind is nobody's promise.
            child = self.pipe(depth - 1, inline=with_state or rng.random() < 0.4, child=True)
        if finaliser and gives != "raise":
            gives = "value"
        place = rng.choice(self.places)
        if gives == "children" and place == "inline" and "loop" in self.places:
            gives = "value"  # behind a coroutine it runs on the loop, which must not stand still
        changes = None
        if with_state:
            values = [1, 2] if self.whole else [1, 2, 3, None]
            changes = tuple((rng.choice("abcd"), rng.choice(values)) for _ in range(rng.randint(0, 2)))
        return Step(
            f"{'h' if handles else 'f' if finaliser else 't'}{next(self.numbers)}",
            gives,
            changes,
            fruitful=rng.random() > 0.1,
            handles=handles,
            child=child,
            args=tuple(range(rng.randint(0, 2))),
            kwargs=(("k", "own"),) if rng.random() < 0.2 else (),
            place=place,
        )


class Counter:
    """How many bodies below a limited group run; ``too_many`` when there were more than may be."""

    def __init__(self, name: str, limit: int) -> None:
        self.name, self.limit, self.now, self.most = name, limit, 0, 0


class Body:
    """A body that runs and counts itself."""

    def __init__(self, builder: Builder, above: tuple[Counter, ...]) -> None:
        self.builder, self.above, self.counts = builder, above, True

    @contextmanager
    def outside(self) -> Iterator[None]:
        """For the time of a wait. A body whose wait is cut short by a cancel is on its way out: it counts no more."""
        self.builder.move(self.above, -1)
        self.counts = False
        yield
        self.counts = True
        self.builder.move(self.above, 1)


class Builder:
    """Makes the real pipeline of a description. Its bodies count themselves under the limited groups they are below."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.counters: list[Counter] = []
        self.last_state: list[Any] = []
        self.lock = threading.Lock()

    def program(self, pipe: Pipe) -> fl.Pipeline:
        return self.pipeline(pipe, ())

    def pipeline(self, pipe: Pipe, above: tuple[Counter, ...]) -> fl.Pipeline:
        made = fl.Pipeline()
        for entry in pipe.entries:
            if isinstance(entry, Pipe):
                made = made.continue_with(self.pipeline(entry, above))
            elif isinstance(entry, Group):
                made = made.continue_with(self.group(entry, above))
            elif entry.handles:
                made = made.exceptionally(self.task(entry, above), *entry.args, **dict(entry.kwargs))
            else:
                made = made.continue_with(self.task(entry, above), *entry.args, **dict(entry.kwargs))
        if pipe.last is not None:
            made = made.finally_do(self.task(pipe.last, above), *pipe.last.args, **dict(pipe.last.kwargs))
        initial: dict[str, Any] = {}
        if pipe.args:
            initial["args"] = pipe.args
        if pipe.kwargs:
            initial["kwargs"] = dict(pipe.kwargs)
        if pipe.state is not None:
            initial["state"] = pipe.state
        made = made.with_initial(**initial) if initial else made
        return made.inline() if pipe.inline else made

    def group(self, group: Group, above: tuple[Counter, ...]) -> fl.Pipeline:
        if group.most:
            above = (*above, Counter(group.name, group.most))
            self.counters.append(above[-1])
        return fl.in_parallel(
            [self.pipeline(branch, above) for branch in group.branches],
            max_parallelism=group.most,
            num_stages=group.stages,
            return_exceptions=group.exceptions,
            fail_fast=group.fail_fast,
            ordered=group.ordered,
            name=group.name,
            merge_state=last_wins if group.merges else None,
        )

    def task(self, step: Step, above: tuple[Counter, ...]) -> fl.Task:
        def before(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any]:
            state, args = (args[0], args[1:]) if step.changes is not None else (None, args)
            return act(step, self.reader, state, args, kwargs)

        def after(value: Any, state: Any) -> Any:
            if step.gives == "wrong":
                return value
            return value if step.changes is None else (state, value)

        def sync(*args: Any, **kwargs: Any) -> Any:
            with self.inside(above) as body:
                value, state = before(args, kwargs)
                if step.gives == "pipe" and step.child is not None:
                    value = self.pipeline(step.child, above)
                elif step.gives == "future":
                    value = self.submit(step, above, value, body)
                elif step.gives == "children":
                    futures = [self.submit(step, above, value, body) for _ in range(2)]
                    with body.outside():
                        value, _ = [future.result() for future in futures]
                return after(value, state)

        async def coroutine(*args: Any, **kwargs: Any) -> Any:
            with self.inside(above) as body:
                value, state = before(args, kwargs)
                if step.gives == "pipe" and step.child is not None:
                    value = self.pipeline(step.child, above)
                elif step.gives == "future":
                    value = self.submit(step, above, value, body)
                elif step.gives == "children":
                    futures = [self.submit(step, above, value, body) for _ in range(2)]
                    with body.outside():
                        value, _ = [await future for future in futures]
                return after(value, state)

        options: dict[str, Any] = {"name": step.name}
        if step.changes is not None:
            options["with_state"] = True
        if not step.fruitful:
            options["fruitful"] = False
        if step.place == "loop":
            return fl.task(**options)(coroutine)
        return fl.task(executor=step.place, **options)(sync)

    def submit(self, step: Step, above: tuple[Counter, ...], value: Any, parent: Body) -> fl.Future:
        """A child that gives ``value``."""

        def child() -> Any:
            with self.inside(above):
                return value

        async def coroutine() -> Any:
            with self.inside(above):
                return value

        if step.place == "loop":
            return fl.task(name="child")(coroutine).submit()
        # On the spot the parent stands still meanwhile.
        with parent.outside() if step.place == "inline" else nullcontext():
            return fl.task(executor=step.place, name="child")(child).submit()

    @contextmanager
    def inside(self, above: tuple[Counter, ...]) -> Iterator[Body]:
        self.move(above, 1)
        body = Body(self, above)
        try:
            yield body
        finally:
            if body.counts:
                self.move(above, -1)

    def move(self, above: tuple[Counter, ...], by: int) -> None:
        with self.lock:
            for counter in above:
                counter.now += by
                counter.most = max(counter.most, counter.now)


__all__ = ["Boom", "Builder", "Counter", "Generator"]
