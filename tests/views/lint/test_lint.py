"""What is found in a run, each kind where it is and nowhere else; the flows here really run."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

import ipyflow as fl
from ipyflow.engine.run import Run
from ipyflow.errors import IpyflowWarning
from ipyflow.model import records as r
from ipyflow.model.run import RunState
from ipyflow.testing import Lab, engine
from ipyflow.views.lint.findings import Facts
from ipyflow.views.lint.shown import Lint, lint
from tests.views.build import Log

PAUSE = 0.06


@fl.task
def load(n: int) -> int:
    time.sleep(PAUSE)
    return n


@fl.task
def price(n: int) -> int:
    time.sleep(PAUSE)
    return n


@fl.task
def add(one: int, other: int) -> int:
    return one + other


def kinds(run: Run) -> list[str]:
    assert run.wait(20)
    return sorted(one.kind for one in run.lint())


def linted(body: Callable[[], Any]) -> Lint:
    future = fl.flow(body).submit()
    future.exception()
    assert future.run.wait(20)
    return future.run.lint()


def in_turn_without_the_longest(lab: Lab, found: Any) -> float:
    """What is saved if all are done at once, by the log's own times."""
    tasks = lab.runs[0].snapshot().tasks
    took = [(tasks[id].ended or 0.0) - tasks[id].submitted for id in found.tasks]
    return sum(took) - max(took)


@pytest.fixture(autouse=True)
def lab():
    with engine(threads=4) as made:
        yield made


# Needless waits.


def three_in_turn() -> int:
    one = load(1)
    other = price(2)
    third = load.with_options(name="third")(3)
    return add(one, other) + third


def three_at_once() -> int:
    one, other = load.submit(1), price.submit(2)
    third = load.with_options(name="third").submit(3)
    return add(one.result(), other.result()) + third.result()


def each_needs_the_one_before() -> int:
    one = load(1)
    other = price(one)
    return load.with_options(name="third")(other)


def decided_by_the_first() -> int:
    one = load(1)
    if one > 5:
        return one
    return price(2)


def for_what_it_does() -> int:
    load(1)
    return price(2)


def waits_on_purpose() -> int:
    one = load.submit(1)
    fl.wait([one])
    return price(2) + one.result()


sure = fl.Prompt("Go on?", title="sure")


def asked_between() -> int:
    one = load(1)
    answer = sure()
    return one + price(2) + answer


def saved_between() -> int:
    one = load(1)
    keep(one)
    other = price(2)
    return one + other


def keep(value: int) -> None:
    pass


def test_three_calls_one_after_another_are_found_and_what_it_saves(lab: Lab) -> None:
    [found] = linted(three_in_turn)
    first = three_in_turn.__code__.co_firstlineno
    assert (found.kind, found.lines) == ("sequential", (first + 1, first + 2, first + 3))
    assert "load#2, price#3 and third#4 one after another" in found.text
    assert "load.submit(...), price.submit(...), third.submit(...)" in found.advice
    assert found.saves == pytest.approx(in_turn_without_the_longest(lab, found))


@pytest.mark.parametrize(
    "body",
    [
        three_at_once,
        each_needs_the_one_before,
        decided_by_the_first,
        for_what_it_does,
        waits_on_purpose,
        asked_between,
        saved_between,
    ],
)
def test_waits_that_have_a_reason_are_left_alone(lab: Lab, body: Callable[[], Any]) -> None:
    lab.engine.answers = lambda: {"sure": True}
    assert list(linted(body)) == []


def loop_that_waits() -> list[int]:
    out = []
    for n in range(4):
        out.append(load(n))  # noqa: PERF401 - what is looked for
    return out


def comprehension_that_waits() -> list[int]:
    return [load.submit(n).result() for n in range(4)]


def two_in_each_turn() -> list[int]:
    out = []
    for n in range(3):
        loaded = load(n)
        out.append(price(loaded))
    return out


def all_at_once() -> list[int]:
    return [future.result() for future in [load.submit(n) for n in range(4)]]


def each_from_the_one_before() -> int:
    n = 0
    for _ in range(3):
        n = load(n)
    return n


def until_it_is_there() -> int:
    for n in range(9):
        found = load(n)
        if found == 2:
            break
    return found


def asked_again_and_again() -> list[int]:
    return [load(7) for _ in range(3)]


@pytest.mark.parametrize("body", [loop_that_waits, comprehension_that_waits])
def test_a_loop_that_waits_in_each_turn_is_found(lab: Lab, body: Callable[[], Any]) -> None:
    [found] = linted(body)
    assert (found.kind, len(found.tasks)) == ("loop", 4)
    assert "load.map(items).results()" in found.advice
    assert found.saves == pytest.approx(in_turn_without_the_longest(lab, found))


