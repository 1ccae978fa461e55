"""Process tasks in a real kernel: what dies with it, what an interrupt leaves alone, what cells define."""

import os
import re
import signal
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from jupyter_client.manager import KernelManager

from tests.executors.gates import SOON, TELL_WHEN_WAITING, alive, eventually

pytestmark = pytest.mark.kernel

BUSY = """
import os, re, subprocess, time
import ipyflow as fl

def mark(name, pid=None):
    with open(f"{FOLDER}/{name}.new", "w") as file:
        file.write(str(pid or os.getpid()))
    os.replace(f"{FOLDER}/{name}.new", f"{FOLDER}/{name}")

@fl.task(executor="processes")
def sleeps():
    mark("sleeps")
    time.sleep(600)

@fl.task(executor="processes")
def spins():
    mark("spins")
    while True:
        pass

@fl.task(executor="processes")
def holds():
    mark("holds")
    re.match(r"(a+)+$", "a" * 60 + "b")

@fl.task(executor="processes")
def starts():
    child = subprocess.Popen(["sleep", "600"])
    mark("child", child.pid)
    mark("starts")
    child.wait()

@fl.task(executor="processes")
def waits():
    mark("waits")
    return sleeps()

fl.configure(processes=5)
busy = [task.submit() for task in (sleeps, spins, holds, starts, waits)]
"""
MARKS = ("sleeps", "spins", "holds", "starts", "child", "waits")


class Kernel:
    """A kernel whose processes can all be found: each has a word of this test in its environment."""

    def __init__(self, folder: Path, name: str = "python3") -> None:
        self.folder, self.word = folder, uuid.uuid4().hex
        self.manager = KernelManager(kernel_name=name)
        self.manager.start_kernel(env={**os.environ, "IPYFLOW_TEST_WORD": self.word})
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=SOON)
        self.run(f"FOLDER = {str(folder)!r}\nimport os, time\nimport ipyflow as fl\n{TELL_WHEN_WAITING}")

    def pid(self) -> int:
        return self.manager.provisioner.pid

    def run(self, code: str, interrupt: Callable[[], object] | None = None) -> str:
        """What a cell shows, or its error; it is interrupted once ``interrupt`` has returned."""
        sent = self.client.execute(code)
        if interrupt is not None:
            interrupt()
            self.manager.interrupt_kernel()
        shown: list[str] = []
        while True:
            message = self.client.get_iopub_msg(timeout=SOON)
            if message["parent_header"].get("msg_id") != sent:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "stream":
                shown.append(content["text"])
            elif kind == "execute_result":
                shown.append(content["data"]["text/plain"])
            elif kind == "error":
                shown.append(re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(content["traceback"])))
            elif kind == "status" and content["execution_state"] == "idle":
                return "".join(shown)

    def processes(self) -> set[int]:
        """All processes that the kernel, or one that it started, has started, and the kernel."""
        found = set()
        for process in psutil.process_iter():
            try:
                if process.environ().get("IPYFLOW_TEST_WORD") == self.word and alive(process.pid):
                    found.add(process.pid)
            except (psutil.NoSuchProcess, psutil.AccessDenied, FileNotFoundError, ProcessLookupError):
                pass
        return found

    def make_busy(self) -> set[int]:
        """Workers in every kind of work that does not end; their processes."""
        assert self.run(BUSY) == ""
        eventually(lambda: all((self.folder / name).is_file() for name in MARKS))
        pids = self.processes()
        assert {int((self.folder / name).read_text()) for name in MARKS} <= pids
        assert len(pids) >= 7
        return pids

    def close(self) -> None:
        self.client.stop_channels()
        if self.manager.has_kernel:
            self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()
        for pid in self.processes():
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[Kernel]:
    made = Kernel(tmp_path)
    try:
        yield made
    finally:
        made.close()


def all_gone(pids: set[int], kernel: Kernel | None = None) -> None:
    """None of these is alive five seconds later; nor is any other process of the kernel, if it is given."""
    began = time.monotonic()
    while left := {pid for pid in pids if alive(pid)} or (kernel.processes() if kernel else set()):
        if time.monotonic() - began > 5:
            raise AssertionError("alive after 5 s: " + ", ".join(" ".join(psutil.Process(p).cmdline()) for p in left))
        time.sleep(0.01)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_when_a_kernel_is_killed_nothing_of_it_is_left(kernel: Kernel, number: int) -> None:
    pids = kernel.make_busy()
    os.kill(kernel.pid(), number)
    all_gone(pids, kernel)


