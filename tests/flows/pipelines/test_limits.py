"""`max_parallelism` and `num_stages`: never above, and reached when there is work."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

import ipyflow as fl
from ipyflow.testing import Lab
from tests.engine.gates import SOON, Gate, Together, eventually
from tests.flows.pipelines.common import Boom, fail, heal, named, rep, value
from tests.flows.pipelines.counting import most_branches


class Crowd:
    """Bodies stand in it until so many are there together; it counts how many are in it at most."""

    def __init__(self, size: int) -> None:
        self.size, self.together, self.full = size, Together(), threading.Event()

    @contextmanager
    def inside(self) -> Iterator[None]:
        with self.together.inside():
            if self.together.now >= self.size:
                self.full.set()
            assert self.full.wait(SOON), f"{self.together.now} inside, never {self.size}"
            yield

    @contextmanager
    def outside(self) -> Iterator[None]:
        """For the time of a wait."""
        with self.together._lock:
            self.together.now -= 1
        try:
            yield
        finally:
            with self.together._lock:
                self.together.now += 1
                self.together.most = max(self.together.most, self.together.now)

    def task(self) -> fl.Task:
        @fl.task(name="work")
        def work(*args: object) -> int:
            with self.inside():
                return 1

        return work


@pytest.mark.parametrize("most", [1, 2, 5])
@pytest.mark.parametrize("stages", [None, 2, 4])
def test_a_flat_group_runs_exactly_so_many_at_once(lab: Lab, most: int, stages: int | None) -> None:
    """The original divides the limit by the stages and may run fewer than asked; here it stays exact."""
    crowd = Crowd(most)
    future = fl.in_parallel([crowd.task().send() for _ in range(20)], max_parallelism=most, num_stages=stages).submit()
    assert future.result(SOON) == [1] * 20
    assert crowd.together.most == most
    assert most_branches(future, named(future, "in_parallel")[0]) == most


def test_a_branch_holds_its_slot_to_its_end(lab: Lab) -> None:
    """A slot belongs to a chain, not to its head: with one slot the branches run one after the other."""
    order: list[tuple[int, str]] = []

    @fl.task
    def step(branch: int, what: str) -> None:
        order.append((branch, what))

    branches = [step.send(i, "a").set(fruitful=False).continue_with(step, i, "b") for i in range(4)]
    fl.in_parallel(branches, max_parallelism=1)()
    assert order == [(i, what) for i in range(4) for what in "ab"]


def test_a_branch_holds_its_slot_during_its_handler(lab: Lab) -> None:
    gate, started = Gate(), []

    @fl.task
    def stands(error: BaseException) -> str:
        gate.stand()
        return "healed"

    @fl.task
    def start(i: int) -> int:
        started.append(i)
        return i

    branches = [fail.send().exceptionally(stands), start.send(1), start.send(2)]
    future = fl.in_parallel(branches, max_parallelism=1).submit()
    gate.reached()
    assert started == []
    gate.open()
    assert future.result(SOON) == ["healed", 1, 2]


def test_a_failure_frees_the_slot(lab: Lab) -> None:
    """A failed branch has ended like any other."""
    future = fl.in_parallel([*(fail.send(i) for i in range(5)), value.send(1)], max_parallelism=1).exceptionally(heal)
    assert future().startswith("healed [0: Boom(0), 1: Boom(1)")


def test_freed_slots_go_in_entry_order(everywhere: Lab) -> None:
    order: list[int] = []

    @fl.task
    def start(i: int) -> None:
        order.append(i)

    fl.in_parallel([start.send(i) for i in range(30)], max_parallelism=1)()
    assert order == list(range(30))


def test_a_branch_that_waits_for_its_slot_says_so(lab: Lab) -> None:
    gate = Gate()

    @fl.task
    def stands() -> None:
        gate.stand()

    future = fl.in_parallel([stands.send(), value.send(1)], max_parallelism=1).submit()
    gate.reached()
    (waiting,) = named(future, "value")
    assert waiting.state == "waiting"
    assert "branch slot of in_parallel" in waiting.reason
    gate.open()
    assert future.result(SOON) == [None, 1]


def test_the_outer_limit_holds_for_the_tasks_of_nested_groups(lab: Lab) -> None:
    """The original's newer engine starts all nested tasks at once, its older one takes the least limit of heads only:
    here no more than N tasks run below a group, whatever is between.
    """
    crowd = Crowd(3)
    inner = [fl.in_parallel([crowd.task().send().continue_with(crowd.task()) for _ in range(4)]) for _ in range(5)]
    future = fl.in_parallel(inner, max_parallelism=3).submit()
    future.result(SOON)
    assert crowd.together.most == 3
    assert most_branches(future, next(t for t in named(future, "in_parallel") if t.branch is None)) <= 3


def test_one_outer_slot_runs_a_nested_group_task_by_task(lab: Lab) -> None:
    inside = Together()

    @fl.task
    def work(*args: object) -> None:
        with inside.inside():
            pass

    nested = fl.in_parallel([fl.in_parallel([work.send() for _ in range(10)]) for _ in range(3)])
    fl.in_parallel([nested, nested, work.send()], max_parallelism=1)()
    assert inside.most == 1


def test_the_inner_limit_holds_within_a_wider_outer_one(lab: Lab) -> None:
    inner, outer = Crowd(2), Together()

    @fl.task
    def work() -> None:
        with outer.inside(), inner.inside():
            pass

    @fl.task
    def beside() -> None:
        with outer.inside():
            pass

    limited = fl.in_parallel([work.send() for _ in range(8)], max_parallelism=2)
    fl.in_parallel([limited, *(beside.send() for _ in range(10))], max_parallelism=4)()
    assert inner.together.most == 2
    assert outer.most <= 4


def test_two_limited_groups_below_one_limit(lab: Lab) -> None:
    crowds, outer = [Crowd(2), Crowd(2)], Together()

    def work(crowd: Crowd) -> fl.Task:
        @fl.task
        def work(*args: object) -> None:
            with outer.inside(), crowd.inside():
                pass

        return work

    groups = [fl.in_parallel([work(crowd).send() for _ in range(6)], max_parallelism=2) for crowd in crowds]
    fl.in_parallel(groups, max_parallelism=5)()
    assert [crowd.together.most for crowd in crowds] == [2, 2]
    assert outer.most <= 4


def test_decided_children_of_a_body_count_as_tasks_not_as_branches(lab: Lab) -> None:
    crowd = Crowd(2)

    @fl.task
    def child(i: int) -> int:
        with crowd.inside():
            return i

    @fl.task
    def parent(i: int) -> int:
        # A child for each parent at least is there at once: a parent that waits does not count.
        return sum(f.result() for f in [child.submit(i) for _ in range(3)])

    future = fl.in_parallel([parent.send(1) for _ in range(4)], max_parallelism=2).submit()
    assert future.result(SOON) == [3] * 4
    assert crowd.together.most == 2
    assert most_branches(future, named(future, "in_parallel")[0]) == 2


def test_a_parent_and_its_children_are_never_more_than_the_limit(lab: Lab) -> None:
    inside = Crowd(1)

    @fl.task
    def child() -> None:
        with inside.inside():
            pass

    @fl.task
    def parent() -> None:
        with inside.inside():
            futures = [child.submit() for _ in range(4)]
            for future in futures:
                with inside.outside():
                    future.result()

    fl.in_parallel([parent.send() for _ in range(4)], max_parallelism=2)()
    assert inside.together.most <= 2


def test_a_blocked_task_does_not_count_so_one_slot_is_enough_for_a_deep_wait(lab: Lab) -> None:
    @fl.task
    def down(n: int) -> int:
        return 1 + down.submit(n - 1).result() if n else 0

    assert fl.in_parallel([down.send(20), down.send(20)], max_parallelism=1)() == [20, 20]


def test_decided_an_orchestrator_holds_its_slot_but_no_task_permit(lab: Lab) -> None:
    crowd = Crowd(2)

    @fl.task
    def orchestrator() -> fl.Pipeline:
        return fl.in_parallel([crowd.task().send() for _ in range(3)]).continue_with(sum)

    sum = fl.task(name="sum")(lambda values: len(values))
    future = fl.in_parallel([orchestrator.send() for _ in range(5)], max_parallelism=2, name="outer").submit()
    assert future.result(SOON) == [3] * 5
    assert crowd.together.most == 2
    assert most_branches(future, named(future, "outer")[0]) == 2


def test_one_slot_and_orchestrators_below_orchestrators(lab: Lab) -> None:
    inside = Together()

    @fl.task
    def down(n: int) -> object:
        with inside.inside():
            return fl.in_parallel([down.send(n - 1), down.send(n - 1)]) if n else 1

    fl.in_parallel([down.send(3), down.send(3)], max_parallelism=1).submit().result(SOON)
    assert inside.most == 1


def test_the_limit_counts_coroutines_and_inline_tasks_too(lab: Lab) -> None:
    inside = Together()

    @fl.task
    async def on_the_loop() -> None:
        with inside.inside():
            await asyncio.sleep(0)

    @fl.task(executor="inline")
    def on_the_spot() -> None:
        with inside.inside():
            pass

    @fl.task
    def on_a_thread() -> None:
        with inside.inside():
            pass

    tasks = [on_the_loop, on_the_spot, on_a_thread] * 10
    fl.in_parallel([task.send() for task in tasks], max_parallelism=1)()
    assert inside.most == 1


def test_a_coroutine_that_awaits_a_child_lends_its_permit(lab: Lab) -> None:
    @fl.task
    async def down(n: int) -> int:
        return 1 + await down.submit(n - 1) if n else 0

    assert fl.in_parallel([down.send(5), down.send(5)], max_parallelism=1)() == [5, 5]


def test_a_stage_does_not_wait_for_the_stage_before_it(lab: Lab) -> None:
    """Stages split the bookkeeping; they are no barrier."""
    crowd = Crowd(6)
    future = fl.in_parallel([crowd.task().send() for _ in range(6)], num_stages=3).submit()
    assert future.result(SOON) == [1] * 6


def test_retries_do_not_overrun_the_limit(lab: Lab) -> None:
    inside = Together()

    @fl.task(retries=3)
    def flaky(i: int) -> int:
        with inside.inside():
            if fl.current().attempt < 1 + i % 4:
                raise Boom
            return i

    assert fl.in_parallel([flaky.send(i) for i in range(12)], max_parallelism=2)() == list(range(12))
    assert inside.most <= 2


def test_limits_of_two_submissions_are_their_own(lab: Lab) -> None:
    """``max_parallelism`` belongs to the group of one run: two submissions may run twice as many."""
    crowd = Crowd(2)
    pipeline = fl.in_parallel([crowd.task().send() for _ in range(3)], max_parallelism=1)
    futures = [pipeline.submit(), pipeline.submit()]
    for future in futures:
        future.result(SOON)
    assert crowd.together.most == 2


def test_a_group_behind_a_limited_group_is_not_limited(lab: Lab) -> None:
    crowd = Crowd(4)
    first = fl.in_parallel([value.send(i) for i in range(4)], max_parallelism=1)
    first.continue_with(fl.in_parallel([crowd.task().send() for _ in range(4)]))()
    assert crowd.together.most == 4


def test_branches_that_wait_do_not_start_after_a_cancel(lab: Lab) -> None:
    gate, started = Gate(), []

    @fl.task
    def stands() -> None:
        gate.stand()

    @fl.task
    def start() -> None:
        started.append(1)

    future = fl.in_parallel([stands.send(), *(start.send() for _ in range(9))], max_parallelism=1).submit()
    gate.reached()
    future.cancel()
    gate.open()
    assert future.run.wait(SOON)
    assert started == []
    eventually(lambda: not lab.engine.unfinished())
    assert rep.send(1)() == "rep(1)"


def test_a_body_that_was_cancelled_and_still_runs_counts_until_it_returns(lab: Lab) -> None:
    """A group that fails fast does not wait for it, but it runs: the limit of the group around it is exact."""
    inside, gate, ended = Together(), Gate(), threading.Event()

    @fl.task
    def stands() -> None:
        with inside.inside():
            gate.stand()

    @fl.task
    def fails() -> None:
        gate.reached()
        raise Boom

    @fl.task
    def work(i: int) -> int:
        with inside.inside():
            if i == 5:
                ended.set()
            return i

    hasty = fl.in_parallel([stands.send(), fails.send()], fail_fast=True).exceptionally(heal)
    future = fl.in_parallel([hasty, *(work.send(i) for i in range(6))], max_parallelism=2).submit()
    assert ended.wait(SOON), "one permit is free, so the work goes on"
    gate.open()
    assert future.result(SOON)[1:] == list(range(6))
    assert inside.most <= 2


@pytest.mark.parametrize("seed", range(30))
def test_random_nests_reach_their_limit_and_never_pass_it(lab: Lab, seed: int) -> None:
    """Groups, orchestrators and parents of children in each other: so many as may work at once do at some time."""
    rng = random.Random(seed)
    most = rng.randint(1, 4)
    crowd = Crowd(most)
    work = crowd.task()

    @fl.task
    def parent(*args: object) -> int:
        return sum(future.result() for future in [work.submit() for _ in range(rng.randint(1, 2))])

    @fl.task
    def orchestrator(depth: int) -> fl.Pipeline:
        return nest(depth)

    def nest(depth: int) -> fl.Pipeline:
        kind = rng.choice(["task", "chain", "parent", *(["group", "group", "orchestrator"] if depth else [])])
        if kind == "task":
            return work.send()
        if kind == "chain":
            return work.send().continue_with(work)
        if kind == "parent":
            return parent.send()
        if kind == "orchestrator":
            return orchestrator.send(depth - 1)
        branches = [nest(depth - 1) for _ in range(rng.randint(1, 4))]
        return fl.in_parallel(branches, num_stages=rng.choice([None, 2])).continue_with(rep)

    branches = [nest(3) for _ in range(rng.randint(most, 7))]
    group = fl.in_parallel(branches, max_parallelism=most, num_stages=rng.choice([None, 2, 3]), name="top")
    future = group.submit()
    assert len(future.result(SOON)) == len(branches)
    assert crowd.together.most == most
    assert most_branches(future, named(future, "top")[0]) <= most
