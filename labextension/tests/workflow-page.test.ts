import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { Payload, Workflow } from "../src/core/protocol";
import { example, task } from "./helpers";
import { closeAll, frame, type MockModel, open } from "./page";
import { copyOf, event, flowOf, runOf, tiny } from "./workflow";

beforeAll(() => {
  vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(900);
});
afterEach(closeAll);

const pane = (el: HTMLElement) => el.querySelector<HTMLElement>(".ipf-detail");
const titleOf = (el: HTMLElement) => pane(el)?.querySelector(".ipf-detail-title")?.textContent;
const buttons = (el: Element | null | undefined) => [...(el?.querySelectorAll<HTMLButtonElement>("button") ?? [])];
const press = (el: Element | null | undefined, text: string) =>
  buttons(el)
    .find((one) => one.textContent?.includes(text))
    ?.click();
const ground = (el: HTMLElement) => el.querySelector<HTMLElement>(".ipf-ground");
const key = (el: HTMLElement, name: string) =>
  ground(el)?.dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true }));
const node = (el: HTMLElement, at: string) =>
  [...el.querySelectorAll<SVGGElement>(".ipf-node")].find((one) => one.getAttribute("data-key") === at);
const lines = (el: HTMLElement) =>
  [...(pane(el)?.querySelectorAll(".ipf-event-line") ?? [])].map((line) => line.textContent);

/** Opens a node by the keyboard: walks there as a reader would. */
function walk(el: HTMLElement, at: string): void {
  key(el, "ArrowDown");
  for (let i = 0; i < 40 && !node(el, at)?.classList.contains("ipf-focus"); i++) key(el, "ArrowDown");
  for (let i = 0; i < 40 && !node(el, at)?.classList.contains("ipf-focus"); i++) key(el, "ArrowUp");
  expect(node(el, at)?.classList.contains("ipf-focus")).toBe(true);
  key(el, "Enter");
}

function delta(model: MockModel, seq: number, from: Payload, flow: Workflow | null, tasks = from.tasks): void {
  const workflows = flow === null ? null : [flow];
  model.say({ type: "delta", seq, run: from.run, tasks, edges: null, graph: null, lanes: null, workflows });
}

describe("the graph of a run with a workflow", () => {
  it("shows the events first, and the tasks on request", async () => {
    const { el } = open(example("events"), "graph");
    await frame();
    expect(el.querySelectorAll(".ipf-event").length).toBe(4);
    expect(el.querySelectorAll(".ipf-step").length).toBe(3);
    expect(ground(el)?.getAttribute("aria-label")).toContain("ConcurrentFlow");
    press(el.querySelector(".ipf-graph-of"), "Tasks");
    await frame();
    expect(el.querySelector(".ipf-event")).toBeNull();
    expect(ground(el)?.getAttribute("aria-label")).toBe("Graph of the tasks");
    expect(el.querySelector('.ipf-graph-of [aria-pressed="true"]')?.textContent).toBe("Tasks");
    press(el.querySelector(".ipf-graph-of"), "Events");
    await frame();
    expect(el.querySelectorAll(".ipf-step").length).toBe(3);
    expect(el.querySelectorAll('.ipf-tools [aria-label="Zoom in"]').length).toBe(1);
  });

  it("has no switch where there is none", async () => {
    const { el } = open(example("small"), "graph");
    await frame();
    expect(el.querySelector<HTMLElement>(".ipf-graph-of")?.hidden).toBe(true);
    expect(el.querySelector<HTMLElement>(".ipf-select")?.hidden).toBe(true);
  });

  it("changes to the events when the workflow comes, and not when the reader chose the tasks", async () => {
    const first = copyOf("events-live");
    const late = { ...first, workflows: [] };
    const { el, model } = open(late, "graph");
    await frame();
    expect(el.querySelector(".ipf-event")).toBeNull();
    delta(model, first.seq + 1, first, flowOf(first));
    await frame();
    expect(el.querySelector(".ipf-event")).not.toBeNull();
    press(el.querySelector(".ipf-graph-of"), "Tasks");
    delta(model, first.seq + 2, first, flowOf(first));
    await frame();
    expect(el.querySelector(".ipf-event")).toBeNull();
  });

  it("lets the reader choose among several, and says which step runs a child", async () => {
    const { el } = open(example("events-child"), "graph");
    await frame();
    const select = el.querySelector<HTMLSelectElement>(".ipf-select");
    expect([...(select?.options ?? [])].map((one) => one.textContent)).toEqual([
      "Nightly #1",
      "Training #4 in train_all",
    ]);
    expect(node(el, "step:train_all")?.textContent).toContain("runs Training #4");
    if (select === null) throw new Error("no select");
    select.value = "4";
    select.dispatchEvent(new Event("change"));
    await frame();
    expect(node(el, "event:Epoch")).toBeDefined();
    expect(node(el, "step:prepare")).toBeUndefined();
  });
});

