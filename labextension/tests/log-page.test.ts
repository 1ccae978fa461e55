import { afterEach, describe, expect, it, vi } from "vitest";
import { keptAnswer } from "../src/core/log";
import type { FromPage, Kept, LogLine, LogQuery, Payload } from "../src/core/protocol";
import { RunStore } from "../src/core/store";
import { createUiState } from "../src/core/ui-state";
import { mountLog } from "../src/views/log/view";
import { FakeLink, payload, task } from "./helpers";
import { closeAll, frame, type MockModel, open } from "./page";

afterEach(() => {
  closeAll();
  vi.unstubAllGlobals();
});

const EVIL = `<img src=x onerror="window.hacked=1">\u001b[31mred\u001b[0m`;
const LINES: LogLine[] = [
  [0.1, 1, "load#1", "stdout", "first\n"],
  [0.2, 2, "load#2", "stderr", `${EVIL}\n`],
  [0.3, 2, "load#2", "warning", "third\n"],
];
const rows = [task(1, { name: "load", state: "running" }), task(2, { name: "load", state: "running" })];
const asks = (model: MockModel) =>
  model.sent.filter((one): one is Extract<FromPage, { type: "ask" }> => one.type === "ask");

function live(view = "log", lines = LINES, first: Payload = payload(rows)) {
  const page = open(null, view);
  page.model.say({ type: "snapshot", seq: 0, payload: first });
  let answered = 0;
  const answer = async () => {
    for (const { request, query } of asks(page.model).slice(answered)) {
      answered += 1;
      const kept = { tracebacks: {}, log: lines, lines: lines.length };
      page.model.say({ type: "answer", request, answer: keptAnswer(kept, query as LogQuery), error: null });
    }
    await frame();
  };
  return { ...page, answer };
}

const shown = (el: Element) => [...el.querySelectorAll(".ipf-line-text")].map((one) => one.textContent);
const press = (target: Element | null, key: string) =>
  target?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));

