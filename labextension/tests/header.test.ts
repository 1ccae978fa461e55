import { afterEach, describe, expect, it, vi } from "vitest";
import type { Lane, Payload, TaskRow } from "../src/core/protocol";
import { RunStore } from "../src/core/store";
import { createUiState } from "../src/core/ui-state";
import { Estimate, leftWords, secondsLeft } from "../src/views/estimate";
import { mountHeader } from "../src/views/header";
import { example, FakeLink, payload, run, task } from "./helpers";

const undo: (() => void)[] = [];
afterEach(() => {
  vi.useRealTimers();
  for (const one of undo.splice(0)) one();
});

function head(first: Payload, options: { popOut?: () => void; saved?: boolean } = {}) {
  const link = new FakeLink();
  const store = new RunStore(link);
  if (options.saved) store.load(first);
  else store.receive({ type: "snapshot", seq: 0, payload: first });
  const ui = createUiState("timeline", options.popOut === undefined ? {} : { popOut: options.popOut });
  const el = document.createElement("div");
  el.className = "ipf";
  document.body.append(el);
  const stop = mountHeader(el, store, ui);
  undo.push(() => {
    stop();
    store.dispose();
    el.remove();
  });
  const button = (name: string) =>
    [...el.querySelectorAll<HTMLButtonElement>(".ipf-head-row > button")].find(
      (one) => (one.getAttribute("aria-label") ?? one.textContent) === name && !one.hidden,
    );
  const item = (name: string) =>
    [...el.querySelectorAll<HTMLElement>("[role=menuitem]")].find((one) => one.firstChild?.textContent === name);
  return { el, link, store, ui, button, item };
}

const ended = (more = {}) =>
  payload([task(1, { state: "succeeded", ended: 1 })], { state: "succeeded", closed: 1, ...more });

describe("what the head offers", () => {
  it("is to cancel and to pause while the run goes on", () => {
    const { button, link } = head(payload([task(1)]));
    expect(button("Rerun")).toBeUndefined();
    expect(button("Open in a tab of its own")).toBeUndefined();
    button("Pause")?.click();
    button("Cancel")?.click();
    expect(link.sent).toEqual([
      { type: "pause", task: null },
      { type: "cancel", task: null },
    ]);
    button("Cancel")?.click();
    expect(link.sent.length).toBe(2);
  });

  it("is to run again once it has ended, where the kernel can", () => {
    expect(head(ended()).button("Rerun")).toBeUndefined();
    const { button, link, store, el } = head(ended({ again: true }));
    const rerun = button("Rerun");
    rerun?.focus();
    rerun?.click();
    rerun?.click();
    expect(link.kinds()).toEqual(["rerun"]);
    // The view goes over to the new run; the keyboard's place is not lost with the button.
    store.receive({ type: "snapshot", seq: 9, payload: payload([task(5)], { id: 2 }) });
    expect(button("Rerun")).toBeUndefined();
    expect(button("Cancel")?.getAttribute("aria-disabled")).toBeNull();
    expect(document.activeElement).toBe(el.querySelector(".ipf-fold"));
  });

  it("is a place of its own where the host has one", () => {
    const popOut = vi.fn();
    head(ended(), { popOut }).button("Open in a tab of its own")?.click();
    expect(popOut).toHaveBeenCalledOnce();
  });

  it("is all in one menu where it is narrow", () => {
    const popOut = vi.fn();
    const { el, link, item } = head(payload([task(1)]), { popOut });
    const more = el.querySelector<HTMLButtonElement>(".ipf-more");
    more?.click();
    const words = [...el.querySelectorAll("[role=menuitem]")].map((one) => one.textContent);
    expect(words.slice(0, 4)).toEqual(["Pause", "Cancel", "Open in a tab of its own", "Timeline as SVG"]);
    item("Cancel")?.click();
    expect(link.kinds()).toEqual(["cancel"]);
    expect(document.activeElement).toBe(more);
  });

  it("asks first where many would be cancelled, and gives the keyboard's place back", () => {
    const { el, link, button } = head(payload(Array.from({ length: 30 }, (_, i) => task(i + 1))));
    button("Cancel")?.click();
    expect(link.sent).toEqual([]);
    expect(document.activeElement?.textContent).toBe("Keep running");
    document.activeElement?.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
    expect(el.querySelector<HTMLElement>(".ipf-confirm")?.hidden).toBe(true);
    expect(document.activeElement).toBe(button("Cancel"));
  });

  it("is nothing that would be done to the past", () => {
    const { button, store } = head(ended({ again: true }));
    store.replay(0.5);
    expect([button("Cancel"), button("Pause"), button("Rerun")]).toEqual([undefined, undefined, undefined]);
    expect(button("Export")).toBeDefined();
    store.replay(null);
    expect(button("Rerun")).toBeDefined();
  });

  it("is nothing that a saved file cannot do", () => {
    const saved = { ...payload([task(1)], { again: true }), kept: { tracebacks: {}, log: [], lines: 0 } };
    const { el, button } = head(saved, { saved: true });
    expect([button("Cancel"), button("Pause"), button("Rerun")]).toEqual([undefined, undefined, undefined]);
    expect(el.querySelector(".ipf-left")?.textContent).toBe("as it was when the file was saved");
    expect(el.querySelector(".ipf-pill")?.textContent).toBe("was running");
  });

  it("is nothing that a kernel would do which has gone, and the head says so once that is sure", () => {
    vi.useFakeTimers();
    const { el, button, store } = head(payload([task(1)]));
    store.lineChanged();
    const pill = () => el.querySelector(".ipf-pill")?.textContent;
    expect(button("Cancel")).toBeUndefined();
    expect(pill()).toBe("running");
    vi.advanceTimersByTime(2000);
    expect(pill()).toBe("was running");
    expect(el.querySelector(".ipf-left")?.textContent).toBe("no word from its kernel");
    store.receive({ type: "snapshot", seq: 0, payload: payload([task(1)]) });
    expect(pill()).toBe("running");
    expect(el.querySelector(".ipf-left")?.textContent).toBe("");
    expect(button("Cancel")).toBeDefined();
  });

  it("an ended run needs no kernel to have ended", () => {
    vi.useFakeTimers();
    const { el, store } = head(ended());
    store.lineChanged();
    vi.advanceTimersByTime(5000);
    expect(el.querySelector(".ipf-pill")?.textContent).toBe("succeeded");
    expect(el.querySelector(".ipf-left")?.textContent).toBe("");
  });
});

