"""Logs of workflows written by hand: one that ended, one that runs, one that stalled, one that asks a person, one with
lists and failures, one within another.
"""

from __future__ import annotations

from heapq import heappop, heappush

from ipyflow.model import records as r
from tests.views.build import Flow, Log, trace

CHAIN = "StartEvent > start > StepTwoEvent > step_two > StepThreeEvent > step_three > StopEvent"


def _begun(log: Log, queries: int, **more: object) -> tuple[Flow, list[int]]:
    """The workflow of the tutorial, up to the queries that its first step sends."""
    flow = log.workflow("ConcurrentFlow", [CHAIN], **more)  # type: ignore[arg-type]
    first = flow.take(0.3, "start", flow.send(0.2, "StartEvent"))
    sent = [flow.send(1 + i / 10, "StepTwoEvent", f"query='Query {i + 1}'", first) for i in range(queries)]
    log.done(1.6, first)
    return flow, sent


def _collected(flow: Flow, at: float, event: int, needs: int) -> int:
    """The third step is run for one event more and collects it; gives its task."""
    task = flow.take(at, "step_three", event)
    flow.hold(at + 0.3, "step_three", event, {"StepThreeEvent": needs} if needs else None)
    if needs:
        flow.log.done(at + 0.6, task)
    return task


def ended() -> Log:
    """Three queries side by side, collected by the last step."""
    log = Log("ConcurrentFlow", 20, "workflow")
    flow, queries = _begun(log, 3)
    ends = (2004, 1002, 4003)
    running = [flow.take(1.2 + i / 10, "step_two", query) for i, query in enumerate(queries)]
    for needs, i in enumerate((1, 0, 2)):
        log.add(r.Output, 2 + i, running[i], "stdout", f"Running query Query {i + 1}\n")
        got = flow.send(ends[i], "StepThreeEvent", f"result='Query {i + 1}'", running[i])
        log.done(ends[i] + 0.1, running[i])
        last = _collected(flow, ends[i] + 0.2, got, 2 - needs)
    flow.fill(4003.6, "step_three")
    flow.publish(4004, "StopEvent", "result='Done'", last)
    log.done(4004.1, last).done(4004.2, flow.task, "'Done'", "str").close(4004.3)
    return log


def live() -> Log:
    """The same in the middle, with one worker: two have come, one is at work, one waits for the worker."""
    log = Log("ConcurrentFlow", 21, "workflow")
    flow, queries = _begun(log, 4, workers={"step_two": 1})
    at = 1.4
    for i, query in enumerate(queries[:2]):
        (got,) = flow.step(at, at + 1500, "step_two", [query], [("StepThreeEvent", f"result='Query {i + 1}'")])
        _collected(flow, at + 1500.2, got, 2 - i)
        at += 1501
    task = flow.take(at, "step_two", queries[2])
    flow.publish(at + 300, "Progress", "done=0.25", task)
    log.add(r.Output, at + 400, task, "stdout", "Running query Query 3\n")
    return log


def stalled() -> Log:
    """One query gave nothing: the join of three cannot be filled. And an event that nobody takes."""
    log = Log("ConcurrentFlow", 22, "workflow")
    flow = log.workflow("ConcurrentFlow", [CHAIN])
    first = flow.take(0.3, "start", flow.send(0.2, "StartEvent"))
    queries = [flow.send(1 + i / 10, "StepTwoEvent", f"query='Query {i + 1}'", first) for i in range(3)]
    flow.send(1.4, "Lost", "why='a wrong class'", first)
    log.done(1.6, first)
    running = [flow.take(1.7 + i / 10, "step_two", query) for i, query in enumerate(queries)]
    for i, task in enumerate(running):
        got = flow.send(1200 + 300 * i, "StepThreeEvent", f"result='Query {i + 1}'", task) if i != 1 else 0
        log.done(1200.1 + 300 * i, task)
        if got:
            _collected(flow, 1200.2 + 300 * i, got, 2 if i == 0 else 1)
    why = "step_three waits for 1 more StepThreeEvent (2 of 3), and no step that runs may give it"
    log.fail(1801, flow.task, "WorkflowStalled", why, f"WorkflowStalled: {why}\n").close(1801.1, "failed")
    return log


