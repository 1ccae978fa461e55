import { afterEach, describe, expect, it } from "vitest";
import type { Run, TaskRow } from "../src/core/protocol";
import { taskAt } from "../src/core/replay";
import { age, isReplaced, reusedWords } from "../src/core/reused";
import { taskBars } from "../src/views/timeline/bars";
import { example, payload } from "./helpers";
import { closeAll, frame, open } from "./page";

afterEach(closeAll);

const row = (id: number): TaskRow => example("memory").tasks.find((one) => one.id === id) as TaskRow;
const own = (key = "c5e1f0-4"): Run => ({ ...example("memory").run, key });

describe("a value that was there already", () => {
  it("says in a few words where it comes from", () => {
    expect(reusedWords(row(2), own())).toBe("from run a3f9c1-3, 2 h old");
    expect(reusedWords(row(4), own())).toBe("from the equal call #3");
    expect(reusedWords(row(5), own())).toBe("done in run b07d22-1");
    expect(reusedWords(row(3), own())).toBe("");
    expect(reusedWords({ reused: ["cache", "", 7, own().wall - 40], ended: 0 }, own())).toBe("kept before, 40 s old");
    expect(reusedWords({ reused: ["cache", "a-1", 7, own().wall], ended: 0.2 }, own())).toBe("from run a-1");
    // An equal call in another run of this kernel is another run's.
    expect(reusedWords(row(4), own("c5e1f0-9"))).toBe("from run c5e1f0-4");
  });

  it("is as old as it was then", () => {
    expect([0.4, 12, 75, 4000, 3 * 86_400, 86_399].map(age)).toEqual([
      "0 s",
      "12 s",
      "1 min",
      "1 h",
      "3 days",
      "1 day",
    ]);
  });

  it("is not there in the past before it came", () => {
    expect(taskAt(row(2), 0.002)?.reused).toBeNull();
    expect(taskAt(row(2), 0.01)?.reused).toEqual(row(2).reused);
  });
});

describe("a task that recurs", () => {
  it("has green stretches of work, for it gave None and did not fail", () => {
    const work = taskBars(row(6)).filter(({ kind }) => kind === "run");
    expect(work.map(({ state, fails }) => [state, fails])).toEqual([
      ["succeeded", false],
      ["succeeded", false],
      ["succeeded", false],
    ]);
  });
});

describe("a call that was put off, and a newer one came", () => {
  const old: TaskRow = {
    ...row(3),
    id: 1,
    started: null,
    worker: "",
    attempts: 0,
    spans: [
      [0, "waiting", "delay of 0.1 s"],
      [0.01, "waiting", "the newer call in its place"],
      [0.2, "succeeded", ""],
    ],
  };

  it("says that it was not run itself, and leads to the one that was", async () => {
    expect([isReplaced(old), isReplaced(row(3))]).toEqual([true, false]);
    const between = { ...old, id: 2 };
    const newer = { ...row(3), id: 4 };
    const edges: [number, number, "data"][] = [
      [2, 1, "data"],
      [4, 2, "data"],
    ];
    const { el } = open({ ...payload([old, between, newer], { closed: 1 }), edges }, "table");
    await frame();
    const first = el.querySelector<HTMLElement>(".ipf-tr");
    expect(first?.querySelector(".ipf-c-worker")?.textContent).toBe("a newer call");
    first?.click();
    const source = el.querySelector<HTMLElement>(".ipf-part-source");
    expect(source?.textContent).toContain("A newer call ran in its place");
    source?.querySelector<HTMLElement>(".ipf-link")?.click();
    expect(el.querySelector(".ipf-detail-title")?.textContent).toBe("load #4");
  });
});

