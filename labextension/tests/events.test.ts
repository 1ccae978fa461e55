import { describe, expect, it } from "vitest";
import {
  allHeld,
  allUnhandled,
  byId,
  eventTitle,
  flowEnded,
  inOrder,
  joinCount,
  joinNeeds,
  lineage,
  neighbours,
  openJoin,
  standing,
  stepOfTask,
  stepState,
  stepWords,
  wayOf,
  withPublished,
} from "../src/core/events";
import type { FlowJoin } from "../src/core/protocol";
import { labelSides } from "../src/views/workflow/labels";
import { fitting, lookOf, openAsks, spokenNode } from "../src/views/workflow/look";
import { withStrays } from "../src/views/workflow/strays";
import { example, task } from "./helpers";
import { event, eventOf, flowOf, named, tiny } from "./workflow";

const done = flowOf(example("events"));
const live = flowOf(example("events-live"));
const stalled = flowOf(example("events-stalled"));
const fan = flowOf(example("events-fan"));
const human = flowOf(example("events-human"));
const tasksOf = (name: Parameters<typeof example>[0]) => new Map(example(name).tasks.map((row) => [row.id, row]));
const NOW = { ended: false, failed: false, children: new Map() };

describe("where an event stands", () => {
  it("is read off what became of it", () => {
    expect(standing(eventOf(done, 2), done)).toBe("taken");
    expect(standing(eventOf(live, 6), live)).toBe("held");
    expect(standing(eventOf(stalled, 5), stalled)).toBe("unhandled");
    const queued = live.events.filter((one) => standing(one, live) === "queued");
    expect(queued.map(({ type }) => type)).toEqual(["StepTwoEvent"]);
  });

  it("is no trouble for what ends the workflow or asks a person", () => {
    const flow = tiny({ sent: { End: 1 }, unhandled: { End: 1 } });
    expect(standing(event(1, "End"), flow)).toBe("ended");
    expect(allUnhandled(flow)).toBe(0);
  });

  it("puts those that nobody takes and those that wait in joins first, then the newest", () => {
    const ids = inOrder(stalled.events, stalled).map(({ id }) => id);
    expect(ids).toEqual([5, 7, 6, 4, 3, 2, 1]);
    expect(allUnhandled(stalled)).toBe(1);
    expect(allHeld(stalled)).toBe(2);
  });
});

describe("joins", () => {
  const join: FlowJoin = { step: "s", join: "", have: 2, needs: [], since: 0, last: 0, filled: 0, events: [] };

  it("say how many of how many, and what is missing", () => {
    const open = openJoin(live, "step_three");
    expect(open && joinCount(open)).toBe("2 of 3");
    expect(open && joinNeeds(open)).toBe("needs 1 StepThreeEvent");
    const two = { ...join, needs: [["A", 1] as [string, number], ["B", 2] as [string, number]] };
    expect(joinNeeds(two)).toBe("needs 1 A, 2 B");
  });

  it("say what is held where nobody knows how many come", () => {
    expect(joinCount(join)).toBe("2 held");
    expect(joinNeeds(join)).toBe("");
  });

  it("of a step: the one that is nearest to its end; none that is empty", () => {
    const flow = tiny({
      joins: [
        { ...join, step: "work", join: "far", needs: [["A", 5]] },
        { ...join, step: "work", join: "near", needs: [["A", 1]] },
        { ...join, step: "work", join: "empty", have: 0 },
      ],
    });
    expect(openJoin(flow, "work")?.join).toBe("near");
    expect(openJoin(done, "step_three")).toBeNull();
  });
});