@pytest.mark.parametrize("now", [True, False])
def test_a_restart_leaves_nothing_of_the_kernel_before(kernel: Kernel, now: bool) -> None:
    pids = kernel.make_busy()
    kernel.manager.restart_kernel(now=now)
    all_gone(pids)
    assert pids.isdisjoint(kernel.processes())
    kernel.client.wait_for_ready(timeout=SOON)
    assert kernel.run("import ipyflow as fl\nfl.task(executor='processes')(len)('fine')") == "4"


@pytest.mark.parametrize("now", [True, False])
def test_a_shutdown_leaves_nothing(kernel: Kernel, now: bool) -> None:
    pids = kernel.make_busy()
    kernel.manager.shutdown_kernel(now=now)
    all_gone(pids, kernel)


def test_exit_in_a_cell_leaves_nothing(kernel: Kernel) -> None:
    pids = kernel.make_busy()
    kernel.client.execute("exit")
    all_gone(pids)


def test_shutdown_in_a_cell_ends_the_workers_and_the_kernel_goes_on(kernel: Kernel) -> None:
    pids = kernel.make_busy()
    assert kernel.run("fl.shutdown(cancel=True)") == ""
    all_gone(pids - {kernel.pid()})
    assert kernel.run("fl.task(executor='processes')(len)('fine')") == "4"


def test_cancelling_the_run_ends_all_its_bodies(kernel: Kernel) -> None:
    kernel.make_busy()
    assert kernel.run("for future in busy: future.cancel()") == ""
    all_gone({int((kernel.folder / name).read_text()) for name in MARKS})
    assert kernel.run("fl.task(executor='processes')(len)('fine')") == "4"


STAND = """
@fl.task(executor="processes")
def stand(name):
    with open(f"{FOLDER}/{name}-came", "w") as file:
        file.write(str(os.getpid()))
    while not os.path.exists(f"{FOLDER}/{name}-open"):
        time.sleep(0.01)
    return name, os.getpid()
"""


def came(folder: Path, name: str) -> Callable[[], object]:
    def wait() -> None:
        eventually(lambda: (folder / f"{name}-came").is_file() and (folder / f"{name}-came").read_text())

    return wait


def test_interrupting_another_cell_leaves_every_task_running(kernel: Kernel, tmp_path: Path) -> None:
    kernel.run("fl.configure(processes=2)")
    kernel.run(STAND + "\nfutures = [stand.submit(name) for name in ('a', 'b')]")
    for name in ("a", "b"):
        came(tmp_path, name)()
    before = {(tmp_path / f"{name}-came").read_text() for name in ("a", "b")}
    marks = tmp_path / "sleeping"
    for n in range(3):
        # One statement: between two of them IPython is at work, and not the cell.
        shown = kernel.run(
            f"[open('{marks}{n}', 'w').close(), time.sleep(60)]", lambda n=n: eventually(Path(f"{marks}{n}").exists)
        )
        assert "KeyboardInterrupt" in shown
    assert kernel.run("[str(f.state) for f in futures]") == "['running', 'running']"
    assert all(alive(int(pid)) for pid in before)
    for name in ("a", "b"):
        (tmp_path / f"{name}-open").touch()
    assert kernel.run("[f.result(30)[0] for f in futures]") == "['a', 'b']"
    assert set(eval(kernel.run("[str(f.result()[1]) for f in futures]"))) == before


@pytest.mark.parametrize(
    "wait", ["future.result()", "stand('a')", "fl.wait([future])", "next(fl.as_completed([future]))"]
)
def test_interrupting_a_cell_that_waits_ends_the_wait_and_not_the_work(
    kernel: Kernel, tmp_path: Path, wait: str
) -> None:
    kernel.run("%load_ext ipyflow")
    kernel.run(STAND)
    if "future" in wait:
        kernel.run("future = stand.submit('a')")
    waiting = tmp_path / "waiting"

    def both_stand() -> None:
        came(tmp_path, "a")()
        eventually(waiting.exists)

    shown = kernel.run(f"tell_when_waiting({str(waiting)!r})\n{wait}", both_stand)
    assert "KeyboardInterrupt" in shown
    assert "the work goes on" in shown
    [future] = ["future" if "future" in wait else "fl.runs()[0].futures[0]"]
    assert kernel.run(f"str({future}.state)") == "'running'"
    (tmp_path / "a-open").touch()
    assert kernel.run(f"{future}.result(30)[0]") == "'a'"


