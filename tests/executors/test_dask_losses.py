"""Workers, schedulers and connections that go: a state and an error, no hang, nothing run twice unasked."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dask
import distributed
import numpy as np
import pytest

import ipyflow as fl
from ipyflow.engine.kept import Kept
from ipyflow.errors import TaskCancelled, WorkerLost
from ipyflow.model import records as r
from ipyflow.testing import Lab, engine
from tests.executors.gates import SOON, Gate, Marks, alive, eventually

on_dask = fl.task(executor="dask")


@pytest.fixture
def cluster() -> Iterator[distributed.LocalCluster]:
    """Two workers of one thread; whoever kills one gets another in its place."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, scheduler_kwargs={"dashboard_address": ":0"}
    ) as cluster:
        yield cluster


@pytest.fixture
def client(cluster: distributed.LocalCluster) -> Iterator[distributed.Client]:
    """Of that cluster."""
    with distributed.Client(cluster, set_as_default=False) as client:
        yield client


@pytest.fixture
def lab(client: distributed.Client) -> Iterator[Lab]:
    """An engine on it."""
    with engine(threads=2, dask=client) as lab:
        yield lab
        lab.settled(SOON)


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def attempts(lab: Lab) -> list[str]:
    return [record.type for record in lab.records if isinstance(record, r.AttemptFailed)]


def test_a_worker_that_is_killed_takes_its_body_with_it(lab: Lab, gate: Gate, marks: Marks) -> None:
    @fl.task(executor="dask")
    def work() -> None:
        marks.add("begun")
        gate.stand()

    future = work.submit()
    (pid,) = gate.reached()
    eventually(lambda: future.state == "running")
    kill(pid)
    with pytest.raises(WorkerLost, match=r"work#1: its worker 127.0.0.1 worker-[01] has died"):
        future.result(SOON)
    assert future.state == "failed"
    assert on_dask(abs).map(range(50)).results(SOON) == list(range(50))
    assert marks.all() == ["begun"]


def test_a_body_that_ends_its_process(lab: Lab) -> None:
    with pytest.raises(WorkerLost, match="has died"):
        on_dask(os._exit).submit(3).result(SOON)
    assert on_dask(abs).submit(-1).result(SOON) == 1


def test_retries_run_it_again_elsewhere(lab: Lab, gate: Gate) -> None:
    future = fl.task(executor="dask", retries=1)(gate.stand).submit()
    kill(gate.reached()[0])
    first, second = gate.reached(2)
    assert first != second
    gate.open()
    assert future.result(SOON) == second
    assert attempts(lab) == ["WorkerLost"]


def test_what_has_ended_is_not_run_again_where_its_worker_dies(lab: Lab, cluster: Any, marks: Marks) -> None:
    @fl.task(executor="dask")
    def make() -> np.ndarray:
        marks.add("made")
        return np.ones(1_000_000)

    made = make.submit()
    asked = make.submit()
    assert asked.result(SOON).sum() == 1_000_000
    eventually(lambda: made.state == "succeeded")
    assert isinstance(made._value, Kept)
    for worker in list(cluster.workers.values()):
        kill(worker.process.pid)
    assert asked.result(0).sum() == 1_000_000
    with pytest.raises(WorkerLost, match="the value of make#1 was on a Dask worker and is gone"):
        made.result(SOON)
    total = fl.task(executor="dask", resolve=True)(lambda array: float(array.sum()))
    assert total.submit(asked).result(SOON) == 1_000_000  # it is here, and sent again
    with pytest.raises(WorkerLost, match="is gone"):
        total.submit(made).result(SOON)
    assert marks.all() == ["made", "made"]


def test_a_value_is_gone_before_anybody_noticed(lab: Lab, cluster: Any) -> None:
    total = fl.task(executor="dask", resolve=True)(lambda array: float(array.sum()))
    made = on_dask(lambda: np.ones(1_000_000)).submit()
    eventually(lambda: made.state == "succeeded")
    for worker in list(cluster.workers.values()):
        kill(worker.process.pid)
    with pytest.raises(WorkerLost):
        total.submit(made).result(SOON)


def test_scattered_arguments_are_sent_again_where_they_were_lost(lab: Lab, cluster: Any, gate: Gate) -> None:
    array = np.ones(1_000_000)

    def total(array: np.ndarray) -> float:
        gate.stand()
        return float(array.sum())

    future = fl.task(executor="dask", retries=3)(total).submit(array)
    gate.reached()
    for worker in list(cluster.workers.values()):
        kill(worker.process.pid)
    gate.open()
    assert future.result(SOON) == 1_000_000


def test_a_stopped_body_whose_worker_dies_is_gone(lab: Lab, gate: Gate) -> None:
    future = on_dask(gate.stand).submit()
    (pid,) = gate.reached()
    eventually(lambda: future.state == "running")
    assert future.cancel()
    with pytest.raises(TaskCancelled):
        future.result(0)
    assert future.state == "cancelling"
    kill(pid)
    eventually(lambda: future.state == "cancelled")


