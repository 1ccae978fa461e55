"""Logs of pipelines written by hand: one that ended, one that runs, one that is paused, a plan, and a wide group."""

from __future__ import annotations

from ipyflow.model import records as r
from tests.views.build import Log, trace

SLOT = "branch slot of in_parallel#3 (2 at once)"


def planned(log: Log, parent: int, at: float = 0) -> list[int]:
    """Plan: load, three branches of which the second has a handler, a handler, a sum, a finaliser."""
    load = log.plan(at, "load", parent, args="'orders.csv'")
    group = log.plan(
        at, "in_parallel", parent, args="3 branches, 2 at once", refs=(load,), executor="pipeline", role="group"
    )
    out = [load, group]
    for branch in range(3):
        clean = log.plan(at, "clean", group, args=f"'{'abc'[branch]}'", refs=(load,), branch=branch)
        score = log.plan(at, "score", group, refs=(clean,), branch=branch)
        out += [clean, score]
        if branch == 1:
            out.append(log.plan(at, "repair", group, refs=(score,), role="exceptionally", branch=branch))
    recover = log.plan(at, "recover", parent, refs=(group,), role="exceptionally")
    aggregate = log.plan(at, "aggregate", parent, refs=(group, recover), args="how='mean'")
    close = log.plan(at, "close", parent, role="finally")
    return [*out, recover, aggregate, close]


OUTLINE = "load → in_parallel(3) → recover → aggregate → close"


def pipeline() -> Log:
    """A branch fails and is healed by its handler, a handler has nothing to do, the finaliser runs."""
    log = Log(OUTLINE, 12, "pipeline")
    whole = log.pipeline(OUTLINE)
    load, group, clean0, score0, clean1, score1, repair, clean2, score2, recover, aggregate, close = planned(log, whole)
    log.step(0.4, 41, load, "{'rows': 3}")
    log.come_to(41.3, group).wait(41.3, group, "its branches").branches(41.3, group, 0, 3)
    log.wait(41.4, clean2, SLOT)
    log.step(41.5, 70, clean0, "{'a': 1}", "thread-1").step(41.6, 64, clean1, "{'b': 2}", "thread-2")
    log.step(70.2, 118, score0, "{'a': 0.91}", "thread-1")
    tb = trace("ValueError", "b has no price", "score", "return price / weight")
    log.come_to(64.2, score1).start(64.4, score1, "thread-2").fail(90, score1, "ValueError", "b has no price", tb)
    log.step(90.2, 112, repair, "{'b': 0.0}", "thread-2").branches(112.1, group, 1, 3)
    log.step(112.2, 134, clean2, "{'c': 3}", "thread-2").branches(118.1, group, 2, 3)
    log.step(134.2, 176, score2, "{'c': 0.87}", "thread-2").branches(176.1, group, 3, 3)
    log.done(176.2, group, "[{'a': 0.91}, {'b': 0.0}, {'c': 0.87}]", "list")
    log.end(176.3, recover, "skipped", "", "nothing failed before it")
    log.step(176.4, 201, aggregate, "{'mean': 0.59}", "thread-1", (group,)).add(
        r.Noted, 201, aggregate, "state", "{'seen': 3, 'file': 'orders.csv'}"
    )
    log.step(201.2, 209, close, worker="thread-1")
    log.done(209.2, whole, "{'mean': 0.59}", "dict").close(209.3)
    return log


