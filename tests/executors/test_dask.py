"""Tasks on a Dask cluster: what is said in docs/dask.md, each once. What all executors do alike is elsewhere."""

import gc
import importlib.util
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dask
import distributed
import numpy as np
import pytest

import ipyflow as fl
from ipyflow.engine.kept import Kept
from ipyflow.errors import ExecutorUnavailable, IpyflowWarning, LeakedFuture, TaskCancelled
from ipyflow.executors.dask import DaskExecutor
from ipyflow.executors.dask import cluster as dask_cluster
from ipyflow.executors.dask import found as dask_found
from ipyflow.executors.dask import graph as dask_graph
from ipyflow.executors.dask.hearing import Hearing
from ipyflow.testing import Lab, engine
from tests.executors.gates import SOON, Gate, Marks, alive, eventually

on_dask = fl.task(executor="dask")
LOCAL: dict[str, Any] = {
    "n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None,
    "scheduler_kwargs": {"dashboard_address": ":0"},
}  # fmt: skip


@pytest.fixture(scope="module")
def client() -> Iterator[distributed.Client]:
    """Two workers of one thread each, for all tests of the module."""
    with distributed.LocalCluster(**LOCAL) as cluster, distributed.Client(cluster, set_as_default=False) as client:
        yield client


@pytest.fixture
def lab(client: distributed.Client) -> Iterator[Lab]:
    """An engine on it."""
    with engine(threads=2, dask=client) as lab:
        yield lab
        lab.settled(SOON)


def keys(lab: Lab, client: distributed.Client) -> list[str]:
    """What the scheduler has of an engine's."""
    mark = lab.engine.executors["dask"]._token
    return client.run_on_scheduler(lambda dask_scheduler: [key for key in dask_scheduler.tasks if mark in key])


# Where it runs.


def test_a_task_runs_in_a_worker_and_the_timeline_names_its_host(lab: Lab) -> None:
    pids = [on_dask(os.getpid).submit() for _ in range(20)]
    assert os.getpid() not in {future.result(SOON) for future in pids}
    workers = {lab.runs[0].snapshot().tasks[future.id].worker for future in pids}
    assert workers <= {"127.0.0.1 worker-0", "127.0.0.1 worker-1"}


def test_an_address(client: distributed.Client) -> None:
    with engine(dask=client.scheduler.address):
        assert on_dask(abs).submit(-1).result(SOON) == 1


def test_the_client_of_now(client: distributed.Client) -> None:
    with distributed.Client(client.scheduler.address) as mine, engine() as lab:
        assert distributed.default_client() is mine
        future = on_dask(abs).submit(-1)
        assert future.result(SOON) == 1
        assert lab.engine.executors["dask"]._cluster.client is mine


def test_a_cluster_of_this_machine_is_started_and_said_and_closed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    submitted, cluster = threading.Event(), distributed.LocalCluster
    # Submitting does not wait for it.
    monkeypatch.setattr(distributed, "LocalCluster", lambda **options: submitted.wait(SOON) and cluster(**options))
    with engine() as lab:
        pids = [on_dask(os.getpid).submit() for _ in range(10)]
        submitted.set()
        processes = {future.result(SOON) for future in pids}
        lab.engine.executors["dask"].shutdown(True)
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 1
    assert said[0].startswith(f"ipyflow: started a Dask LocalCluster with {os.cpu_count()} worker processes at tcp://")
    eventually(lambda: not any(alive(pid) for pid in processes))


def test_nothing_listens_at_the_address() -> None:
    with dask.config.set({"distributed.comm.timeouts.connect": "300ms"}), engine(dask="tcp://127.0.0.1:9"):
        futures = [on_dask(abs).submit(-1) for _ in range(3)]
        for future in futures:
            with pytest.raises(ExecutorUnavailable, match=r"no Dask scheduler answers at tcp://127.0.0.1:9 "):
                future.result(SOON)