def test_a_worker_that_is_sent_away_with_its_body(lab: Lab, client: distributed.Client, gate: Gate) -> None:
    future = on_dask(gate.stand).submit()
    (pid,) = gate.reached()
    eventually(lambda: future.state == "running")
    address = next(address for address, its in client.run(os.getpid).items() if its == pid)
    client.retire_workers([address], close_workers=True)
    gate.open()
    error = future.exception(SOON)  # none, if it came to its end before the worker went
    assert error is None or (isinstance(error, WorkerLost) and "was sent away" in str(error))
    assert len(gate.who()) == 1


def test_a_cluster_that_is_restarted(lab: Lab, client: distributed.Client, gate: Gate) -> None:
    futures = [on_dask(gate.stand).submit() for _ in range(6)]
    gate.reached(2)
    client.restart()
    for future in futures:
        with pytest.raises(WorkerLost):
            future.result(SOON)
    gate.open()
    assert on_dask(abs).submit(-1).result(SOON) == 1


def test_a_client_that_is_closed(lab: Lab, client: distributed.Client, gate: Gate) -> None:
    futures = [on_dask(gate.stand).submit() for _ in range(6)]
    gate.reached(2)
    client.close()
    for future in futures:
        with pytest.raises(WorkerLost, match="the Dask client was closed"):
            future.result(SOON)
    gate.open()


@contextmanager
def command(*words: str, says: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process of Dask's command line, and the line that says what it says."""
    process = subprocess.Popen([sys.executable, "-m", *words], stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        line = next(line for line in process.stderr if says in line)
        yield process, line
    finally:
        process.kill()
        process.communicate()


SCHEDULER = ("distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--dashboard-address", ":0", "--no-dashboard")
WORKER = ("distributed.cli.dask_worker", "--nthreads", "1", "--no-dashboard", "--death-timeout", "20")


@pytest.fixture
def remote(tmp_path: Path) -> Iterator[Callable[[], Any]]:
    """A scheduler and a worker that are processes of their own: both, and the address."""
    with command(*SCHEDULER, "--port", "0", says="Scheduler at") as (scheduler, line):
        address = line.split()[-1]
        with command(*WORKER, "--local-directory", str(tmp_path), address, says="Registered to"):
            yield lambda: (scheduler, address)


def test_a_scheduler_that_dies(remote: Any, gate: Gate) -> None:
    scheduler, address = remote()
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "1s"}),
        engine(dask=address) as lab,
    ):
        futures = [on_dask(gate.stand).submit() for _ in range(3)]
        gate.reached()
        eventually(lambda: futures[0].state == "running")
        scheduler.kill()
        for future in futures:
            with pytest.raises(WorkerLost, match="the connection to the Dask scheduler was lost"):
                future.result(SOON)
        gate.open()
        lab.settled(SOON)


def test_a_cluster_that_is_not_of_this_process(remote: Any) -> None:
    _, address = remote()
    with engine(dask=address) as lab:
        future = on_dask(abs).submit(-1)
        assert future.result(SOON) == 1
        assert lab.runs[0].snapshot().tasks[future.id].worker == "127.0.0.1 worker-0"


def program(source: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a session of its own."""
    return subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, timeout=50, start_new_session=True, check=False
    )


def test_the_end_of_a_program_with_work_on_its_cluster() -> None:
    done = program("""
import time
import ipyflow as fl
futures = [fl.task(executor="dask")(time.sleep).submit(600) for _ in range(8)]
while futures[0].state != "running":
    time.sleep(0.01)
""")
    assert done.returncode == 0
    assert "8 tasks had not ended and were dropped" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_an_interrupt_leaves_the_workers_alone() -> None:
    done = program("""
import os, signal, time
import ipyflow as fl
futures = [fl.task(executor="dask")(lambda: time.sleep(1) or "done").submit() for _ in range(2)]
while futures[0].state != "running":
    time.sleep(0.01)
signal.signal(signal.SIGINT, signal.SIG_IGN)
os.killpg(0, signal.SIGINT)
print([future.result() for future in futures])
fl.shutdown()
""")
    assert done.stdout.splitlines()[-1] == "['done', 'done']"
    assert done.stderr == ""


def test_a_forked_child_leaves_the_cluster_alone() -> None:
    done = program("""
import os, sys
import ipyflow as fl
double = fl.task(executor="dask")(lambda x: 2 * x)
assert double(1) == 2
child = os.fork()
if not child:
    sys.exit(0)
os.waitpid(child, 0)
print(double.map(range(20)).results()[-1])
fl.shutdown()
""")
    assert done.stdout.splitlines()[-1] == "38"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a body that lets nobody look is not ended")
def test_no_worker_outlives_a_program_that_is_killed() -> None:
    done = program("""
import os, time
import ipyflow as fl
pids = [fl.task(executor="dask")(os.getpid).submit() for _ in range(20)]
print(*{future.result() for future in pids}, flush=True)
endless = fl.task(executor="dask")(lambda: time.sleep(0.1) or sum(range(10**12)))
futures = [endless.submit() for _ in range(os.cpu_count())]
while futures[0].state != "running":
    time.sleep(0.01)
os.kill(os.getpid(), 9)
""")
    assert done.returncode == -signal.SIGKILL
    pids = [int(pid) for pid in done.stdout.splitlines()[-1].split()]
    eventually(lambda: not any(alive(pid) for pid in pids), within=5)