def test_a_loop_of_chains_is_found() -> None:
    assert {one.kind for one in linted(two_in_each_turn)} == {"loop"}


@pytest.mark.parametrize("body", [all_at_once, each_from_the_one_before, until_it_is_there, asked_again_and_again])
def test_loops_that_need_what_was_before_are_left_alone(body: Callable[[], Any]) -> None:
    assert list(linted(body)) == []


def test_a_coroutine_that_awaits_one_after_another_is_found() -> None:
    @fl.flow
    async def order() -> int:
        one = await load.submit(1)
        other = await price.submit(2)
        return one + other

    assert kinds(order.submit().run) == ["sequential"]


class Touchy:
    """Whoever reads an attribute of it is heard."""

    def __getattr__(self, name: str) -> Any:
        touched.append(name)
        raise RuntimeError(name)


touched: list[str] = []
touchy: Any = Touchy()


def names_something_touchy() -> int:
    with contextlib.suppress(RuntimeError):
        touchy.submit(1)
    with contextlib.suppress(RuntimeError), touchy.lock:
        touchy.total += 1
    return load(1) + price(2)


def test_looking_at_the_source_runs_nothing_of_it() -> None:
    future = fl.flow(names_something_touchy).submit()
    future.result()
    before = list(touched)
    assert kinds(future.run) == ["sequential"]
    assert touched == before


# What nobody reads.


def test_what_nobody_read_and_nobody_saw_is_found() -> None:
    @fl.task
    def fail() -> None:
        raise ValueError("boom")

    @fl.flow
    def careless() -> None:
        add.submit(1, 2)
        fail.submit()

    @fl.flow
    def careful() -> None:
        add.submit(1, 2).detach()
        fl.wait([fail.submit()])

    with pytest.warns(IpyflowWarning):
        run = careless.submit().run
        assert kinds(run) == ["leak", "unseen"]
    assert "ended without reading add#2, fail#3" in run.lint()[0].text
    assert kinds(careful.submit().run) == []


# State.

counter = 0
totals = {"n": 0}
seen: list[int] = []
lock = threading.Lock()
two_at_once = threading.Barrier(2)


@fl.task
def count_up(n: int) -> None:
    global counter
    if n < 4:
        two_at_once.wait(10)
    counter += n


@fl.task
def count_in(n: int) -> None:
    two_at_once.wait(10)
    totals["n"] += n


@fl.task
def count_under_a_lock(n: int) -> None:
    two_at_once.wait(10)
    with lock:
        totals["n"] += n


@fl.task
def count_its_own(n: int) -> dict[str, int]:
    time.sleep(0.01)
    mine = {"n": 0}
    mine["n"] += n
    return mine


@fl.task
def remember(n: int) -> None:
    seen.append(n)


@pytest.mark.parametrize(
    ("task", "expected"),
    [(count_up, ["shared"]), (count_in, ["shared"]), (count_under_a_lock, []), (count_its_own, []), (remember, []),
     (remember.with_options(executor="processes"), ["lost"]),
     (count_its_own.with_options(executor="processes"), [])],
    ids=["global", "item", "lock", "own", "append", "append-elsewhere", "own-elsewhere"],
)  # fmt: skip
def test_state_that_several_write_is_found(task: Any, expected: list[str]) -> None:
    @fl.flow
    def all_of_them() -> None:
        fl.wait([task.submit(n) for n in range(4)])

    assert kinds(all_of_them.submit().run) == expected


def test_one_after_the_other_may_write() -> None:
    @fl.flow
    def in_turn() -> None:
        count_up(10)
        count_up(20)

    assert kinds(in_turn.submit().run) == []


def test_what_stops_the_loop_is_found() -> None:
    @fl.task
    async def fetch(n: int) -> int:
        time.sleep(0.01)
        return n

    @fl.task
    async def fetch_well(n: int) -> int:
        await asyncio.sleep(0.01)
        return n

    @fl.flow
    def both() -> list[int]:
        return [*fetch.map([1, 2]).results(), *fetch_well.map([1, 2]).results()]

    run = both.submit().run
    assert kinds(run) == ["blocking"]
    assert "fetch is an async def and calls time.sleep()" in run.lint()[0].text


# Sizes: told in logs written by hand, for a machine that is busy has its own times.


def batch_of(name: str, times: list[tuple[float, float]], executor: str = "threads", wall: float = 0) -> RunState:
    """A flow whose tasks are all submitted at 1 ms, and run in these times."""
    log = Log("paint")
    flow = log.task(0, "paint")
    log.start(0, flow)
    for begin, end in times:
        task = log.task(1, name, flow, executor=executor)
        log.start(begin, task).done(end, task)
    last = max([wall, *(end for _, end in times)])
    return log.done(last + 1, flow).close(last + 2).state()


