"""Random tasks in processes that crash, hang, nest and print, and threads that steer them, or kill their workers.

``python -m tests.stress.process_storms weather 0 100`` runs so many seeds and tells which went wrong.
"""

from __future__ import annotations

import ctypes
import faulthandler
import os
import random
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import psutil

import ipyflow as fl
from ipyflow.errors import DependencyError, NotPicklable, TaskCancelled, TaskTimeout, WorkerLost
from ipyflow.model.run import check_invariants, fold
from ipyflow.model.status import FINAL_STATES
from ipyflow.testing import Lab, engine
from tests.executors.remains import Remains
from tests.stress.storms import picture, switching

LONG = 60.0
"""Seconds after which a run that has not ended hangs."""
MOMENT = 0.5
"""The timeout of a body that hangs; the same body gives its value in less."""
ALWAYS = 100
"""So many attempts have none that goes well."""


@dataclass(frozen=True)
class Plan:
    """What a body does.

    Attributes:
        id: in its name.
        kind: one of the functions below, by its name.
        number: what it adds to what its kids give.
        executor: where it runs.
        bad: the attempts that go badly, in the way of its kind.
        retries: its option.
        way: how it waits for its kids.
        kids: what it submits.
    """

    id: int
    kind: str
    number: int
    executor: str
    bad: int = 0
    retries: int = 0
    way: str = ""
    kids: tuple[Plan, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)

    def value(self) -> int:
        """What it gives if all goes well."""
        return self.number + sum(kid.value() for kid in self.kids)

    def errors(self) -> tuple[type[BaseException], ...]:
        """What it may raise where nobody interferes; nothing where it succeeds."""
        if self.bad > self.retries:
            return (BAD[self.kind],)
        return tuple({error for kid in self.kids for error in kid.errors()})

    def task(self) -> fl.Task:
        """The task that does it."""
        options = dict(self.options)
        if self.kind == "hang":
            options["timeout"] = MOMENT
        make = fl.flow if options.pop("flow", False) else fl.task
        return make(
            name=f"{self.kind}_{self.id}", executor=self.executor, retries=fl.Retry(self.retries, (0, 0)), **options
        )(act)


BAD: dict[str, type[BaseException]] = {
    "plain": ValueError, "print": ValueError, "array": ValueError, "nest": ValueError, "raise": ValueError,
    "kill": WorkerLost, "leave": WorkerLost, "segfault": WorkerLost, "hang": TaskTimeout, "lock": NotPicklable,
    "progress": ValueError, "go_on": ValueError, "exit": SystemExit,
}  # fmt: skip
"""What becomes of a bad attempt of each kind."""


def act(plan: Plan, ballast: Any = None) -> Any:
    """Do what ``plan`` says."""
    if fl.current().attempt <= plan.bad:
        go_badly(plan)
    match plan.kind:
        case "print":
            for n in range(plan.number % 50):
                print("line", n, end="\n" if n % 3 else "")
            os.write(2, b"and directly\n")
        case "progress":
            for _ in fl.progress(range(plan.number % 20)):
                pass
        case "array":
            return np.full(200_000, plan.value())
        case "go_on":
            return plan.kids[0].task().submit(Plan(**{**vars_of(plan.kids[0]), "number": plan.value()}))
    return plan.number + sum(number_of(part) for part in WAYS[plan.way or "none"](plan.kids))


def vars_of(plan: Plan) -> dict[str, Any]:
    return {name: getattr(plan, name) for name in plan.__dataclass_fields__}


def go_badly(plan: Plan) -> None:
    match plan.kind:
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "leave":
            print("half a line", end="")
            os._exit(plan.number % 3)
        case "segfault":
            ctypes.string_at(0)
        case "hang":
            time.sleep(600)
        case "exit":
            sys.exit(plan.number)
    raise ValueError(plan.id)


def number_of(part: Any) -> int:
    return int(part[0]) if isinstance(part, np.ndarray) else part


def one_by_one(kids: tuple[Plan, ...]) -> list[Any]:
    return [kid.task()(kid) for kid in kids]