const done = (id: number, seconds: number, more: Partial<TaskRow> = {}) =>
  task(id, {
    state: "succeeded",
    started: 0,
    ended: seconds,
    spans: [
      [0, "running", ""],
      [seconds, "succeeded", ""],
    ],
    ...more,
  });
const going = (id: number, since: number) =>
  task(id, { state: "running", started: since, spans: [[since, "running", ""]] });
const estimate = (rows: TaskRow[], now: number, more = {}) =>
  secondsLeft({ run: run(more), tasks: new Map(rows.map((row) => [row.id, row])), lanes: null }, now);

describe("what is left", () => {
  const three = [done(1, 10), done(2, 10), done(3, 10)];

  it("is the usual time of what is unfinished, shared among those that run", () => {
    const rest = [going(4, 8), going(5, 8), task(6), task(7)];
    // 8 s each are left of two, and 10 s each of two more: 36 s of work for two at once.
    expect(estimate([...three, ...rest], 10)).toBeCloseTo(18);
  });

  it("is no shorter than tasks that wait for each other", () => {
    const chain = [going(4, 10), ...[5, 6, 7].map((id) => task(id, { state: "waiting", on: [id - 1] }))];
    const wide = [8, 9, 10].map((id) => going(id, 10));
    expect(estimate([...three, ...chain, ...wide], 10)).toBeCloseTo(40);
  });

  it("does not count what a body stood blocked", () => {
    const blocked = done(1, 100, {
      spans: [
        [0, "running", ""],
        [1, "blocked", ""],
        [99, "running", ""],
        [100, "succeeded", ""],
      ],
    });
    expect(estimate([blocked, { ...blocked, id: 2 }, { ...blocked, id: 3 }, going(4, 100), task(5)], 100)).toBeCloseTo(
      4,
    );
  });

  it("is not said where too little is known", () => {
    expect(estimate([done(1, 10), done(2, 10), going(4, 9)], 10)).toBeNull();
    expect(estimate([...three, going(4, 9), ...[5, 6].map((id) => task(id, { name: "other" }))], 10)).toBeNull();
    expect(estimate([...three, task(4)], 10)).toBeNull();
    expect(estimate([...three, going(4, 9)], 10, { paused: true })).toBeNull();
    expect(estimate([...three, going(4, 9)], 10, { closed: 10 })).toBeNull();
    // A body that runs on after it has started others may start more.
    const parent = task(9, { name: "flow", state: "running", started: 0, spans: [[0, "running", ""]] });
    expect(estimate([parent, ...three.map((row) => ({ ...row, parent: 9 })), going(4, 9)], 10)).toBeNull();
  });

  it("of a large run comes from its lanes", () => {
    const lane: Lane = {
      name: "work",
      module: "",
      count: 1000,
      counts: { succeeded: 500, running: 10, queued: 490 },
      first: 0,
      last: 9,
      shortest: 1,
      median: 2,
      longest: 3,
      bins: [],
    };
    const large = { run: run({ aggregated: true }), tasks: new Map(), lanes: [lane] };
    expect(secondsLeft(large, 10)).toBeCloseTo((495 * 2) / 10);
    expect(secondsLeft({ ...large, lanes: [{ ...lane, median: null }] }, 10)).toBeNull();
  });

  it("is said in round words", () => {
    expect([3, 12, 44, 58, 100, 140, 290, 700, 1500, 3300, 4400, 5500].map(leftWords)).toEqual([
      "a few seconds left",
      "about 10 s left",
      "about 45 s left",
      "about 1 min left",
      "about 1 min 30 s left",
      "about 2 min 30 s left",
      "about 5 min left",
      "about 12 min left",
      "about 25 min left",
      "about 55 min left",
      "about 1 h 15 min left",
      "about 1 h 30 min left",
    ]);
    expect(leftWords(null)).toBe("");
  });

  it("does not jump where the figures do", () => {
    const words = new Estimate();
    expect(words.say(() => 60, 0)).toBe("about 1 min left");
    const figure = vi.fn(() => 600);
    expect(words.say(figure, 0.5)).toBe("about 1 min left");
    expect(figure).not.toHaveBeenCalled();
    expect(words.say(() => 600, 1.1)).toBe("about 3 min left");
    expect(words.say(() => 30, 2.2)).toBe("about 2 min 30 s left");
    expect(words.say(() => null, 3.3)).toBe("");
    expect(words.say(() => 30, 4.4)).toBe("about 30 s left");
  });

  it("stands in the head of a run that goes on", () => {
    const rows = [...three, going(4, 9), going(5, 9), ...Array.from({ length: 10 }, (_, i) => task(20 + i))];
    const { el } = head(payload(rows, { now: 10 }));
    expect(el.querySelector(".ipf-left")?.textContent).toBe("about 1 min left");
    expect(head(example("small")).el.querySelector(".ipf-left")?.textContent).toBe("");
  });
});

describe("running again", () => {
  const failed = (more = {}) =>
    payload([task(1, { state: "succeeded", ended: 1 }), task(2, { parent: 1, state: "failed", ended: 1 })], more);

  it("is of all that failed while the run goes on, and not from its past", () => {
    const { button, item, link, store, el } = head(failed());
    const retry = button("Retry");
    expect(retry?.title).toBe("Run 1 task again, with the code of now; what has succeeded stays");
    retry?.click();
    retry?.click();
    expect(link.sent).toEqual([{ type: "retry", task: null }]);
    el.querySelector<HTMLElement>(".ipf-more")?.click();
    expect(item("Retry")).toBeDefined();
    store.receive({ type: "snapshot", seq: 1, payload: ended() });
    expect(button("Retry")).toBeUndefined();
    expect(head(failed(), { saved: true }).button("Retry")).toBeUndefined();
  });

  it("is with other parameters where it has some", () => {
    expect(head(ended({ again: true })).button("Rerun with other parameters …")).toBeUndefined();
    const { button, ui } = head(ended({ again: true, form: true }));
    const open = button("Rerun with other parameters …");
    open?.click();
    expect(ui.rerunForm.value).toBe(true);
    expect(open?.getAttribute("aria-expanded")).toBe("true");
  });
});