describe("steps", () => {
  it("say their workers in use and their queue", () => {
    expect(stepWords(live, named(live, "step_two"), false)).toEqual(["1/1 running", "1 waiting", "2 done"]);
    expect(stepState(live, "step_two", false)).toBe("running");
    const [one] = stepWords(fan, named(fan, "summarise"), false);
    expect(one).toBe("8/8 running");
    expect(stepState(fan, "summarise", false)).toBe("running");
  });

  it("say that they wait: in a join, for an answer", () => {
    expect(stepState(live, "step_three", false)).toBe("waiting");
    expect(stepState(human, "ask_city", false)).toBe("blocked");
    expect(lookOf(named(human, "ask_city"), human, NOW)).toMatchObject({
      awaited: true,
      extra: "waits for HumanResponseEvent",
      tone: "warning",
      slots: [0, 1, 1],
    });
  });

  it("that nothing has come to have no state", () => {
    expect(stepState(human, "book", false)).toBeNull();
    expect(lookOf(named(human, "book"), human, NOW)).toMatchObject({ untouched: true, words: ["4 workers"] });
  });

  it("show their join in places: what has come, what is missing", () => {
    const look = lookOf(named(live, "step_three"), live, NOW);
    expect(look).toMatchObject({ join: [2, 3], extra: "needs 1 StepThreeEvent", words: ["2 of 3", "2 done"] });
    expect(look.stuck).toBe(false);
    const ended = { ...NOW, ended: true, failed: true };
    expect(lookOf(named(stalled, "step_three"), stalled, ended)).toMatchObject({ stuck: true, tone: "warning" });
  });

  it("what was left in the queue at the end was not run", () => {
    const node = named(live, "step_two");
    expect(stepWords(live, node, true)).toContain("1 not run");
  });

  it("are spoken of in one sentence", () => {
    expect(spokenNode(named(live, "step_three"), live, NOW)).toBe(
      "step_three, step, waiting, 2 of 3, 2 done, needs 1 StepThreeEvent, takes StepThreeEvent, gives StopEvent",
    );
    expect(spokenNode(named(live, "StepTwoEvent"), live, NOW)).toBe(
      "StepTwoEvent, event, 4 events, given by start, taken by step_two",
    );
  });

  it("say the workflows that they run", () => {
    const around = { ...NOW, children: new Map([["work", ["Inner #4"]]]) };
    expect(lookOf(named(tiny(), "work"), tiny(), around).extra).toBe("runs Inner #4");
  });
});

describe("lineage", () => {
  it("goes back to the start, step by step", () => {
    const end = done.events.find(({ type }) => type === "StopEvent");
    const stages = lineage(end ?? event(0, ""), byId(done));
    expect(stages.map(({ events, tasks }) => [events, tasks])).toEqual([
      [[1], [2]],
      [[4], [5]],
      [[7], [8]],
    ]);
    expect(lineage(eventOf(done, 1), byId(done))).toEqual([]);
  });

  it("ends in a loop, and where events are no longer at hand", () => {
    const known = new Map([1, 2].map((id) => [id, event(id, "Loop", { by: id, from: [3 - id] })]));
    expect(lineage(known.get(1) ?? event(1, ""), known).length).toBeLessThan(4);
    expect(lineage(event(9, "Late", { by: 7, from: [3] }), new Map())).toEqual([{ events: [3], tasks: [7] }]);
  });

  it("marks the edges that led to an event, and those that it took", () => {
    const tasks = tasksOf("events");
    const way = wayOf(eventOf(done, 7), byId(done), (id) => stepOfTask(done, id, tasks));
    expect([...way].sort()).toEqual([
      "event:StartEvent>step:start",
      "event:StepThreeEvent>step:step_three",
      "event:StepTwoEvent>step:step_two",
      "step:start>event:StepTwoEvent",
      "step:step_two>event:StepThreeEvent",
    ]);
  });

  it("knows the step of a task whose row is not here where the events leave no choice", () => {
    expect(stepOfTask(done, 5, new Map())).toBe("step_two");
    expect(stepOfTask(done, 99, new Map())).toBeNull();
  });
});