def test_what_cells_define_and_redefine(kernel: Kernel) -> None:
    kernel.run("factor = 2\nclass Point:\n    def __init__(self, x): self.x = x")
    kernel.run("def helper(p): return Point(p.x * factor)")
    kernel.run("@fl.task(executor='processes')\ndef work(p):\n    print('working on', p.x)\n    return helper(p)")
    kernel.run("future = work.submit(Point(4))")
    assert kernel.run("future.result().x, type(future.result()) is Point, future.logs") == (
        "(8, True, 'working on 4\\n')"
    )
    kernel.run("factor = 10")
    assert kernel.run("work(Point(4)).x") == "40"
    kernel.run("class Point:\n    def __init__(self, x): self.x = x + 1")
    assert kernel.run("[type(work(Point(4))) is Point, work(Point(4)).x]") == "[True, 51]"


def test_redefining_a_task_and_retrying_runs_the_new_code(kernel: Kernel) -> None:
    kernel.run("class Oops(Exception): pass")
    kernel.run("@fl.task(executor='processes')\ndef work(x):\n    raise Oops('old code')")
    kernel.run("@fl.task(executor='processes')\ndef below(x):\n    return work(x)")
    kernel.run("one, two = work.submit(3), below.submit(3)")
    shown = kernel.run("one.result()")
    assert "Oops: old code" in shown
    assert "raise Oops('old code')" in shown
    assert kernel.run("isinstance(two.exception(), Oops)") == "True"
    kernel.run("@fl.task(executor='processes')\ndef work(x):\n    return 2 * x")
    assert kernel.run("one.retry(), two.retry()\none.result(), two.result()").endswith("(6, 6)")


def test_what_cannot_travel_is_named_with_its_cell(kernel: Kernel) -> None:
    kernel.run("%load_ext ipyflow\nimport threading")
    kernel.run("guard = threading.Lock()")
    kernel.run("@fl.task(executor='processes')\ndef work(x):\n    with guard:\n        return x")
    shown = kernel.run("future = work.submit(3)")
    assert "NotPicklable" in shown
    for text in ("guard", "lock", 'executor="threads"'):
        assert text in shown
    assert re.search(r"In ?\[\d+\]", shown.rpartition("NotPicklable")[2])
    assert "future" not in kernel.run("[name for name in globals() if name == 'future']")
    assert kernel.run("fl.task(executor='processes')(len)('fine')") == "4"


def test_prints_go_to_the_log_and_not_to_the_cell(kernel: Kernel) -> None:
    kernel.run(
        "@fl.task(executor='processes')\ndef work(n):\n    print('line', n)\n    os.system('echo shell')\n    return n"
    )
    shown = kernel.run("futures = work.map(range(3)); futures.results()")
    assert shown == "[0, 1, 2]"
    assert kernel.run("[sorted(f.logs.split()) for f in futures][1]") == "['1', 'line', 'shell']"


def test_a_flow_cell_with_process_tasks(kernel: Kernel) -> None:
    kernel.run("%load_ext ipyflow")
    kernel.run("@fl.task(executor='processes')\ndef double(x):\n    return 2 * x")
    kernel.run(
        "%%flow both -o future\nparts = double.map([1, 2])\nawait parts[0] + await double.submit(10) + await parts[1]"
    )
    assert kernel.run("future.result(30)") == "26"


def test_a_flow_cell_whose_names_travel(kernel: Kernel) -> None:
    kernel.run("%load_ext ipyflow")
    shown = kernel.run(
        "%%flow own -o future\n"
        "offset = 5\n"
        "@fl.task(executor='processes')\n"
        "def add(x):\n"
        "    return x + offset\n"
        "sum(f.result() for f in add.map([1, 2]))"
    )
    assert "Error" not in shown
    assert kernel.run("future.result(30)") == "13"


def test_workers_survive_neither_the_kernel_nor_a_paused_wait(kernel: Kernel, tmp_path: Path) -> None:
    """A kernel that dies in the middle of a cell that waits."""
    kernel.run("fl.configure(processes=2)")
    kernel.run(STAND + "\n@fl.task(executor='processes')\ndef outer(): return stand('a')")
    kernel.client.execute("outer()")
    came(tmp_path, "a")()
    pids = kernel.processes()
    os.kill(kernel.pid(), signal.SIGKILL)
    all_gone(pids)
