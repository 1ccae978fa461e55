"""Runs a small program in a Python of its own: for what a test cannot do to its own process."""

from __future__ import annotations

import subprocess
import sys
import textwrap

HEAD = """
import faulthandler, os, signal, sys, threading, time
faulthandler.dump_traceback_later(40, exit=True)
import ipyflow as fl
"""


def run(program: str, *, warnings: str = "error", timeout: float = 50) -> subprocess.CompletedProcess[str]:
    """Run ``program`` to its end; a hang prints every stack and fails."""
    source = HEAD + textwrap.dedent(program)
    return subprocess.run(
        [sys.executable, "-W", warnings, "-c", source], capture_output=True, text=True, timeout=timeout, check=False
    )


def output(program: str, **how: object) -> str:
    """What ``program`` prints; it must end well and say nothing on stderr."""
    done = run(program, **how)  # type: ignore[arg-type]
    assert (done.returncode, done.stderr) == (0, ""), done.stderr + done.stdout
    return done.stdout
