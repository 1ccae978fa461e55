"""Worker processes: that they die alone, say what they have to say, and leave nothing behind."""

import ctypes
import gc
import logging
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

import ipyflow as fl
from ipyflow.errors import TaskCancelled, TaskTimeout, WorkerLost
from ipyflow.executors.processes.guard import Guard
from ipyflow.testing import Lab, engine
from tests.engine.programs import output, run
from tests.executors.gates import SOON, Gate, Marks, alive, eventually
from tests.executors.places import Place, catching, elsewhere, talking, with_workers


def segfault() -> None:
    ctypes.string_at(0)


def kill_oneself() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def terminate_oneself() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGTERM)


def leave_well() -> None:
    os._exit(0)


def leave_badly() -> None:
    os._exit(3)


def abort() -> None:
    os.abort()


def close_everything() -> None:
    os.closerange(3, 1000)


def close_and_leave() -> None:
    os.closerange(0, 1000)
    os._exit(0)


CRASHES = [segfault, kill_oneself, terminate_oneself, leave_well, leave_badly, abort, close_everything, close_and_leave]


@with_workers
@pytest.mark.parametrize("crash", CRASHES)
def test_a_worker_that_dies_fails_its_own_task_and_nothing_else(
    lab: Lab, place: Place, gate: Gate, crash: Callable[[], None]
) -> None:
    other = place.standing().submit(gate)
    gate.reached()
    future = place.task(crash).submit()
    with pytest.raises(WorkerLost, match=f"{crash.__name__}#{future.id}"):
        future.result(SOON)
    assert future.state == "failed"
    assert [place.task(len).submit("fine").result(SOON) for _ in range(3)] == [4] * 3
    assert other.running()
    gate.open()
    assert other.result(SOON) == gate.who()[0]


@with_workers
def test_how_it_died_is_said(lab: Lab, place: Place) -> None:
    assert "SIGSEGV" in str(place.task(segfault).submit().exception(SOON))
    assert "SIGKILL" in str(place.task(kill_oneself).submit().exception(SOON))
    assert "3" in str(place.task(leave_badly).submit().exception(SOON))


@with_workers
def test_a_lost_worker_is_retried_as_often_as_it_is_said_and_no_more(lab: Lab, place: Place, marks: Marks) -> None:
    @place.task
    def work(good: int) -> int:
        count = marks.add(fl.current().attempt)
        if count < good:
            os._exit(1)
        return count

    assert work.with_options(retries=2).submit(3).result(SOON) == 3
    assert marks.all() == ["1", "2", "3"]
    future = work.submit(5)
    assert isinstance(future.exception(SOON), WorkerLost)
    assert marks.all()[3:] == ["1"]
    future.retry()
    assert future.result(SOON) == 5
    policy = fl.Retry(3, backoff=(0, 0), when=ValueError)
    assert isinstance(work.with_options(retries=policy).submit(9).exception(SOON), WorkerLost)
    assert len(marks.all()) == 6


@with_workers
def test_what_was_printed_before_the_crash_is_kept(lab: Lab, place: Place) -> None:
    @place.task
    def work() -> None:
        print("last words")
        print("half a line", end="", flush=True)
        os.kill(os.getpid(), signal.SIGKILL)

    future = work.submit()
    assert isinstance(future.exception(SOON), WorkerLost)
    assert "last words\n" in future.logs


@with_workers
def test_a_worker_whose_child_lives_on_is_missed_all_the_same(lab: Lab, place: Place, marks: Marks) -> None:
    """What the worker has opened is open in a child that it forked: its end of the line does not close."""

    @place.task
    def work() -> None:
        pid = os.fork()
        if not pid:
            time.sleep(60)
            os._exit(0)
        marks.add(pid)
        os.kill(os.getpid(), signal.SIGKILL)

    assert isinstance(work.submit().exception(SOON), WorkerLost)
    for pid in marks.all():
        if alive(int(pid)):
            os.kill(int(pid), signal.SIGKILL)


@with_workers
def test_a_forked_child_that_ends_is_no_lost_worker(lab: Lab, place: Place) -> None:
    @place.task
    def work() -> int:
        pid = os.fork()
        if not pid:
            os._exit(7)
        return os.waitpid(pid, 0)[1] >> 8

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        assert [work.submit().result(SOON) for _ in range(3)] == [7] * 3


