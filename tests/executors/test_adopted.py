"""Executors of other libraries: any `concurrent.futures.Executor` as `executor=`."""

import concurrent.futures
import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import ipyflow as fl
from ipyflow.errors import ExecutorUnavailable, NotPicklable, TaskCancelled, TaskTimeout, WorkerLost
from ipyflow.testing import Lab
from tests.executors.gates import SOON, Gate, Marks, eventually

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")


def _loky() -> concurrent.futures.Executor:
    return pytest.importorskip("loky").ProcessPoolExecutor(2)  # type: ignore[no-any-return]


def _interpreters() -> concurrent.futures.Executor:
    kind = getattr(concurrent.futures, "InterpreterPoolExecutor", None)
    if kind is None:
        pytest.skip("this Python has no InterpreterPoolExecutor")
    return kind(2)  # type: ignore[no-any-return]


def _processes(method: str) -> Callable[[], concurrent.futures.Executor]:
    return lambda: concurrent.futures.ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(method))


class Wrapped(concurrent.futures.Executor):
    """An executor of a class that nobody knows, around one that is known."""

    def __init__(self, inner: concurrent.futures.Executor) -> None:
        self.inner = inner
        self.seen: list[tuple[Any, ...]] = []

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        self.seen.append((fn, *args, *kwargs.values()))
        return self.inner.submit(fn, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self.inner.shutdown(wait, cancel_futures=cancel_futures)


HERE = {
    "threads": lambda: concurrent.futures.ThreadPoolExecutor(2),
    "unknown threads": lambda: Wrapped(concurrent.futures.ThreadPoolExecutor(2)),
}
ELSEWHERE = {
    "fork": _processes("fork"),
    "spawn": _processes("spawn"),
    "forkserver": _processes("forkserver"),
    "loky": _loky,
    "interpreters": _interpreters,
    "unknown processes": lambda: Wrapped(_processes("spawn")()),
}
here = pytest.mark.parametrize("pool", HERE, indirect=True)
elsewhere = pytest.mark.parametrize("pool", ELSEWHERE, indirect=True)
everywhere = pytest.mark.parametrize("pool", HERE | ELSEWHERE, indirect=True)


@pytest.fixture
def pool(request: pytest.FixtureRequest) -> Iterator[concurrent.futures.Executor]:
    made = (HERE | ELSEWHERE)[request.param]()
    yield made
    made.shutdown()


def state_of(future: fl.Future) -> Any:
    return future.run.snapshot().tasks[future.id]


# What runs where.


@everywhere
def test_tasks_run_there(lab: Lab, pool: concurrent.futures.Executor) -> None:
    @fl.task(executor=pool)
    def add(x: int, y: int = 1) -> tuple:
        print("adding", x, y)
        return x + y, os.getpid()

    future = add.submit(2, y=5)
    value, pid = future.result(SOON)
    assert value == 7
    if isinstance(pool, concurrent.futures.ProcessPoolExecutor):
        assert pid != os.getpid()
    assert future.logs == "adding 2 5\n"
    assert state_of(future).executor == type(pool).__name__
    assert [f.result(SOON)[0] for f in add.map(range(20))] == list(range(1, 21))
    assert [value for value, _ in add.map(range(50), batch=10).results(SOON)] == list(range(1, 51))


@here
def test_in_this_interpreter_nothing_is_pickled(lab: Lab, pool: concurrent.futures.Executor) -> None:
    lock = threading.Lock()

    @fl.task(executor=pool)
    def work(given: Any) -> Any:
        return given, threading.current_thread().name

    for _ in range(3):  # the first before it is known where it runs
        value, thread = work.submit(lock).result(SOON)
        assert value is lock
        assert "ThreadPoolExecutor" in thread
    assert state_of(work.submit(lock)).executor == type(pool).__name__


def test_its_own_threads_are_used_as_it_made_them(lab: Lab) -> None:
    own = threading.local()

    def begin(text: str) -> None:
        own.text = text

    with concurrent.futures.ThreadPoolExecutor(1, "mine", begin, ("ready",)) as pool:
        future = fl.task(executor=pool)(lambda: own.text).submit()
        assert future.result(SOON) == "ready"
        assert state_of(future).worker == "mine_0"


def test_only_bytes_go_to_another_interpreter(lab: Lab) -> None:
    pool = Wrapped(_processes("spawn")())
    local = 3
    assert fl.task(executor=pool)(lambda x: x + local).submit(4).result(SOON) == 7
    pool.shutdown()
    (look, *nothing), (run, *given) = pool.seen
    assert nothing == []
    assert [type(one) for one in given] == [bytes, bytes]
    assert {look.__module__, run.__module__} == {"ipyflow.worker.foreign"}


@elsewhere
def test_what_cannot_travel(lab: Lab, pool: concurrent.futures.Executor) -> None:
    fine = fl.task(executor=pool)(abs)
    lock = threading.Lock()

    def outcome() -> BaseException | None:
        try:
            return fl.task(executor=pool)(lambda x: x).submit(lock).exception(SOON)
        except NotPicklable as error:
            return error

    for _ in range(2):  # the first before it is known that it must travel at all
        error = outcome()
        assert isinstance(error, NotPicklable)
        assert "x is a lock" in str(error)
        assert fine.submit(-3).result(SOON) == 3
    future = fl.task(executor=pool)(threading.Lock).submit()
    assert isinstance(future.exception(SOON), NotPicklable)


@elsewhere
def test_a_failure_there(lab: Lab, pool: concurrent.futures.Executor) -> None:
    @fl.task(executor=pool)
    def fails() -> None:
        print("before")
        raise KeyError("there")

    future = fails.submit()
    error = future.exception(SOON)
    assert isinstance(error, KeyError)
    assert 'raise KeyError("there")' in str(error.__cause__)
    assert "in fails" in future.traceback
    assert future.logs == "before\n"


@elsewhere
def test_a_body_there_has_no_way_back(lab: Lab, pool: concurrent.futures.Executor) -> None:
    @fl.task
    def child() -> int:
        return 1

    @fl.task(executor=pool)
    def work() -> Any:
        return child.submit()

    error = work.submit().exception(SOON)
    assert isinstance(error, RuntimeError)
    assert "executor='processes'" in str(error)

    @fl.task(executor=pool)
    def knows_itself(x: fl.Future) -> tuple:
        return fl.current().task.name, x.result(), list(fl.progress([1, 2]))

    assert knows_itself.submit(child.submit()).result(SOON) == ("knows_itself", 1, [1, 2])


def test_an_executor_that_runs_what_it_is_given_at_once(lab: Lab) -> None:
    class AtOnce(concurrent.futures.Executor):
        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
            future: concurrent.futures.Future[Any] = concurrent.futures.Future()
            future.set_result(fn(*args, **kwargs))
            return future

    pool = AtOnce()

    @fl.task(executor=pool, limit=1)
    def down(n: int) -> int:
        return 1 + down(n - 1) if n else threading.get_ident() - threading.get_ident()

    assert down.submit(10).result(SOON) == 10
    assert fl.task(executor=pool)(threading.get_ident).submit().result(SOON) == threading.get_ident()


def test_asking_an_executor_where_it_runs_things_holds_nobody_up(lab: Lab) -> None:
    inner = concurrent.futures.ThreadPoolExecutor(1)
    gate = threading.Event()
    inner.submit(gate.wait)
    futures = fl.task(executor=Wrapped(inner))(lambda x: x).map(range(5))
    assert futures.progress == (0, 5)
    assert futures[3].cancel()
    gate.set()
    assert [f.result(SOON) for f in futures if not f.cancelled()] == [0, 1, 2, 4]
    inner.shutdown()


def test_an_executor_that_cannot_even_be_asked(lab: Lab) -> None:
    class Broken(Wrapped):
        works = False

        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
            if not self.works:
                raise OSError("no connection")
            return super().submit(fn, *args, **kwargs)

    pool = Broken(concurrent.futures.ThreadPoolExecutor(1))
    task = fl.task(executor=pool)(abs)
    error = task.submit(-1).exception(SOON)
    assert isinstance(error, ExecutorUnavailable)
    assert "no connection" in str(error)
    pool.works = True
    assert task.submit(-1).result(SOON) == 1
    pool.shutdown()


def test_futures_that_do_not_say_when_they_start(lab: Lab) -> None:
    class Silent(Wrapped):
        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
            outer: concurrent.futures.Future[Any] = concurrent.futures.Future()

            def ended(inner: concurrent.futures.Future[Any]) -> None:
                outer.set_result(inner.result())

            self.inner.submit(fn, *args, **kwargs).add_done_callback(ended)
            return outer

    pool = Silent(_processes("spawn")())
    future = fl.task(executor=pool)(abs).submit(-4)
    assert future.result(SOON) == 4
    assert state_of(future).worker.startswith("Silent")
    pool.shutdown()


# Stopping.


@everywhere
def test_queued_work_that_is_cancelled_never_runs(
    lab: Lab, pool: concurrent.futures.Executor, gate: Gate, marks: Marks
) -> None:
    standing = [fl.task(executor=pool)(gate.stand).submit() for _ in range(2)]
    gate.reached(2)

    @fl.task(executor=pool)
    def work(x: int) -> None:
        marks.add(x)

    futures = work.map(range(8))
    assert all(future.cancel() for future in futures[5:])
    gate.open()
    for future in [*standing, *futures[:5]]:
        future.result(SOON)
    assert sorted(marks.all()) == ["0", "1", "2", "3", "4"]
    assert [future.state for future in futures[5:]] == ["cancelled"] * 3


@everywhere
def test_a_body_that_runs_goes_on_but_nobody_waits_for_it(
    lab: Lab, pool: concurrent.futures.Executor, gate: Gate
) -> None:
    future = fl.task(executor=pool)(gate.stand).submit()
    gate.reached()
    eventually(lambda: future.state == "running")
    assert future.cancel()
    with pytest.raises(TaskCancelled):
        future.result(0)
    assert future.state == "cancelling"
    gate.open()
    eventually(lambda: future.state == "cancelled")


@everywhere
def test_a_timeout_gives_it_up_and_says_so(lab: Lab, pool: concurrent.futures.Executor, gate: Gate) -> None:
    fl.task(executor=pool)(abs).submit(-1).result(SOON)
    future = fl.task(executor=pool, timeout=0.05)(gate.stand).submit()
    with pytest.raises(TaskTimeout):
        future.result(SOON)
    eventually(lambda: any("goes on until" in text for what, text in state_of(future).notes if what == "abandoned"))
    gate.open()


def test_the_executor_stays_whose_it_was(lab: Lab) -> None:
    with concurrent.futures.ThreadPoolExecutor(1) as threads, _processes("spawn")() as processes:
        for pool in (threads, processes):
            assert fl.task(executor=pool)(abs).submit(-1).result(SOON) == 1
        for executor in lab.engine.executors.values():
            executor.shutdown(True)
        for pool in (threads, processes):
            assert pool.submit(abs, -2).result(SOON) == 2


@everywhere
def test_an_executor_that_was_shut_down(lab: Lab, pool: concurrent.futures.Executor) -> None:
    task = fl.task(executor=pool)(abs)
    assert task.submit(-1).result(SOON) == 1
    pool.shutdown()
    error = task.submit(-1).exception(SOON)
    assert isinstance(error, RuntimeError)
    assert "is it shut down?" in str(error)


@pytest.mark.parametrize("pool", ["threads", "spawn"], indirect=True)
def test_work_that_the_executor_itself_cancels(lab: Lab, pool: concurrent.futures.Executor, gate: Gate) -> None:
    standing = [fl.task(executor=pool)(gate.stand).submit() for _ in range(2)]
    gate.reached(2)
    futures = fl.task(executor=pool)(abs).map(range(10))
    pool.shutdown(wait=False, cancel_futures=True)
    gate.open()
    lost = [error for future in futures if (error := future.exception(SOON)) is not None]
    assert len(lost) == 10
    # What the pool had not taken yet is refused, the rest is given up.
    assert all(isinstance(error, (WorkerLost, RuntimeError)) for error in lost)
    assert all("before it began" in str(error) or "is it shut down?" in str(error) for error in lost)
    assert [f.exception(SOON) for f in standing] == [None, None]


@pytest.mark.parametrize("pool", ["spawn", "loky"], indirect=True)
def test_a_pool_that_breaks(lab: Lab, pool: concurrent.futures.Executor, gates: Callable[[str], Gate]) -> None:
    # Both workers are there first: the standard library's pool may miss the death of one that it has just started.
    both = [fl.task(executor=pool)(gates("both").stand).submit() for _ in range(2)]
    gates("both").reached(2)
    gates("both").open()
    assert [future.exception(SOON) for future in both] == [None, None]
    gate = gates("one")
    standing = fl.task(executor=pool)(gate.stand).submit()
    gate.reached()
    dying = fl.task(executor=pool)(os._exit).submit(3)
    for future in (standing, dying):
        error = future.exception(SOON)
        assert isinstance(error, WorkerLost)
        assert "executor='processes'" in str(error)
    gate.open()
    error = fl.task(executor=pool)(abs).submit(-1).exception(SOON)
    assert isinstance(error, WorkerLost)
    assert "give the task a new one" in str(error)


def test_threads_that_cannot_be_made_ready(lab: Lab) -> None:
    def fails() -> None:
        raise OSError("not ready")

    with concurrent.futures.ThreadPoolExecutor(1, initializer=fails) as pool:
        errors = [future.exception(SOON) for future in fl.task(executor=pool)(abs).map([1, 2])]
    assert all(isinstance(error, WorkerLost) for error in errors)


@pytest.mark.parametrize("pool", ["spawn", "fork", "loky"], indirect=True)
def test_what_waits_for_a_worker_is_not_running(lab: Lab, pool: concurrent.futures.Executor, gate: Gate) -> None:
    fl.task(executor=pool)(abs).submit(-1).result(SOON)
    futures = [fl.task(executor=pool, timeout=30)(gate.stand).submit() for _ in range(6)]
    gate.reached(2)
    eventually(lambda: [future.state for future in futures] == ["running"] * 2 + ["queued"] * 4)
    workers = {state_of(future).worker for future in futures[:2]}
    assert len(workers) == 2
    assert all(worker.startswith(f"{type(pool).__name__}-") for worker in workers)
    gate.open()
    assert all(future.result(SOON) for future in futures)


# Bodies that wait.


@pytest.mark.parametrize("size", [1, 2])
def test_threads_that_wait_for_their_children_do_not_run_dry(lab: Lab, size: int) -> None:
    with concurrent.futures.ThreadPoolExecutor(size) as pool:

        @fl.task(executor=pool)
        def by_result(n: int) -> int:
            return 1 + sum(f.result() for f in [by_result.submit(n - 1) for _ in range(2)]) if n else 1

        @fl.task(executor=pool)
        def by_select(n: int) -> int:
            if not n:
                return 1
            winner, rest = fl.select([by_select.submit(n - 1), by_select.submit(0)])
            return 1 + max(winner.result(), rest[0].result())

        @fl.task(executor=pool)
        def by_timeout(n: int) -> int:
            return 1 + by_timeout.submit(n - 1).result(SOON) if n else 1

        @fl.task(executor=pool)
        def as_completed(n: int) -> int:
            return (
                1 + sum(f.result() for f in fl.as_completed([as_completed.submit(n - 1) for _ in range(2)])) if n else 1
            )

        assert by_result.submit(6).result(SOON) == 127
        assert by_select.submit(20).result(SOON) == 21
        assert by_timeout.submit(20).result(SOON) == 21
        assert as_completed.submit(5).result(SOON) == 63


def test_a_thread_stands_in_where_others_have_those_of_the_pool(lab: Lab) -> None:
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        others = threading.Event()
        pool.submit(others.wait)
        leaf = fl.task(executor=pool)(threading.current_thread)

        @fl.task(executor=pool)
        def work() -> Any:
            return fl.select([leaf.submit(), leaf.submit()])[0].result()

        name = work.submit().result(SOON).name
        others.set()
        assert name == "ThreadPoolExecutor-stand-in"


def test_bodies_at_once_are_hardly_more_than_there_are_threads(lab: Lab) -> None:
    now, most, lock = [0], [0], threading.Lock()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:

        @fl.task(executor=pool)
        def leaf() -> None:
            with lock:
                now[0] += 1
                most[0] = max(most[0], now[0])
            time.sleep(0.002)
            with lock:
                now[0] -= 1

        @fl.task(executor=pool)
        def work() -> None:
            for _ in fl.as_completed([leaf.submit() for _ in range(10)]):
                pass

        for future in [work.submit() for _ in range(3)]:
            future.result(SOON)
    # A thread that stands in ends what it has begun, when one for which it stands in goes on.
    assert most[0] <= 3


# In other parts.


def test_an_executor_over_an_executor(lab: Lab) -> None:
    with concurrent.futures.ThreadPoolExecutor(2) as pool, fl.Executor(pool, name="through us") as executor:
        assert list(executor.map(abs, range(-5, 0))) == [5, 4, 3, 2, 1]
        assert executor.submit(lambda: threading.current_thread().name).result(SOON).startswith("ThreadPool")


def test_two_executors_of_one_class_are_two(lab: Lab) -> None:
    with (
        concurrent.futures.ThreadPoolExecutor(1, "one") as one,
        concurrent.futures.ThreadPoolExecutor(1, "two") as two,
    ):
        name = fl.task(executor=one)(lambda: threading.current_thread().name)
        assert name.submit().result(SOON) == "one_0"
        assert name.with_options(executor=two).submit().result(SOON) == "two_0"


def test_pipelines_go_there_too(lab: Lab) -> None:
    with _processes("spawn")() as pool:
        there = fl.task(executor=pool)(lambda x: (x, os.getpid()))
        pipeline = there.send(3).continue_with(fl.task(lambda x, pid: (x, pid != os.getpid())))
        assert pipeline.submit().result(SOON) == (3, True)


# With the executors of other libraries.


def _bring_through(pool: concurrent.futures.Executor) -> set[int]:
    """Values, failures, closures and batches; returns the processes that took part."""
    local = 5

    @fl.task(executor=pool)
    def work(x: int) -> tuple:
        if x == 3:
            raise ValueError("three")
        return x + local, os.getpid()

    futures = work.map(range(6))
    assert [f.result(SOON)[0] for f in futures if f is not futures[3]] == [5, 6, 7, 9, 10]
    assert isinstance(futures[3].exception(SOON), ValueError)
    assert [x for x, _ in work.map(range(10, 30), batch=5).results(SOON)] == list(range(15, 35))
    return {f.result()[1] for f in futures if f is not futures[3]}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("processes", [True, False])
def test_with_dask(lab: Lab, processes: bool) -> None:
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(2, threads_per_worker=1, processes=processes, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        pids = _bring_through(client.get_executor())
        assert (os.getpid() not in pids) == processes
        lab.settled()


@pytest.mark.filterwarnings("ignore")
def test_with_executorlib(lab: Lab) -> None:
    executorlib = pytest.importorskip("executorlib")
    with executorlib.SingleNodeExecutor(max_workers=2) as pool:
        assert os.getpid() not in _bring_through(pool)


@pytest.mark.filterwarnings("ignore")
def test_with_ipyparallel(lab: Lab) -> None:
    ipyparallel = pytest.importorskip("ipyparallel")
    with ipyparallel.Cluster(n=2, log_level=40) as cluster:
        assert os.getpid() not in _bring_through(cluster.load_balanced_view().executor)
