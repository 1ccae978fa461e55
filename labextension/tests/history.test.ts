import { afterEach, describe, expect, it, vi } from "vitest";
import { bytes, day } from "../src/core/format";
import { Signal } from "../src/core/signal";
import type { Connection, ListedRun } from "../src/lab/connection";
import { mountHistory } from "../src/lab/history-view";
import type { PastLine } from "../src/lab/library";
import { connected, ended } from "./lab-kernel";

const opened: (() => void)[] = [];
afterEach(() => {
  vi.useRealTimers();
  for (const close of opened.splice(0)) close();
});

const NOW = Date.now() / 1000;

const past = (key: string, more: Partial<PastLine> = {}): PastLine => ({
  key,
  name: `run ${key}`,
  kind: "flow",
  state: "succeeded",
  wall: NOW,
  elapsed: 1.5,
  total: 12,
  failed: 0,
  cached: 0,
  resumes: "",
  resumed: "",
  resumable: false,
  notebook: "",
  ...more,
});

/** A kernel with so many runs in its history, which are given out page by page. */
async function open(history: PastLine[], own: ListedRun[] = []) {
  const { line, connection } = connected();
  const current = new Signal<Connection | null>(connection);
  const changed = new Signal(0);
  connection.known.on(() => (changed.value += 1));
  connection.runs.on(() => (changed.value += 1));
  const el = document.createElement("div");
  document.body.append(el);
  const where = () => "a.ipynb";
  const parts = {
    where,
    open: vi.fn(),
    compare: vi.fn(),
    resume: vi.fn(async () => true),
    remove: vi.fn(async () => true),
  };
  const shown = mountHistory(el, { current, changed, ...parts });
  opened.push(() => {
    shown.dispose();
    el.remove();
  });
  line.greet();
  line.say({ type: "runs", runs: own });
  let answered = 0;
  const answer = async () => {
    for (let round = 0; round < 6; round++) {
      for (const { body } of line.sent.splice(0)) {
        if (body.type !== "ask") continue;
        answered += 1;
        const { offset, limit } = body.query as { offset: number; limit: number };
        const runs = history.slice(offset, offset + limit);
        const told = { runs, offset, more: offset + limit < history.length };
        const said = body.what === "history" ? told : { disk: { logs: 1_200_000, file: 2_400_000 } };
        line.say({ type: "answer", request: body.request, answer: said, error: null });
      }
      await Promise.resolve();
      await Promise.resolve();
    }
  };
  await answer();
  const names = () => [...el.querySelectorAll(".ipf-lab-name")].map((name) => name.textContent);
  const button = (label: string) => el.querySelector<HTMLButtonElement>(`button[aria-label^="${label}"]`);
  const root = el.querySelector<HTMLElement>(".ipf-lab-history") as HTMLElement;
  return { el, root, line, names, button, answer, answered: () => answered, shown, ...parts };
}