describe("the log", () => {
  it("shows lines of all tasks in order, as text, each stream with a shape of its own", async () => {
    const { el, answer } = live();
    await answer();
    expect(shown(el)).toEqual(["first", '<img src=x onerror="window.hacked=1">red', "third"]);
    expect(el.querySelector("img")).toBeNull();
    const marks = [...el.querySelectorAll(".ipf-line .ipf-stream")];
    expect(marks.map((one) => one.getAttribute("aria-label"))).toEqual(["printed", "stderr", "warned"]);
    expect(new Set(marks.map((one) => one.querySelector("path")?.getAttribute("d"))).size).toBe(3);
  });

  it("begins at the end of a run that goes on, and at the beginning of one that has ended", () => {
    const first = (closed: number | null) => {
      const { model } = open(payload(rows, { closed }), "log", false);
      return asks(model)[0]?.query;
    };
    expect(first(null)).toMatchObject({ tail: true });
    expect(first(2)).toMatchObject({ tail: false, offset: 0 });
  });

  it("opens the task of a line by a click on its name, and by keyboard", async () => {
    const { el, answer } = live();
    await answer();
    el.querySelectorAll<HTMLElement>(".ipf-line-task")[1]?.click();
    expect(el.querySelector(".ipf-detail-title")?.textContent).toBe("load #2");
    const list = el.querySelector("[role=listbox]");
    press(list, "Home");
    expect(el.querySelector("[role=option][aria-selected=true] .ipf-line-text")?.textContent).toBe("first");
    const id = list?.getAttribute("aria-activedescendant");
    expect(id && document.getElementById(id)?.textContent).toContain("first");
    press(list, "Enter");
    expect(el.querySelector(".ipf-detail-title")?.textContent).toBe("load #1");
  });

  it("asks for what the filters say, and keeps what is shown until it comes", async () => {
    const { el, model, answer } = live();
    await answer();
    el.querySelector<HTMLButtonElement>('[aria-label="Only stderr"]')?.click();
    expect(asks(model).at(-1)?.query).toMatchObject({ streams: ["stderr"], task: null });
    await frame();
    expect(shown(el).length).toBe(3);
    await answer();
    expect(shown(el).length).toBe(1);
    el.querySelector<HTMLButtonElement>('[aria-label="Only stderr"]')?.click();
    const chosen = el.querySelector<HTMLInputElement>(".ipf-log-task");
    if (chosen === null) throw new Error("no choice of a task");
    chosen.value = "load";
    chosen.dispatchEvent(new Event("input"));
    // Two tasks bear the name: it is not clear which is meant.
    expect(chosen.getAttribute("aria-invalid")).toBe("true");
    chosen.value = "load #1";
    chosen.dispatchEvent(new Event("input"));
    expect(asks(model).at(-1)?.query).toMatchObject({ streams: null, task: 1 });
    await answer();
    expect(shown(el)).toEqual(["first"]);
  });

  it("says in words that there is nothing, and why", async () => {
    const none = live("log", []);
    expect(none.el.querySelector(".ipf-empty")?.textContent).toContain("Asking the kernel");
    await none.answer();
    expect(none.el.querySelector(".ipf-log-empty")?.textContent).toBe("No task has printed anything yet.");
    none.el.querySelector<HTMLButtonElement>('[aria-label="Only warnings"]')?.click();
    await none.answer();
    expect(none.el.querySelector(".ipf-log-empty")?.textContent).toBe("No line passes the filter.");
    const ask = asks(none.model);
    none.el.querySelector<HTMLButtonElement>('[aria-label="Only warnings"]')?.click();
    const last = asks(none.model).at(-1);
    expect(asks(none.model).length).toBe(ask.length + 1);
    none.model.say({ type: "answer", request: last?.request, answer: null, error: "this kernel keeps no log" });
    await frame();
    expect(none.el.querySelector(".ipf-log-empty")?.textContent).toContain("this kernel keeps no log");
    expect(none.el.querySelector<HTMLElement>(".ipf-log-scroll > button")?.hidden).toBe(false);
  });

  it("asks for the past while a run is replayed, and for all of it again behind that", () => {
    const link = new FakeLink();
    const store = new RunStore(link);
    store.receive({ type: "snapshot", seq: 0, payload: payload(rows) });
    const ui = createUiState("log");
    const stop = mountLog(document.createElement("div"), store, ui);
    const last = () => link.sent.filter((one) => one.type === "ask").at(-1)?.query;
    expect(last()).not.toHaveProperty("until");
    ui.replay.value = 0.15;
    expect(last()).toMatchObject({ until: 0.15 });
    ui.replay.value = null;
    expect(last()).not.toHaveProperty("until");
    stop();
    store.dispose();
  });

  it("copies all lines that pass the filter", async () => {
    const written: string[] = [];
    vi.stubGlobal("navigator", { clipboard: { writeText: async (text: string) => void written.push(text) } });
    const { el, answer } = live();
    await answer();
    el.querySelector<HTMLButtonElement>('[aria-label="Copy all shown lines"]')?.click();
    await answer();
    await frame();
    expect(written).toEqual([
      '0.100  load #1  first\n0.200  load #2  <img src=x onerror="window.hacked=1">red\n0.300  load #2  third\n',
    ]);
    expect(el.querySelector(".ipf-said")?.textContent).toBe("Copied 3 lines.");
  });

  it("of a large log only the lines in sight exist", async () => {
    const many = Array.from({ length: 5000 }, (_, i): LogLine => [i, 1, "load#1", "stdout", `line ${i}\n`]);
    const { el, answer } = live("log", many);
    await answer();
    await answer();
    expect(el.querySelectorAll(".ipf-line").length).toBeLessThan(60);
    const first = el.querySelector(".ipf-line");
    expect(first?.getAttribute("aria-setsize")).toBe("5000");
  });

  it("begins anew where the view goes over to another run", async () => {
    const { el, model, answer } = live();
    await answer();
    const next = payload(rows);
    next.run = { ...next.run, id: 2 };
    model.say({ type: "snapshot", seq: 5, payload: next });
    const before = asks(model).length;
    await frame();
    expect(asks(model).length).toBeGreaterThanOrEqual(before);
    await answer();
    expect(shown(el).length).toBe(3);
  });
});

describe("without a kernel", () => {
  const saved = (kept: Kept): Payload => ({
    ...payload(rows.map((row) => ({ ...row, state: "failed", type: "ValueError", text: "bad" }))),
    kept,
  });

  it("shows what the file kept, and says what is gone; nothing is asked", async () => {
    const { el, model } = open(saved({ tracebacks: {}, log: LINES, lines: 40 }), "log");
    await frame();
    await frame();
    expect(shown(el).length).toBe(3);
    expect(el.textContent).toContain("These are the last 3 of 40 lines; the rest is gone with the kernel.");
    el.querySelector<HTMLButtonElement>('[aria-label="Only stderr"]')?.click();
    await frame();
    await frame();
    expect(shown(el).length).toBe(1);
    expect(asks(model)).toEqual([]);
  });

  it("says so where nothing was kept, or nothing printed", async () => {
    const gone = open(saved({ tracebacks: {}, log: [], lines: 40 }), "log");
    await frame();
    await frame();
    expect(gone.el.querySelector(".ipf-log-empty")?.textContent).toContain("40 lines were written");
    const quiet = open(saved({ tracebacks: {}, log: [], lines: 0 }), "log");
    await frame();
    await frame();
    expect(quiet.el.querySelector(".ipf-log-empty")?.textContent).toContain("No task printed");
  });
});
