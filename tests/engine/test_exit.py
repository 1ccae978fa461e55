"""The end of the interpreter never hangs and says what was lost; a forked child is on its own."""

import os

import pytest

from tests.engine.programs import output, run


@pytest.mark.parametrize(
    "body",
    [
        "@fl.task\ndef work():\n    time.sleep(60)",
        "@fl.task\nasync def work():\n    import asyncio\n    await asyncio.sleep(60)",
        "@fl.task(delay=60)\ndef work():\n    pass",
        "@fl.flow\ndef work():\n    child.submit().result()\n@fl.task\ndef child():\n    time.sleep(60)",
        "@fl.task\ndef work():\n    while True: pass",
    ],
    ids=["thread", "async", "delayed", "flow", "busy"],
)
def test_exit_with_work_running_says_what_was_lost_and_does_not_hang(body: str) -> None:
    program = body.replace("\n", "\n    ")
    done = run(f"    {program}\n    future = work.submit()\n    time.sleep(0.1)\n    print('end')", timeout=20)
    assert done.returncode == 0
    assert done.stdout == "end\n"
    assert "ipyflow: at exit" in done.stderr
    assert "work#" in done.stderr
    assert "had not ended" in done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr


def test_exit_with_failures_that_nobody_looked_at_names_them() -> None:
    done = run("""
    @fl.task
    def work():
        raise ValueError("boom")

    future = work.submit()
    fl.runs()[0].wait()
    """)
    assert done.returncode == 0
    assert "1 failed and nobody looked: work#1 (ValueError)" in done.stderr


def test_a_quiet_program_ends_quietly() -> None:
    assert (
        output("""
    @fl.task
    def work(x):
        return x
    print(work.map(range(3)).results())
    """)
        == "[0, 1, 2]\n"
    )


def test_shutdown_at_the_end_waits() -> None:
    assert (
        output("""
    @fl.task
    def work():
        time.sleep(0.2)
        fl.current().log("done")
        os.write(1, b"worked\\n")
    work.submit()
    fl.shutdown()
    """)
        == "worked\n"
    )


def test_sys_exit_in_the_main_program_with_work_running() -> None:
    done = run(
        """
    @fl.task
    def work():
        time.sleep(60)
    work.submit()
    sys.exit(3)
    """,
        timeout=20,
    )
    assert done.returncode == 3
    assert "had not ended" in done.stderr


def test_an_uncaught_interrupt_ends_the_program() -> None:
    done = run(
        """
    @fl.task
    def work():
        time.sleep(60)
    future = work.submit()
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
    future.result()
    """,
        timeout=20,
    )
    assert done.returncode != 0
    assert "KeyboardInterrupt" in done.stderr


def test_a_closed_stderr_at_exit_is_fine() -> None:
    done = run(
        """
    @fl.task
    def work():
        time.sleep(60)
    work.submit()
    sys.stderr.close()
    os.close(2)
    """,
        timeout=20,
    )
    assert done.returncode == 0


def test_submitting_in_an_atexit_handler_is_a_clear_error() -> None:
    done = run(
        """
    import atexit
    @fl.task
    def work():
        return 1
    def late():
        try:
            print(work())
        except RuntimeError as error:
            print(error)
    atexit.register(late)
    work()
    """,
        timeout=20,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "1" or "shut down" in done.stdout


def test_an_exception_in_the_main_thread_does_not_wait_for_tasks() -> None:
    done = run(
        """
    @fl.task
    def work():
        time.sleep(60)
    work.submit()
    raise ValueError("main failed")
    """,
        timeout=20,
    )
    assert done.returncode == 1
    assert "main failed" in done.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_starts_afresh_and_does_not_wait_for_its_parents_work() -> None:
    assert (
        output(
            """
    go = threading.Event()

    @fl.task
    def work():
        go.wait(30)
        return 1

    @fl.task
    def double(x):
        print("in a task")
        return 2 * x

    double(1)
    pending = work.submit()
    pid = os.fork()
    if pid == 0:
        print("child", double(21), fl.runs()[0].id)
        try:
            pending.result()
        except RuntimeError as error:
            print("parent process" in str(error))
        fl.shutdown()
        sys.stdout.flush()
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    go.set()
    print("parent", pending.result(), double(4))
    """,
            warnings="ignore",
        )
        == "child 42 1\nTrue\nparent 1 8\n"
    )


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_child_forked_in_a_task_is_not_in_that_task() -> None:
    assert (
        output(
            """
    @fl.task
    def double(x):
        return 2 * x

    @fl.task
    def forks():
        pid = os.fork()
        if pid == 0:
            try:
                fl.current()
            except fl.errors.NotInTask:
                print("not in a task", double(21), flush=True)
            os._exit(0)
        return os.waitpid(pid, 0)[1]

    import ipyflow.errors
    print(forks())
    """,
            warnings="ignore",
        )
        == "not in a task 42\n0\n"
    )


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_forking_while_everybody_is_busy_does_not_deadlock_the_child() -> None:
    assert (
        output(
            """
    @fl.task
    def double(x):
        print(x)
        return 2 * x

    def busy():
        while not over:
            double.map(range(20)).results()
    over = False
    threads = [threading.Thread(target=busy, daemon=True) for _ in range(3)]
    for thread in threads: thread.start()
    for _ in range(15):
        pid = os.fork()
        if pid == 0:
            signal.alarm(20)
            ok = double.map(range(5)).results(10) == [0, 2, 4, 6, 8]
            os._exit(0 if ok else 1)
        assert os.waitpid(pid, 0)[1] == 0
    over = True
    for thread in threads: thread.join()
    print("fine")
    """,
            warnings="ignore",
        )
        == "fine\n"
    )
