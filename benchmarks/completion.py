"""How long Tab takes with many runs in memory: ``python -m benchmarks.completion [runs]``.

The runs have 20 tasks each, all held, every tenth failed: more than a notebook ever keeps (the last 200).
"""

from __future__ import annotations

import contextlib
import io
import statistics
import sys
import time
from collections import deque
from typing import Any

from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell

import ipyflow as fl
from ipyflow import session
from ipyflow.notebook import extension

LINES = (
    "%flow ", "%flow show ", "%flow show step", "%flow show step_9", "%flow show nothing_like_it",
    "%flow explain load#", "%flow cancel ", "%flow debug ", "%flow show --view ", "%%flow --",
    "%%task f(n) --executor ",
)  # fmt: skip
REPEATS = 20


@fl.task
def load(n: int) -> float:
    return 1 / n


def fill(runs: int) -> list[Any]:
    """Make the runs, and keep all their futures."""
    engine = session._session.engine()
    engine.runs = deque(maxlen=runs)
    kept = []

    def body(n: int) -> list[Any]:
        found = [load.submit(n % 10 + i) for i in range(19)]
        fl.wait(found)
        return found

    for n in range(runs):
        kept.append(fl.flow(name=f"step_{n}")(body).submit(n))
        kept += kept[-1].result()
    return kept


def main() -> None:
    """Print a line for each text."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    shell = InteractiveShell.instance()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        extension.load(shell)
        kept = fill(runs)
    print(f"{runs} runs, {len(kept)} tasks; milliseconds for a Tab: median (largest), and how many are offered")
    for text in LINES:
        times, offered = [], 0
        for _ in range(REPEATS):
            began = time.perf_counter()
            with provisionalcompleter():
                offered = len(list(shell.Completer.completions(text, len(text))))
            times.append(1_000 * (time.perf_counter() - began))
        print(f"{text:<28} {statistics.median(times):6.1f} ({max(times):.1f})  {offered}")


if __name__ == "__main__":
    main()