def test_a_closed_client(client: distributed.Client) -> None:
    mine = distributed.Client(client.scheduler.address, set_as_default=False)
    mine.close()
    with engine(dask=mine), pytest.raises(ExecutorUnavailable, match="is closed"):
        on_dask(abs)(-1)


def test_workers_that_are_threads_of_this_process() -> None:
    with (
        distributed.LocalCluster(**{**LOCAL, "processes": False}) as cluster,
        distributed.Client(cluster, set_as_default=False) as mine,
        engine(dask=mine),
        pytest.raises(ExecutorUnavailable, match="threads of this process: use executor='threads'"),
    ):
        on_dask(abs)(-1)


def test_ipyflow_must_be_installed_on_the_workers() -> None:
    preload = """
import sys
class Without:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "ipyflow":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Without())
for name in [name for name in sys.modules if name.partition(".")[0] == "ipyflow"]:
    del sys.modules[name]
"""
    with (
        distributed.LocalCluster(**{**LOCAL, "n_workers": 1}, preload=[preload]) as cluster,
        distributed.Client(cluster, set_as_default=False) as mine,
        engine(dask=mine),
        pytest.raises(ExecutorUnavailable, match=r"cannot import ipyflow on .*pip install ipyflow-parallel\[dask\]"),
    ):
        on_dask(abs)(-1)


def test_without_dask_the_error_names_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "distributed" else find(name))
    with engine(), pytest.raises(ExecutorUnavailable, match=r"pip install ipyflow-parallel\[dask\]"):
        on_dask(abs).submit(-1)