def human() -> Log:
    """A step has asked a person and waits for the answer; another part goes on."""
    log = Log("BookTrip", 23, "workflow")
    ways = [
        "StartEvent > plan > Route > ask_city > Approved > book > StopEvent",
        "plan > Prices > watch_prices > Prices",
        "ask_city > InputRequiredEvent",
    ]
    flow = log.workflow("BookTrip", ways, workers={"ask_city": 1, "watch_prices": 2})
    route, prices = flow.step(0.3, 240, "plan", [flow.send(0.2, "StartEvent", "to='Rome'")],
                              [("Route", "stops=['Basel', 'Milan']"), ("Prices", "eur=214")])  # fmt: skip
    ask = flow.take(240.3, "ask_city", route)
    flow.publish(260, "InputRequiredEvent", "prefix='Is a stop in Milan fine?'", ask)
    flow.awaits(260.2, ask, "HumanResponseEvent", "user='ada'")
    at = 240.4
    for i in range(3):
        (prices,) = flow.step(at, at + 4000, "watch_prices", [prices], [("Prices", f"eur={213 - i}")], "thread-1")
        at += 4000.2
    flow.take(at, "watch_prices", prices, worker="thread-1")
    log.add(r.Output, at + 200, 2, "stdout", "still waiting\n")
    return log


def fan() -> Log:
    """A list of forty, eight at once, two of which failed and were rescued; lists and several parameters are joined."""
    log = Log("Digest", 24, "workflow")
    ways = [
        "StartEvent > split >> Page > summarise > Summary >> merge > Digest >& report > StopEvent",
        "StartEvent > configure > Settings >& report",
        "StepFailedEvent > rescue > Summary",
    ]
    flow = log.workflow("Digest", ways, workers={"summarise": 8, "configure": 1, "report": 1}, handlers=["rescue"])
    start = flow.send(0.2, "StartEvent", "path='book.pdf'")
    split = flow.take(0.3, "split", start)
    (settings,) = flow.step(0.4, 30, "configure", [start], [("Settings", "language='en'")])
    join = "Digest + Settings"
    flow.hold(30, "report", settings, {"Digest": 1}, join)
    pages = [flow.send(80, "Page", f"number={i + 1}", split) for i in range(40)]
    log.done(80.2, split)
    busy: list[tuple[float, int, int, int]] = []
    for i, page in enumerate(pages[:32]):
        begin, lane = 80.3, i
        if len(busy) == 8:
            end, lane, before, task = heappop(busy)
            _summarised(flow, end, before, task)
            begin = end + 0.5
        task = flow.take(begin, "summarise", page, worker=f"thread-{lane + 1}")
        heappush(busy, (begin + 90 + (i * 7919 % 70), lane, i, task))
    return log


def _summarised(flow: Flow, end: float, i: int, task: int) -> None:
    """A page has its summary, or failed and has an empty one."""
    if i in (10, 18):
        text = f"page {i + 1} is empty"
        flow.log.fail(end, task, "ValueError", text, trace("ValueError", text, "summarise", "return words[0]"))
        why = f"step_name='summarise', exception=ValueError({text!r})"
        failed = flow.send(end, "StepFailedEvent", why, task, ("rescue",))
        (got,) = flow.step(end + 0.1, end + 0.3, "rescue", [failed], [("Summary", f"number={i + 1}, text=''")])
    else:
        got = flow.send(end, "Summary", f"number={i + 1}, text='On page {i + 1} it is said that …'", task)
        flow.log.done(end + 0.1, task)
    flow.hold(end + 0.3, "merge", got)


def child() -> Log:
    """A workflow whose step runs another one, which is at work."""
    log = Log("Nightly", 25, "workflow")
    outer = log.workflow("Nightly", ["StartEvent > prepare > Prepared > train_all > StopEvent"])
    (ready,) = outer.step(0.3, 120, "prepare", [outer.send(0.2, "StartEvent")], [("Prepared", "rows=60000")])
    task = outer.take(120.2, "train_all", ready)
    ways = ["StartEvent > begin > Epoch > train > Trained > judge > StopEvent", "judge > Epoch"]
    inner = log.workflow("Training", ways, parent=task, at=121)
    log.block(121.1, task, inner.task)
    (epoch,) = inner.step(121.3, 125, "begin", [inner.send(121.2, "StartEvent", "epochs=3")], [("Epoch", "number=1")])
    at = 125.2
    for i in range(2):
        (trained,) = inner.step(at, at + 400, "train", [epoch], [("Trained", f"loss=0.{4 - i}1")], "thread-1")
        (epoch,) = inner.step(at + 400.2, at + 430, "judge", [trained], [("Epoch", f"number={i + 2}")])
        at += 430.2
    train = inner.take(at, "train", epoch, worker="thread-1")
    log.add(r.Progress, at + 150, train, 40, 100, "batches")
    return log


FLOWS = {
    "events": ended, "events-live": live, "events-stalled": stalled, "events-human": human, "events-fan": fan,
    "events-child": child,
}  # fmt: skip
