import { afterEach, describe, expect, it, vi } from "vitest";
import type { Field } from "../src/core/fields";
import { Signal } from "../src/core/signal";
import { mark } from "../src/lab/badges";
import type { Connection, ListedRun } from "../src/lab/connection";
import { mountPanel } from "../src/lab/panel-view";
import { choices, DEFAULTS } from "../src/lab/settings";
import { asked, tally } from "../src/lab/tally";
import { connected, ended, listed } from "./lab-kernel";

const opened: (() => void)[] = [];
afterEach(() => {
  for (const close of opened.splice(0)) close();
});

function open(runs: ListedRun[] | null) {
  const { line, connection } = connected();
  const current = new Signal<Connection | null>(connection);
  const changed = new Signal(0);
  connection.runs.on(() => (changed.value += 1));
  connection.known.on(() => (changed.value += 1));
  const act = vi.fn();
  const answer = vi.fn();
  const settings = new Signal(DEFAULTS);
  const el = document.createElement("div");
  document.body.append(el);
  const say = (list: ListedRun[]) => line.say({ type: "runs", runs: list });
  if (runs !== null) {
    line.greet();
    say(runs);
  }
  const canReveal = (_: Connection, run: ListedRun) => run.cell !== null;
  const place = { name: "a.ipynb" };
  const history = { open: vi.fn(), compare: vi.fn(), resume: vi.fn(async () => true), remove: vi.fn(async () => true) };
  const where = () => place.name;
  const unmount = mountPanel(el, { current, changed, settings, act, answer, canReveal, where, history });
  opened.push(() => {
    unmount();
    el.remove();
  });
  const names = () => [...el.querySelectorAll(".ipf-lab-name")].map((name) => name.textContent);
  const button = (label: string) => el.querySelector<HTMLButtonElement>(`button[aria-label^="${label}"]`);
  return { el, line, connection, current, place, history, act, answer, say, settings, names, button };
}

describe("the panel", () => {
  it("lists runs, newest first, with their state, their progress and what can be done", () => {
    const { el, names, button } = open([
      listed(3, { counts: { running: 1, failed: 1, succeeded: 2 }, cell: "c" }),
      ended(2),
      ended(1, { state: "failed", counts: { failed: 4 } }),
    ]);
    expect(names()).toEqual(["run3", "run2", "run1"]);
    const lines = [...el.querySelectorAll(".ipf-lab-line")].map((line) => line.textContent);
    expect(lines).toEqual(["3 of 4 finished · 1 failed", "4 tasks", "4 tasks · 4 failed"]);
    expect(button("run3, running, 3 of 4 finished, 1 failed".replace(", 1", " · 1"))).not.toBeNull();
    const shown = (name: string) =>
      [...el.querySelectorAll<HTMLButtonElement>(".ipf-lab-act")]
        .filter((one) => !one.hidden && one.title.includes(name))
        .map((one) => one.title.split(" ")[0]);
    expect(shown("run3")).toEqual(["Show", "Run", "Pause", "Cancel"]);
    expect(shown("run2")).toEqual([]);
    expect(shown("run1")).toEqual(["Run"]);
  });

  it("says by keyboard and by mouse what to do", () => {
    const { el, act, button } = open([listed(2), listed(1)]);
    button("Cancel run2")?.click();
    expect(act.mock.calls[0]?.slice(1)).toMatchObject([{ id: 2 }, "cancel"]);
    const mains = [...el.querySelectorAll<HTMLButtonElement>(".ipf-lab-main")];
    expect(mains.map((main) => main.tabIndex)).toEqual([0, -1]);
    const press = (key: string) =>
      document.activeElement?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    mains[0]?.focus();
    press("ArrowDown");
    expect(document.activeElement).toBe(mains[1]);
    expect(mains.map((main) => main.tabIndex)).toEqual([-1, 0]);
    press("ArrowRight");
    press("ArrowRight");
    expect((document.activeElement as HTMLElement).title).toBe("Cancel run1");
    (document.activeElement as HTMLElement).click();
    expect(act.mock.calls[1]?.slice(1)).toMatchObject([{ id: 1 }, "cancel"]);
    press("Home");
    expect(document.activeElement).toBe(mains[0]);
    mains[0]?.click();
    expect(act.mock.calls[2]?.slice(1)).toMatchObject([{ id: 2 }, "open"]);
  });

  it("keeps the focus and the elements of runs that only changed", () => {
    const { el, say } = open([listed(1)]);
    const main = el.querySelector<HTMLButtonElement>(".ipf-lab-main");
    main?.focus();
    say([listed(2), ended(1)]);
    expect(document.activeElement).toBe(main);
    expect(el.querySelectorAll(".ipf-lab-main")[1]).toBe(main);
    expect(main?.getAttribute("aria-label")).toContain("run1, succeeded");
  });

  it("leaves the keyboard at a run whose button has gone", () => {
    const { say, button, el } = open([listed(1)]);
    button("Cancel run1")?.focus();
    say([ended(1)]);
    expect(document.activeElement).toBe(el.querySelector(".ipf-lab-main"));
  });

  it("takes another run of the same number for another run", () => {
    const { el, say } = open([listed(1)]);
    const main = el.querySelector(".ipf-lab-main");
    say([listed(1, { wall: 7 })]);
    expect(el.querySelector(".ipf-lab-main")).not.toBe(main);
  });

  it("filters many runs by name and state", () => {
    const { el, names, say } = open([listed(1)]);
    const filter = el.querySelector<HTMLInputElement>("input");
    expect(filter?.hidden).toBe(true);
    say([listed(9, { paused: true }), ...[8, 7, 6, 5, 4, 3, 2, 1].map((id) => ended(id))]);
    expect(filter?.hidden).toBe(false);
    const type = (text: string) => {
      if (filter) filter.value = text;
      filter?.dispatchEvent(new Event("input"));
    };
    type("succ run7");
    expect(names()).toEqual(["run7"]);
    type("paused");
    expect(names()).toEqual(["run9"]);
    type("nothing");
    expect(el.textContent).toContain("No run has this name or state");
  });

  it("lists so much history as the reader wants, and says what it leaves out", () => {
    const { el, names, settings } = open([listed(4), ended(3), ended(2), ended(1)]);
    settings.value = { ...DEFAULTS, history: 1 };
    expect(names()).toEqual(["run4", "run3"]);
    expect(el.textContent).toContain("2 older runs not shown");
  });

  it("says in words why it is empty, and how to begin", () => {
    const { el, line, connection, current, place } = open(null);
    expect(el.textContent).toContain("ipyflow is not loaded in this kernel");
    expect(el.textContent).toContain("%load_ext ipyflow");
    line.greet();
    expect(el.textContent).toContain("Nothing has been run");
    expect(el.textContent).not.toContain("%load_ext");
    current.value = null;
    expect(el.textContent).toContain("No kernel runs here");
    place.name = "";
    current.value = connection;
    current.value = null;
    expect(el.textContent).toContain("Open a notebook");
  });

  it("writes names as text", () => {
    const { el } = open([listed(1, { name: "<img src=x onerror=alert(1)>" })]);
    expect(el.querySelector("img")).toBeNull();
    expect(el.textContent).toContain("<img");
  });
});

