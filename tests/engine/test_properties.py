"""Random programs: invariants hold, each task ends once, replay equals live, results are what plain Python gives."""

from __future__ import annotations

import asyncio
import json
import threading
import warnings
from collections import Counter
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ipyflow as fl
from ipyflow.errors import DependencyError, IpyflowError, IpyflowWarning, TaskCancelled
from ipyflow.model import records as r
from ipyflow.model.run import check_invariants, fold
from ipyflow.model.status import FINAL_STATES
from ipyflow.testing import Lab, engine

some = settings(max_examples=40, suppress_health_check=list(HealthCheck), deadline=None)


class Boom(Exception):
    pass


@dataclass(frozen=True)
class Node:
    """A task of a random program: what its body does, in order."""

    kind: str
    fails: int
    """So many attempts fail; 99 is all of them."""
    options: tuple[tuple[str, Any], ...]
    children: tuple[Node, ...]
    wait: str
    uses: int | None
    """Takes the future of an earlier sibling, so many places back."""
    group: str | None
    cancels: int | None


options = st.fixed_dictionaries(
    {},
    optional={
        "retries": st.integers(0, 3),
        "limit": st.integers(1, 3),
        "resolve": st.just(True),
        "wait": st.just(True),
        "on_leak": st.sampled_from(["warn", "wait", "cancel", "error", "ignore"]),
        "delay": st.sampled_from([0.0005, 0.002]),
        "memo": st.just(True),
        "defer": st.sampled_from([(), "x"]),
        "recurrent": st.just(True),
    },
)


def nodes(kinds: list[str], cancels: bool) -> st.SearchStrategy[Node]:
    def node(children: st.SearchStrategy[tuple[Node, ...]]) -> st.SearchStrategy[Node]:
        return st.builds(
            Node,
            kind=st.sampled_from(kinds),
            fails=st.sampled_from([0, 0, 0, 1, 2, 99]),
            options=options.map(lambda d: tuple(sorted(d.items()))),
            children=children,
            wait=st.sampled_from(["result", "wait", "first", "as_completed", "select", "nothing", "return"]),
            uses=st.one_of(st.none(), st.integers(1, 2)),
            group=st.one_of(st.none(), st.just("g")),
            cancels=st.one_of(st.none(), st.none(), st.integers(0, 2)) if cancels else st.none(),
        )

    return st.recursive(node(st.just(())), lambda inner: node(st.lists(inner, max_size=4).map(tuple)), max_leaves=14)


class Program:
    """Runs a node, and counts how often each attempt was made."""

    def __init__(self, root: Node, inline: bool = False) -> None:
        self.root, self.inline = root, inline
        self.attempts: Counter[int] = Counter()
        self.lock = threading.Lock()

    def submit(self, node: Node, siblings: list[fl.Future]) -> fl.Future:
        place = len(siblings)
        argument = siblings[-node.uses] if node.uses is not None and node.uses <= place else None
        given = dict(node.options)
        key = object()  # memo: equal calls of one node only
        if node.kind == "async":

            @fl.task(name="async_task", **given)
            async def coroutine(given_key: object, x: object) -> object:
                return ends(node, await self.body_async(node))

            task: Any = coroutine
        else:
            how = fl.flow if node.kind == "flow" else fl.task
            place_option = {"executor": "inline"} if self.inline or node.kind == "inline" else {}

            @how(name=f"{node.kind}_task", **place_option, **given)
            def plain(given_key: object, x: object) -> object:
                return ends(node, self.body(node))

            task = plain
        if node.group is not None:
            with fl.group(node.group):
                return task.submit(key, argument)
        return task.submit(key, argument)

    def attempt(self, node: Node) -> None:
        if node.fails and fl.current().attempt <= node.fails:
            raise Boom(node.fails)

    def children(self, node: Node) -> list[fl.Future]:
        futures: list[fl.Future] = []
        for child in node.children:
            futures.append(self.submit(child, futures))
        if node.cancels is not None and node.cancels < len(futures):
            futures[node.cancels].cancel()
        return futures

    def body(self, node: Node) -> object:
        futures = self.children(node)
        self.attempt(node)
        if node.wait == "result":
            return [outcome(f) for f in futures]
        if node.wait == "wait":
            return [outcome(f) for f in fl.wait(futures).done]
        if node.wait == "first":
            return len(fl.wait(futures, return_when=fl.FIRST_COMPLETED).done) > 0
        if node.wait == "as_completed":
            return len([outcome(f) for f in fl.as_completed(futures)])
        if node.wait == "select" and futures:
            winner, _ = fl.select(futures, cancel_remaining=True)
            return winner.done()
        return futures[-1] if node.wait == "return" and futures else None

    async def body_async(self, node: Node) -> object:
        futures = self.children(node)
        self.attempt(node)
        if node.wait in ("result", "wait", "first"):
            found = []
            for future in futures:
                try:
                    found.append(await future)
                except (Boom, IpyflowError) as error:
                    found.append(type(error).__name__)
            return found
        if node.wait == "as_completed":
            return len(await asyncio.gather(*futures, return_exceptions=True))
        return futures[-1] if node.wait == "return" and futures else None


