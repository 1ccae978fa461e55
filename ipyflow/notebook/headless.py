"""Notebooks that nobody looks at: run by papermill, nbclient or nbconvert, from end to end."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ipyflow.engine.future import Future
from ipyflow.engine.run import Run
from ipyflow.model.status import FAILURE_STATES


def is_headless(shell: Any) -> bool:
    """Whether a runner of notebooks is at work: its cells come with the word that nobody can type.

    Args:
        shell: the interactive shell.
    """
    kernel = getattr(shell, "kernel", None)
    return kernel is not None and not getattr(kernel, "_allow_stdin", True)


def failures(runs: Iterable[Run], every: bool) -> list[Future[Any]]:
    """What failed of runs that have ended, as a runner of notebooks should hear it.

    Args:
        runs: the runs, newest first.
        every: also what a cell has looked at, which may have been expected.

    Returns:
        Of each run the flow that failed; of a cell's run each task that did. Oldest first.
    """
    found: list[Future[Any]] = []
    for run in runs:
        if run.closed:
            found += [run.root] if run.root is not None else list(run.failed.values())[::-1]
    return [future for future in found[::-1] if future.state in FAILURE_STATES and (every or not future._read)]