describe("the picture", () => {
  it("lights the edges that events went, with their numbers", async () => {
    const { el } = open(example("events-live"), "graph");
    await frame();
    expect(el.querySelectorAll("path.ipf-untaken").length).toBe(6);
    expect(el.querySelectorAll("path.ipf-taken").length).toBe(5);
    const said = [...el.querySelectorAll(".ipf-way-label text")].map((one) => one.textContent);
    expect(said).toEqual(["×4", "×4", "×2", "×2"]);
    expect(node(el, "event:StopEvent")?.hasAttribute("data-untouched")).toBe(true);
  });

  it("shows workers, queue and join of a step", async () => {
    const { el } = open(example("events-live"), "graph");
    await frame();
    expect(node(el, "step:step_two")?.querySelector(".ipf-node-line")?.textContent).toContain(
      "1/1 running · 1 waiting",
    );
    expect(node(el, "step:step_two")?.querySelectorAll(".ipf-slot-running").length).toBe(1);
    const three = node(el, "step:step_three");
    expect(three?.querySelector(".ipf-node-line")?.textContent).toBe("2 of 3 · ");
    expect(three?.querySelector(".ipf-node-extra")?.textContent).toBe("needs 1");
    expect([three?.querySelectorAll(".ipf-pip-in").length, three?.querySelectorAll(".ipf-pip").length]).toEqual([2, 1]);
  });

  it("moves nothing while it runs: only what differs is written", async () => {
    const first = copyOf("events-live");
    const { el, model } = open(first, "graph");
    await frame();
    const before = [...el.querySelectorAll(".ipf-node")];
    const places = before.map((one) => one.getAttribute("transform"));
    const next = structuredClone(flowOf(first));
    next.steps.step_two = { ...flowOf(first).steps.step_two, running: 0, succeeded: 4 } as Workflow["steps"][string];
    delta(model, first.seq + 1, first, next);
    await frame();
    const after = [...el.querySelectorAll(".ipf-node")];
    expect(after).toEqual(before);
    expect(after.map((one) => one.getAttribute("transform"))).toEqual(places);
    expect(node(el, "step:step_two")?.textContent).toContain("4 done");
  });

  it("sends one bead along an edge that a new event went, none for those that were there", async () => {
    const first = copyOf("events-live");
    const { el, model } = open(first, "graph");
    await frame();
    expect(el.querySelectorAll(".ipf-bead").length).toBe(0);
    const next = structuredClone(flowOf(first));
    for (const edge of next.edges) if (edge.to === "event:StepThreeEvent") edge.count += 5;
    delta(model, first.seq + 1, first, next);
    await frame();
    const beads = [...el.querySelectorAll(".ipf-bead")];
    expect(beads.map((one) => one.getAttribute("data-key"))).toEqual(["step:step_two>event:StepThreeEvent"]);
    beads[0]?.dispatchEvent(new Event("animationend"));
    expect(el.querySelector(".ipf-bead")).toBeNull();
  });

  it("marks a step whose body waits for an answer", async () => {
    const { el } = open(example("events-human"), "graph");
    await frame();
    expect(node(el, "step:ask_city")?.hasAttribute("data-awaited")).toBe(true);
    expect(node(el, "step:ask_city")?.getAttribute("aria-label")).toContain("waits for HumanResponseEvent");
    expect(el.querySelector(".ipf-flow-foot")?.textContent).toContain("ask_city waits for HumanResponseEvent");
  });

  it("of a stalled workflow says why, what nobody takes, and where it stands", async () => {
    const { el } = open(example("events-stalled"), "graph");
    await frame();
    expect(el.querySelector(".ipf-foot-words")?.textContent).toContain(
      "WorkflowStalled: step_three has 2 of 3, needs 1",
    );
    expect(el.querySelector(".ipf-flow-foot .ipf-warned")?.textContent).toBe("1 unhandled: Lost");
    expect(node(el, "event:Lost")?.querySelector(".ipf-node-extra")?.textContent).toBe("1 unhandled");
    expect(node(el, "step:step_three")?.hasAttribute("data-stuck")).toBe(true);
  });
});