def test_a_scheduler_that_takes_no_plugin_is_warned_of(
    client: distributed.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise PermissionError("not here")

    monkeypatch.setattr(client, "register_plugin", refuse)
    with pytest.warns(IpyflowWarning, match="even with retries=0"):
        cluster = dask_cluster.Cluster(client, print, "topic", Hearing({}, DaskExecutor()))
    assert not cluster.is_guarded
    cluster.close()


def test_submitting_does_not_wait_for_the_connection(
    client: distributed.Client, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = dask_found.find

    def stands(*args: Any) -> Any:
        gate.stand()
        return find(*args)

    monkeypatch.setattr(dask_found, "find", stands)
    with engine(dask=client):
        futures = [on_dask(abs).submit(-n) for n in range(50)]
        gate.reached()
        assert {future.state for future in futures} == {"queued"}
        assert futures[7].cancel()
        assert futures[7].state == "cancelled"
        gate.open()
        assert futures[8].result(SOON) == 8


def test_a_dask_that_is_another_inside(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def other(*_: Any) -> None:
        raise ImportError("not there")

    monkeypatch.setattr(dask_graph, "_as_graph", other)
    assert on_dask(abs).map(range(-20, 0)).results(SOON) == list(range(20, 0, -1))
    assert on_dask(len).submit(np.ones(500_000)).result(SOON) == 500_000


# Order, and stopping.


def _one_by_one(gate: Gate, then: Callable[[], None]) -> None:
    """Fill both workers, submit more, let them go."""
    before = [on_dask(gate.stand).submit() for _ in range(4)]
    gate.reached(2)
    then()
    gate.open()
    assert len(fl.wait(before, SOON).done) == 4


def test_first_come_first_served(lab: Lab, gate: Gate, marks: Marks) -> None:
    @fl.task(executor="dask")
    def mark(n: int) -> None:
        marks.add(n)

    futures: list[fl.Future] = []
    _one_by_one(gate, lambda: futures.extend(mark.submit(n) for n in range(200)))
    assert len(fl.wait(futures, SOON).done) == 200
    order = [int(line) for line in marks.all()]
    assert max(abs(place - n) for place, n in enumerate(order)) <= 50  # of two workers one may be held up


def test_children_of_a_body_that_waits_come_before_others(lab: Lab, marks: Marks) -> None:
    @fl.task(executor="dask")
    def child(n: int) -> None:
        marks.add(f"child {n}")

    @fl.task(executor="dask")
    def parent() -> None:
        for future in [child.submit(n) for n in range(5)]:
            future.result()
        marks.add("parent")

    @fl.task(executor="dask")
    def other() -> None:
        marks.add("other")
        time.sleep(0.01)

    first = parent.submit()
    others = [other.submit() for _ in range(300)]
    first.result(SOON)
    assert marks.all().index("parent") < 250
    assert len(fl.wait(others, SOON).done) == 300


def test_cancelling_what_is_queued(lab: Lab, gate: Gate, marks: Marks) -> None:
    @fl.task(executor="dask")
    def mark() -> None:
        marks.add("ran")

    def cancel() -> None:
        futures = [mark.submit() for _ in range(50)]
        for future in futures:
            assert future.cancel()
        assert {future.state for future in futures} == {"cancelled"}
        eventually(lambda: not lab.engine.executors["dask"]._to_cancel)

    _one_by_one(gate, cancel)
    assert on_dask(abs).submit(-1).result(SOON) == 1
    assert marks.all() == []


def test_a_running_body_is_told_to_stop(lab: Lab, marks: Marks) -> None:
    @fl.task(executor="dask")
    def until_told() -> str:
        marks.add("begun")
        while not fl.current().cancelled:
            time.sleep(0.001)
        marks.add("told")
        return "late"

    future = until_told.submit()
    eventually(lambda: marks.all() == ["begun"])
    eventually(lambda: future.state == "running")
    assert future.cancel()
    with pytest.raises(TaskCancelled):
        future.result(0)
    eventually(lambda: future.state == "cancelled")
    assert marks.all() == ["begun", "told"]


def test_nothing_of_ours_stays_on_the_scheduler(lab: Lab, client: distributed.Client) -> None:
    futures = on_dask(abs).map(range(200))
    futures.results(SOON)
    futures[0].run.cancel()
    eventually(lambda: not keys(lab, client), lambda: str(keys(lab, client)))


def test_other_work_on_the_cluster_is_left_alone(lab: Lab, client: distributed.Client) -> None:
    theirs = client.map(abs, range(20), pure=False)
    assert on_dask(abs).map(range(20)).results(SOON) == client.gather(theirs)

    def changed(dask_scheduler: Any) -> list[bool]:
        tasks = [dask_scheduler.tasks[key] for key in [future.key for future in theirs]]
        return [task.run_spec is None or task.suspicious > 0 for task in tasks]

    assert client.run_on_scheduler(changed) == [False] * 20


# What travels, and what stays.


def test_a_large_argument_is_sent_once(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[int] = []
    scatter = dask_graph.scatter
    monkeypatch.setattr(
        dask_graph, "scatter", lambda client, values: [sent.append(v.size) for v in values] and scatter(client, values)
    )

    @fl.task(executor="dask")
    def total(array: np.ndarray, n: int) -> float:
        array += n  # each has an array of its own
        return float(array[0] + array[-1])

    array = np.ones(1_000_000)
    assert total.map([array] * 16, range(16)).results(SOON) == [2.0 + 2 * n for n in range(16)]
    assert sent == [array.nbytes]
    assert array[0] == 1


def test_a_large_argument_waits_for_the_first_worker() -> None:
    with (
        distributed.LocalCluster(**{**LOCAL, "n_workers": 0}) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
        engine(dask=client),
    ):
        cluster.adapt(minimum=0, maximum=1, interval="50ms")  # which starts a worker when it sees tasks
        assert on_dask(len).submit(bytes(12_000_000)).result(SOON) == 12_000_000


def test_a_long_pickle_travels_beside_the_graph(lab: Lab) -> None:
    assert on_dask(sum).submit(list(range(1_000_000))).result(SOON) == 499_999_500_000


def test_a_large_value_stays_until_it_is_asked_for(lab: Lab) -> None:
    make = on_dask(lambda n: np.arange(n))
    future = make.submit(1_000_000)
    eventually(lambda: future.state == "succeeded")
    kept = future._value
    assert isinstance(kept, Kept)
    assert not kept.is_here()
    assert lab.runs[0].snapshot().tasks[future.id].type == "ndarray"
    assert future.result(SOON).sum() == 499_999_500_000
    assert future.result() is future.result()


def test_a_large_value_is_fetched_for_the_cache(client: distributed.Client, tmp_path: Path) -> None:
    make = fl.task(executor="dask", cache=True)(lambda n: np.arange(n))
    total = fl.task(cache=True)(lambda values: int(values.result().sum()))
    with engine(threads=2, dask=client, database=tmp_path / "history.sqlite") as lab:
        memory: Any = lab.engine.memory
        keep, kept = memory.keep, threading.Event()
        memory.keep = lambda *result: (keep(*result), kept.set())
        first = make.submit(1_000_000)
        eventually(lambda: first.state == "succeeded")
        assert isinstance(first._value, Kept)
        assert kept.wait(SOON)
        again = make.submit(1_000_000)
        assert (again.result(SOON).sum(), again.state) == (499_999_500_000, "cached")
        sums = [total.submit(first), total.submit(again)]
        assert [future.result(SOON) for future in sums] == [499_999_500_000] * 2
        assert "cached" in {future.state for future in sums}, "equal, from wherever the value came"
        lab.settled(SOON)


@pytest.mark.parametrize("policy", ["wait", "error"])
def test_what_a_body_leaves_unread_counts_also_where_its_value_stays(lab: Lab, policy: str) -> None:
    child = fl.task(executor="dask")(lambda: 1)

    @fl.flow(executor="dask", on_leak=policy)
    def careless() -> Any:
        child.submit()
        return np.arange(1_000_000)

    future = careless.submit()
    if policy == "error":
        with pytest.raises(LeakedFuture):
            future.result(SOON)
    else:
        assert future.result(SOON).size == 1_000_000
        assert {task.state for task in future.run.snapshot().tasks.values()} == {"succeeded"}


def test_a_value_goes_from_task_to_task_without_coming_here(lab: Lab) -> None:
    make = on_dask(lambda n: np.arange(n))
    total = fl.task(executor="dask", resolve=True)(lambda parts: float(sum(part.sum() for part in parts)))
    looked = fl.task(executor="dask")(lambda future: float(future.result().sum()))
    parts = [make.submit(1_000_000), make.submit(1_000_001)]
    assert total.submit(parts).result(SOON) == 499_999_500_000 + 500_000_500_000
    assert looked.submit(parts[0]).result(SOON) == 499_999_500_000
    assert not any(part._value.is_tried() for part in parts)


def test_a_value_of_another_engine_on_the_same_cluster(client: distributed.Client) -> None:
    with engine(dask=client):
        future = on_dask(lambda: np.arange(1_000_000)).submit()
        assert future.result(SOON).shape == (1_000_000,)
        kept = future._value
    with engine(dask=client):
        assert on_dask(len).submit(kept.value()).result(SOON) == 1_000_000


def test_the_value_goes_with_its_future(lab: Lab, client: distributed.Client) -> None:
    future = on_dask(lambda: bytes(1_000_000)).submit()
    assert len(future.result(SOON)) == 1_000_000
    assert len(keys(lab, client)) == 1
    del future
    gc.collect()
    eventually(lambda: not keys(lab, client), lambda: str(keys(lab, client)))


def test_large_values_that_may_not_stay(lab: Lab) -> None:
    pipeline = fl.task(executor="dask")(lambda: "x" * 5_000_000).send().continue_with(on_dask(len))
    assert pipeline.submit().result(SOON) == 5_000_000

    @fl.task(executor="dask")
    def fails() -> None:
        raise ValueError("x" * 1_000_000)

    with pytest.raises(ValueError, match="xxx") as caught:
        fails.submit().result(SOON)
    assert len(str(caught.value)) == 1_000_000


def test_children_with_large_arguments_and_values(lab: Lab) -> None:
    double = fl.task(executor="dask")(lambda array: array * 2)

    @fl.task(executor="dask")
    def parent() -> float:
        return float(double.submit(np.ones(500_000)).result().sum())

    assert parent.submit().result(SOON) == 1_000_000


def test_the_order_of_what_a_body_says(lab: Lab) -> None:
    @fl.task(executor="dask")
    def talks(n: int) -> int:
        for line in range(n):
            print(line)
        print("x" * 100_000)
        for _ in fl.progress(range(3), label="at it"):
            pass
        print("end", end="")
        return n

    futures = talks.map([300] * 6)
    futures.results(SOON)
    expected = "".join(f"{line}\n" for line in range(300)) + "x" * 100_000 + "\nend"
    assert {future.logs for future in futures} == {expected}
    assert {lab.runs[0].snapshot().tasks[future.id].progress for future in futures} == {(3, 3, "at it")}


def test_what_is_said_is_heard_while_the_body_runs(lab: Lab, gate: Gate) -> None:
    @fl.task(executor="dask")
    def talks() -> None:
        print("early")
        gate.stand()

    future = talks.submit()
    eventually(lambda: future.logs == "early\n")
    assert future.state == "running"
    gate.open()
    future.result(SOON)


# Callbacks, waits, depth.


def test_callbacks_may_use_the_client(lab: Lab, client: distributed.Client) -> None:
    heard: list[Any] = []
    future = on_dask(abs).submit(-1)
    future.add_done_callback(lambda f: heard.append((client.submit(abs, -2).result(SOON), threading.current_thread())))
    eventually(lambda: heard)
    assert heard[0][0] == 2


def test_callbacks_that_wait_for_other_tasks_hold_nobody_up(lab: Lab) -> None:
    heard: list[int] = []
    slow = fl.task(executor="dask")(lambda x: time.sleep(0.01) or x)
    futures = [on_dask(abs).submit(-n) for n in range(5)]
    for future in futures:
        future.add_done_callback(lambda f: heard.append(slow.submit(f.result()).result(SOON)))
    eventually(lambda: sorted(heard) == [0, 1, 2, 3, 4])


def test_a_chain_of_bodies_that_wait_is_deeper_than_the_cluster_is_wide(lab: Lab) -> None:
    @fl.task(executor="dask")
    def down(n: int) -> int:
        return down.submit(n - 1).result() + 1 if n else 0

    assert down.submit(30).result(SOON) == 30


def test_a_parent_goes_on_where_bodies_that_were_given_up_hold_all_slots(lab: Lab, gate: Gate) -> None:
    standing = fl.task(executor="dask")(gate.stand)

    @fl.task(executor="dask")
    def parent() -> int:
        children = [standing.submit() for _ in range(4)]
        while len(gate.who()) < 2:  # its own slot is theirs while it waits
            fl.wait(children, timeout=0.1)
        return fl.cancel(children)

    future = parent.submit()
    assert future.result(SOON) == 4
    gate.open()


def test_bodies_know_their_worker(lab: Lab) -> None:
    here = on_dask(lambda: distributed.get_worker().address)
    assert here.submit().result(SOON).startswith("tcp://")


def test_shutting_down_with_work_on_the_cluster(client: distributed.Client, gate: Gate) -> None:
    with engine(dask=client) as lab:
        futures = [on_dask(gate.stand).submit() for _ in range(10)]
        gate.reached(2)
        for future in futures:
            future.cancel()
        begin = time.monotonic()
        lab.engine.executors["dask"].shutdown(True)
        assert time.monotonic() - begin < SOON / 2  # not for the bodies, which stand for so long
        gate.open()
        lab.settled(SOON)
    eventually(lambda: not keys(lab, client), lambda: str(keys(lab, client)))
