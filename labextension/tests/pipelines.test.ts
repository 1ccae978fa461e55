import { describe, expect, it } from "vitest";
import { heldBy, place, ran, spoken, waited, waits } from "../src/core/format";
import { isPaused } from "../src/core/roles";
import { begun } from "../src/core/status";
import { treeOrder } from "../src/core/tree";
import { actionOf } from "../src/views/actions";
import { comesAfter, countsOf, entriesBelow, slotHolders, waitsForSlot } from "../src/views/below";
import { taskFacts } from "../src/views/facts";
import { branchesDone, footCounts, nodeCaption, nodeSpoken, standsBack } from "../src/views/graph/look";
import { matches, sorted } from "../src/views/table/rows";
import { taskBars } from "../src/views/timeline/bars";
import { frameOf, frameText } from "../src/views/timeline/frame";
import { makeRows, workerRows } from "../src/views/timeline/rows";
import { type Example, example, task } from "./helpers";

function open(name: Example) {
  const payload = example(name);
  const tasks = new Map(payload.tasks.map((row) => [row.id, row]));
  const named = (text: string) => {
    const row = payload.tasks.find((one) => one.name === text);
    if (row === undefined) throw new Error(text);
    return row;
  };
  const node = (text: string) => {
    const found = payload.graph?.nodes.find((one) => one.name === text);
    if (found === undefined) throw new Error(text);
    return found;
  };
  return { ...payload, rows: payload.tasks, tasks, named, node, order: [...tasks.keys()] };
}

const running = open("pipeline_running");
const ended = open("pipeline");
const paused = open("pipeline_paused");
const plan = open("plan");

describe("the timeline", () => {
  it("has a bracket, not a bar, for what stands around others", () => {
    const group = running.named("parse_all");
    expect(taskBars(group)).toEqual([]);
    expect(frameOf(group)).toMatchObject({ begin: group.submitted, end: Number.POSITIVE_INFINITY, pauses: [] });
    expect(frameOf(running.named("fetch"))).toBeNull();
    const scale = { from: 0, to: 0.31, width: 310 };
    const frame = frameOf(group);
    if (frame === null) throw new Error("no frame");
    expect(frameText(group, frame, scale, 0.31)).toMatchObject({ text: "1 of 5 branches" });
    expect(frameOf(ended.named("in_parallel"))?.end).toBe(ended.named("in_parallel").ended);
  });

  it("shows where a pipeline was paused", () => {
    const frame = frameOf(paused.named("nightly"));
    expect(frame?.pauses).toEqual([[0.12, Number.POSITIVE_INFINITY]]);
  });

  it("has nothing in the row of what is planned or was skipped", () => {
    expect(taskBars(running.named("report"))).toEqual([]);
    expect(taskBars(ended.named("recover"))).toEqual([]);
    expect(plan.rows.flatMap((row) => [...taskBars(row)])).toEqual([]);
    expect(plan.rows.map(frameOf).every((frame) => frame === null)).toBe(true);
  });

  it("shows the wait for a branch slot, and remembers what it was", () => {
    const last = ended.rows.filter((row) => row.name === "clean")[2];
    if (last === undefined) throw new Error("no third branch");
    expect(taskBars(last)[0]).toMatchObject({ kind: "pending", state: "waiting" });
    expect(heldBy(last)).toBe("branch slot of in_parallel#3 (2 at once)");
    expect(taskFacts(last, 1)).toContainEqual(["held by", "branch slot of in_parallel#3 (2 at once)"]);
  });

  it("marks the first row of each branch", () => {
    const heads = makeRows(running, "task").map((row) => (row.kind === "task" && row.head ? row.task.branch : null));
    expect(heads.filter((one) => one !== null)).toEqual([0, 1, 2, 3, 4]);
  });

  it("of a large run has no lane for what does no work", () => {
    const large = open("pipeline_aggregated");
    const lanes = makeRows(large, "task").flatMap((row) => (row.kind === "lane" ? [row.lane.name] : []));
    expect(lanes).toEqual(["list_files", "read", "count"]);
  });

  it("has no worker for a container", () => {
    expect(workerRows(ended.rows).map((row) => row.key)).toEqual(["w:thread-1", "w:thread-2"]);
  });
});

describe("the order of rows", () => {
  it("is that of the plan: branch by branch, what merges them behind", () => {
    const names = treeOrder(running.order, running.tasks, running.edges).map(({ task: row, depth }) => [
      row.name,
      depth,
    ]);
    expect(names.slice(0, 5)).toEqual([
      ["pipeline", 0],
      ["fetch", 1],
      ["parse_all", 1],
      ["parse", 2],
      ["check", 2],
    ]);
    expect(names.slice(-4).map(([name]) => name)).toEqual(["union", "recover", "report", "close"]);
  });

  it("keeps what a task put in its place behind that task, although its number is higher", () => {
    const rows = [
      task(1, { name: "pipeline", role: "pipeline" }),
      task(2, { parent: 1, name: "choose", state: "succeeded", type: "Pipeline", ended: 1 }),
      task(3, { parent: 1, name: "after", state: "planned" }),
      task(4, { parent: 1, name: "close", state: "planned", role: "finally" }),
      task(5, { parent: 1, name: "added" }),
      task(6, { parent: 1, name: "checked", state: "planned" }),
    ];
    const tasks = new Map(rows.map((row) => [row.id, row]));
    const order = (edges: [number, number, "data"][]) =>
      treeOrder([...tasks.keys()], tasks, edges).map(({ task: row }) => row.name);
    const wanted = ["pipeline", "choose", "added", "checked", "after", "close"];
    // While it is planned, what comes after hangs on the task; then on the last of what took its place.
    expect(
      order([
        [2, 3, "data"],
        [2, 5, "data"],
        [5, 6, "data"],
      ]),
    ).toEqual(wanted);
    expect(
      order([
        [2, 5, "data"],
        [5, 6, "data"],
        [6, 3, "data"],
      ]),
    ).toEqual(wanted);
  });

  it("goes through ten thousand entries that each put the next in their place", () => {
    const rows = [task(1, { role: "pipeline" })];
    for (let id = 2; id < 10_000; id++) rows.push(task(id, { parent: 1, state: "succeeded", type: "Pipeline" }));
    const tasks = new Map(rows.map((row) => [row.id, row]));
    const edges = rows.slice(2).map(({ id }): [number, number, "data"] => [id - 1, id, "data"]);
    expect(treeOrder([...tasks.keys()], tasks, edges).map(({ task: row }) => row.id)).toEqual([...tasks.keys()]);
  });
});