@with_workers
def test_workers_killed_from_outside_while_they_have_nothing_to_do(lab: Lab, place: Place) -> None:
    @place.task
    def who() -> int:
        return os.getpid()

    for _ in range(5):
        pids = {who.submit().result(SOON) for _ in range(4)}
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        eventually(lambda pids=pids: not any(alive(pid) for pid in pids))
        assert who.submit().result(SOON) not in pids


@elsewhere
def test_sys_exit_is_the_tasks_own_and_the_worker_stays(lab: Lab, place: Place) -> None:
    @place.task
    def leaves(code: object) -> None:
        sys.exit(code)

    for code in (0, 3, "a message", None):
        with pytest.raises(SystemExit) as caught:
            leaves.submit(code).result(SOON)
        assert caught.value.code == code


# Stopping one.


@with_workers
def test_cancel_ends_the_process_and_the_others_go_on(lab: Lab, place: Place, gates: Callable[[str], Gate]) -> None:
    one, two = (place.standing().submit(gates(name)) for name in ("one", "two"))
    [first], [second] = gates("one").reached(), gates("two").reached()
    assert one.cancel()
    assert one.done()
    eventually(lambda: not alive(first))
    eventually(lambda: one.state == "cancelled")
    assert alive(second)
    gates("two").open()
    assert two.result(SOON) == second
    assert place.task(len).submit("fine").result(SOON) == 4


def spin() -> None:
    while True:
        pass


def hold_the_interpreter() -> None:
    len(str(7 ** (7**9)))


def backtrack() -> None:
    import re

    re.match(r"(a+)+$", "a" * 60 + "b")


def ignore_signals() -> None:
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(one, signal.SIG_IGN)
    while True:
        time.sleep(60)


def swallow_everything() -> None:
    while True:
        try:
            time.sleep(60)
        except BaseException:
            pass


def stop_oneself() -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


HANGS = [spin, hold_the_interpreter, backtrack, ignore_signals, swallow_everything, stop_oneself]


@with_workers
@pytest.mark.parametrize("hang", HANGS)
@pytest.mark.parametrize("how", ["cancel", "timeout"])
def test_whatever_a_body_hangs_in_it_can_be_stopped(
    lab: Lab, place: Place, marks: Marks, hang: Callable[[], None], how: str
) -> None:
    @place.task(timeout=0.3 if how == "timeout" else None)
    def work() -> None:
        marks.add(os.getpid())
        hang()

    future = work.submit()
    if how == "cancel":
        eventually(marks.all)
        future.cancel()
    with pytest.raises(TaskCancelled if how == "cancel" else TaskTimeout):
        future.result(SOON)
    eventually(lambda: not any(alive(int(pid)) for pid in marks.all()))
    eventually(future.is_final)
    assert place.task(len).submit("fine").result(SOON) == 4


@with_workers
def test_a_body_that_hears_nothing_keeps_nobody_else_waiting(lab: Lab, place: Place, gate: Gate, marks: Marks) -> None:
    """What is sent to a body that holds the interpreter waits in the socket, and that is full soon."""

    @place.task
    def makes(n: int) -> list:
        gate.stand()
        return list(range(n, n + 100_000))  # some 300 kB, in the pickle

    @place.task
    def work() -> None:
        futures = [makes.submit(n) for n in range(8)]
        fl.wait(futures, timeout=0.05)
        marks.add("holds")
        backtrack()

    future = work.submit()
    eventually(marks.all)
    gate.open()
    assert [len(makes.submit(n).result(SOON)) for n in range(8)] == [100_000] * 8
    fl.wait(future.children, SOON)
    future.cancel()
    eventually(future.is_final)
    assert place.task(len).submit("fine").result(SOON) == 4


@with_workers
def test_callbacks_may_be_slow_or_raise_or_submit(lab: Lab, place: Place, caplog: pytest.LogCaptureFixture) -> None:
    @place.task
    def work(x: int) -> int:
        return x

    more: list = []

    def again(future: fl.Future) -> None:
        more.append(work.submit(future.result() + 1))
        raise ValueError("from a callback")

    def wait_there(future: fl.Future) -> None:
        more.append(work.submit(5).result(SOON))

    first = work.submit(1)
    first.add_done_callback(again)
    assert first.result(SOON) == 1
    eventually(lambda: more)
    assert more[0].result(SOON) == 2
    second = work.submit(2)
    second.add_done_callback(wait_there)
    assert second.result(SOON) == 2
    assert work.map(range(20)).results(SOON) == list(range(20))
    assert "from a callback" in caplog.text


