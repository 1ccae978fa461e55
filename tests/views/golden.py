"""The golden logs: small runs that show one thing each. Run as a module it writes ``tests/fixtures/runs/*.jsonl``,
and the payloads of the pipelines and workflows among them, which the tests of the page read.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from ipyflow.model import records as r
from ipyflow.model.run import RunState, fold
from ipyflow.views.payload import payload
from tests.views import pipelines
from tests.views.build import WALL, Log, trace
from tests.views.flows import FLOWS

FOLDER = Path(__file__).parent.parent / "fixtures" / "runs"
PAYLOADS = FOLDER.parent / "payloads"


def sequential() -> Log:
    log = Log()
    flow = log.task(0, "process_order", args="17, 42")
    log.start(0.4, flow, "thread-1")
    user = log.run(1, 1.4, 103, "load_user", flow, args="17", worker="thread-2", text="{'id': 17}")
    log.block(1.2, flow, user).unblock(103.5, flow, user)
    product = log.run(104, 104.4, 183, "load_product", flow, args="42", worker="thread-2", text="{'id': 42}")
    log.block(104.2, flow, product).unblock(183.4, flow, product)
    order = log.run(184, 184.4, 236, "create_order", flow, args="user, product", worker="thread-2", text="{'id': 1}")
    log.block(184.2, flow, order).unblock(236.3, flow, order)
    log.done(236.8, flow, "{'id': 1}", "dict").close(237)
    return log


def parallel(wait: bool = False) -> Log:
    log = Log()
    flow = log.task(0, "process_order", args="17, 42")
    log.start(0.4, flow, "thread-1")
    user = log.run(1, 1.4, 103, "load_user", flow, args="17", worker="thread-2", text="{'id': 17}")
    product = log.run(1.2, 1.6, 81, "load_product", flow, args="42", worker="thread-3", text="{'id': 42}")
    order = log.task(1.4, "create_order", flow, args="<load_user#2>, <load_product#3>", refs=(user, product))
    if wait:
        log.wait(1.4, order, "its arguments", (user, product)).queue(103.1, order).start(103.2, order, "thread-3")
    else:
        log.start(1.8, order, "thread-4").block(2.4, order, user).unblock(103.1, order, user)
    log.read(103.4, user, order).read(103.5, product, order)
    log.done(155, order, "{'id': 1}", "dict")
    log.block(1.6, flow, order).unblock(155.3, flow, order)
    log.done(155.8, flow, "{'id': 1}", "dict").close(156)
    return log


def waiting() -> Log:
    return parallel(wait=True)


def fan_out(width: int = 50, workers: int = 8) -> Log:
    log = Log("score_all", 4)
    flow = log.task(0, "score_all", args=f"{width} documents")
    log.start(0.3, flow, "thread-0")
    free = [1.0] * workers
    ids = []
    for i in range(width):
        lane = free.index(min(free))
        begin, length = free[lane], 12 + (i * 7919 % 37)
        submitted = 0.5 + i * 0.02
        task = log.task(submitted, "score", flow, args=f"doc_{i}", group="documents")
        log.start(max(begin, submitted + 0.1), task, f"thread-{lane + 1}")
        if i % 17 == 11:
            log.fail(begin + length, task, "ValueError", f"doc_{i} is empty", trace("ValueError", f"doc_{i} is empty"))
        else:
            log.done(begin + length, task, f"{i * 7919 % 100 / 100}", "float")
        free[lane] = begin + length + 0.3
        ids.append(task)
    end = max(free)
    total = log.task(2, "summarise", flow, refs=ids, args=f"[{width} futures]")
    log.wait(2, total, "its arguments", ids).queue(end + 0.1, total).start(end + 0.2, total, "thread-1")
    for task in ids:
        log.read(end + 0.5, task, total)
    log.done(end + 14, total, "0.47", "float")
    log.block(2.2, flow, total).unblock(end + 14.2, flow, total).done(end + 14.5, flow, "0.47", "float")
    log.close(end + 14.6)
    return log


def failure() -> Log:
    log = Log("nightly_report", 5)
    flow = log.task(0, "nightly_report")
    log.start(0.3, flow, "thread-1")
    raw = log.run(1, 1.4, 60, "fetch", flow, args="'sales.csv'", worker="thread-2", text="'id,total…'", module="etl")
    rates = log.run(1.1, 1.6, 48, "fetch", flow, args="'rates.csv'", worker="thread-3", text="'eur,usd…'", module="etl")
    rows_ = log.task(1.2, "parse", flow, args="<fetch#2>", refs=(raw,), module="etl")
    log.wait(1.2, rows_, "its arguments", (raw,)).queue(60.1, rows_).start(60.2, rows_, "thread-2").read(
        60.4, raw, rows_
    )
    tb = trace("KeyError", "'total'", "parse", "total = line['total']")
    log.fail(84, rows_, "KeyError", "'total'", tb)
    joined = log.task(1.3, "convert", flow, args="<parse#4>, <fetch#3>", refs=(rows_, rates), module="etl")
    log.wait(1.3, joined, "its arguments", (rows_, rates)).queue(84.1, joined)
    log.fail(84.2, joined, "DependencyError", "argument 'rows' of convert failed: parse#4: KeyError: 'total'", tb)
    log.read(84.2, rows_, joined)
    mail = log.run(1.4, 3, 30, "notify", flow, args="'started'", worker="thread-4", text="True")
    log.block(1.6, flow, joined).unblock(84.4, flow, joined)
    log.fail(84.8, flow, "DependencyError", "argument 'rows' of convert failed: parse#4: KeyError: 'total'", tb)
    log.add(r.Noted, 85, mail, "leaked", "notify#6 was never read")
    log.close(85, "failed")
    return log


def blocked_chain() -> Log:
    """Three levels of flows, each blocked on the next; unfinished."""
    log = Log("outer", 6)
    outer = log.task(0, "outer")
    log.start(0.3, outer, "thread-1")
    middle = log.task(1, "middle", outer)
    log.block(1.1, outer, middle).start(1.2, middle, "thread-2")
    inner = log.task(2, "inner", middle)
    log.block(2.1, middle, inner).start(2.2, inner, "thread-3")
    leaf = log.task(3, "leaf", inner, args="'slow'")
    log.block(3.1, inner, leaf).start(3.2, leaf, "thread-4")
    waits = log.task(3.4, "report", outer, refs=(leaf,), args="<leaf#4>")
    log.wait(3.4, waits, "its arguments", (leaf,))
    held = log.task(3.6, "upload", outer)
    log.wait(3.6, held, "the limit of 2 uploads at once", ())
    log.add(r.Progress, 250, leaf, 3, 10, "pages")
    log.add(r.Output, 300, leaf, "stdout", "page 3\n")
    return log


def cancelled() -> Log:
    log = Log("race", 7)
    flow = log.task(0, "race")
    log.start(0.3, flow, "thread-1")
    mirrors = []
    for i, name in enumerate(("'a'", "'b'", "'c'")):
        task = log.task(1 + i / 10, "mirror", flow, args=name)
        log.start(1.5 + i / 10, task, "loop")
        mirrors.append(task)
    log.block(1.6, flow, *mirrors)
    log.done(40, mirrors[1], "'b'", "str").unblock(40.2, flow, mirrors[1])
    for task in (mirrors[0], mirrors[2]):
        log.add(r.Cancelling, 40.4, task, "cancelled by race#1")
        log.end(43, task, "cancelled", "TaskCancelled", "cancelled by race#1")
    late = log.task(20, "audit", flow)
    log.wait(20, late, "a delay of 1 s", ()).end(40.5, late, "cancelled", "TaskCancelled", "its parent ended")
    slow = log.task(20.2, "probe", flow)
    log.start(20.5, slow, "thread-2").end(41, slow, "timed_out", "TaskTimeout", "ran over its timeout of 20 ms")
    log.done(43.5, flow, "'b'", "str").close(44)
    return log


def retries() -> Log:
    log = Log("flaky", 8)
    flow = log.task(0, "flaky")
    log.start(0.3, flow, "thread-1")
    call = log.task(1, "call_api", flow, args="'/orders'")
    log.block(1.2, flow, call).start(1.4, call, "thread-2", 1)
    tb = trace("ConnectionError", "reset by peer", "call_api", "client.get(path)")
    log.add(r.AttemptFailed, 30, call, 1, "ConnectionError", "reset by peer", tb)
    log.wait(30, call, "a retry in 20 ms", ()).queue(50, call).start(50.2, call, "thread-3", 2)
    log.add(r.AttemptFailed, 82, call, 2, "ConnectionError", "reset by peer", tb)
    log.wait(82, call, "a retry in 40 ms", ()).queue(122, call).start(122.2, call, "thread-2", 3)
    log.done(150, call, "{'orders': 3}", "dict").unblock(150.2, flow, call)
    log.done(151, flow, "3", "int").close(151.2)
    return log


def running() -> Log:
    log = Log("training", 9)
    flow = log.task(0, "training")
    log.start(0.3, flow, "thread-1")
    data = log.run(1, 1.4, 200, "load_data", flow, worker="thread-2", text="[60000 rows]", module="ml.data")
    models = []
    for i, size in enumerate((32, 64, 128)):
        task = log.task(2 + i, "train", flow, args=f"data, {size}", refs=(data,), group="sizes", module="ml.fit")
        log.wait(2 + i, task, "its arguments", (data,)).queue(200.2 + i, task)
        models.append(task)
    for i, task in enumerate(models[:2]):
        log.start(203 + i, task, f"thread-{2 + i}").read(203.5 + i, data, task)
        log.add(r.Progress, 480, task, 3 + i, 10, "epochs")
    best = log.task(6, "choose", flow, refs=models, args="[3 futures]", module="ml.fit")
    log.wait(6, best, "its arguments", models)
    log.block(7, flow, best)
    log.add(r.Output, 490, models[0], "stdout", "loss 0.31\n")
    return log


def nested() -> Log:
    log = Log("build_site", 10)
    site = log.task(0, "build_site")
    log.start(0.2, site, "thread-1")
    titles = ("guide", "api", "blog")
    bases = [1.0, 1.5, 2.0]
    sections = [
        log.task(base, "section", site, args=repr(title), group="sections")
        for base, title in zip(bases, titles, strict=True)
    ]
    pages = [
        [
            log.run(base + 1, base + 1.5 + 9 * p, base + 9 + 9 * p + 3 * s, "page", sections[s],
                    args=f"{titles[s]}/{p}", worker=f"thread-{5 + s}", text="'<html>…'")
            for p in range(2 + s)
        ]
        for s, base in enumerate(bases)
    ]  # fmt: skip
    ends = []
    for s, base in enumerate(bases):
        section, end = sections[s], base + 9 + 9 * (1 + s) + 3 * s
        index = log.task(base + 2.4, "index", section, refs=pages[s], args=f"[{len(pages[s])} futures]")
        log.wait(base + 2.4, index, "its arguments", pages[s]).queue(end + 0.2, index)
        log.start(base + 0.5, section, f"thread-{2 + s}").start(end + 0.4, index, "thread-5")
        log.done(end + 6, index, "'<ul>…'", "str").block(base + 3, section, index).unblock(end + 6.2, section, index)
        log.done(end + 6.5, section, "'<ul>…'", "str")
        ends.append(end + 6.5)
    for section, end in zip(sections, ends, strict=True):
        log.read(end + 0.1, section, site)
    last = max(ends)
    log.block(4.5, site, *sections).unblock(last + 0.2, site).done(last + 1, site, "3", "int")
    log.close(last + 1.1)
    return log


def workers() -> Log:
    """Processes, a cluster whose workers run two tasks at once, and two workers that are lost."""
    log = Log("render", 12)
    flow = log.task(0, "render", args="12 tiles")
    log.start(0.4, flow, "thread-1")
    free = {"process-1": 120.0, "process-2": 125.0, "process-10": 130.0}
    tiles = []
    for i in range(9):
        worker = min(free, key=free.__getitem__)
        begin, length = free[worker], 70 + (i * 7919 % 41)
        task = log.task(0.6 + i / 20, "tile", flow, args=f"{i}", executor="processes")
        log.start(begin, task, worker)
        if i == 4:  # its process dies, another takes its name
            said = f"tile#{task}: its worker {worker} (process 4242) was killed by SIGSEGV"
            log.add(
                r.AttemptFailed, begin + length, task, 1, "WorkerLost", said, f"ipyflow.errors.WorkerLost: {said}\n"
            )
            log.queue(begin + length, task)
            free[worker] = begin + length + 90
            again = task
        else:
            log.done(begin + length, task, f"[{i}, …]", "list")
            free[worker] = begin + length + 0.2
        tiles.append(task)
    worker = min(free, key=free.__getitem__)
    log.start(free[worker], again, worker, 2).done(free[worker] + 80, again, "[4, …]", "list")
    cluster = [f"10.0.0.{7 + n} worker-{n}" for n in range(2)]
    joined = []
    for i in range(6):
        task = log.task(1.5 + i / 20, "join", flow, args=f"row {i}", executor="dask")
        begin = 210 + 95 * (i // 4) + 6 * (i % 4)
        log.start(begin, task, cluster[i % 2])
        if i == 5:
            said = f"join#{task}: its worker {cluster[1]} has died or was sent away"
            log.fail(begin + 60, task, "WorkerLost", said, f"ipyflow.errors.WorkerLost: {said}\n")
        else:
            log.done(begin + 80 + 3 * i, task, "'row'", "str")
        joined.append(task)
    log.block(2, flow, *tiles, *joined).unblock(520, flow)
    for task in (*tiles, *joined[:5]):
        log.read(520.1, task, flow)
    log.fail(521, flow, "WorkerLost", f"join#{joined[5]}: its worker {cluster[1]} has died or was sent away")
    return log.close(522, "failed")


BEFORE = "@task\ndef load(page):\n    rows = fetch(page)\n    return rows / 0\n"
AFTER = "@task\ndef load(page):\n    rows = fetch(page)\n    if not rows:\n        return 0\n    return len(rows)\n"


def edited() -> Log:
    """One of six fails, its cell is edited, and a retry runs the new code while the others are as they were."""
    log = Log("report", 12)
    flow = log.task(0, "report", args="6")
    log.start(0.4, flow, "thread-1")
    loads = [log.task(1, "load", flow, args=str(i)) for i in range(6)]
    for i, task in enumerate(loads):
        log.start(1.4 + i, task, f"thread-{i + 2}")
    log.block(2, flow, *loads)
    for i, task in enumerate(loads):
        if i == 3:
            log.fail(60, task, "ZeroDivisionError", "division by zero")
        else:
            log.done(80 + 9 * i, task, str(10 * i), "int")
    bad = loads[3]
    log.add(r.Reset, 300, bad, "retried").add(r.Revised, 300, bad, BEFORE, AFTER)
    log.start(301, bad, "thread-3", 2).done(380, bad, "30", "int").unblock(381, flow, *loads)
    log.done(382, flow, "150", "int")
    return log.close(383)


def memory() -> Log:
    """Values that were there already: kept from another run, of an equal call, of a run that goes on here; a poll."""
    log = Log("report", 4)
    flow = log.task(0, "report", args="3")
    log.start(0.4, flow, "thread-1")
    kept, first, equal = (log.task(1, "load", flow, args=args) for args in ("'north'", "'south'", "'south'"))
    log.wait(1, kept, "the cache").start(1.2, first, "thread-2")
    log.wait(1.3, equal, f"equal call load#{first}", (first,))
    log.add(r.Reused, 3, kept, "cache", "a3f9c1-3", 7, WALL - 7200).end(3, kept, "cached", "dict", "{'rows': 812}")
    fetch = log.task(4, "fetch", flow, args="'rates'")
    log.add(r.Reused, 4.2, fetch, "resumed", "b07d22-1", 4, WALL - 90).end(4.2, fetch, "cached", "float", "1.0842")
    poll = log.task(5, "poll", flow, args="'ready?'")
    for i in range(3):
        log.start(6 + 60 * i, poll, "thread-3", i + 1)
        if i < 2:
            log.add(r.Recurred, 16 + 60 * i, poll, i + 1).wait(16 + 60 * i, poll, "runs again in 50 ms")
            log.queue(65.9 + 60 * i, poll)
    log.done(80, first, "{'rows': 790}", "dict")
    log.add(r.Reused, 80.2, equal, "flight", "c5e1f0-4", first, WALL + 0.08)
    log.end(80.2, equal, "cached", "dict", "{'rows': 790}").done(140, poll, "'ready'", "str")
    log.block(6, flow, kept, first, equal, fetch, poll).unblock(141, flow, kept, first, equal, fetch, poll)
    log.done(142, flow, "1602", "int")
    return log.close(143)


HOSTILE = "<img src=x onerror=alert(1)>"


def hostile() -> Log:
    log = Log("</title><script>alert('run')</script>", 11)
    flow = log.task(0, "</text></svg><script>alert(1)</script>", args='"quoted" & <b>bold</b>', module="<i>&amp;")
    log.start(0.2, flow, "\x1b[31mthread\x1b[0m-1")
    bad = log.task(1, "\x1b[2J\x1b]0;owned\x07clear", flow, args="`${1+1}` ]]> --> \u202egnp.exe", group='"g"|end{}')
    log.start(1.5, bad, "thread-2").block(1.6, flow, bad)
    tb = f"Traceback:\n  \x1b[31mred\x1b[0m \x1b[2J {HOSTILE}\n</pre></details>ValueError: \x00 \ud800 {HOSTILE}\n"
    log.fail(30, bad, "Bad<Error>", f"{HOSTILE} \x1b]8;;http://x\x07link\n\r\x00\ud800", tb)
    log.unblock(30.1, flow, bad)
    odd = log.run(31, 31.5, 40, 'a"b|c]d;{e}\\[f](g)`h`#quot;', flow, args="click <a href='javascript:x'>", refs=(bad,))
    log.add(r.Noted, 41, odd, "warning", f"{HOSTILE}\n\x1b[31m")
    log.done(42, flow, "<td>", "str").close(43, "succeeded")
    return log


GOLDEN: dict[str, Callable[[], Log]] = {
    "sequential": sequential, "parallel": parallel, "waiting": waiting, "fan_out": fan_out, "failure": failure,
    "blocked": blocked_chain, "cancelled": cancelled, "retries": retries, "running": running, "nested": nested,
    "edited": edited, "memory": memory, "hostile": hostile, "workers": workers, "pipeline": pipelines.pipeline,
    "pipeline_running": pipelines.running, "pipeline_paused": pipelines.paused, "plan": pipelines.plan, **FLOWS,
}  # fmt: skip


DRAWN: dict[str, Callable[[], RunState]] = {
    **{
        name: GOLDEN[name]().state
        for name in ("edited", "memory", "workers", "pipeline", "pipeline_running", "pipeline_paused", "plan", *FLOWS)
    },
    "pipeline_wide": lambda: pipelines.wide().state(),
    "pipeline_stages": lambda: pipelines.wide(60, 8, 45, stages=4).state(),
    "pipeline_aggregated": lambda: pipelines.wide(3000, 16, 2400).state(),
}
"""The runs whose payloads are kept."""


def load(name: str) -> RunState:
    lines = (FOLDER / f"{name}.jsonl").read_text("utf-8").splitlines()
    return fold(r.from_json(json.loads(line)) for line in lines)


def write() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, make in GOLDEN.items():
        log = make()
        log.state()
        lines = [json.dumps(r.to_json(record)) for record in log.records]
        (FOLDER / f"{name}.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    for name, state in DRAWN.items():
        text = json.dumps(payload(state()), indent=1, ensure_ascii=False)
        (PAYLOADS / f"{name}.json").write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    write()
