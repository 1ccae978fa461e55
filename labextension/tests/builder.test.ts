import { afterEach, describe, expect, it } from "vitest";
import { tokens } from "../src/builder/code";
import { Desk } from "../src/builder/desk";
import page from "../src/builder/index";
import type { Block, Plan, Shown, Step } from "../src/builder/state";
import { everything, nextPlace, placeBehind, places, unquoted } from "../src/builder/state";

const EVIL = `<img src=x onerror="window.hacked=1">`;

function step(id: number, task: string, more: Partial<Step> = {}): Step {
  return { id, kind: "step", role: "then", task, args: [], kwargs: {}, options: {}, pauses: false, ...more };
}

/** load, then side by side (clean, scale | nothing), then close in the end. */
function plan(): Plan {
  const block: Block = {
    id: 2,
    kind: "group",
    branches: [
      { id: 3, entries: [step(4, "clean"), step(5, "scale")] },
      { id: 6, entries: [] },
    ],
    options: {},
    pauses: false,
  };
  return {
    name: "report",
    entries: [step(1, "load"), block, step(7, "close", { role: "finally" })],
    initial: { args: "", kwargs: "", state: "" },
    inline: false,
  };
}

function shown(more: Partial<Shown> = {}): Shown {
  return {
    plan: plan(),
    looks: {},
    problems: [],
    code: [["report = ...", 0]],
    palette: [],
    variables: [],
    undo: null,
    redo: null,
    ready: true,
    ...more,
  };
}

/** A widget's model without a kernel. */
class Model {
  readonly sent: unknown[] = [];
  private readonly listeners = new Map<string, (message: unknown) => void>();

  constructor(private shown: Shown) {}

  get(): Shown {
    return this.shown;
  }

  send(message: unknown): void {
    this.sent.push(message);
  }

  on(event: string, listener: (message: unknown) => void): void {
    this.listeners.set(event, listener);
  }

  off(event: string): void {
    this.listeners.delete(event);
  }

  tell(shown: Shown): void {
    this.shown = shown;
    this.listeners.get("change:shown")?.(null);
  }
}

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
  document.body.replaceChildren();
});

function open(state: Shown) {
  const model = new Model(state);
  const el = document.createElement("div");
  document.body.append(el);
  closers.push(page.render({ model, el }));
  return { model, el };
}