def running() -> Log:
    """Five branches, two at once: one done, two at work, two wait for a slot; what follows is planned."""
    outline = "fetch → parse_all(5) → report → close"
    log = Log(outline, 13, "pipeline")
    whole = log.pipeline(outline)
    fetch = log.plan(0, "fetch", whole, args="'feeds.json'")
    group = log.plan(
        0, "parse_all", whole, args="5 branches, 2 at once", refs=(fetch,), executor="pipeline", role="group"
    )
    heads, tails = [], []
    for branch in range(5):
        heads.append(log.plan(0, "parse", group, args=f"feed={branch}", refs=(fetch,), branch=branch))
        tails.append(log.plan(0, "check", group, refs=(heads[-1],), branch=branch))
    log.plan(0, "union", group, role="merge")
    recover = log.plan(0, "recover", whole, refs=(group,), role="exceptionally")
    log.plan(0, "report", whole, refs=(group, recover))
    log.plan(0, "close", whole, role="finally")
    log.step(0.4, 60, fetch, "{'feeds': 5}")
    log.come_to(60.2, group).wait(60.2, group, "its branches").branches(60.2, group, 0, 5)
    for head in heads[2:]:
        log.wait(60.3, head, f"branch slot of parse_all#{group} (2 at once)")
    log.step(60.4, 150, heads[0], "{'items': 12}", "thread-1").step(60.5, 210, heads[1], "{'items': 40}", "thread-2")
    log.step(150.2, 240, tails[0], "{'items': 11}", "thread-1").branches(240.1, group, 1, 5)
    log.add(r.Noted, 240, tails[0], "state", "{'seen': 12}")
    log.come_to(210.2, tails[1]).start(210.4, tails[1], "thread-2").add(r.Progress, 300, tails[1], 18, 40, "items")
    log.come_to(240.2, heads[2]).start(240.4, heads[2], "thread-1").add(r.Output, 310, heads[2], "stdout", "feed 2\n")
    return log


def paused() -> Log:
    """Two entries have ended, one still runs, and the pipeline starts no other until it is resumed."""
    outline = "extract → train → publish"
    log = Log(outline, 14, "pipeline")
    whole = log.pipeline(outline, name="nightly")
    extract = log.plan(0, "extract", whole)
    train = log.plan(0, "train", whole, args="epochs=10", refs=(extract,))
    log.plan(0, "publish", whole, refs=(train,))
    log.step(0.4, 90, extract, "{'rows': 900}").wait(120, whole, "paused")
    log.come_to(90.2, train).start(90.4, train, "thread-2").add(r.Progress, 200, train, 6, 10, "epochs")
    return log


def plan() -> Log:
    """Nothing but a plan, as a pipeline draws it before it is submitted: no task stands for the whole."""
    log = Log(OUTLINE, 0, "pipeline")
    planned(log, 0)
    log.records[:] = [record._replace(time=0.0) for record in log.records]
    return log


def wide(width: int = 60, at_once: int = 8, ended: int = 40, stages: int = 1) -> Log:
    """A group of many equal branches without a plan: some ended (every seventeenth failed), some at work."""
    log = Log(f"list_files → in_parallel({width}) → total", 15, "pipeline")
    whole = log.pipeline(log.records[0].name)  # type: ignore[union-attr]
    files = log.run(0.2, 0.4, 20, "list_files", whole, text=f"[{width} files]")
    group = log.task(
        20.2, "in_parallel", whole, args=f"{width} branches, {at_once} at once", refs=(files,), executor="pipeline",
        role="group",
    )  # fmt: skip
    log.wait(20.2, group, "its branches").branches(20.2, group, 0, width)
    free, ends = [20.4] * at_once, []
    for branch in range(min(ended + at_once, width)):
        lane = free.index(min(free))
        begin, length = free[lane], 12 + branch * 7919 % 37
        label = f"in_parallel/stage {branch * stages // width + 1}" if stages > 1 else None
        worker = f"thread-{lane + 1}"
        read = log.task(begin, "read", group, args=f"file_{branch}", refs=(files,), group=label, branch=branch)
        log.start(begin + 0.1, read, worker)
        free[lane] = float("inf") if branch >= ended else begin + length + 0.3
        if branch >= ended:
            continue
        log.done(begin + length / 2, read, "'…'", "str")
        count = log.task(begin + length / 2 + 0.1, "count", group, refs=(read,), group=label, branch=branch)
        log.start(begin + length / 2 + 0.2, count, worker)
        if branch % 17 == 11:
            log.fail(begin + length, count, "ValueError", f"file_{branch} is empty")
        else:
            log.done(begin + length, count, str(branch * 7919 % 100), "int")
        ends.append(begin + length + 0.1)
    for done, end in enumerate(sorted(ends), 1):
        log.branches(end, group, done, width)
    return log
