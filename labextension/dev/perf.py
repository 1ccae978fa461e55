"""How smooth the views are in this machine's Chromium: ``python dev/perf.py [case ...]`` after ``npm run dev``.

Prints one line for each case: frames a second while the picture moves, the time from a payload to the first picture,
and what the page keeps in memory. There is no GPU: all of it is drawn in software.
"""

import json
import pathlib
import sys
from typing import Any

from playwright.sync_api import Page, sync_playwright
from shots import FLAGS

from ipyflow.model import records as r
from ipyflow.model.run import RunState, fold
from ipyflow.views.payload import payload
from ipyflow.views.window import window

HERE = pathlib.Path(__file__).parent
FRAMES = """seconds => new Promise(done => {
  const gaps = []; let last = performance.now(), end = last + seconds * 1000;
  const tasks = []; const po = new PerformanceObserver(l => { for (const e of l.getEntries()) tasks.push(e.duration) });
  po.observe({entryTypes: ['longtask']});
  const step = now => { gaps.push(now - last); last = now;
    if (now < end) requestAnimationFrame(step);
    else { po.disconnect(); gaps.shift(); const sum = gaps.reduce((a, b) => a + b, 0);
      gaps.sort((a, b) => a - b);
      done({fps: gaps.length / sum * 1000, p99: gaps[Math.floor(gaps.length * .99)], worst: gaps[gaps.length - 1],
            long: tasks.length}) } };
  requestAnimationFrame(step) })"""
CHANGES = """() => { window.changes = {added: 0, removed: 0, other: 0};
  new MutationObserver(list => { for (const m of list) { if (m.type === 'childList') {
      changes.added += m.addedNodes.length; changes.removed += m.removedNodes.length } else changes.other++ } })
    .observe(document.querySelector('.ipf-pane'), {subtree: true, childList: true, attributes: true,
                                                   characterData: true}) }"""
PAN = """([x, y]) => { const el = document.querySelector('.ipf-bars'); let i = 0;
  const fire = (type, at) => el.dispatchEvent(new PointerEvent(type,
    {bubbles: true, buttons: 1, button: 0, pointerId: 1, clientX: at, clientY: y}));
  el.setPointerCapture = () => {}; fire('pointerdown', x);
  const step = () => { fire('pointermove', x + 150 * Math.sin(i++ / 15)); requestAnimationFrame(step) }; step() }"""
ZOOM = """([x, y]) => { const el = document.querySelector('.ipf-scroll'); let i = 0;
  const step = () => { el.dispatchEvent(new WheelEvent('wheel', {bubbles: true, cancelable: true, ctrlKey: true,
    deltaY: 40 * Math.cos(i++ / 40), clientX: x, clientY: y})); requestAnimationFrame(step) }; step() }"""
SCROLL = """() => { const el = document.querySelector('.ipf-scroll'); let i = 0;
  const step = () => { el.scrollTop = 20000 + 18000 * Math.sin(i++ / 60); requestAnimationFrame(step) }; step() }"""

WORKERS = 32
TASKS = 100_000
# A payload with all rows, made on the page: reading it from text is not what is measured.
ROWS = """([workers, tasks]) => { const rows = []; const free = new Float64Array(workers);
  let seed = 7; const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  const counts = {succeeded: 0, failed: 0};
  for (let id = 1; id <= tasks; id++) {
    let w = 0; for (let k = 1; k < workers; k++) if (free[k] < free[w]) w = k;
    const submitted = Math.max(0, free[w] - 0.02 * random()), started = free[w] + 0.0005;
    const ended = started + 0.004 + 0.03 * random() * random(); free[w] = ended;
    const state = random() < 0.004 ? 'failed' : 'succeeded'; counts[state]++;
    rows.push({id, parent: 0, name: ['load', 'parse', 'score'][id % 3], module: '__main__', group: null, role: null,
      branch: null, executor: 'threads', state, reason: '', on: [], worker: 'thread-' + (w + 1), args: String(id),
      attempts: 1, submitted, started, ended, spans: [[submitted, 'queued', ''],
      [started, 'running', 'thread-' + (w + 1)], [ended, state, '']], type: 'int', text: '5', progress: null,
      notes: []});
  }
  const end = Math.max(...free);
  return {schema: 1, seq: 0, run: {id: 3, name: 'many', kind: 'flow', state: 'failed', wall: 1795304000, now: end,
    closed: end, total: tasks, counts, aggregated: false, notes: []}, tasks: rows, edges: [], graph: null,
    lanes: null} }"""
# From the moment the page has the payload to the frame after the first names stand there.
FIRST = """window.first = new Promise(done => { let given, begin = 0;
  Object.defineProperty(window, 'given', {get() { given ??= window.make(); begin = performance.now(); return given }});
  const look = () => { if (begin && document.querySelector('.ipf-label'))
      requestAnimationFrame(() => done(performance.now() - begin)); else requestAnimationFrame(look) };
  requestAnimationFrame(look) });"""


def say(name: str, figures: dict[str, float], more: str = "") -> None:
    print(
        f"{name:52} {figures['fps']:5.1f} fps  p99 {figures['p99']:5.1f} ms  worst {figures['worst']:5.1f} ms"
        f"  long tasks {figures['long']} {more}",
        flush=True,
    )


