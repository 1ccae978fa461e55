import { afterEach, describe, expect, it, vi } from "vitest";
import widget from "../src/widget/index";
import { example, payload, task } from "./helpers";
import { closeAll, frame, MockModel, open } from "./page";

afterEach(closeAll);

const EVIL = `<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>`;
const evil = task(1, {
  name: `f${EVIL}`,
  module: EVIL,
  args: EVIL,
  worker: EVIL,
  group: EVIL,
  state: "failed",
  type: "ValueError",
  text: EVIL,
  started: 0,
  ended: 1,
  spans: [
    [0, "running", EVIL],
    [1, "failed", ""],
  ],
  notes: [["leaked", EVIL]],
});

describe("first paint", () => {
  it("draws the payload at once and says that the page is ready", () => {
    const { el, model } = open(example("small"));
    expect(el.textContent).toContain("process_order");
    expect(el.textContent).toContain("succeeded");
    expect(model.sent).toEqual([{ type: "ready" }]);
  });

  it("says what it waits for where there is none, then draws the snapshot", () => {
    const { el, model } = open(null);
    expect(el.textContent).toContain("Asking the kernel");
    model.say({ type: "snapshot", seq: 3, payload: example("failing") });
    expect(el.textContent).toContain("report");
    expect(el.textContent).not.toContain("Asking");
  });

  it("draws an error in words, never an empty cell", () => {
    const log = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const { el } = open({ ...example("small"), schema: 99 });
    expect(log).toHaveBeenCalledOnce();
    log.mockRestore();
    expect(el.querySelector("[role=alert]")?.textContent).toContain("form 99");
  });

  it("takes everything away again", () => {
    const { el, model, close } = open(example("small"));
    close();
    expect(el.children.length).toBe(0);
    expect(model.listeners.size).toBe(0);
  });

  it("lets two views of one run live side by side", () => {
    const model = new MockModel({ payload: null, view: "table" });
    const places = [document.createElement("div"), document.createElement("div")];
    const closes = places.map((el) => widget.render({ model, el }));
    model.say({ type: "snapshot", seq: 0, payload: example("small") });
    closes[0]?.();
    model.say({
      type: "delta",
      seq: 1,
      run: { ...example("small").run, name: "renamed" },
      tasks: [],
      edges: null,
      graph: null,
      lanes: null,
    });
    expect(places[0]?.textContent).toBe("");
    expect(places[1]?.textContent).toContain("renamed");
    closes[1]?.();
  });
});

describe("markup in names, arguments, results and tracebacks is text", () => {
  const first = payload([evil], { name: EVIL, notes: [["leaked", 1, EVIL]] });
  first.graph = {
    width: 200,
    height: 80,
    nodes: [
      { key: "1", task: 1, tasks: [1], name: EVIL, module: EVIL, group: EVIL, count: 1, x: 0, y: 0, w: 900, h: 44 },
    ],
    edges: [],
  };

  it.each(["timeline", "graph", "table"])("in the %s", async (view) => {
    const { el } = open(first, view);
    await frame();
    expect(el.querySelector("img, script, iframe")).toBeNull();
    expect(el.textContent).toContain("<img src=x");
  });

  it("in the detail pane; a rich result stands in a frame without scripts", async () => {
    const { el, model } = open(first, "table");
    await frame();
    el.querySelector<HTMLElement>(".ipf-tr")?.click();
    expect(model.sent).toContainEqual({ type: "detail", task: 1 });
    const detail = {
      id: 1,
      name: EVIL,
      args: EVIL,
      result: null,
      html: EVIL,
      type: "ValueError",
      text: EVIL,
      traceback: EVIL,
      attempts: [1, 2].map((number) => ({
        number,
        worker: EVIL,
        started: 0,
        ended: 1,
        type: "E",
        text: EVIL,
        traceback: EVIL,
      })),
      output: [[0, "stdout", EVIL]],
      reason: EVIL,
      on: [[2, EVIL, "running"]],
      notes: [["k", EVIL]],
    };
    model.say({ type: "detail", task: 1, detail });
    expect(el.querySelector(".ipf-detail pre.ipf-traceback")?.textContent).toBe(EVIL);
    expect(el.querySelector("img, script, iframe")).toBeNull();

    model.say({
      type: "delta",
      seq: 1,
      run: first.run,
      tasks: [{ ...evil, state: "succeeded" }],
      edges: null,
      graph: null,
      lanes: null,
    });
    const rich = el.querySelector("iframe");
    expect(rich?.getAttribute("sandbox")).toBe("");
    expect(rich?.srcdoc).toContain("default-src 'none'");
    expect(Reflect.get(window, "hacked")).toBeUndefined();
  });
});

