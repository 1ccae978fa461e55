"""Pairs of runs, told by hand."""

from __future__ import annotations

from collections.abc import Mapping

from ipyflow.model import records as r
from ipyflow.model.run import RunState
from ipyflow.views.compare.facts import Given
from ipyflow.views.compare.shown import Comparison, compared
from tests.views.build import Log


def nightly(
    loads: Mapping[str, float], *, run: int, fails: str = "", cached: str = "", sums: str = "12", lead: float = 0
) -> RunState:
    """A flow that loads each of these in so many milliseconds, one worker for each, and adds them up.

    ``lead`` shifts all numbers by that many tasks that were not there before.
    """
    log = Log("nightly", run)
    for i in range(int(lead)):
        log.run(0, 0.1, 0.2, f"warm_{run}_{i}")
    root = log.task(0, "nightly", args=str(len(loads)))
    log.start(0.2, root)
    parts = []
    longest = max(loads.values(), default=0.0)
    for i, (arg, took) in enumerate(loads.items()):
        part = log.task(1, "load", root, args=repr(arg))
        parts.append(part)
        if arg == cached:
            log.add(r.Reused, 1.1, part, "cache", "a3f9c1-1", 7, 1_795_000_000.0).end(1.2, part, "cached", "int", "3")
            continue
        log.start(2, part, f"thread-{i + 2}")
        if arg == fails:
            log.fail(2 + took, part, text="<b>no</b> such file")
        else:
            log.done(2 + took, part, "3", "int")
    listed = ", ".join(f"<load#{part}>" for part in parts)
    total = log.task(3, "total", root, args=f"[{listed}]", refs=parts)
    log.wait(3, total, on=parts)
    log.block(4, root, total)
    if fails:
        log.end(4 + longest, total, "failed", "DependencyError", f"load#{parts[0]} failed")
        log.unblock(5 + longest, root)
        log.fail(6 + longest, root, "DependencyError", f"load#{parts[0]} failed").close(7 + longest, "failed")
        return log.state()
    log.queue(3 + longest, total).start(4 + longest, total, "thread-2").done(24 + longest, total, sums, "int")
    log.unblock(25 + longest, root, total).done(26 + longest, root, sums, "int").close(27 + longest)
    return log.state()


def both(one: RunState, other: RunState, code: tuple[Mapping[str, str], Mapping[str, str]] = ({}, {})) -> Comparison:
    """Compare two of them as runs of one kernel."""
    keys = (f"a3f9c1-{one.id}", f"a3f9c1-{other.id}")
    return compared(Given(one, keys[0], sources=code[0]), Given(other, keys[1], sources=code[1]))