def ends(node: Node, value: object) -> object:
    """What a body gives: of a recurrent one nothing at first, and then something."""
    if "recurrent" not in dict(node.options):
        return value
    return None if fl.current().attempt < node.fails % 9 + 3 else "something"


def outcome(future: fl.Future) -> object:
    try:
        return future.result(30)
    except TaskCancelled:
        if fl.current().cancelled:
            raise
        return "TaskCancelled"
    except Exception as error:
        return type(error).__name__


def check_logs(lab: Lab) -> None:
    for run in lab.runs:
        log = run.log
        live = run.snapshot()
        check_invariants(live)
        replayed = fold(log)
        assert replayed == live
        assert fold(r.from_json(json.loads(json.dumps(r.to_json(x)))) for x in log) == live
        assert fold(r.unpack(r.pack(x)) for x in log) == live
        cut = len(log) // 2
        assert fold(log[cut:], fold(log[:cut])) == live
        ends = Counter(x.task for x in log if isinstance(x, r.Finished))
        resets = Counter(x.task for x in log if isinstance(x, r.Reset))
        for task in live.tasks.values():
            assert task.state in FINAL_STATES, task.story()
            assert ends[task.id] == 1 + resets[task.id], task.story()
        assert not run.live
        if run.kind == "flow":
            assert isinstance(log[-1], r.Closed)


def run_program(root: Node, *, inline: bool, cancel_at: int | None = None) -> tuple[object, list]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IpyflowWarning)
        with engine(threads=3, inline=inline) as lab:
            program = Program(root, inline)
            future = program.submit(root, [])
            if cancel_at is not None:
                threading.Timer(cancel_at / 5000, future.cancel).start()
            if inline:
                for _ in range(2000):
                    if not lab.engine.unfinished():
                        break
                    lab.clock.advance(0.001)
            done = fl.wait([future], 30)
            assert not done.not_done, future
            lab.settled(30)
            waited = threading.Event()
            for _ in range(3000):
                if not lab.engine.unfinished() and all(run.closed for run in lab.runs if run.kind == "flow"):
                    break
                waited.wait(0.005)
            check_logs(lab)
            for limit in lab.engine.limits.values():
                assert limit.used == 0, limit.name
            return described(future), [[r.to_json(x) for x in run.log] for run in lab.runs]


def described(future: fl.Future) -> object:
    error = future.peek()
    return type(error).__name__ if error is not None else repr(future.poll())


@some
@given(nodes(["task", "flow", "async", "inline"], cancels=True), st.one_of(st.none(), st.integers(0, 20)))
def test_random_programs_on_threads_and_the_loop(root: Node, cancel_at: int | None) -> None:
    run_program(root, inline=False, cancel_at=cancel_at)


@some
@given(nodes(["task", "flow"], cancels=True))
def test_the_same_program_inline_twice_gives_equal_logs(root: Node) -> None:
    # A wait for a delayed child would never end where nothing else can move the clock.
    plain = without(root, "delay")
    first = run_program(plain, inline=True)
    second = run_program(plain, inline=True)
    assert first == second


def without(node: Node, option: str) -> Node:
    rest = tuple((k, v) for k, v in node.options if k != option)
    return Node(
        node.kind,
        node.fails,
        rest,
        tuple(without(c, option) for c in node.children),
        node.wait,
        node.uses,
        node.group,
        node.cancels,
    )