describe("actions", () => {
  it("cancel a run at once when it is small, and ask when it is large", () => {
    const { el, model } = open(example("running"));
    const button = el.querySelector<HTMLButtonElement>(".ipf-cancel");
    button?.click();
    expect(model.sent).toContainEqual({ type: "cancel", task: null });

    const large = payload(Array.from({ length: 30 }, (_, i) => task(i + 1)));
    const other = open(large);
    other.el.querySelector<HTMLButtonElement>(".ipf-cancel")?.click();
    expect(other.model.sent).not.toContainEqual({ type: "cancel", task: null });
    expect(other.el.textContent).toContain("Cancel 30 unfinished tasks?");
    other.el.querySelector<HTMLButtonElement>(".ipf-danger")?.click();
    expect(other.model.sent).toContainEqual({ type: "cancel", task: null });
  });

  it("retry a failed task and cancel an unfinished one from the table", async () => {
    const { el, model } = open(example("running"), "table");
    await frame();
    const button = el.querySelector<HTMLButtonElement>('button[aria-label="Cancel load_cart #3"]');
    button?.click();
    expect(model.sent).toContainEqual({ type: "cancel", task: 3 });
    // Quiet until the row has changed, but the keyboard's place stays on it.
    expect(button?.getAttribute("aria-disabled")).toBe("true");
    button?.click();
    expect(model.kinds().filter((kind) => kind === "cancel").length).toBe(1);

    const failed = open(example("failing"), "table");
    await frame();
    failed.el.querySelector<HTMLButtonElement>('button[aria-label="Retry load_user #7"]')?.click();
    expect(failed.model.sent).toContainEqual({ type: "retry", task: 7 });
  });
});

describe("by keyboard", () => {
  it("tabs are walked with the arrows, details close with Escape", async () => {
    const { el } = open(example("failing"));
    const press = (target: Element | null | undefined, key: string) =>
      target?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    press(el.querySelector("[role=tablist]"), "End");
    press(el.querySelector("[role=tablist]"), "ArrowLeft");
    expect(el.querySelector("[role=tab][aria-selected=true]")?.textContent).toBe("Table");
    await frame();
    const grid = el.querySelector("[role=grid]");
    press(grid, "ArrowDown");
    press(grid, "Enter");
    expect(el.querySelector(".ipf-detail-title")?.textContent).toContain("fetch #2");
    press(grid, "Escape");
    expect(el.querySelector<HTMLElement>(".ipf-detail")?.hidden).toBe(true);
  });

  it("keeps JupyterLab's single-key commands off, and leaves those with Ctrl or Alt", () => {
    const { el } = open(example("small"));
    const tab = el.querySelector("[role=tab]");
    tab?.dispatchEvent(new KeyboardEvent("keydown", { key: "d", bubbles: true }));
    expect(tab?.hasAttribute("data-lm-suppress-shortcuts")).toBe(true);
    tab?.dispatchEvent(new KeyboardEvent("keydown", { key: "s", ctrlKey: true, bubbles: true }));
    expect(tab?.hasAttribute("data-lm-suppress-shortcuts")).toBe(false);
    tab?.dispatchEvent(new KeyboardEvent("keydown", { key: "K", altKey: true, shiftKey: true, bubbles: true }));
    expect(tab?.hasAttribute("data-lm-suppress-shortcuts")).toBe(false);
  });
});

describe("the examples", () => {
  it.each([
    "small",
    "running",
    "failing",
    "many",
    "aggregated",
    "pipeline",
    "pipeline_running",
    "pipeline_paused",
    "pipeline_wide",
    "pipeline_stages",
    "pipeline_aggregated",
    "plan",
    "events",
    "events-live",
    "events-stalled",
    "events-human",
    "events-fan",
    "events-child",
  ] as const)("%s draws in every tab", async (name) => {
    for (const view of ["timeline", "graph", "table", "log"]) {
      const { el } = open(example(name), view);
      await frame();
      expect(el.querySelector("[role=alert]")).toBeNull();
      expect(el.querySelectorAll("[role=tab]").length).toBe(4);
    }
  });
});