describe("places", () => {
  it("are walked as the pipeline is read", () => {
    expect(everything(plan()).map((one) => one.id)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(places(plan()).map(({ to, at }) => `${to}:${at}`)).toEqual("0:0 0:1 3:0 3:1 3:2 6:0 0:2 0:3".split(" "));
  });

  it("lead a card through the branches and out of them again", () => {
    expect(nextPlace(plan(), 1, true)).toEqual({ to: 3, at: 0 });
    expect(nextPlace(plan(), 4, false)).toEqual({ to: 0, at: 1 });
    expect(nextPlace(plan(), 5, true)).toEqual({ to: 6, at: 0 });
    expect(nextPlace(plan(), 1, false)).toBeNull();
    // A block goes over what stands beside it, never into itself.
    expect(nextPlace(plan(), 2, true)).toEqual({ to: 0, at: 3 });
  });

  it("of what is added are behind what is chosen, and before a finaliser", () => {
    expect(placeBehind(plan(), 4)).toEqual({ to: 3, at: 1 });
    expect(placeBehind(plan(), 6)).toEqual({ to: 6, at: 0 });
    expect(placeBehind(plan(), 0)).toEqual({ to: 0, at: 2 });
    expect(placeBehind(plan(), 7)).toEqual({ to: 0, at: 2 });
  });
});

describe("the desk", () => {
  it("does what keys ask for in turn, each on what the one before has left", () => {
    const sent: Record<string, unknown>[] = [];
    const desk = new Desk(shown(), { send: (message) => sent.push(message) });
    desk.choose(4);
    desk.inTurn(() => desk.remove(desk.chosen.value));
    desk.inTurn(() => desk.remove(desk.chosen.value));
    expect(sent).toHaveLength(1);
    desk.hear({ type: "did", seq: sent[0]?.seq, id: 5 });
    expect(sent.map((one) => (one.edit as { id: number }).id)).toEqual([4, 5]);
  });

  it("gives a task that is clicked to the card that waits for one", () => {
    const sent: Record<string, unknown>[] = [];
    const waiting = { ...plan(), entries: [step(1, "load"), step(2, "", { role: "exceptionally" })] };
    const desk = new Desk(shown({ plan: waiting }), { send: (message) => sent.push(message) });
    desk.choose(2);
    desk.add({ task: "heal" });
    desk.choose(1);
    desk.add({ task: "heal" });
    expect(sent.map((one) => one.edit)).toEqual([
      { do: "task", id: 2, task: "heal" },
      { do: "add", to: 0, at: 1, task: "heal" },
    ]);
  });

  it("says why an edit was refused, and goes on", () => {
    const sent: Record<string, unknown>[] = [];
    const [desk, beside] = [0, 1].map(() => new Desk(shown(), { send: (message) => sent.push(message) }));
    if (desk === undefined || beside === undefined) throw new Error("no desk");
    beside.undo();
    beside.remove(4);
    desk.move(1, { to: 3, at: 0 });
    let went = false;
    desk.inTurn(() => (went = true));
    // Both are views of one widget: they hear the same.
    for (const one of [desk, beside]) one.hear({ type: "refused", seq: sent[1]?.seq, text: "there is no branch 3" });
    expect(beside.failed.value).toBe("");
    expect([desk.failed.value, went]).toEqual(["there is no branch 3", true]);
  });
});

describe("the page", () => {
  it("shows foreign text as text, wherever it stands", () => {
    const { el } = open(
      shown({
        plan: { ...plan(), name: EVIL, entries: [step(1, EVIL, { options: { name: EVIL } })] },
        looks: {
          1: {
            text: EVIL,
            arguments: EVIL,
            slots: [{ name: EVIL, key: "args.0", text: EVIL, source: "", needed: true, default: EVIL }],
            open: true,
            with_state: false,
            fruitful: true,
          },
        },
        problems: [{ id: 1, field: "args.0", text: EVIL, doubt: false, fix: EVIL }],
        code: [[EVIL, 1]],
        palette: [{ name: EVIL, listed: true, signature: EVIL, doc: EVIL, flow: false, options: {}, parameters: {} }],
        ready: false,
      }),
    );
    el.querySelector<HTMLElement>(".ipb-card")?.click();
    expect(el.querySelector(".ipb-properties")?.textContent).toContain(EVIL);
    expect(el.querySelector("img")).toBeNull();
  });

  it("leaves a field alone while somebody types in it", () => {
    const { model, el } = open(
      shown({
        plan: { ...plan(), entries: [step(1, "load", { args: ["3"] })] },
        looks: {
          1: {
            text: "3",
            arguments: "3",
            slots: [{ name: "size", key: "args.0", text: "3", source: "", needed: true, default: "" }],
            open: false,
            with_state: false,
            fruitful: true,
          },
        },
      }),
    );
    el.querySelector<HTMLElement>(".ipb-card")?.click();
    const input = el.querySelector<HTMLInputElement>(".ipb-python");
    if (input === null) throw new Error("no field");
    input.focus();
    input.value = "30";
    const now = model.get();
    const [look] = Object.values(now.looks);
    if (look === undefined) throw new Error("no look");
    model.tell({ ...now, looks: { 1: { ...look, slots: look.slots.map((slot) => ({ ...slot, text: "4" })) } } });
    expect(el.querySelector(".ipb-python")).toBe(input);
    expect(input.value).toBe("30");
  });

  it("keeps its Run button off, with the reason, while something is wrong", () => {
    const problems = [{ id: 1, field: "task", text: "choose a task", doubt: false, fix: "" }];
    const { model, el } = open(shown({ problems, ready: false }));
    const run = [...el.querySelectorAll("button")].find((one) => one.textContent === "Run");
    run?.click();
    expect([run?.getAttribute("aria-disabled"), run?.title]).toEqual(["true", "choose a task"]);
    expect(model.sent).toEqual([]);
  });
});

it("a line of code is its pieces", () => {
  const line = `    .continue_with(load, 'it\\'s', size=3)  # "x"`;
  const pieces = tokens(line).map((one) => (typeof one === "string" ? one : (one.textContent ?? "")));
  expect(pieces.join("")).toBe(line);
  expect(tokens(line).filter((one) => typeof one !== "string")).toHaveLength(4);
});

it("a plain string is what it holds", () => {
  expect(["'fan'", '"a b"', "'it\\'s'", "name"].map(unquoted)).toEqual(["fan", "a b", "'it\\'s'", "name"]);
});