describe("the history in the panel", () => {
  it("lists runs by days, with what became of them and how much room they take", async () => {
    const { el, root, names } = await open([
      past("b-2", { state: "lost", failed: 2, cached: 3, resumable: true, notebook: "x/a.ipynb" }),
      past("b-1", { wall: NOW - 3 * 86_400, resumed: "c-1", notebook: "x/b.ipynb" }),
    ]);
    expect(names()).toEqual(["run b-2", "run b-1"]);
    expect([...el.querySelectorAll("h3")].map((one) => one.textContent)).toEqual(["Today", day(NOW - 3 * 86_400)]);
    const lines = [...el.querySelectorAll(".ipf-lab-line")].map((one) => one.textContent?.replace(/\d\d:\d\d/, "T"));
    expect(lines).toEqual(["lost · T · 12 tasks · 2 failed · 3 cached", "T · 12 tasks · went on as c-1 · b.ipynb"]);
    expect(root.textContent).toContain("2.4 MB on disk");
    expect(el.querySelectorAll('button[aria-label^="Go on with"]').length).toBe(1);
  });

  it("leaves out what stands above, and asks on where nothing is left of a page", async () => {
    const own = Array.from({ length: 60 }, (_, i) => ({ ...ended(i + 1), key: `a-${i}` }));
    const { names, answered } = await open([...own.map(({ key }) => past(key)), past("b-1")], own);
    expect(names()).toEqual(["run b-1"]);
    expect(answered()).toBe(3);
  });

  it("comes page by page", async () => {
    const history = Array.from({ length: 70 }, (_, i) => past(`b-${i}`));
    const { el, names, answer } = await open(history);
    expect(names().length).toBe(50);
    const more = el.querySelector<HTMLButtonElement>(".ipf-lab-more");
    history.unshift(past("c-1")); // it begins meanwhile, in another kernel, and moves the others on
    more?.click();
    await answer();
    expect(names()).toEqual(history.slice(1).map(({ key }) => `run ${key}`));
    expect(more?.hidden).toBe(true);
  });

  it("looks once more by itself: what other kernels do is not told", async () => {
    vi.useFakeTimers();
    const history = [past("b-1")];
    const { names, answer, root } = await open(history);
    history.unshift(past("c-1", { state: "running" }));
    vi.advanceTimersByTime(11_000);
    expect(root.textContent).not.toContain("Asking"); // nothing flickers while it is asked for
    await answer();
    expect(names()).toEqual(["run c-1", "run b-1"]);
  });

  it("asks for what is searched, once the reader has stopped typing", async () => {
    const { el, line, answer } = await open([past("b-1")]);
    vi.useFakeTimers();
    const search = el.querySelector("input") as HTMLInputElement;
    for (const text of ["n", "ni", " night "]) {
      search.value = text;
      search.dispatchEvent(new Event("input"));
    }
    vi.advanceTimersByTime(1000);
    const asked = () => line.sent.filter(({ body }) => body.what === "history").map(({ body }) => body.query);
    expect(asked()).toMatchObject([{ text: "night", state: null, offset: 0 }]);
    await answer();
    const state = el.querySelector("select") as HTMLSelectElement;
    state.value = "lost";
    state.dispatchEvent(new Event("change"));
    expect(asked()).toMatchObject([{ text: "night", state: "lost" }]);
  });

  it("puts two runs beside each other, the older one first, or one beside the one before it", async () => {
    const { button, compare, el, shown } = await open([past("b-2"), past("b-1", { wall: NOW - 60 })]);
    const choice = el.querySelector<HTMLElement>(".ipf-lab-choice") as HTMLElement;
    button("Compare run b-2")?.click();
    expect(choice.hidden).toBe(false);
    button("Compare run b-1")?.click();
    expect(compare.mock.calls[0]?.slice(1)).toMatchObject([{ key: "b-1" }, { key: "b-2" }]);
    expect(choice.hidden).toBe(true);
    shown.choose({ key: "a-9", name: "own", wall: NOW + 5 });
    [...choice.querySelectorAll("button")][0]?.click();
    expect(compare.mock.calls[1]?.slice(1)).toEqual([{ key: "a-9", name: "own", wall: NOW + 5 }, null]);
    shown.choose({ key: "a-9", name: "own", wall: NOW + 5 });
    [...choice.querySelectorAll("button")][1]?.click();
    expect([choice.hidden, compare.mock.calls.length]).toEqual([true, 2]);
  });

  it("opens, goes on and deletes, and is asked for anew then", async () => {
    const { button, open: opens, remove, resume, line, answer } = await open([past("b-1", { resumable: true })]);
    button("run b-1, succeeded")?.click();
    expect(opens.mock.calls[0]?.[1]).toMatchObject({ key: "b-1" });
    button("Delete run b-1")?.click();
    await Promise.resolve();
    await Promise.resolve();
    expect([remove.mock.calls.length, line.last("ask")?.what]).toEqual([1, "history"]);
    await answer();
    button("Go on with run b-1")?.click();
    button("Go on with run b-1")?.click();
    expect(resume.mock.calls.length).toBe(1);
  });

  it("is walked with the arrows, and stays where the reader was when it is drawn anew", async () => {
    const { el, line } = await open(["b-3", "b-2", "b-1", "b-0"].map((key) => past(key)));
    const mains = () => [...el.querySelectorAll<HTMLButtonElement>(".ipf-lab-main")];
    mains()[1]?.focus();
    const press = (key: string) =>
      document.activeElement?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    press("ArrowDown");
    press("ArrowRight");
    expect(document.activeElement?.getAttribute("aria-label")).toContain("Compare run b-1");
    line.say({ type: "runs", runs: [{ ...ended(1), key: "b-3" }] });
    expect(mains()[0]?.getAttribute("aria-label")).toContain("run b-2");
    expect(document.activeElement?.getAttribute("aria-label")).toContain("Compare run b-1");
    // The row itself goes: the next one comes to its place.
    line.say({ type: "runs", runs: ["b-3", "b-1"].map((key, i) => ({ ...ended(i + 1), key })) });
    expect(document.activeElement?.getAttribute("aria-label")).toContain("run b-0");
  });

  it("says in the kernel's words why there is none, and goes with the kernel", async () => {
    const { line, connection } = connected();
    const el = document.createElement("div");
    const never = vi.fn();
    const changed = new Signal(0);
    connection.known.on(() => (changed.value += 1));
    const parts = { where: () => "", open: never, compare: never, resume: never, remove: never };
    const shown = mountHistory(el, { current: new Signal<Connection | null>(connection), changed, ...parts });
    opened.push(() => shown.dispose());
    const root = el.querySelector<HTMLElement>(".ipf-lab-history");
    expect(root?.hidden).toBe(true);
    line.greet();
    line.say({ type: "answer", request: line.last("ask")?.request, answer: null, error: "no <b>history</b> is kept" });
    await Promise.resolve();
    await Promise.resolve();
    expect([root?.hidden, root?.querySelector("[role=status]:not([hidden])")?.textContent]).toEqual([
      false,
      "No <b>history</b> is kept",
    ]);
    line.setUp(false);
    expect(root?.hidden).toBe(true);
  });

  it("writes sizes as people read them", () => {
    expect([12, 1200, 812_000, 999_999, 12_400_000, 1.4e9].map(bytes)).toEqual([
      "12 B",
      "1.2 kB",
      "812 kB",
      "1.0 MB",
      "12 MB",
      "1.4 GB",
    ]);
  });
});