# Results against plain Python.


@dataclass(frozen=True)
class Sum:
    """Adds its own number to what its children give; may fail."""

    own: int
    fails: bool
    retries: int
    kind: str
    how: str
    parts: tuple[Sum, ...]


def sums_of(parts: st.SearchStrategy[tuple[Sum, ...]]) -> st.SearchStrategy[Sum]:
    return st.builds(
        Sum,
        own=st.integers(-9, 9),
        fails=st.booleans(),
        retries=st.integers(0, 2),
        kind=st.sampled_from(["task", "flow", "async"]),
        how=st.sampled_from(["result", "resolve", "return"]),
        parts=parts,
    )


sums = st.recursive(sums_of(st.just(())), lambda inner: sums_of(st.lists(inner, max_size=3).map(tuple)), max_leaves=12)


def expected(tree: Sum) -> int | None:
    """The value, or ``None`` for a failure: fails once, which a retry mends."""
    if tree.fails and tree.retries == 0:
        return None
    values = [expected(part) for part in tree.parts]
    if tree.how == "return" and tree.parts:
        return values[-1]
    if tree.how == "result":
        return tree.own + sum(v for v in values if v is not None)
    return None if None in values else tree.own + sum(values)  # type: ignore[arg-type]


@fl.task(resolve=True)
def add(own: int, values: list) -> int:
    return own + sum(values)


def submit_sum(tree: Sum) -> fl.Future:
    def fail_once() -> None:
        if tree.fails and fl.current().attempt == 1:
            raise Boom

    options = {"name": f"{tree.kind}_{tree.how}", "retries": tree.retries, "on_leak": "ignore"}
    if tree.kind == "async":

        @fl.task(**options)
        async def work() -> object:
            fail_once()
            parts = [submit_sum(part) for part in tree.parts]
            if tree.how == "return" and parts:
                return parts[-1]
            if tree.how == "result":
                found = await asyncio.gather(*parts, return_exceptions=True)
                return tree.own + sum(v for v in found if isinstance(v, int))
            return add.submit(tree.own, parts)
    else:

        @(fl.flow if tree.kind == "flow" else fl.task)(**options)
        def work() -> object:
            fail_once()
            parts = [submit_sum(part) for part in tree.parts]
            if tree.how == "return" and parts:
                return parts[-1]
            if tree.how == "result":
                return tree.own + sum(f.result() for f in fl.wait(parts).done if f.exception() is None)
            return add.submit(tree.own, parts)

    return work.submit()


@some
@given(sums)
def test_results_and_failures_are_those_of_plain_python(tree: Sum) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IpyflowWarning)
        with engine(threads=2) as lab:
            future = submit_sum(tree)
            error = future.exception(30)
            assert (None if error is not None else future.result()) == expected(tree)
            lab.settled(30)


# Retries on request in the middle of everything.


@some
@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["retry", "cancel", "read", "run"])), max_size=12))
def test_retrying_and_cancelling_at_random_keeps_the_log_whole(acts: list[tuple[int, str]]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IpyflowWarning)
        with engine(threads=2) as lab:
            calls: Counter[int] = Counter()

            @fl.task
            def source(i: int) -> int:
                calls[i] += 1
                if calls[i] < 3:
                    raise Boom
                return i

            @fl.task(resolve=True)
            def after(*xs: int) -> int:
                return sum(xs)

            @fl.flow(on_leak="ignore")
            def top(i: int) -> int:
                return after.submit(source.submit(i), source.submit(i + 100)).result()

            futures = [top.submit(i) for i in range(3)] + [source.submit(i + 10) for i in range(3)]
            for which, act in acts:
                future = futures[which]
                try:
                    if act == "retry":
                        future.retry()
                    elif act == "run":
                        future.run.retry()
                    elif act == "cancel":
                        future.cancel()
                    else:
                        future.poll(0.001)
                except (RuntimeError, Boom, DependencyError, TaskCancelled):
                    pass
            lab.settled(30)
            waited = threading.Event()
            for _ in range(2000):
                if not lab.engine.unfinished() and all(run.closed for run in lab.runs if run.kind == "flow"):
                    break
                waited.wait(0.005)
            check_logs(lab)