def memory(page: Page) -> str:
    """What the page keeps, after what it does not need is thrown away."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    session.send("Performance.enable")
    found = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
    return f"{found['JSHeapUsedSize'] / 1e6:.0f} MB"


def large_run() -> RunState:
    """100,000 tasks on 32 workers, as a kernel has them."""
    free = [0.0] * WORKERS
    found: list[r.Record] = [r.Opened(0.0, 3, "many", "flow", 1_795_304_000.0)]
    for id_ in range(1, TASKS + 1):
        worker = free.index(min(free))
        begin = free[worker] + 0.0005
        end = free[worker] = begin + 0.004 + (id_ * 7919 % 1000) / 1000 * 0.02
        name = ("load", "parse", "score")[id_ % 3]
        found.append(r.Submitted(max(0.0, begin - 0.01), id_, 0, name, "__main__", "threads", "", (), None, None, None))
        found.append(r.Started(begin, id_, f"thread-{worker + 1}", 1))
        state = "failed" if id_ % 251 == 0 else "succeeded"
        found.append(r.Finished(end, id_, state, "int", "5", None))
    found.sort(key=lambda record: record.time)
    found.append(r.Closed(max(free), "failed"))
    return fold(found)


def go(page: Page, query: str) -> None:
    page.goto(f"file://{HERE}/index.html?{query}&width=1200")
    page.wait_for_selector(".ipf-tabs")
    page.wait_for_timeout(400)


def middle(page: Page) -> list[float]:
    box = page.locator(".ipf-bars").bounding_box()
    assert box
    return [box["x"] + 300, box["y"] + 100]


def zoom_in(page: Page, times: int) -> None:
    for _ in range(times):
        page.get_by_role("button", name="Zoom in").click()


def some(page: Page) -> None:
    """2,000 tasks: what a page has whole."""
    for by in ("task", "worker"):
        go(page, "run=big")
        page.get_by_role("button", name=f"A row for each {by}").click()
        zoom_in(page, 3)
        page.evaluate(PAN, middle(page))
        say(f"pan, 2,000 tasks, a row for each {by}", page.evaluate(FRAMES, 3))
    go(page, "run=big")
    page.evaluate(SCROLL)
    say("scroll the timeline, 2,000 tasks", page.evaluate(FRAMES, 3))


def live(page: Page) -> None:
    """Runs that go on."""
    for tab in ("timeline", "graph", "table"):
        go(page, f"run=big&live=1&speed=0.6&at=1.5&tab={tab}")
        page.evaluate(CHANGES)
        figures = page.evaluate(FRAMES, 4)
        say(f"live at 10 Hz, 2,000 tasks, {tab}", figures, str(page.evaluate("changes")))
    go(page, "run=aggregated&live=1&speed=1")
    page.evaluate(CHANGES)
    say("live at 10 Hz, 100,000 tasks, timeline", page.evaluate(FRAMES, 3), str(page.evaluate("changes")))


def rows(page: Page) -> None:
    """All 100,000 rows on the page."""
    page.add_init_script(f"window.make = () => ({{payload: ({ROWS})([{WORKERS}, {TASKS}]), details: {{}}}}); {FIRST}")
    for by in ("worker", "task"):
        for times, how in ((1, PAN), (12, PAN), (1, ZOOM)):
            go(page, "run=given")
            first = page.evaluate("first")
            begin = page.evaluate("performance.now()")
            page.get_by_role("button", name=f"A row for each {by}").click()
            page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
            change = page.evaluate("performance.now()") - begin
            zoom_in(page, times)
            page.evaluate(how, middle(page))
            name = "zoom" if how is ZOOM else f"pan, {1.6**times:.0f}x"
            more = f"first picture {first:.0f} ms, rows of {by}s {change:.0f} ms, {memory(page)}"
            say(f"100,000 rows, a row for each {by}, {name}", page.evaluate(FRAMES, 4), more)


def aggregated(page: Page) -> None:
    """100,000 tasks in the kernel: the page asks for the stretch that it shows."""
    state = large_run()
    whole = json.dumps({"payload": payload(state), "details": {}})
    page.expose_function("askWindow", lambda ask: window(state, ask["from"], ask["to"], ask["bins"]))
    page.add_init_script(f"window.make = () => JSON.parse({json.dumps(whole)}); {FIRST}")
    answer = """() => { model.emit({type: 'snapshot', seq: 0, payload: given.payload});
      const old = model.answer.bind(model);
      window.asked = 0;
      model.answer = async message => { if (message.type !== 'ask') return old(message); asked++;
        const answer = await askWindow(message.query);
        model.emit({type: 'answer', request: message.request, answer, error: null}) } }"""
    for times, how in ((1, PAN), (5, PAN), (9, PAN), (5, ZOOM)):
        go(page, "run=given")
        first = page.evaluate("first")
        page.evaluate(answer)
        zoom_in(page, times)
        page.wait_for_timeout(1500)
        page.evaluate(how, middle(page))
        figures = page.evaluate(FRAMES, 4)
        name = "zoom" if how is ZOOM else f"pan, {1.6**times:.0f}x"
        more = f"first picture {first:.0f} ms, {memory(page)}, {page.evaluate('asked')} questions"
        say(f"100,000 tasks aggregated, {name}", figures, more)


def replay(page: Page) -> None:
    """The past, played."""
    for tab in ("timeline", "graph", "table"):
        go(page, f"run=big&tab={tab}")
        page.get_by_role("button", name="Replay").click()
        page.get_by_role("button", name="Play", exact=True).click()
        page.wait_for_timeout(2000)
        say(f"replay, 2,000 tasks, {tab}", page.evaluate(FRAMES, 4))


CASES: dict[str, Any] = {"some": some, "live": live, "replay": replay, "rows": rows, "aggregated": aggregated}


def main(names: list[str]) -> None:
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        for name, case in CASES.items():
            if names and name not in names:
                continue
            page = browser.new_page(viewport={"width": 1240, "height": 600})
            page.on("pageerror", lambda error: print(error))
            case(page)
            page.close()
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