def together(kids: tuple[Plan, ...]) -> list[Any]:
    return [future.result() for future in [kid.task().submit(kid) for kid in kids]]


def waited(kids: tuple[Plan, ...]) -> list[Any]:
    futures = [kid.task().submit(kid, np.zeros(150_000)) for kid in kids]
    fl.wait(futures)
    return [future.result() for future in futures]


def as_they_come(kids: tuple[Plan, ...]) -> list[Any]:
    with fl.group("kids"):
        futures = [kid.task().submit(kid) for kid in kids]
    return [future.result() for future in fl.as_completed(futures)]


def selected(kids: tuple[Plan, ...]) -> list[Any]:
    rest, found = [kid.task().submit(kid) for kid in kids], []
    while rest:
        winner, left = fl.select(rest)
        found.append(winner.result())
        rest = list(left)
    return found


def handed_on(kids: tuple[Plan, ...]) -> list[Any]:
    futures = [kid.task().submit(kid) for kid in kids]
    return [collect.submit(futures).result()]


@fl.task(executor="processes")
def collect(futures: list) -> int:
    return sum(number_of(future.result()) for future in futures)


WAYS: dict[str, Callable[[tuple[Plan, ...]], list[Any]]] = {
    "none": lambda kids: [], "one by one": one_by_one, "together": together, "waited": waited,
    "as they come": as_they_come, "selected": selected, "handed on": handed_on,
}  # fmt: skip


class Maker:
    """Makes random plans.

    Args:
        rng: says which.
        hopeless: some have no attempt that goes well.
    """

    def __init__(self, rng: random.Random, hopeless: bool) -> None:
        self.rng, self.hopeless, self.count = rng, hopeless, 0

    def plan(self, depth: int = 3, **options: Any) -> Plan:
        """A random plan."""
        rng = self.rng
        self.count += 1
        nests = depth and rng.random() < (0.8 if depth == 3 else 0.45)
        kind = "nest" if nests else rng.choice([kind for kind in BAD if kind not in ("nest", "go_on", "lock")])
        executor = rng.choice(["processes", "processes", "processes", "threads"])
        bad, retries = 0, int(rng.random() < 0.2) if nests else rng.randrange(3)
        if kind in ("raise", "kill", "leave", "segfault", "hang", "exit"):
            executor = "processes"
            bad = ALWAYS if self.hopeless and rng.random() < 0.3 else rng.randrange(retries + 1)
            if kind == "exit" and bad:
                bad = ALWAYS if self.hopeless else 0  # an exit is not retried
        kids = tuple(self.plan(depth - 1) for _ in range(rng.randrange(1, 5))) if nests else ()
        if nests and rng.random() < 0.15:
            # It ends as its only kid, which gives the value of both.
            kid = Plan(self.count, "plain", rng.randrange(50), rng.choice(["processes", "threads"]))
            return Plan(self.count, "go_on", rng.randrange(50), executor, kids=(kid,), options=options)
        way = rng.choice([way for way in WAYS if way != "none"]) if kids else ""
        return Plan(self.count, kind, rng.randrange(100), executor, bad, retries, way, kids, options)


# Steering.


def workers() -> list[psutil.Process]:
    """The processes below this one."""
    return psutil.Process().children()


def acts(future: fl.Future, rng: random.Random) -> dict[str, Callable[[], object]]:
    """What one may do to a run under way."""
    run = future.run

    def one_of(found: dict[int, fl.Future], act: str) -> None:
        some = list(found.values())
        if some:
            getattr(rng.choice(some), act)()

    def signalled(number: int) -> None:
        some = workers()
        if some:
            try:
                rng.choice(some).send_signal(number)
            except psutil.NoSuchProcess:
                pass

    return {
        "cancel": future.cancel,
        "pause": future.pause,
        "resume": future.resume,
        "retry": future.retry,
        "cancel a child": lambda: one_of(run.live, "cancel"),
        "pause a child": lambda: one_of(run.live, "pause"),
        "resume a child": lambda: one_of(run.live, "resume"),
        "retry a child": lambda: one_of(run.failed, "retry"),
        "retry the run": run.retry,
        "pause the run": run.pause,
        "resume the run": run.resume,
        "cancel the run": run.cancel,
        "kill a worker": lambda: signalled(signal.SIGKILL),
        "interrupt a worker": lambda: signalled(signal.SIGINT),
        "look": lambda: (repr(future), future.explain(), future.logs, run.snapshot()),
    }