describe("from a node to its events", () => {
  it("lists the events of a type, held ones first, and opens one", async () => {
    const { el } = open(example("events-live"), "graph");
    await frame();
    walk(el, "event:StepThreeEvent");
    expect(titleOf(el)).toBe("StepThreeEvent");
    expect(lines(el)).toEqual(["#7result='Query 2'held in a join", "#6result='Query 1'held in a join"]);
    await frame();
    expect(node(el, "event:StepThreeEvent")?.getAttribute("aria-selected")).toBe("true");
    press(pane(el), "#7");
    expect(titleOf(el)).toBe("StepThreeEvent #7");
    expect(pane(el)?.querySelector(".ipf-part-held")?.textContent).toContain("2 of 3 · needs 1 StepThreeEvent");
    expect(pane(el)?.querySelector(".ipf-part-event .ipf-pre")?.textContent).toBe("result='Query 2'");
  });

  it("shows the way of an event back to the start, each link to click", async () => {
    const { el } = open(example("events"), "graph");
    await frame();
    walk(el, "event:StopEvent");
    press(pane(el), "StopEvent");
    const before = pane(el)?.querySelector(".ipf-part-before");
    const stages = [...(before?.querySelectorAll("li") ?? [])].map((one) => one.textContent);
    expect(stages).toEqual([
      "StartEvent #1",
      "start #2",
      "StepTwoEvent #4query='Query 3'",
      "step_two #5",
      "StepThreeEvent #7result='Query 3'",
      "step_three #8",
      "StopEvent",
    ]);
    await frame();
    expect(el.querySelectorAll("path.ipf-taken.ipf-lit").length).toBe(6);
    press(before, "StepTwoEvent #4");
    expect(titleOf(el)).toBe("StepTwoEvent #4");
    const after = pane(el)?.querySelector(".ipf-part-after");
    expect(after?.textContent).toContain("step_two #5");
    press(after, "StepThreeEvent #7");
    expect(titleOf(el)).toBe("StepThreeEvent #7");
    press(pane(el)?.querySelector(".ipf-part-after"), "step_three #8");
    expect(titleOf(el)).toBe("step_three #8");
    expect(pane(el)?.querySelector(".ipf-part-given")?.textContent).toContain("StepThreeEvent #7");
    expect(pane(el)?.querySelector(".ipf-part-gave")?.textContent).toContain("StopEvent");
    press(pane(el)?.querySelector(".ipf-part-gave"), "StopEvent");
    expect(titleOf(el)).toBe("StopEvent");
  });

  it("says of one that nobody takes what the steps take", async () => {
    const { el } = open(example("events-stalled"), "graph");
    await frame();
    press(el.querySelector(".ipf-flow-foot"), "unhandled");
    expect(titleOf(el)).toBe("Events of ConcurrentFlow");
    expect(lines(el)[0]).toBe("Lost #5why='a wrong class'unhandled");
    press(pane(el), "Lost #5");
    expect(pane(el)?.querySelector(".ipf-part-nobody")?.textContent).toContain("No step of ConcurrentFlow takes Lost");
    expect(pane(el)?.querySelector(".ipf-part-before")?.textContent).toContain("start #2");
  });

  it("shows the runs of a step and its join, and the way to the table", async () => {
    const { el } = open(example("events-live"), "graph");
    await frame();
    walk(el, "step:step_three");
    expect(pane(el)?.querySelector(".ipf-part-joins")?.textContent).toContain("2 of 3 · needs 1 StepThreeEvent");
    const runs = [...(pane(el)?.querySelectorAll(".ipf-part-runs .ipf-stack-line") ?? [])];
    expect(runs.length).toBe(2);
    expect(runs[1]?.textContent).toContain("(result='Query 1')");
    press(pane(el), "Show in the table");
    await frame();
    expect(el.querySelector<HTMLInputElement>(".ipf-search")?.value).toBe("step_three");
    expect(el.querySelectorAll(".ipf-tr").length).toBe(2);
  });

  it("of a large run says how many there are, and not that a step gave nothing", async () => {
    const counts = { running: 0, blocked: 0, retrying: 0, waiting: 0, succeeded: 9000, failed: 0, cancelled: 0 };
    const flow = tiny({ steps: { work: counts }, sent: { Begin: 9000 }, total: 9000, events: [event(8999, "Begin")] });
    const rows = [1, 7].map((id) => task(id, { name: "work", parent: 1, role: "step", state: "succeeded" }));
    const { el } = open(runOf(flow, [task(1, { role: "workflow", name: "Tiny" }), ...rows.slice(1)]), "graph");
    await frame();
    walk(el, "step:work");
    expect(pane(el)?.querySelector(".ipf-part-runs h3")?.textContent).toBe("1 of 9000 runs");
    expect(pane(el)?.querySelector(".ipf-part-runs")?.textContent).not.toContain("gave nothing");
    walk(el, "event:Begin");
    expect(pane(el)?.querySelector(".ipf-part-events h3")?.textContent).toBe("1 of 9000 events");
  });

  it("leads from a step to the workflow that it runs", async () => {
    const { el } = open(example("events-child"), "graph");
    await frame();
    walk(el, "step:train_all");
    press(pane(el)?.querySelector(".ipf-part-below"), "Training #4");
    await frame();
    expect(node(el, "event:Epoch")).toBeDefined();
    expect(titleOf(el)).toBe("Training #4");
  });

  it("of an event that is gone says so", () => {
    const first = runOf(tiny({ events: [event(1, "Begin")], sent: { Begin: 1 }, total: 1 }));
    const { el, model } = open(first, "graph");
    press(el.querySelector(".ipf-flow-foot"), "1 event");
    press(pane(el), "Begin #1");
    expect(titleOf(el)).toBe("Begin #1");
    delta(model, 1, first, tiny());
    expect(pane(el)?.textContent).toContain("not at hand any more");
  });
});

