"""How smooth the views are in this machine's Chromium: ``python dev/perf.py`` after ``npm run dev``. Prints one line for each case."""

import pathlib

from playwright.sync_api import sync_playwright
from shots import FLAGS

HERE = pathlib.Path(__file__).parent
FRAMES = """seconds => new Promise(done => {
  const gaps = []; let last = performance.now(), end = last + seconds * 1000;
  const tasks = []; const po = new PerformanceObserver(l => { for (const e of l.getEntries()) tasks.push(e.duration) });
  po.observe({entryTypes: ['longtask']});
  const step = now => { gaps.push(now - last); last = now;
    if (now < end) requestAnimationFrame(step);
    else { po.disconnect(); gaps.shift(); const sum = gaps.reduce((a, b) => a + b, 0);
      gaps.sort((a, b) => a - b);
      done({fps: gaps.length / sum * 1000, p99: gaps[Math.floor(gaps.length * .99)], worst: gaps[gaps.length - 1], long: tasks.length}) } };
  requestAnimationFrame(step) })"""
CHANGES = """() => { window.changes = {added: 0, removed: 0, other: 0};
  new MutationObserver(list => { for (const m of list) { if (m.type === 'childList') { changes.added += m.addedNodes.length; changes.removed += m.removedNodes.length } else changes.other++ } })
    .observe(document.querySelector('.ipf-pane'), {subtree: true, childList: true, attributes: true, characterData: true}) }"""


def say(name: str, figures: dict[str, float], more: str = "") -> None:
    print(f"{name:44} {figures['fps']:5.1f} fps  p99 {figures['p99']:5.1f} ms  worst {figures['worst']:5.1f} ms  long tasks {figures['long']} {more}")


def main() -> None:
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        page = browser.new_page(viewport={"width": 1240, "height": 600})

        def go(query: str) -> None:
            page.goto(f"file://{HERE}/index.html?{query}&width=1200")
            page.wait_for_selector(".ipf-tabs")
            page.wait_for_timeout(400)

        for by in ("task", "worker"):
            go("run=big")
            page.get_by_role("button", name=f"A row for each {by}").click()
            for _ in range(3):
                page.get_by_role("button", name="Zoom in").click()
            box = page.locator(".ipf-bars").bounding_box()
            assert box
            page.evaluate("""([x, y]) => { const el = document.querySelector('.ipf-bars'); let i = 0;
              const fire = (type, at) => el.dispatchEvent(new PointerEvent(type, {bubbles: true, buttons: 1, button: 0, pointerId: 1, clientX: at, clientY: y}));
              el.setPointerCapture = () => {}; fire('pointerdown', x);
              const step = () => { fire('pointermove', x + 150 * Math.sin(i++ / 15)); requestAnimationFrame(step) }; step() }""",
              [box["x"] + 300, box["y"] + 100])  # fmt: skip
            say(f"pan, 2,000 tasks, a row for each {by}", page.evaluate(FRAMES, 3))
        go("run=big")
        page.evaluate("() => { const el = document.querySelector('.ipf-scroll'); let i = 0; const step = () => { el.scrollTop = 20000 + 18000 * Math.sin(i++ / 60); requestAnimationFrame(step) }; step() }")
        say("scroll the timeline, 2,000 tasks", page.evaluate(FRAMES, 3))
        for tab in ("timeline", "graph", "table"):
            go(f"run=big&live=1&speed=0.6&at=1.5&tab={tab}")
            page.evaluate(CHANGES)
            figures = page.evaluate(FRAMES, 4)
            say(f"live at 10 Hz, 2,000 tasks, {tab}", figures, str(page.evaluate("changes")))
        go("run=aggregated&live=1&speed=1")
        page.evaluate(CHANGES)
        say("live at 10 Hz, 100,000 tasks, timeline", page.evaluate(FRAMES, 3), str(page.evaluate("changes")))
        browser.close()


if __name__ == "__main__":
    main()
