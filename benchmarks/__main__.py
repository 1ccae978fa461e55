"""Measure and print the table: ``python -m benchmarks [ids...] [--json] [--full] [--quick]``."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable

import ipyflow as fl
from benchmarks import (
    w01_submit,
    w02_coroutines,
    w03_round_trip,
    w04_chain,
    w05_aggregate,
    w06_limit,
    w07_blocking,
    w08_events,
    w09_processes,
    w10_memory,
    w11_import,
    w12_viewer,
    w13_history,
    w14_cache,
)
from benchmarks.report import FULL, QUICK, Plan, Row, as_json, table

WORKLOADS: dict[str, Callable[[Plan], list[Row]]] = {
    "W1": w01_submit.measure,
    "W2": w02_coroutines.measure,
    "W3": w03_round_trip.measure,
    "W4": w04_chain.measure,
    "W5": w05_aggregate.measure,
    "W6": w06_limit.measure,
    "W7": w07_blocking.measure,
    "W8": w08_events.measure,
    "W9": w09_processes.measure,
    "W10": w10_memory.measure,
    "W11": w11_import.measure,
    "W12": w12_viewer.measure,
    "W13": w13_history.measure,
    "W14": w14_cache.measure,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Ratios to a bare reference.")
    parser.add_argument("ids", nargs="*", metavar="id", help=f"workloads: {', '.join(WORKLOADS)}; all without")
    parser.add_argument("--json", action="store_true", help="print JSON")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--full", action="store_true", help="W1 with 100,000 tasks too")
    size.add_argument("--quick", action="store_true", help="fewer pairs, for a first look")
    given = parser.parse_args()
    ids = [id.upper() for id in given.ids] or list(WORKLOADS)
    unknown = [id for id in ids if id not in WORKLOADS]
    if unknown:
        parser.error(f"there is no {', '.join(unknown)}; there are {', '.join(WORKLOADS)}")
    plan = FULL if given.full else QUICK if given.quick else Plan()
    begin = time.perf_counter()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:  # the history is on, as it always is, but not among one's own runs
        os.environ.setdefault("IPYFLOW_DATABASE", os.path.join(folder, "history.sqlite"))
        for id in ids:
            print(f"{id} ...", end=" ", file=sys.stderr, flush=True)
            rows += WORKLOADS[id](plan)
        fl.shutdown()
    print(f"{time.perf_counter() - begin:.0f} s", file=sys.stderr)
    if given.json:
        print(as_json(rows))
        return
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores; medians of {plan.pairs} pairs or more\n")
    print(table(rows))


if __name__ == "__main__":
    main()
