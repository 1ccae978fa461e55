"""What tasks print goes to their own log."""

import asyncio
import contextlib
import io
import logging
import subprocess
import sys
import warnings

import pytest

import ipyflow as fl
from ipyflow.engine import output
from ipyflow.testing import Lab
from tests.engine.gates import SOON, Gate, eventually


@fl.task
def say(text: str) -> None:
    print(text)


@pytest.fixture(autouse=True)
def streams_as_they_were() -> object:
    yield
    output.uninstall()


def test_prints_of_threads_go_to_their_own_logs(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    futures = [say.submit(f"line {i}") for i in range(20)]
    fl.wait(futures)
    assert [f.logs for f in futures] == [f"line {i}\n" for i in range(20)]
    print("not in a task")
    assert capsys.readouterr().out == "not in a task\n"


def test_prints_of_coroutines_that_run_at_once_go_to_their_own_logs(lab: Lab) -> None:
    @fl.task
    async def speak(name: str) -> None:
        for i in range(3):
            print(name, i)
            await asyncio.sleep(0)

    futures = [speak.submit(name) for name in "abc"]
    fl.wait(futures)
    assert [f.logs for f in futures] == ["".join(f"{name} {i}\n" for i in range(3)) for name in "abc"]


def test_stderr_warnings_and_log_are_kept_apart_but_in_order(lab: Lab) -> None:
    @fl.task
    def speak() -> None:
        print("out")
        print("err", file=sys.stderr)
        fl.current().log("log")

    future = speak.submit()
    future.result(SOON)
    assert future.logs == "out\nerr\nlog\n"
    assert [stream for _, _, stream, _ in future.run.snapshot().output] == ["stdout", "stderr", "log"]


def test_an_unfinished_line_is_kept_until_the_end(lab: Lab) -> None:
    gate = Gate()

    @fl.task
    def speak() -> None:
        print("half", end="")
        gate.stand()
        print(" a line\nand more", end="")

    future = speak.submit()
    gate.reached()
    assert future.logs == ""
    gate.open()
    future.result(SOON)
    assert future.logs == "half a line\nand more"


def test_what_a_failing_body_has_printed_is_kept(lab: Lab) -> None:
    @fl.task
    def speak() -> None:
        print("before", end="")
        raise ValueError

    future = speak.submit()
    assert isinstance(future.exception(SOON), ValueError)
    assert future.logs == "before"


def test_a_handler_that_looks_for_stderr_when_it_writes_is_caught(lab: Lab) -> None:
    logger = logging.getLogger("tests.output")
    logger.propagate = False

    class Late(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            print(self.format(record), file=sys.stderr)

    logger.addHandler(Late())

    @fl.task
    def speak() -> None:
        logger.warning("through logging")

    future = speak.submit()
    future.result(SOON)
    assert future.logs == "through logging\n"


def test_warnings_are_caught(lab: Lab) -> None:
    @fl.task
    def speak() -> None:
        warnings.warn("careful", UserWarning, stacklevel=1)

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = lambda m, *a, **k: print(m, file=sys.stderr)
        future = speak.submit()
        future.result(SOON)
    assert future.logs == "careful\n"


def test_stdout_cell_prints_in_both_places(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    future = say.with_options(stdout="cell").submit("both")
    future.result(SOON)
    assert future.logs == "both\n"
    assert capsys.readouterr().out == "both\n"


def test_too_much_output_is_cut_and_said_so(lab: Lab) -> None:
    @fl.task
    def speak() -> None:
        for _ in range(300):
            print("x" * 999)

    future = speak.submit()
    future.result(SOON)
    assert 200_000 <= len(future.logs) < 200_300
    assert "200000 characters is the limit" in future.logs


def test_a_replaced_stdout_is_forked_when_the_next_task_starts(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    say("first")
    mine = io.StringIO()
    monkeypatch.setattr(sys, "stdout", mine)
    future = say.submit("second")
    future.result(SOON)
    print("outside")
    assert future.logs == "second\n"
    assert mine.getvalue() == "outside\n"


def test_redirect_stdout_around_tasks_gets_only_what_is_not_theirs(lab: Lab) -> None:
    mine = io.StringIO()
    with contextlib.redirect_stdout(mine):
        print("before")
        future = say.submit("in the task")
        future.result(SOON)
        print("after")
    assert mine.getvalue() == "before\nafter\n"
    assert future.logs == "in the task\n"


def test_redirect_stdout_inside_a_body_works(lab: Lab) -> None:
    @fl.task
    def work() -> str:
        mine = io.StringIO()
        with contextlib.redirect_stdout(mine):
            print("mine")
        print("the log's")
        return mine.getvalue()

    future = work.submit()
    assert future.result(SOON) == "mine\n"
    assert future.logs == "the log's\n"


def test_the_stream_still_is_what_it_was_for_all_else(lab: Lab, tmp_path: object) -> None:
    with (tmp_path / "out").open("w") as file, contextlib.redirect_stdout(file):
        say("x")
        assert type(sys.stdout) is output.Fork
        assert sys.stdout.fileno() == file.fileno()
        assert sys.stdout.isatty() is file.isatty()
        assert sys.stdout.name == file.name
        assert sys.stdout.errors == file.errors
        assert sys.stdout.encoding == file.encoding
        assert sys.stdout.buffer is file.buffer
        assert not sys.stdout.closed
        subprocess.run([sys.executable, "-c", "print('from a child')"], stdout=sys.stdout, check=True)
        sys.stdout.writelines(["a\n", "b\n"])
        sys.stdout.flush()
    assert (tmp_path / "out").read_text() == "from a child\na\nb\n"


def test_writing_what_is_no_text_is_the_same_error_as_ever(lab: Lab) -> None:
    @fl.task
    def work() -> None:
        sys.stdout.write(b"bytes")

    with pytest.raises(TypeError):
        work.submit().result(SOON)


def test_no_stdout_at_all_is_fine(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    assert say.submit("nowhere").result(SOON) is None


def test_a_closed_stdout_does_not_harm_tasks(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = io.StringIO()
    gone.close()
    monkeypatch.setattr(sys, "stdout", gone)
    future = say.submit("kept")
    future.result(SOON)
    assert future.logs == "kept\n"


def test_uninstall_brings_the_real_streams_back(lab: Lab) -> None:
    real = sys.stdout
    say("x")
    eventually(lambda: type(sys.stdout) is output.Fork)
    output.uninstall()
    assert sys.stdout is real or type(sys.stdout) is not output.Fork


def test_a_warning_is_known_among_what_is_written_to_stderr(lab: Lab) -> None:
    @fl.task
    def careful() -> None:
        sys.stderr.write("note: DeprecationWarning: is only a word here\n")
        # As `warnings` does it; here pytest stands in its place.
        sys.stderr.write(warnings.formatwarning("no logo was found", UserWarning, "/tmp/cell.py", 44))

    future = careful.submit()
    future.result()
    written = [(stream, text) for _, _, stream, text in future.run.snapshot().output]
    assert [stream for stream, _ in written] == ["stderr", "warning"]
    assert "UserWarning: no logo was found" in written[1][1]