ALL_ACTS = (
    "cancel", "pause", "resume", "resume", "retry", "retry", "cancel a child", "pause a child", "resume a child",
    "retry a child", "retry a child", "retry the run", "pause the run", "resume the run", "cancel the run",
    "kill a worker", "kill a worker", "interrupt a worker", "look",
)  # fmt: skip


def steer(
    futures: list[fl.Future], seed: int, count: int, errors: list[BaseException], names: tuple[str, ...] = ALL_ACTS
) -> None:
    """Do some of it, at random moments."""
    rng = random.Random(seed)
    for _ in range(count):
        time.sleep(rng.random() * 0.05)
        name = rng.choice(names)
        try:
            acts(rng.choice(futures), rng)[name]()
        except RuntimeError as error:
            if "cannot be retried" not in str(error):
                errors.append(error)
        except BaseException as error:
            errors.append(error)


def steered(futures: list[fl.Future], rng: random.Random, where: str) -> None:
    """A few threads that steer, until they have."""
    errors: list[BaseException] = []
    threads = [
        threading.Thread(
            target=steer, args=(futures, rng.randrange(1 << 30), rng.randrange(2, 12), errors), daemon=True
        )
        for _ in range(rng.randrange(1, 5))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONG)
        assert not thread.is_alive(), f"{where}: steering hangs"
    for error in errors:
        raise AssertionError(f"{where}: {error!r}") from error


def end(futures: list[fl.Future], where: str) -> None:
    """Let them go on wherever they are paused, until all have ended; raise with what there is of one that does not."""
    deadline = time.monotonic() + LONG
    for future in futures:
        run = future.run
        while not (future.done() and run.closed):
            for id in list(run.paused):
                run.engine.resume(run, id)
            try:
                future.exception(0.005)
            except (TimeoutError, TaskCancelled):
                time.sleep(0.001)
            if time.monotonic() > deadline:
                processes = [(p.pid, p.status(), p.cpu_times().user) for p in workers()]
                raise AssertionError(f"{where} hangs: {future!r}\n{picture(future)}\nprocesses {processes}")


# What must hold.


def check(futures: list[fl.Future], where: str) -> None:
    """The log is sound, folding it anew gives the same, and it says what the futures say."""
    for future in futures:
        state = future.run.snapshot()
        check_invariants(state)
        assert fold(list(future.run.log)) == state, where
        assert state.tasks[future.id].state == future.state, where
        for task in state.tasks.values():
            assert task.state in FINAL_STATES, f"{where}: {task}"


def expected(plan: Plan, future: fl.Future, where: str, also: tuple[type[BaseException], ...] = ()) -> None:
    """It has the value that it must have, or one of the errors that it may have."""
    error = future._error
    here = f"{where}, {plan.kind}_{plan.id}"
    if error is None:
        assert not plan.errors() or also, f"{here} succeeded"
        value = future._value.value() if hasattr(future._value, "is_tried") else future._value
        assert number_of(value) == plan.value(), f"{here}: {value!r} and not {plan.value()}"
    else:
        assert isinstance(error, plan.errors() + also), f"{here}: {error!r} and not {plan.errors()}\n{future.traceback}"


