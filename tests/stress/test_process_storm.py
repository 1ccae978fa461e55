"""Random tasks in processes, steered from several threads at once while their workers are killed.

In programs of their own: what other tests have started comes and goes, and here nothing may be left.
"""

import subprocess
import sys

import pytest


def storms(mode: str, first: int, last: int) -> None:
    command = [sys.executable, "-W", "error", "-m", "tests.stress.process_storms", mode, str(first), str(last)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=55, check=False)
    assert f"done {mode} {first} {last} bad 0" in done.stdout, done.stdout + done.stderr
    assert "Warning" not in done.stderr, done.stderr
    assert "Traceback" not in done.stderr, done.stderr


@pytest.mark.parametrize("first", [3, 13])
def test_tasks_that_crash_hang_and_nest_end_as_they_must(first: int) -> None:
    storms("calm", first, first + 2)


@pytest.mark.parametrize("first", [3, 7])
def test_whatever_is_done_to_them_they_end_and_nothing_is_left(first: int) -> None:
    storms("weather", first, first + 3)


def test_retried_until_they_succeed_they_give_what_they_would_have_given() -> None:
    storms("patience", 1, 4)


def test_all_is_stopped_at_any_moment() -> None:
    storms("shutdown", 0, 10)
