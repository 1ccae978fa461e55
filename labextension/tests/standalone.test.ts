import { afterEach, describe, expect, it } from "vitest";
import type { FromPage, LogLine, TaskDetail } from "../src/core/protocol";
import { RunStore } from "../src/core/store";
import { type Embedded, embeddedLink } from "../src/standalone/embedded";
import { show } from "../src/standalone/index";
import { example, task } from "./helpers";
import { frame } from "./page";

const EVIL = "<img src=x onerror=alert(1)>";
const detail = (id: number): TaskDetail => ({
  id,
  name: EVIL,
  args: "",
  result: null,
  html: null,
  type: "KeyError",
  text: "'total'",
  traceback: `Traceback (most recent call last):\n${EVIL}`,
  attempts: [],
  output: [],
  reason: "",
  on: [],
  notes: [],
});
const line = (time: number, of: number, stream: string, text: string): LogLine => [time, of, `f#${of}`, stream, text];

function embedded(more: Partial<Embedded> = {}): Embedded {
  return { payload: { ...example("failing"), kept: NOTHING }, details: { 7: detail(7) }, rows: [], ...more };
}

function store(data: Embedded): RunStore {
  const made = new RunStore(embeddedLink(data));
  made.load(data.payload);
  return made;
}

const NOTHING = { tracebacks: {}, log: [], lines: 0 };
const settled = () => new Promise((done) => queueMicrotask(() => done(null)));
const closes: (() => void)[] = [];
afterEach(() => {
  for (const close of closes.splice(0)) close();
});

function opened(data: unknown): HTMLElement {
  const place = document.createElement("div");
  document.body.append(place);
  closes.push(show(place, typeof data === "string" ? data : JSON.stringify(data)), () => place.remove());
  return place;
}

describe("a page of its own", () => {
  it("draws the run in every tab, and asks nobody for it", async () => {
    const place = opened(embedded());
    for (const name of ["Timeline", "Graph", "Table", "Log"]) {
      [...place.querySelectorAll<HTMLElement>("[role=tab]")].find((tab) => tab.textContent === name)?.click();
      await frame();
      expect(place.querySelector("[role=alert]")).toBeNull();
    }
    expect(place.textContent).not.toContain("Asking the kernel");
  });

  it("opens the details that it holds; names and tracebacks are text", async () => {
    const place = opened(embedded());
    [...place.querySelectorAll<HTMLElement>("[role=tab]")].find((tab) => tab.textContent === "Table")?.click();
    await frame();
    const row = [...place.querySelectorAll<HTMLElement>(".ipf-tr")].find((one) =>
      one.textContent?.includes("load_user"),
    );
    row?.click();
    await settled();
    await frame();
    expect(place.querySelector(".ipf-detail .ipf-traceback")?.textContent).toContain(EVIL);
    expect(place.querySelector("img, iframe")).toBeNull();
  });

  it("offers nothing that needs a kernel", async () => {
    const place = opened(embedded({ payload: { ...example("running"), kept: NOTHING } }));
    await frame();
    const names = [...place.querySelectorAll("button:not([hidden]):not([disabled])")].map((one) => one.textContent);
    expect(names.filter((name) => /cancel|pause|retry|rerun/i.test(name ?? ""))).toEqual([]);
  });

  it("says in words what is wrong with what it holds", () => {
    const spy = console.error;
    console.error = () => undefined;
    for (const data of ["{", "{}", { ...embedded(), payload: { ...example("small"), schema: 2 } }]) {
      expect(opened(data).querySelector("[role=alert]")?.textContent).toContain("could not draw");
    }
    console.error = spy;
  });
});

describe("what is embedded answers", () => {
  const rows = [task(1), task(2, { state: "failed", text: "no such user" }), task(3, { name: "other" })];

  it("rows: filtered, sorted, a page of them", async () => {
    const heard: unknown[] = [];
    const link = embeddedLink(embedded({ rows }));
    const stop = link.listen((message) => heard.push(message));
    const query = { offset: 0, limit: 2, sort: ["id", false] as ["id", boolean], states: null, text: "" };
    link.send({ type: "rows", request: 5, ...query });
    link.send({ type: "rows", request: 6, ...query, states: ["failed"] });
    link.send({ type: "rows", request: 7, ...query, text: "OTHER" });
    await settled();
    expect(heard).toMatchObject([
      { type: "rows", request: 5, total: 3, offset: 0, tasks: [{ id: 3 }, { id: 2 }] },
      { request: 6, total: 1, tasks: [{ id: 2 }] },
      { request: 7, total: 1, tasks: [{ id: 3 }] },
    ]);
    stop();
    link.send({ type: "rows", request: 8, ...query });
    await settled();
    expect(heard.length).toBe(3);
  });

  it("the log, of a task, of a stream, from its end", async () => {
    const log = [line(0, 1, "stdout", "one"), line(1, 2, "stderr", "two"), line(2, 1, "stdout", "three")];
    const made = store(embedded({ payload: { ...example("small"), kept: { tracebacks: {}, log, lines: 3 } } }));
    const all = { offset: 0, limit: 10, tail: false, task: null, streams: null, text: "" };
    expect((await made.ask("log", all)).lines).toEqual(log);
    expect((await made.ask("log", { ...all, task: 1 })).total).toBe(2);
    expect((await made.ask("log", { ...all, tail: true, limit: 1 })).lines).toEqual([log[2]]);
  });

  it("in words where it cannot", async () => {
    const made = store(embedded());
    await expect(made.ask("replay", { at: 1 })).rejects.toThrow("export the log");
    await expect(made.ask("window", { from: 0, to: 1, bins: 10 })).rejects.toThrow("a saved page");
    await expect(made.ask("export", { format: "svg" })).rejects.toThrow("where the run was made");
    const said: string[] = [];
    made.onSaid((text) => said.push(text));
    const commands: FromPage[] = [{ type: "cancel", task: null }, { type: "retry", task: 1 }, { type: "rerun" }];
    for (const command of commands) made.send(command);
    await settled();
    expect(new Set(said)).toEqual(new Set(["This is a saved page: the run can be steered where it was made."]));
    expect(said.length).toBe(3);
  });
});