@with_workers
def test_a_killed_body_leaves_no_process_of_its_own_behind(lab: Lab, place: Place, marks: Marks) -> None:
    @place.task
    def work() -> None:
        marks.add(subprocess.Popen(["sleep", "600"]).pid)
        time.sleep(600)

    future = work.submit()
    eventually(marks.all)
    future.cancel()
    eventually(future.is_final)
    eventually(lambda: not alive(int(marks.all()[0])))


@with_workers
def test_the_guard_forgets_a_worker_only_once_its_group_was_killed(
    lab: Lab, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were it the other way round, what its tasks have started would live on where this process dies in between."""
    order: list[tuple[str, int]] = []
    kill, forget = os.killpg, Guard.forget
    monkeypatch.setattr(os, "killpg", lambda group, number: (order.append(("killed", group)), kill(group, number)))
    monkeypatch.setattr(
        Guard, "forget", lambda guard, group: (order.append(("forgotten", group)), forget(guard, group))
    )
    pid = place.task(os.getpid).submit().result(SOON)
    assert isinstance(place.task(leave_badly).submit().exception(SOON), WorkerLost)
    assert order == [("killed", pid), ("forgotten", pid)]


@with_workers
def test_cancel_at_any_moment(lab: Lab, place: Place) -> None:
    @place.task
    def work(x: int) -> int:
        return x

    ended = []
    for n in range(60):
        future = work.submit(n)
        time.sleep(0.0003 * (n % 12))
        future.cancel()
        try:
            ended.append(future.result(SOON) == n)
        except TaskCancelled:
            pass
    eventually(lambda: not lab.engine.unfinished())
    assert all(ended)
    assert work.map(range(10)).results(SOON) == list(range(10))


@with_workers
def test_an_interrupt_of_the_group_reaches_no_worker(lab: Lab, place: Place, tmp_path: Path) -> None:
    """Front ends interrupt the whole process group of a kernel."""
    program = f"""
    import ipyflow as fl, os, signal, time
    from pathlib import Path
    from tests.executors.gates import Gate, stand
    gate = Gate(Path({str(tmp_path)!r}))
    futures = [fl.task(executor="processes")(stand).submit(gate) for _ in range(2)]
    gate.reached(2)
    try:
        os.killpg(os.getpgrp(), signal.SIGINT)
        time.sleep(30)
    except KeyboardInterrupt:
        print("interrupted")
    gate.open()
    print(all(isinstance(f.result(), int) for f in futures))
    fl.shutdown()
    """
    found = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, timeout=50, check=False,
        start_new_session=True,
    )  # fmt: skip
    assert (found.stdout, found.returncode) == ("interrupted\nTrue\n", 0), found.stderr


# Output.


@talking
def test_output_arrives_while_the_body_runs(lab: Lab, place: Place, gate: Gate) -> None:
    @place.task
    def work() -> None:
        print("a line")
        print("an error", file=sys.stderr)
        fl.current().log("a note")
        for _ in fl.progress(range(2), label="steps"):
            gate.stand()

    future = work.submit()
    gate.reached()
    eventually(lambda: future.logs.count("\n") == 3)
    eventually(lambda: future.run.snapshot().tasks[future.id].progress == (0, 2, "steps"))
    assert future.running()
    gate.open()
    future.result(SOON)
    assert sorted(future.logs.splitlines()) == ["a line", "a note", "an error"]
    assert {stream for _, _, stream, _ in future.run.snapshot().output} == {"stdout", "stderr", "log"}
    assert future.run.snapshot().tasks[future.id].progress == (2, 2, "steps")


@catching
def test_all_that_can_be_written(lab: Lab, place: Place) -> None:
    @place.task
    def work() -> None:
        print("printed")
        sys.stdout.write("written\n")
        sys.stdout.flush()
        os.write(1, b"by the system\n")
        os.write(2, b"by the system, an error\n")
        subprocess.run(["echo", "by a program"], check=True)
        subprocess.run("echo by a shell >&2", shell=True, check=True)
        libc = ctypes.CDLL(None)
        libc.puts(b"by C")
        libc.fflush(None)
        sys.stdout.buffer.write(b"as bytes\n")
        sys.stdout.flush()
        sys.__stdout__.write("through the original\n")
        sys.__stdout__.flush()
        logging.getLogger("some.library").warning("logged")
        warnings.warn("careful", UserWarning, stacklevel=1)
        print("unfinished", end="")

    future = work.submit()
    future.result(SOON)
    lines = future.logs.splitlines()
    for text in (
        "printed", "written", "by the system", "by the system, an error", "by a program", "by a shell", "by C",
        "as bytes", "through the original", "unfinished",
    ):  # fmt: skip
        assert text in lines
    assert any("logged" in line for line in lines)
    assert any("UserWarning: careful" in line for line in lines)
    assert [lines.index("printed") < lines.index("written") < lines.index("by a program")] == [True]


@catching
def test_writing_that_is_not_text_as_one_expects_it(lab: Lab, place: Place) -> None:
    @place.task
    def work() -> None:
        print("ünïcödé 🎉 \u202e")
        print("\udcff alone")
        print("bar\rbar 50%\rbar 100%")
        print("\x1b[31mred\x1b[0m\0null")
        os.write(1, "é".encode()[:1])
        os.write(1, "é".encode()[1:] + b" in two parts\n")
        os.write(1, b"\xff\xfe no text\n")
        print("x" * 100_000)
        print("end")

    future = work.submit()
    future.result(SOON)
    logs = future.logs
    for text in ("ünïcödé 🎉 \u202e\n", "alone\n", "bar 100%", "red", "é in two parts\n", "no text\n", "x" * 100_000):
        assert text in logs
    assert logs.endswith("end\n")


@elsewhere
def test_ten_thousand_lines_in_order(lab: Lab, place: Place) -> None:
    @place.task
    def work() -> None:
        for n in range(10_000):
            print(n)

    future = work.submit()
    future.result(SOON)
    assert future.logs == "".join(f"{n}\n" for n in range(10_000))


@catching
def test_too_much_output_is_cut_and_the_task_goes_on(lab: Lab, place: Place) -> None:
    @place.task
    def work() -> str:
        for _ in range(200):
            print("x" * 50_000)
        os.write(1, b"y" * 5_000_000)
        return "done"

    future = work.submit()
    assert future.result(SOON) == "done"
    assert 200_000 <= len(future.logs) < 200_300
    assert "200000 characters is the limit" in future.logs


@catching
def test_what_one_task_writes_is_not_anothers(lab: Lab, place: Place) -> None:
    @place.task
    def work(n: int) -> None:
        print(f"print {n}")
        os.write(1, f"write {n}\n".encode())
        subprocess.run(["echo", f"echo {n}"], check=True)

    futures = [work.submit(n) for n in range(20)]
    fl.wait(futures)
    for n, future in enumerate(futures):
        assert sorted(future.logs.splitlines()) == [f"echo {n}", f"print {n}", f"write {n}"]


@catching
def test_nothing_of_a_task_appears_in_the_cell_unless_asked(
    lab: Lab, place: Place, capfd: pytest.CaptureFixture[str]
) -> None:
    @place.task
    def work() -> None:
        print("printed")
        os.write(1, b"by the system\n")
        os.write(2, b"an error\n")

    work.submit().result(SOON)
    assert capfd.readouterr() == ("", "")
    work.with_options(stdout="cell").submit().result(SOON)
    found = capfd.readouterr()
    assert "printed\n" in found.out


@catching
def test_what_the_log_level_lets_through(lab: Lab, place: Place, caplog: pytest.LogCaptureFixture) -> None:
    @place.task
    def work() -> None:
        logger = logging.getLogger("some.library")
        logger.debug("a detail")
        logger.info("an information")
        logger.error("an error")

    with caplog.at_level(logging.INFO):
        future = work.submit()
        future.result(SOON)
    assert "an information" in future.logs
    assert "an error" in future.logs
    assert "a detail" not in future.logs


@with_workers
def test_a_body_that_asks_for_input_gets_an_error(lab: Lab, place: Place) -> None:
    @place.task
    def asks() -> str:
        return input("name? ")

    @place.task
    def reads() -> str:
        return sys.stdin.read()

    assert isinstance(asks.submit().exception(SOON), (EOFError, OSError, RuntimeError))
    assert reads.submit().exception(SOON) is not None or reads.submit().result(SOON) == ""


@with_workers
def test_a_thread_that_goes_on_after_its_body(lab: Lab, place: Place) -> None:
    @place.task
    def work() -> None:
        def talk() -> None:
            for n in range(200):
                print(n)
                os.write(1, b"direct\n")
                time.sleep(0.001)

        threading.Thread(target=talk, daemon=True).start()

    futures = [work.submit() for _ in range(4)]
    fl.wait(futures)
    assert place.task(len).map(["fine"] * 20).results(SOON) == [4] * 20


# What a body does to its process.


@with_workers
def test_what_a_body_changes_in_its_process_is_no_harm(lab: Lab, place: Place, tmp_path: Any) -> None:
    @place.task
    def work() -> None:
        os.chdir(tmp_path)
        sys.stdout = sys.stderr = None
        sys.setrecursionlimit(200)
        sys.path.clear()
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        logging.disable()
        os.environ.clear()
        threading.current_thread().name = "mine"

    fl.wait([work.submit() for _ in range(2)])
    assert place.task(len).submit("fine").result(SOON) == 4
    future = place.task(lambda: print("still heard")).submit()
    future.result(SOON)


@with_workers
def test_the_process_is_set_up_as_this_one(
    lab: Lab, place: Place, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "beside_the_notebook.py").write_text("def f(x): return x + 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    import beside_the_notebook

    @place.task
    def work() -> tuple:
        import beside_the_notebook

        return beside_the_notebook.f(1), __name__

    assert work.submit().result(SOON)[0] == 2
    assert place.task(beside_the_notebook.f).submit(2).result(SOON) == 3


@with_workers
def test_libraries_that_start_processes_of_their_own(lab: Lab, place: Place) -> None:
    @place.task
    def work() -> list:
        import multiprocessing

        with multiprocessing.get_context("fork").Pool(2) as pool:
            return pool.map(abs, [-1, -2])

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        assert work.submit().result(SOON) == [1, 2]


# What is left behind.


def test_nothing_is_left_behind() -> None:
    """In a program of its own: what other tests have started comes and goes."""
    assert (
        output(f"""
    sys.path.insert(0, {os.getcwd()!r})
    import numpy as np
    from ipyflow.testing import engine
    from tests.executors.remains import Remains

    @fl.task(executor="processes")
    def work(array, n):
        print(n)
        if n == 3:
            os._exit(1)
        return array + n

    @fl.task(executor="processes", timeout=0.05)
    def hangs():
        time.sleep(60)

    with engine(threads=2, processes=2) as lab:
        fl.wait([fl.task(len).submit("x")])
        remains = Remains()
        futures = [work.submit(np.zeros(300_000), n) for n in range(8)] + [hangs.submit()]
        print(len(fl.wait(futures, 30).done), type(futures[3].exception()).__name__)
        lab.settled(30)
    del futures, lab
    remains.nothing_new()
    """)
        == "9 WorkerLost\n"
    )


def test_two_thousand_arrays_need_no_two_thousand_descriptors() -> None:
    @fl.task(executor="processes")
    def work(array: np.ndarray, n: int) -> np.ndarray:
        array = array.copy()
        array[0] = n
        return array if n % 4 == 0 else array[:1]

    with engine(threads=2, processes=4) as lab:
        before = len(os.listdir("/proc/self/fd"))
        array = np.zeros(140_000)  # the same for every second task
        futures = [work.submit(np.zeros(140_000) if n % 2 else array, n) for n in range(2000)]
        for n, future in enumerate(futures):
            assert future.result(SOON)[0] == n
        assert len(os.listdir("/proc/self/fd")) < before + 1000
        lab.settled(SOON)
        del futures, future
        gc.collect()
        eventually(lambda: len(os.listdir("/proc/self/fd")) < before + 50)


def test_a_queue_of_large_arguments_survives_a_low_limit_of_descriptors() -> None:
    assert (
        output("""
    import numpy as np, resource
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
    @fl.task(executor="processes")
    def work(array, n):
        return array + n
    futures = [work.submit(np.zeros(200_000), n) for n in range(600)]
    print(all(future.result()[0] == n for n, future in enumerate(futures)))
    fl.shutdown()
    """)
        == "True\n"
    )


def test_a_quiet_program_ends_quietly_and_leaves_nothing() -> None:
    found = output("""
    @fl.task(executor="processes")
    def work(x):
        return os.getpid()
    print(*work.map(range(8)).results())
    """)
    for pid in set(found.split()):
        eventually(lambda pid=pid: not alive(int(pid)))


@pytest.mark.parametrize("end", ["sys.exit(3)", "os._exit(3)", "os.kill(os.getpid(), signal.SIGKILL)", "pass"])
def test_the_end_of_the_program_is_the_end_of_its_workers(end: str) -> None:
    done = run(
        f"""
    @fl.task(executor="processes")
    def work(n):
        print(n)
        while True: pass
    futures = [work.submit(n) for n in range(2)]
    while [f.state for f in futures] != ["running"] * 2: time.sleep(0.001)
    print(*[p.pid for p in __import__("psutil").Process().children(recursive=True)], flush=True)
    {end}
    """,
        timeout=20,
    )
    pids = [int(pid) for pid in done.stdout.split()]
    assert len(pids) >= 2
    eventually(lambda: not any(alive(pid) for pid in pids), within=5)


def test_nothing_is_started_before_it_is_needed() -> None:
    assert (
        output("""
    import psutil
    fl.task(lambda: 1)()
    @fl.task(executor="processes")
    def work(): return 2
    print(psutil.Process().children(), "cloudpickle" in sys.modules)
    print(work())
    print(len(psutil.Process().children()) > 0)
    fl.shutdown()
    print(psutil.Process().children())
    print(work())
    fl.shutdown()
    """)
        == "[] False\n2\nTrue\n[]\n2\n"
    )


def test_an_uncaught_interrupt_in_a_script_leaves_nothing() -> None:
    done = run(
        """
    @fl.task(executor="processes")
    def work():
        time.sleep(60)
    future = work.submit()
    while future.state != "running": time.sleep(0.001)
    print(*[p.pid for p in __import__("psutil").Process().children(recursive=True)], flush=True)
    threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
    future.result()
    """,
        timeout=20,
    )
    assert "KeyboardInterrupt" in done.stderr
    pids = [int(pid) for pid in done.stdout.split()]
    eventually(lambda: not any(alive(pid) for pid in pids), within=5)


def test_a_script_without_a_guard_for_main_works(tmp_path: Any) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import ipyflow as fl, os\nprint('begins')\n"
        "class Point:\n    def __init__(self, x): self.x = x\n"
        "@fl.task(executor='processes')\ndef work(p): return Point(p.x + 1)\n"
        "print(type(work(Point(1))) is Point, work(Point(1)).x)\n"
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=50, check=False)
    assert (done.stdout, done.stderr) == ("begins\nTrue 2\n", "")


def test_so_many_processes_as_are_configured() -> None:
    assert (
        output("""
    with fl.configure(processes=3):
        @fl.task(executor="processes")
        def work(n):
            time.sleep(0.05)
            return os.getpid()
        print(len(set(work.map(range(12)).results())) <= 3)
        fl.shutdown()
    for bad in (0, -1, True, "many"):
        try:
            fl.configure(processes=bad)
        except (TypeError, ValueError) as error:
            print(type(error).__name__)
    """)
        == "True\nValueError\nValueError\nTypeError\nTypeError\n"
    )


def test_a_forked_child_of_the_kernel_leaves_the_workers_alone() -> None:
    assert (
        output(
            """
    @fl.task(executor="processes")
    def work(x): return 2 * x
    print(work(1), flush=True)
    pid = os.fork()
    if not pid:
        print(work(2), flush=True)
        fl.shutdown()
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    print(work(3))
    fl.shutdown()
    """,
            warnings="ignore",
        )
        == "2\n4\n6\n"
    )


def test_a_program_the_kernel_starts_does_not_keep_workers_alive() -> None:
    done = run(
        """
    @fl.task(executor="processes")
    def work(): return [os.getpid()]
    pids = work()
    import subprocess
    child = subprocess.Popen(["sleep", "20"], close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    print(*pids, child.pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
    """,
        timeout=20,
    )
    *pids, child = [int(pid) for pid in done.stdout.split()]
    try:
        eventually(lambda: not any(alive(pid) for pid in pids), within=5)
    finally:
        psutil.Process(child).kill()