describe("the details of a step's task", () => {
  it("names what it was given and gave as the kernel tells where the events are not here", async () => {
    const first = runOf(tiny(), [
      task(1, { role: "workflow", name: "Tiny", state: "waiting" }),
      task(2, { role: "step", name: "work", parent: 1, takes: [400], state: "running" }),
    ]);
    const { el, model } = open(first, "table");
    await frame();
    el.querySelectorAll<HTMLElement>(".ipf-tr")[1]?.click();
    const detail = { id: 2, name: "work", args: "", result: null, html: null, type: "", text: "", traceback: null };
    const rest = { attempts: [], output: [], reason: "", on: [], notes: [] };
    const told = { given: [[400, "Begin", "n=1"]], gave: [[401, "End", "n=2"]] };
    model.say({ type: "detail", task: 2, detail: { ...detail, ...rest, ...told } });
    expect(pane(el)?.querySelector(".ipf-part-given")?.textContent).toBe("Run forBegin #400n=1");
    expect(pane(el)?.querySelector(".ipf-part-gave")?.textContent).toBe("GaveEnd #401n=2");
  });

  it("lists what the workflow wrote to its stream, the newest first", async () => {
    const published = [
      { time: 0.1, by: 2, type: "Progress", text: "done=1" },
      { time: 0.2, by: 2, type: "Progress", text: "done=2" },
    ];
    const { el } = open(runOf(tiny({ published })), "graph");
    el.querySelector<HTMLElement>(".ipf-foot-state")?.click();
    expect(lines(el)).toEqual(["+200 msProgressdone=2", "+100 msProgressdone=1"]);
  });
});

it("markup in names and payloads of events is text", async () => {
  const EVIL = `<img src=x onerror="window.hacked=1">`;
  const flow = tiny({
    name: EVIL,
    sent: { [EVIL]: 1 },
    unhandled: { [EVIL]: 1 },
    events: [event(1, EVIL, { text: EVIL, by: 2, from: [9] })],
    total: 1,
    joins: [{ step: EVIL, join: EVIL, have: 1, needs: [[EVIL, 1]], since: 0, last: 0, filled: 0, events: [1] }],
    awaited: [{ task: 2, step: EVIL, type: EVIL, text: EVIL, since: 0 }],
    published: [{ time: 0, by: 2, type: EVIL, text: EVIL }],
  });
  flow.nodes.push({ ...(flow.nodes[1] as Workflow["nodes"][number]), key: `step:${EVIL}`, name: EVIL, y: 300 });
  const { el } = open(runOf(flow), "graph");
  await frame();
  el.querySelector<HTMLElement>(".ipf-foot-state")?.click();
  walk(el, `step:${EVIL}`);
  press(el.querySelector(".ipf-flow-foot"), "unhandled");
  press(pane(el), "#1");
  expect(pane(el)?.textContent).toContain("<img src=x");
  expect(el.querySelector("img, script, iframe")).toBeNull();
  expect(Reflect.get(window, "hacked")).toBeUndefined();
});