describe("what was only published", () => {
  const published = [{ time: 0.25, by: 2, type: "End", text: "result=1" }];
  const begin = event(1, "Begin", { to: ["work"], taken: [2] });

  it("stands among the events where it is the end or a question", () => {
    const flow = withPublished(tiny({ events: [begin], total: 1, published }));
    expect(flow.total).toBe(2);
    expect(flow.events[1]).toMatchObject({ type: "End", by: 2, from: [1], text: "result=1" });
    expect(standing(flow.events[1] ?? begin, flow)).toBe("ended");
    expect(eventTitle(flow.events[1] ?? begin)).toBe("End");
  });

  it("is there once where it was sent as an event too, and not where it is a message for listeners", () => {
    const end = event(2, "End", { by: 2, from: [1] });
    expect(withPublished(tiny({ events: [begin, end], total: 2, published })).total).toBe(2);
    const progress = [{ time: 0.25, by: 2, type: "Progress", text: "" }];
    expect(withPublished(tiny({ events: [begin], total: 1, published: progress })).total).toBe(1);
  });
});

it("names the neighbours in the picture", () => {
  expect(neighbours(done, "event:StepTwoEvent", "from")).toEqual(["start"]);
  expect(neighbours(done, "step:step_two", "to")).toEqual(["StepThreeEvent"]);
});

it("a workflow whose row is not here ends with its run", () => {
  expect(flowEnded(done, new Map(), null)).toBe(false);
  expect(flowEnded(done, new Map(), 4)).toBe(true);
  expect(flowEnded(done, new Map([[1, task(1, { state: "failed" })]]), null)).toBe(true);
});

it("a question has no answer until one came from outside", () => {
  const flow = tiny();
  const at = flow.nodes[0];
  if (at === undefined) throw new Error("no node");
  flow.nodes.push({ ...at, key: "event:Ask", name: "Ask", form: "ask" });
  flow.nodes.push({ ...at, key: "event:Answer", name: "Answer", form: "answer" });
  expect(openAsks({ ...flow, sent: { Ask: 1 } })).toEqual(["Ask"]);
  expect(openAsks({ ...flow, sent: { Ask: 1, Answer: 1 } })).toEqual([]);
});

describe("the picture", () => {
  it("has a pill for each type that is in no route, below the rest", () => {
    const flow = withStrays(stalled);
    const lost = named(flow, "Lost");
    expect(lost.y).toBeGreaterThan(Math.max(...stalled.nodes.map((node) => node.y + node.h)));
    expect(flow.height).toBeGreaterThan(lost.y + lost.h);
    expect(lookOf(lost, flow, NOW)).toMatchObject({ extra: "1 unhandled", tone: "warning" });
    expect(withStrays(stalled)).toBe(flow);
    expect(withStrays(done).nodes.map(({ name }) => name)).toEqual([
      "StartEvent",
      "start",
      "StepTwoEvent",
      "step_two",
      "StepThreeEvent",
      "step_three",
      "StopEvent",
    ]);
  });

  it("puts many of them in rows that do not overlap", () => {
    const sent = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`SomethingElse${i}`, 1]));
    const flow = withStrays(tiny({ sent }));
    const strays = flow.nodes.slice(3);
    expect(strays.length).toBe(9);
    for (const a of strays) {
      expect(a.x).toBeGreaterThanOrEqual(16);
      expect(a.x + a.w).toBeLessThanOrEqual(flow.width);
      for (const b of strays) {
        if (a !== b) expect(a.y !== b.y || a.x + a.w < b.x || b.x + b.w < a.x).toBe(true);
      }
    }
  });

  it("writes counts beside upright edges where there is room, else on them", () => {
    expect(labelSides(tiny())).toEqual([1, 1]);
    const flow = tiny();
    const wall = flow.nodes[1];
    if (wall === undefined) throw new Error("no node");
    const blocked = { ...flow, nodes: [...flow.nodes, { ...wall, key: "step:wall", x: 110, y: 44, w: 60, h: 28 }] };
    expect(labelSides(blocked)[0]).toBe(-1);
    expect(labelSides({ ...blocked, nodes: [{ ...wall, x: 40, y: 44, w: 130, h: 28 }] })[0]).toBe(0);
  });

  it("leaves out whole words where there is no room", () => {
    expect(fitting(["1/4 running", "12 waiting", "3 done"], 26)).toBe("1/4 running · 12 waiting");
    expect(fitting(["1/4 running", "12 waiting"], 12)).toBe("1/4 running");
  });
});