describe("questions in the panel", () => {
  const prompt = (task: number) => ({
    task,
    name: "go",
    title: "",
    text: "Go on?",
    fields: [] as Field[],
    actions: ["Approve", "Dismiss"],
    since: 0.5,
  });

  it("of all runs stand above the list, and are answered there", () => {
    const { el, say, answer, act } = open([listed(2, { prompts: [prompt(7)] }), listed(1, { prompts: [prompt(3)] })]);
    const region = el.querySelector<HTMLElement>(".ipf-lab-prompts") as HTMLElement;
    expect([region.hidden, region.querySelectorAll(".ipf-prompt").length]).toEqual([false, 2]);
    const buttons = (text: string) => [...region.querySelectorAll("button")].filter((one) => one.textContent === text);
    buttons("Approve")[1]?.click();
    expect(answer.mock.calls[0]?.[1]).toMatchObject({ id: 1 });
    expect(answer.mock.calls[0]?.[2]).toEqual({ type: "answer_prompt", task: 3, action: "Approve", values: {} });
    answer.mock.calls[0]?.[3]({ "": "not now" });
    expect(region.querySelectorAll(".ipf-form-error")[1]?.textContent).toBe("not now");
    buttons("run2")[0]?.click();
    expect(act.mock.calls[0]?.slice(1)).toMatchObject([{ id: 2 }, "open"]);
    say([listed(2), listed(1)]);
    expect([region.hidden, region.querySelectorAll(".ipf-prompt").length]).toEqual([true, 0]);
  });

  it("keep what was typed while another notebook is in front, or the line is away", () => {
    const bare = { choices: null, min: null, max: null, step: null, item: null, fields: null, default: null };
    const city: Field = {
      ...bare,
      name: "city",
      kind: "str",
      label: "city",
      doc: "",
      required: true,
      optional: false,
      has_default: false,
    };
    const runs = [listed(1, { prompts: [{ ...prompt(3), fields: [city] }] })];
    const { el, say, current, connection, line } = open(runs);
    const input = () => el.querySelector<HTMLInputElement>(".ipf-prompt input");
    (input() as HTMLInputElement).value = "Rome";
    current.value = null;
    expect(input()).toBeNull();
    current.value = connection;
    expect(input()?.value).toBe("Rome");
    line.setUp(false);
    expect(input()).toBeNull();
    line.setUp(true);
    line.greet();
    say(runs);
    expect(input()?.value).toBe("Rome");
  });
});

describe("the mark of a cell", () => {
  it("says in words what goes on, and goes with it", () => {
    const cell = document.createElement("div");
    mark(cell, [listed(1)]);
    mark(cell, [listed(1, { counts: { succeeded: 3, failed: 1 } })]);
    expect(cell.children.length).toBe(1);
    expect(cell.querySelector(".ipf-lab-badge")?.getAttribute("title")).toBe("run1: 4 of 4 finished · 1 failed");
    mark(cell, []);
    expect(cell.children.length).toBe(0);
  });
});

describe("the status bar", () => {
  it("counts questions of all runs", () => {
    const prompt = { task: 1, name: "", title: "", text: "?", fields: [], actions: ["a", "b"], since: 0 };
    expect(asked([listed(3, { prompts: [prompt, prompt] }), ended(2), listed(1, { prompts: [prompt] })])).toBe(3);
  });

  it("counts tasks that run and tasks that have failed", () => {
    expect(tally([listed(3), ended(2, { counts: { failed: 2, timed_out: 1 } }), listed(1)])).toEqual([4, 3]);
  });
});

describe("settings", () => {
  it("that are not there, or make no sense, are as by default", () => {
    expect(choices({})).toEqual(DEFAULTS);
    expect(choices({ tab: "pie", rowsBy: 3, badges: "no", history: "many" })).toEqual(DEFAULTS);
    expect(choices({ tab: "graph", rowsBy: "worker", badges: false, foldFinished: true, history: 3 })).toEqual({
      ...DEFAULTS,
      tab: "graph",
      rowsBy: "worker",
      badges: false,
      foldFinished: true,
      history: 3,
    });
  });
});