describe("the page of a run with such values", () => {
  async function pane(id: number) {
    const memory = example("memory");
    const page = open({ ...memory, run: { ...memory.run, key: "c5e1f0-4" } }, "table");
    await frame();
    const found = [...page.el.querySelectorAll<HTMLElement>(".ipf-tr")];
    const at = (one: number) => found.find((tr) => tr.querySelector(".ipf-c-id")?.textContent === String(one));
    at(id)?.click();
    const cell = (one: number) => at(one)?.querySelector(".ipf-c-worker")?.textContent;
    return { ...page, cell, source: page.el.querySelector<HTMLElement>(".ipf-part-source") as HTMLElement };
  }

  it("names the other run where a worker stands otherwise", async () => {
    const { cell } = await pane(2);
    expect([2, 4, 5].map(cell)).toEqual(["run a3f9c1-32 h", "the equal call #3", "run b07d22-1resumed"]);
    expect(cell(3)).toBe("thread-2");
  });

  it("leads to the run that made it: without tabs by a line for a cell", async () => {
    const { source, el } = await pane(2);
    expect(source.textContent).toContain("From run a3f9c1-3, 2 h old.");
    const asked: unknown[] = [];
    el.addEventListener("ipyflow:cell", (event) => {
      asked.push((event as CustomEvent).detail);
      event.preventDefault();
    });
    source.querySelector("button")?.click();
    expect(asked).toEqual([{ code: "%flow show a3f9c1-3", run: true }]);
  });

  it("is made anew on request, where the kernel still can", async () => {
    const { el, model } = await pane(2);
    const button = () => el.querySelector<HTMLButtonElement>(".ipf-detail-state > .ipf-button:not([hidden])");
    const detail = { ...row(2), result: "7", html: null, traceback: null, attempts: [], output: [] };
    expect(button()).toBeNull();
    model.say({ type: "detail", task: 2, detail: { ...detail, on: [], again: true } });
    await frame();
    expect(button()?.getAttribute("aria-label")).toMatch(/^Run anew load/);
    button()?.click();
    button()?.click();
    expect(model.sent.filter(({ type }) => type === "retry")).toEqual([{ type: "retry", task: 2 }]);
    // What nobody holds any more cannot be.
    model.say({ type: "detail", task: 2, detail: { ...detail, on: [], again: false } });
    await frame();
    expect(button()).toBeNull();
  });

  it("leads to the equal call in the same view", async () => {
    const { source, el } = await pane(4);
    source.querySelector<HTMLElement>(".ipf-link")?.click();
    expect(el.querySelector(".ipf-detail-title")?.textContent).toBe("load #3");
  });
});

describe("the head of a run of the past", () => {
  const past = (more: Partial<Run>) => {
    const memory = example("memory");
    const { el, model } = open({ ...memory, run: { ...memory.run, key: "a3f9c1-3", past: true, ...more } });
    const shown = [...el.querySelectorAll<HTMLButtonElement>(".ipf-head-row button")].filter((one) => !one.hidden);
    return { el, model, shown, origin: el.querySelector<HTMLElement>(".ipf-origin") as HTMLElement };
  };

  it("offers to go on and to compare, and nothing that steers", () => {
    const { shown, model, origin } = past({ lost: true, resumable: true, state: "failed", counts: { failed: 2 } });
    expect(shown.map((one) => one.getAttribute("aria-label") ?? one.textContent)).toEqual([
      "Resume",
      "Compare with the run before",
      "Export",
    ]);
    expect(origin.textContent).toContain("Its kernel ended before it did");
    shown[0]?.click();
    shown[0]?.click();
    expect(model.sent.filter(({ type }) => type === "resume")).toEqual([{ type: "resume", task: null }]);
  });

  it("says which run goes on in it", () => {
    const { origin, el } = past({ resumes: "b07d22-1" });
    expect(origin.textContent).toContain("Goes on where run b07d22-1 stopped");
    expect(el.querySelector<HTMLElement>(".ipf-resume")?.hidden).toBe(true);
    expect(past({ past: false, key: "" }).origin.hidden).toBe(true);
  });
});
