"""Random pipelines, and threads that steer them at random while they run."""

from __future__ import annotations

import random
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import ipyflow as fl
from ipyflow.engine.context import current_call
from ipyflow.engine.limits import Limit
from ipyflow.errors import IpyflowWarning, TaskCancelled
from ipyflow.flows.pipelines import group as groups
from ipyflow.model.run import check_invariants
from ipyflow.testing import Lab, engine
from tests.engine.gates import Together

LONG = 25.0
"""Seconds after which a run that has not ended hangs."""


class Unlucky(Exception):
    pass


class Storm:
    """A random pipeline.

    Args:
        seed: says which.
        kinds: the kinds of steps it may have.
        healing: with handlers, finalisers and groups that forgive.
        counting: count what runs below each group.
    """

    def __init__(self, seed: int, kinds: tuple[str, ...], healing: bool, counting: bool) -> None:
        self.rng = random.Random(seed)
        self.kinds, self.healing, self.counting = kinds, healing, counting
        self.counters: dict[Limit, Together] = {}
        self.names = 0
        self.lock = threading.Lock()
        self.failed: set[str] = set()

    def pipeline(self, depth: int = 3) -> fl.Pipeline:
        made = self.chain(depth)
        if self.healing and self.rng.random() < 0.5:
            made = made.finally_do(fl.task(name="finaliser")(lambda: self.nap(0.0005)))
        return made

    def chain(self, depth: int) -> fl.Pipeline:
        rng = self.rng
        made = self.group(depth) if depth and rng.random() < 0.6 else self.step(depth).send()
        for _ in range(rng.randrange(4)):
            kind = rng.random()
            if kind < 0.3:
                if self.healing:
                    made = made.exceptionally(self.handler())
            elif kind < 0.5 and depth:
                made = made.continue_with(self.group(depth))
            else:
                made = made.continue_with(self.step(depth))
            if rng.random() < 0.05:
                made = made.pause_here()
        return made

    def group(self, depth: int) -> fl.Pipeline:
        rng, options = self.rng, {}
        at_once = rng.choice([None, 1, 2, 3])
        if rng.random() < 0.3:
            options["num_stages"] = rng.randrange(1, 5)
        if self.healing:
            kind = rng.random()
            options["fail_fast"] = kind < 0.2
            options["return_exceptions"] = kind > 0.8
            options["ordered"] = rng.random() < 0.8
        branches = [self.chain(depth - 1) for _ in range(rng.randrange(5))]
        return fl.in_parallel(branches, max_parallelism=at_once, **options)

    def handler(self) -> fl.Task:
        unlucky = self.rng.random() < 0.2

        def handler(error: BaseException, *args: object) -> str:
            if unlucky:
                raise Unlucky("a handler") from error
            return "healed"

        return fl.task(handler)

    # Steps.

    def step(self, depth: int) -> fl.Task:
        self.names += 1
        kind = self.rng.choice(self.kinds)
        return getattr(self, f"make_{kind}")(f"{kind}_{self.names}", depth)

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Counts in each group above what runs below it at once."""
        call, entered = current_call(), []
        with self.lock:
            if self.counting and call is not None:
                entered = [self.counters.setdefault(gate, Together()).inside() for gate in call.gates]
        for one in entered:
            one.__enter__()
        try:
            yield
        finally:
            for one in entered:
                one.__exit__(None, None, None)

    def too_many(self) -> list[str]:
        """The groups below which more ran at once than may."""
        return [f"{limit.name} {c.most} of {limit.size}" for limit, c in self.counters.items() if c.most > limit.size]

    def nap(self, most: float) -> None:
        time.sleep(random.random() * most)

    def first_time(self, name: str) -> bool:
        with self.lock:
            first = name not in self.failed
            self.failed.add(name)
        return first

    def make_plain(self, name: str, depth: int, **options: Any) -> fl.Task:
        slow = self.rng.random() < 0.3

        def plain(*args: object) -> int:
            with self.inside():
                if slow:
                    self.nap(0.001)
                return len(args)

        return fl.task(name=name, **options)(plain)

    def make_inline(self, name: str, depth: int) -> fl.Task:
        return self.make_plain(name, depth, executor="inline")

    def make_limited(self, name: str, depth: int) -> fl.Task:
        return self.make_plain("limited", depth, limit=2)

    def make_rated(self, name: str, depth: int) -> fl.Task:
        return self.make_plain("rated", depth, rate="2000/s")

    def make_late(self, name: str, depth: int) -> fl.Task:
        return self.make_plain(name, depth, delay=0.0005)

    def make_failing(self, name: str, depth: int) -> fl.Task:
        def failing(*args: object) -> None:
            raise Unlucky(name)

        return fl.task(name=name)(failing)

    def make_failing_once(self, name: str, depth: int) -> fl.Task:
        def failing_once(*args: object) -> int:
            with self.inside():
                if self.first_time(name):
                    raise Unlucky(name)
                return len(args)

        return fl.task(name=name)(failing_once)

    def make_retried(self, name: str, depth: int) -> fl.Task:
        def retried(*args: object) -> int:
            with self.inside():
                if random.random() < 0.3:
                    raise Unlucky(name)
                return len(args)

        return fl.task(name=name, retries=fl.Retry(20, backoff=(0, 0.0005)))(retried)

    def make_overtime(self, name: str, depth: int) -> fl.Task:
        def overtime(*args: object) -> int:
            self.nap(0.004)
            return len(args)

        return fl.task(name=name, timeout=0.002)(overtime)

    def make_coroutine(self, name: str, depth: int) -> fl.Task:
        async def coroutine(*args: object) -> int:
            with self.inside():
                return len(args)

        return fl.task(name=name)(coroutine)

    def make_stateful(self, name: str, depth: int) -> fl.Task:
        def stateful(state: dict | None, *args: object) -> tuple[dict, int]:
            with self.inside():
                return {**(state or {}), name: (state or {}).get(name, 0) + 1}, len(args)

        return fl.task(name=name, with_state=True)(stateful)

    def make_orchestrator(self, name: str, depth: int) -> fl.Task:
        child = self.chain(max(depth - 1, 0))
        child = child.inline() if self.rng.random() < 0.3 else child

        def orchestrator(*args: object) -> fl.Pipeline:
            return child

        return fl.task(name=name)(orchestrator)

    def make_future(self, name: str, depth: int) -> fl.Task:
        child = self.make_plain(f"{name}_child", depth)

        def future(*args: object) -> fl.Future:
            return child.submit(1, 2)

        return fl.task(name=name)(future)

    def make_reused(self, name: str, depth: int) -> fl.Task:
        return reused

    def make_blocking(self, name: str, depth: int) -> fl.Task:
        child = self.make_plain(f"{name}_child", depth)

        def blocking(*args: object) -> int:
            children = [child.submit(x) for x in range(3)]
            return sum(future.result() for future in children)

        return fl.task(name=name)(blocking)

    def make_nested(self, name: str, depth: int) -> fl.Task:
        child = self.chain(max(depth - 1, 0))

        def nested(*args: object) -> str:
            return str(child())

        return fl.task(name=name)(nested)

    def make_awaiting(self, name: str, depth: int) -> fl.Task:
        child = self.chain(max(depth - 1, 0))

        async def awaiting(*args: object) -> str:
            return str(await child)

        return fl.task(name=name)(awaiting)


@fl.task(memo=True)
def reused(*args: object) -> int:
    return 7


SOUND = (
    "plain", "plain", "plain", "limited", "rated", "late", "coroutine", "stateful", "orchestrator", "future",
    "blocking", "nested", "awaiting", "retried", "inline",
)  # fmt: skip
"""Steps that give the same whenever they succeed."""
FAILING = ("failing", "overtime", "failing_once")


# Steering.


def acts(future: fl.Future, rng: random.Random) -> dict[str, Callable[[], object]]:
    """What one may do to a pipeline under way."""
    run = future.run

    def one_of(found: dict[int, fl.Future], act: str) -> None:
        some = list(found.values())
        if some:
            getattr(rng.choice(some), act)()

    def group(act: str) -> None:
        nodes = [one for one in [*run.live.values(), *run.failed.values()] if one.task.name == "in_parallel"]
        if nodes:
            getattr(rng.choice(nodes), act)()

    return {
        "cancel": future.cancel,
        "pause": future.pause,
        "resume": future.resume,
        "retry": future.retry,
        "cancel a child": lambda: one_of(run.live, "cancel"),
        "pause a child": lambda: one_of(run.live, "pause"),
        "resume a child": lambda: one_of(run.live, "resume"),
        "retry a child": lambda: one_of(run.failed, "retry"),
        "retry a group": lambda: group("retry"),
        "cancel a group": lambda: group("cancel"),
        "retry the run": run.retry,
        "pause the run": run.pause,
        "resume the run": run.resume,
        "cancel the run": run.cancel,
    }


def steer(future: fl.Future, seed: int, names: tuple[str, ...], count: int, errors: list[BaseException]) -> None:
    """Do some of it, at random moments."""
    rng = random.Random(seed)
    known = acts(future, rng)
    for _ in range(count):
        time.sleep(rng.random() * 0.002)
        try:
            known[rng.choice(names)]()
        except RuntimeError as error:
            if "cannot be retried" not in str(error):
                errors.append(error)
        except BaseException as error:
            errors.append(error)


def end(future: fl.Future, where: str) -> None:
    """Let it go on wherever it is paused, until it has ended; raise with what there is of it if it does not."""
    run, deadline = future.run, time.monotonic() + LONG
    while not (future.done() and run.closed):
        for id in list(run.paused):
            run.engine.resume(run, id)
        try:
            future.exception(0.005)
        except (TimeoutError, TaskCancelled):
            time.sleep(0.001)
        assert time.monotonic() < deadline, f"{where} hangs: {future!r}\n{picture(future)}"


def picture(future: fl.Future) -> str:
    """What has not ended of a run."""
    live = future.run.live
    rows = [
        f"{task.name}#{id} in #{task.parent} branch {task.branch} {task.state} {task.reason} {task.role}"
        for id, task in sorted(future.run.snapshot().tasks.items())
        if id in live or task.ended is None
    ]
    return "\n".join([f"live {sorted(live)}, paused {future.run.paused}", *rows])


@contextmanager
def limits_watched() -> Iterator[list[Limit]]:
    """All limits that groups make."""
    made: list[Limit] = []

    class Watched(Limit):
        def __init__(self, name: str, size: int) -> None:
            super().__init__(name, size)
            made.append(self)

    groups.Limit = Watched  # type: ignore[misc]
    try:
        yield made
    finally:
        groups.Limit = Limit  # type: ignore[misc]


def nothing_is_lost(lab: Lab, limits: list[Limit], threads: int, where: str) -> None:
    """Every permit is back, nothing is unfinished, and the pool runs as many bodies at once as before."""
    deadline = time.monotonic() + 5
    while lab.engine.unfinished() or any(one.used for one in [*limits, *lab.engine.limits.values()]):
        out = [(one.name, one.used) for one in [*limits, *lab.engine.limits.values()] if one.used]
        assert time.monotonic() < deadline, f"{where}: unfinished {lab.engine.unfinished()}, permits out {out}"
        time.sleep(0.001)
    together = threading.Barrier(threads)

    @fl.task
    def stand() -> int:
        return together.wait(5)

    standing = [stand.submit() for _ in range(threads)]
    assert sorted(future.result(10) for future in standing) == list(range(threads)), where


@contextmanager
def switching(interval: float) -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(interval)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", IpyflowWarning)
            yield
    finally:
        sys.setswitchinterval(before)


def start_steering(
    future: fl.Future, rng: random.Random, names: tuple[str, ...], errors: list[BaseException]
) -> list[threading.Thread]:
    started = []
    for _ in range(rng.randrange(1, 5)):
        args = (future, rng.randrange(1 << 30), names, rng.randrange(1, 6), errors)
        started.append(threading.Thread(target=steer, args=args, daemon=True))
    for thread in started:
        thread.start()
    return started


ALL_ACTS = (
    "cancel", "pause", "resume", "resume", "retry", "retry", "cancel a child", "pause a child", "resume a child",
    "retry a child", "retry a child", "retry a child", "retry a group", "cancel a group", "retry the run",
    "pause the run", "resume the run", "cancel the run",
)  # fmt: skip


def weather(seed: int, kinds: tuple[str, ...] = SOUND + FAILING, names: tuple[str, ...] = ALL_ACTS) -> None:
    """A few random pipelines in one engine under random acts: each ends, and nothing is lost."""
    rng = random.Random(seed)
    threads, log_limit = rng.choice([1, 2, 4, 8]), rng.choice([None, None, None, 400])
    where = f"seed {seed}, {threads} threads"
    interval = rng.choice([1e-6, 1e-4, 5e-3])
    with switching(interval), limits_watched() as limits, engine(threads, log_limit=log_limit) as lab:
        for number in range(4):
            here = f"{where}, pipeline {number}"
            # Bodies of attempts that ran over their time go on: those are not counted.
            storm = Storm(rng.randrange(1 << 30), kinds, True, "overtime" not in kinds)
            pipeline, errors = storm.pipeline(), []
            future = pipeline.submit()
            for thread in start_steering(future, rng, names, errors):
                thread.join(LONG)
                assert not thread.is_alive(), f"{here}: steering hangs"
            end(future, here)
            check_invariants(future.run.snapshot())
            again(future, here, 3)
            assert not errors, f"{here}: {errors[0]!r}"
            assert not storm.too_many(), f"{here}: {storm.too_many()}"
        lab.settled(LONG)
        nothing_is_lost(lab, limits, threads, where)


def again(future: fl.Future, where: str, most: int) -> int:
    """Retry it while it fails."""
    for attempt in range(most):
        if future._error is None:
            return attempt
        try:
            future.retry()
        except RuntimeError:
            return attempt
        end(future, f"{where}, retry {attempt}")
        check_invariants(future.run.snapshot())
    return most


def patience(seed: int) -> None:
    """A pipeline that is steered and then retried until it succeeds gives what it would have given."""
    rng = random.Random(seed)
    threads = rng.choice([1, 2, 4, 8])
    where, names = f"seed {seed}, {threads} threads", ALL_ACTS
    with switching(rng.choice([1e-6, 1e-4, 5e-3])), limits_watched() as limits, engine(threads=threads) as lab:
        for number in range(4):
            here, shape, errors = f"{where}, pipeline {number}", rng.randrange(1 << 30), []
            calm = Storm(shape, (*SOUND, "failing_once"), False, False)
            calm.failed = Never()
            wanted = calm.pipeline().submit()
            end(wanted, f"{here}, calm")
            assert wanted._error is None, f"{here}: {wanted._error!r}"
            storm = Storm(shape, (*SOUND, "failing_once"), False, True)
            future = storm.pipeline().submit()
            for thread in start_steering(future, rng, names, errors):
                thread.join(LONG)
                assert not thread.is_alive(), f"{here}: steering hangs"
            end(future, here)
            again(future, here, 60)
            assert future._error is None, f"{here}: {future._error!r}"
            assert future._value == wanted._value, f"{here}: {future._value} and not {wanted._value}"
            assert not errors, f"{here}: {errors[0]!r}"
            assert not storm.too_many(), f"{here}: {storm.too_many()}"
        lab.settled(LONG)
        nothing_is_lost(lab, limits, threads, where)


class Never(set):
    """Everything has failed once already."""

    def __contains__(self, item: object) -> bool:
        return True