def found(state: RunState, **facts: Any) -> list[str]:
    return [one.kind for one in lint(state, Facts(**facts))]


FOUR, EIGHT = {"threads": 4}, {"threads": 8}
TWICE_FOUR = [(2.0, 1000.0)] * 4 + [(1000.0, 2000.0)] * 4


def test_a_pool_too_small_is_found_where_the_tasks_wait_and_threads_that_compute_are_told_so() -> None:
    strips = batch_of("strip", TWICE_FOUR)
    [pool] = lint(strips, Facts(sizes=FOUR, cores=8, cpu=0.1))
    assert (pool.kind, pool.advice, len(pool.tasks)) == (
        "pool", "configure(threads=8): they wait more than they compute", 4,
    )  # fmt: skip
    assert pool.saves == pytest.approx(1.0, abs=0.01)
    assert found(strips, sizes=FOUR, cores=8, cpu=1.95) == ["computing"]
    assert found(strips, sizes=FOUR, cores=1, cpu=1.95) == [], "one core computes in turn anywhere"
    assert found(strips, sizes=EIGHT, cores=8, cpu=0.1) == []
    assert found(strips) == [], "what is not known is not guessed"
    crowd: dict[str, Any] = {"sizes": FOUR, "cores": 8, "crowded": True}
    assert found(strips, cpu=0.1, **crowd) == [], "who gets no core does not wait for something else"
    assert found(strips, cpu=0.7, **crowd) == ["computing"]
    at_once = batch_of("strip", [(2.0, 2.0)] * 8)
    assert found(at_once, sizes=FOUR, cores=8, cpu=1.95) == [], "what took no time at all"


def test_processes_are_as_many_as_there_are_cores() -> None:
    strips = batch_of("strip", TWICE_FOUR, "processes")
    assert found(strips, sizes={"processes": 4}, cores=8) == ["pool"]
    assert found(strips, sizes={"processes": 4}, cores=4) == []


def test_tasks_too_small_are_found() -> None:
    def times(each: float) -> list[tuple[float, float]]:
        return [(2 + n * each, 2 + n * each + each * 0.9) for n in range(2000)]

    tiny = batch_of("tiny", times(0.02))
    assert found(tiny) == ["small"]
    [one] = lint(tiny, Facts())
    assert one.advice.startswith('tiny.map(items, batch="auto")')
    assert one.saves is not None
    assert found(batch_of("fair", times(2.0))) == []
    assert found(batch_of("far", times(0.5), "processes")) == ["small"]
    assert found(batch_of("few", times(0.02)[:50])) == []


def test_a_run_whose_tasks_took_no_time_at_all_has_no_hints() -> None:
    nothing = batch_of("nothing", [(2.0, 2.0)] * 3)
    assert found(nothing, sizes=FOUR, cores=4, cpu=1.0) == []


def test_the_one_that_takes_longest_is_found() -> None:
    some = [(2.0, 100.0 + n) for n in range(7)]
    assert found(batch_of("part", [*some, (2.0, 1000.0)])) == ["straggler"]
    assert found(batch_of("part", [*some, (2.0, 250.0)])) == [], "not much longer than the others"
    assert found(batch_of("part", [*some, (2.0, 1000.0)], wall=4000)) == [], "the run did not wait for it"


# How it shows itself.


def test_a_run_that_goes_on_and_one_that_is_fine_say_so() -> None:
    gate = threading.Event()

    @fl.flow
    def held() -> None:
        gate.wait()

    run = held.submit().run
    assert repr(run.lint()) == "held goes on: hints come when it has ended"
    gate.set()
    assert run.wait(20)
    assert repr(run.lint()) == "held: no hints"


def test_text_html_and_json_say_the_same_and_escape_what_tasks_say() -> None:
    log = Log("<b>run</b>")
    flow = log.task(0, "<b>run</b>")
    log.start(0, flow)
    child = log.run(1, 2, 3, "<script>", flow)
    log.done(4, flow).add(r.Noted, 4, child, "leaked", "nobody read it")
    hints = lint(log.close(5).state(), Facts())
    assert repr(hints).splitlines()[:2] == ["<b>run</b>: 1 hint", "  <b>run</b>#1 ended without reading <script>#2."]
    page = hints._repr_mimebundle_()["text/html"]
    assert "<script>" not in page
    assert "<b>run" not in page
    assert hints.to_json()["hints"][0]["tasks"] == [(child, "<script>")]