describe("words", () => {
  it("say where a task stands and what it is", () => {
    const head = running.rows.find((row) => row.branch === 3);
    if (head === undefined) throw new Error("no branch");
    expect(place(head, running.tasks)).toBe("branch 3 of parse_all #3");
    expect(spoken(head, 1)).toBe("parse #10, branch 3, waiting, branch slot of parse_all#3 (2 at once)");
    expect(spoken(ended.named("repair"), 1)).toContain("repair #8, handler, branch 1, succeeded");
    expect(spoken(running.named("close"), 1)).toBe("close #17, finaliser, planned");
  });

  it("let a plan wait for nothing, and a container last from end to end", () => {
    expect([waits(running.named("close")), waited(running.named("close"), 9)]).toEqual([false, 0]);
    expect(taskFacts(running.named("close"), 9)).toEqual([]);
    const group = ended.named("in_parallel");
    expect(ran(group, 9)).toBeCloseTo((group.ended ?? 0) - group.submitted);
    expect(taskFacts(group, 9).map(([name]) => name)).toEqual(["began", "lasted"]);
  });

  it("count what is planned apart", () => {
    expect(begun(running.run.counts)).toBe(6);
    expect(begun(plan.run.counts)).toBe(0);
  });
});

describe("what is below", () => {
  it("counts entries, those of groups instead of the groups", () => {
    const [whole, group] = [running.named("pipeline"), running.named("parse_all")];
    expect(countsOf(entriesBelow(whole.id, running.tasks))).toEqual(running.node("pipeline").below);
    expect(countsOf(entriesBelow(group.id, running.tasks))).toEqual(running.node("parse_all").below);
  });

  it("knows who holds the slots that a branch waits for", () => {
    const head = running.rows.find((row) => row.branch === 4);
    if (head === undefined) throw new Error("no branch");
    expect(waitsForSlot(head)).toBe(true);
    expect(slotHolders(head, running.tasks).map(({ branch, state }) => [branch, state])).toEqual([
      [1, "running"],
      [2, "running"],
    ]);
  });

  it("knows what a planned entry comes after", () => {
    expect(comesAfter(running.named("report"), running).map(({ name }) => name)).toContain("recover");
    expect(comesAfter(running.named("fetch"), running)).toEqual([]);
  });
});

describe("the graph", () => {
  it("says of a group how many branches have ended, in as many letters as there is room for", () => {
    const group = running.node("parse_all");
    expect(branchesDone(group)).toBe("1 of 5 branches");
    expect([nodeCaption(group), nodeCaption(group, 12)]).toEqual(["1 of 5 branches", "1 of 5"]);
    expect(footCounts(group, running.tasks)).toEqual(group.below);
    expect(nodeSpoken(group, running.tasks, 1)).toContain("1 of 5 branches, 2 running, 2 waiting");
    expect(nodeCaption(running.node("close"))).toBe("finaliser");
  });

  it("lets stand back what is all planned or all skipped", () => {
    expect(standsBack(running.node("report"), running.tasks)).toBe("planned");
    expect(standsBack(running.node("check"), running.tasks)).toBeNull();
    expect(standsBack(ended.node("recover"), ended.tasks)).toBe("skipped");
    expect(plan.graph?.nodes.every((node) => standsBack(node, plan.tasks) === "planned")).toBe(true);
  });
});

describe("the table", () => {
  const names = (text: string, states: ("planned" | "skipped")[] | null = null) =>
    ended.rows.filter((row) => matches(row, { text, states })).map((row) => row.name);

  it("finds roles, branches, and states that never ran", () => {
    expect(names("handler")).toEqual(["repair", "recover"]);
    expect(names("score branch")).toEqual(["score", "score", "score"]);
    expect(names("", ["skipped"])).toEqual(["recover"]);
    expect(running.rows.filter((row) => matches(row, { text: "", states: ["planned"] })).length).toBe(7);
  });

  it("sorts times with what has none at one end", () => {
    const waits = sorted(running.rows, "waited", false, 1);
    expect(waits.slice(0, 2).map(({ state }) => state)).toEqual(["waiting", "waiting"]);
    expect(sorted(running.rows, "ran", true, 1)[0]?.state).toMatch(/planned|waiting/);
    expect(sorted(running.rows, "state", true, 1).at(-1)?.state).toBe("succeeded");
  });

  it("offers nothing for what is only planned", () => {
    expect(actionOf(running.named("report"))).toBeNull();
    expect(actionOf(ended.named("recover"))).toBeNull();
    expect(running.rows.filter(waitsForSlot).map(actionOf)).toEqual([null, null]);
    expect(actionOf(running.named("parse_all"))).toBe("Cancel");
  });
});

it("a paused pipeline is known by its reason", () => {
  expect(isPaused(paused.named("nightly"))).toBe(true);
  expect(isPaused(running.named("pipeline"))).toBe(false);
});