def storm(
    seed: int,
    hopeless: bool,
    then: Callable[[Lab, list[Plan], list[fl.Future], random.Random, str], None],
    after: Callable[[list[fl.Future], str], None] = lambda futures, where: None,
) -> None:
    """Some random plans in one engine; nothing is left behind."""
    rng = random.Random(seed)
    threads, processes = rng.choice([1, 2, 4]), rng.choice([1, 2, 4])
    where = f"seed {seed}, {threads} threads, {processes} processes"
    remains = Remains()
    with switching(rng.choice([1e-5, 1e-4, 5e-3])):
        with engine(threads, processes=processes, seed=seed) as lab:
            maker = Maker(rng, hopeless)
            policies = ["warn", "wait", "cancel"]
            plans = [maker.plan(flow=True, on_leak=rng.choice(policies)) for _ in range(rng.randrange(1, 5))]
            futures = [plan.task().submit(plan) for plan in plans]
            then(lab, plans, futures, rng, where)
        after(futures, where)
        del futures, lab  # arrays among the values and the arguments hold descriptors
    remains.nothing_new(20)


def calm(seed: int) -> None:
    """Nobody interferes: each ends as it must."""

    def then(lab: Lab, plans: list[Plan], futures: list[fl.Future], rng: random.Random, where: str) -> None:
        end(futures, where)
        check(futures, where)
        for plan, future in zip(plans, futures, strict=True):
            expected(plan, future, where)

    storm(seed, True, then)


def weather(seed: int) -> None:
    """Steered from several threads, workers killed: each ends, with its own value or a fitting error."""

    def then(lab: Lab, plans: list[Plan], futures: list[fl.Future], rng: random.Random, where: str) -> None:
        steered(futures, rng, where)
        end(futures, where)
        check(futures, where)
        for plan, future in zip(plans, futures, strict=True):
            expected(plan, future, where, (TaskCancelled, WorkerLost, DependencyError))
        lab.settled(LONG)
        assert not lab.engine.unfinished(), where

    storm(seed, True, then)


def patience(seed: int) -> None:
    """Steered, and then retried until it succeeds: each gives its value."""

    def then(lab: Lab, plans: list[Plan], futures: list[fl.Future], rng: random.Random, where: str) -> None:
        steered(futures, rng, where)
        end(futures, where)
        for plan, future in zip(plans, futures, strict=True):
            for _ in range(30):
                if future._error is None:
                    break
                try:
                    future.retry()
                except RuntimeError as error:
                    raise AssertionError(f"{where}: {error}") from error
                end([future], f"{where}, a retry")
            expected(plan, future, where)
        check(futures, where)

    storm(seed, False, then)


def shutdown(seed: int) -> None:
    """Everything is stopped at any moment: all futures are settled, and nothing is left."""

    def then(lab: Lab, plans: list[Plan], futures: list[fl.Future], rng: random.Random, where: str) -> None:
        names = tuple(name for name in ALL_ACTS if not name.startswith("retry"))  # nothing is begun anew meanwhile
        args = (futures, rng.randrange(1 << 30), 5, [], names)
        if rng.random() < 0.5:
            steering.append(threading.Thread(target=steer, args=args, daemon=True))
            steering[0].start()
        time.sleep(rng.random() ** 2 * 1.5)

    def after(futures: list[fl.Future], where: str) -> None:
        late = time.monotonic() + LONG
        for future in futures:
            while not future.done():
                assert time.monotonic() < late, f"{where}: {future!r} is not settled after the end\n{picture(future)}"
                time.sleep(0.01)
        while steering:
            steering.pop().join(LONG)

    steering: list[threading.Thread] = []
    storm(seed, True, then, after)


def main(mode: str, first: int, last: int) -> None:
    """Run so many seeds, and tell which went wrong."""
    faulthandler.enable()
    bad = 0
    for seed in range(first, last):
        faulthandler.dump_traceback_later(200, exit=True)
        try:
            globals()[mode](seed)
        except BaseException as error:
            bad += 1
            print("FAIL", mode, seed, type(error).__name__, str(error)[:3000], flush=True)
            print("\n".join(traceback.format_tb(error.__traceback__)[-3:]), flush=True)
    faulthandler.cancel_dump_traceback_later()
    print("done", mode, first, last, "bad", bad)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
