"""Kernels killed by SIGKILL in the middle of a busy run: what is in the history, and how the next one goes on."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.kernel


def test_whenever_a_kernel_is_killed_the_next_one_goes_on_and_does_nothing_twice(tmp_path: Path) -> None:
    """A few deaths; 200 of them by hand: docs/resume.md has what came of it."""
    command = [sys.executable, "-m", "tests.stress.kernel_deaths", str(tmp_path), "--kills", "6", "--seed", "3"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    assert "6 kills" in done.stdout, done.stdout + done.stderr
    assert "faults 0" in done.stdout, done.stdout
    assert "0 runs gone on with" not in done.stdout, done.stdout
