import { describe, expect, it } from "vitest";
import { type Picture, pictureOf } from "../src/core/picture";
import type { Counts, Payload, TaskRow } from "../src/core/protocol";
import { changeTimes, countStates, detailAt, pictureAt, taskAt } from "../src/core/replay";
import { isFinal } from "../src/core/status";
import { RunStore } from "../src/core/store";
import { type Example, example, FakeLink, ManualTime, payload, task } from "./helpers";

const WHOLE: Example[] = [
  "small",
  "running",
  "failing",
  "many",
  "pipeline",
  "pipeline_running",
  "pipeline_paused",
  "pipeline_wide",
  "pipeline_stages",
  "plan",
  "workers",
  "events",
  "events-live",
  "events-stalled",
  "events-human",
  "events-fan",
  "events-child",
];
const LARGE: Example[] = ["aggregated", "pipeline_aggregated"];

/** Instants right before, at and after changes, and some evenly between: at most about a hundred. */
function instants(truth: Picture): number[] {
  const changes = changeTimes(truth.tasks.values(), truth.run.closed);
  const every = Math.max(1, Math.floor(changes.length / 30));
  const near = changes.filter((_, i) => i % every === 0).flatMap((t) => [t - 1e-7, t, t + 1e-7]);
  const even = Array.from({ length: 20 }, (_, i) => (truth.run.now * i) / 20);
  return [...near, ...even].filter((t) => t >= 0 && t < truth.run.now);
}

/** What the spans say, found another way: the last one that had begun. */
function stateBySpans(row: TaskRow, at: number): string | null {
  const begun = row.spans.filter(([begin]) => begin <= at);
  return begun[begun.length - 1]?.[1] ?? null;
}

const total = (counts: Counts): number => Object.values(counts).reduce((all, n) => all + (n ?? 0), 0);

describe.each(WHOLE)("%s at many instants", (name) => {
  const truth = pictureOf(example(name));

  it("has every row in the state of its span, and none before it was there", () => {
    for (const at of instants(truth)) {
      const then = pictureAt(truth, at, truth.run.now);
      for (const row of truth.tasks.values()) {
        expect(then.tasks.get(row.id)?.state ?? null, `#${row.id} at ${at}`).toBe(stateBySpans(row, at));
      }
    }
  });

  it("counts the rows it shows, in the head and in the graph", () => {
    for (const at of instants(truth)) {
      const { run, tasks, order, graph } = pictureAt(truth, at, truth.run.now);
      expect(run.counts).toEqual(countStates(tasks.values()));
      expect(run.total).toBe(tasks.size);
      expect(order.length).toBe(tasks.size);
      const named = (graph?.nodes ?? []).flatMap((node) => node.tasks);
      expect(new Set(named).size).toBe(named.length);
      if (graph !== null) expect([...named].sort((a, b) => a - b)).toEqual([...tasks.keys()].sort((a, b) => a - b));
    }
  });

  it("tells nothing of a row that came later", () => {
    for (const at of instants(truth)) {
      for (const row of pictureAt(truth, at, truth.run.now).tasks.values()) {
        expect(row.spans.every(([begin]) => begin <= at)).toBe(true);
        expect(row.ended === null || row.ended <= at).toBe(true);
        expect(row.started === null || row.started <= at).toBe(true);
        expect(row.ended !== null).toBe(isFinal(row.state));
        if (row.ended === null && row.spans.length < (truth.tasks.get(row.id)?.spans.length ?? 0)) {
          expect([row.type, row.text]).toEqual(["", ""]);
        }
      }
    }
  });

  it("leaves no edge without its ends", () => {
    for (const at of instants(truth)) {
      const { edges, tasks, graph } = pictureAt(truth, at, truth.run.now);
      expect(edges.every(([from, to]) => tasks.has(from) && tasks.has(to))).toBe(true);
      const keys = new Set(graph?.nodes.map((node) => node.key));
      expect(graph?.edges.every((edge) => keys.has(edge.from) && keys.has(edge.to)) ?? true).toBe(true);
    }
  });

  it("only ever moves forward: what has ended without a retry stays so, events do not vanish", () => {
    let before: Picture | null = null;
    for (const at of instants(truth).sort((a, b) => a - b)) {
      const then: Picture = pictureAt(truth, at, truth.run.now);
      if (before !== null) {
        for (const id of before.tasks.keys()) expect(then.tasks.has(id)).toBe(true);
        before.workflows.forEach((flow, i) => {
          expect(then.workflows[i]?.total).toBeGreaterThanOrEqual(flow.total);
          for (const [type, n] of Object.entries(flow.sent)) {
            expect(then.workflows[i]?.sent[type]).toBeGreaterThanOrEqual(n);
          }
          flow.edges.forEach((edge, k) => {
            expect(then.workflows[i]?.edges[k]?.count).toBeGreaterThanOrEqual(edge.count);
          });
        });
      }
      before = then;
    }
  });

  it("is at the end what it is", () => expect(pictureAt(truth, truth.run.now, truth.run.now)).toBe(truth));

  it("comes just before the end to what it is, but for what has no time", () => {
    const last = Math.max(...[...truth.tasks.values()].map((row) => row.spans[row.spans.length - 1]?.[0] ?? 0));
    if (last >= truth.run.now) return;
    const then = pictureAt(truth, last, truth.run.now);
    expect(then.run.counts).toEqual(truth.run.counts);
    then.workflows.forEach((flow, i) => {
      const now = truth.workflows[i];
      expect(flow.sent).toEqual(now?.sent);
      expect(flow.edges.map((edge) => edge.count)).toEqual(now?.edges.map((edge) => edge.count));
      expect(flow.steps).toEqual(now?.steps);
      expect(flow.joins.map((join) => [join.step, join.have, join.needs])).toEqual(
        now?.joins.map((join) => [join.step, join.have, join.needs]),
      );
    });
    const below = then.graph?.nodes.map((node) => [node.key, node.below, node.branches]);
    expect(below).toEqual(truth.graph?.nodes.map((node) => [node.key, node.below, node.branches ?? undefined]));
  });
});

describe.each(LARGE)("%s, of which the page has not all rows", (name) => {
  const truth = pictureOf(example(name));

  it("cuts the lanes, and counts no more than there are", () => {
    for (const at of instants(truth)) {
      const { lanes, lanesUntil, run } = pictureAt(truth, at, truth.run.now);
      expect(total(run.counts)).toBeLessThanOrEqual(truth.run.total);
      expect(lanes?.map((lane) => lane.name)).toEqual(truth.lanes?.map((lane) => lane.name));
      const step = truth.lanesUntil / (truth.lanes?.[0]?.bins.length ?? 1);
      expect(lanesUntil).toBeGreaterThanOrEqual(at - 1e-9);
      expect(lanesUntil).toBeLessThanOrEqual(at + step);
      lanes?.forEach((lane, i) => {
        expect(lane.bins).toEqual(truth.lanes?.[i]?.bins.slice(0, lane.bins.length));
      });
    }
  });
});

describe("a task", () => {
  const retried = task(1, {
    state: "succeeded",
    attempts: 2,
    submitted: 0,
    started: 1,
    ended: 6,
    type: "int",
    text: "5",
    spans: [
      [0, "queued", ""],
      [1, "running", "w1"],
      [2, "waiting", "retry after ValueError"],
      [3, "running", "w2"],
      [4, "blocked", ""],
      [5, "running", "w2"],
      [6, "succeeded", ""],
    ],
  });

  it.each([
    [0.5, "queued", 0, "", null],
    [1.5, "running", 1, "w1", 1],
    [2.5, "waiting", 1, "w1", 1],
    [4.5, "blocked", 2, "w2", 1],
    [5.5, "running", 2, "w2", 1],
    [6, "succeeded", 2, "", 1],
  ])("at %d is %s, try %d", (at, state, attempts, worker, started) => {
    const row = taskAt({ ...retried, worker: "" }, at);
    expect([row?.state, row?.attempts, row?.worker, row?.started]).toEqual([state, attempts, worker, started]);
  });

  it("waits for what it waited for", () => expect(taskAt(retried, 2.5)?.reason).toBe("retry after ValueError"));
  it("is not there before it was submitted", () =>
    expect(taskAt(task(1, { spans: [[2, "queued", ""]] }), 1)).toBeNull());
  it("says of an earlier progress nothing", () => {
    const open = task(1, { state: "running", progress: [3, 5, ""], spans: [[0, "running", "w"]] });
    expect(taskAt(open, 1)?.progress).toBeNull();
  });

  it("has in its pane no result before it has ended", () => {
    const detail = {
      id: 1,
      name: "work",
      args: "",
      result: "5",
      html: null,
      type: "int",
      text: "5",
      traceback: null,
      attempts: [
        { number: 1, worker: "w1", started: 1, ended: 2, type: "ValueError", text: "no", traceback: "Traceback" },
        { number: 2, worker: "w2", started: 3, ended: 6, type: "", text: "", traceback: null },
      ],
      output: [
        [1.1, "stdout", "one"],
        [5.1, "stdout", "two"],
      ] as [number, string, string][],
      reason: "",
      on: [],
      notes: [],
    };
    const then = detailAt(detail, taskAt(retried, 4) ?? undefined, 4);
    expect(then.result).toBeNull();
    expect(then.output).toEqual([[1.1, "stdout", "one"]]);
    expect(then.attempts.map(({ ended }) => ended)).toEqual([2, null]);
    expect(detailAt(detail, retried, 6)).toEqual(detail);
  });
});

describe("a store in a replay", () => {
  function open(from: Payload) {
    const link = new FakeLink();
    const time = new ManualTime();
    const store = new RunStore(link, { clock: time.clock, later: time.later });
    let changes = 0;
    store.load(from);
    store.onChange(() => (changes += 1));
    return { link, time, store, changes: () => changes };
  }
  const live = () => {
    const page = open(payload([task(1)]));
    const first = payload(
      [
        task(1, {
          state: "running",
          spans: [
            [0, "queued", ""],
            [1, "running", "w"],
          ],
        }),
      ],
      { now: 2 },
    );
    page.link.say({ type: "snapshot", seq: 0, payload: first });
    return page;
  };
  const delta = (seq: number, row: TaskRow, now: number) => ({
    type: "delta",
    seq,
    run: { ...payload([row], { now }).run },
    tasks: [row],
    edges: null,
    graph: null,
    lanes: null,
  });

  it("shows the instant everywhere, and then again what is", () => {
    const { store } = open(example("small"));
    store.replay(0.45);
    expect(store.now()).toBe(0.45);
    expect(store.run.state).toBe("running");
    expect(store.run.closed).toBeNull();
    expect([...store.tasks.values()].some((row) => row.ended === null)).toBe(true);
    store.replay(null);
    expect(store.run).toEqual(example("small").run);
    expect(store.now()).toBe(store.run.closed);
  });

  it("does not show what comes meanwhile until it is left", () => {
    const { link, store, changes } = live();
    store.replay(0.5);
    const before = changes();
    link.say(delta(1, task(2, { state: "running", submitted: 0.1, spans: [[0.1, "running", "w"]] }), 3));
    expect(changes()).toBe(before);
    expect(store.tasks.get(1)?.state).toBe("queued");
    expect(store.tasks.has(2)).toBe(false);
    expect(store.present.tasks.has(2)).toBe(true);
    store.replay(null);
    expect(store.tasks.has(2)).toBe(true);
    expect(store.order).toEqual([1, 2]);
  });

  it("stands still at the instant where a live run was, though the run goes on", () => {
    const { link, store } = live();
    store.replay(99);
    expect(store.now()).toBeCloseTo(2);
    link.say(delta(1, task(2), 3));
    expect([...store.tasks.keys()]).toEqual([1]);
    expect(store.live).toBe(false);
    expect(store.moving).toBe(true);
  });

  it("sends no command from the past", () => {
    const { link, store } = live();
    store.replay(0.5);
    store.cancel(1);
    store.retry(1);
    store.pause(null);
    store.resume(null);
    store.rerun();
    expect(link.kinds()).not.toContain("cancel");
    expect(link.sent).toEqual([]);
    store.replay(null);
    store.cancel(1);
    expect(link.kinds()).toEqual(["cancel"]);
  });

  it("is left when another run takes the place", () => {
    const { link, store } = live();
    store.replay(0.5);
    const other = payload([task(7)], { id: 2 });
    link.say({ type: "snapshot", seq: 0, payload: other });
    expect(store.replaying).toBe(false);
    expect([...store.tasks.keys()]).toEqual([7]);
  });

  it("goes by the clock of the run that took the place, however soon that came", () => {
    const { link, time, store } = live();
    expect(store.now()).toBeCloseTo(2);
    time.advance(500);
    link.say({ type: "snapshot", seq: 0, payload: payload([task(7)], { id: 2, now: 0.1 }) });
    expect(store.now()).toBeCloseTo(0.1);
  });

  it("asks the kernel what a large run was like: one question at a time, the newest last", async () => {
    const { link, time, store } = open(example("aggregated"));
    store.replay(3);
    expect(link.kinds()).toEqual([]);
    expect(store.rough).toBe(true);
    store.replay(null);
    link.say({ type: "snapshot", seq: 0, payload: example("aggregated") });
    for (const at of [3, 4, 5]) store.replay(at);
    const asked = () => link.sent.filter((message) => message.type === "ask");
    expect(asked().map((message) => message.query)).toEqual([{ at: 3 }]);
    const told = example("aggregated");
    told.run.counts = { succeeded: 11, running: 5 };
    const answer = (i: number) => ({
      type: "answer",
      request: asked()[i]?.request,
      answer: { payload: told },
      error: null,
    });
    link.say(answer(0));
    await Promise.resolve();
    await Promise.resolve();
    expect(store.run.counts).toEqual({ succeeded: 11, running: 5 });
    expect(store.rough).toBe(false);
    expect(store.now()).toBe(5);
    expect(asked().map((message) => message.query)).toEqual([{ at: 3 }, { at: 5 }]);
    // An answer that does not come holds up the next question only for a while.
    store.replay(6);
    expect(asked().length).toBe(2);
    time.advance(5000);
    expect(asked()[2]?.query).toEqual({ at: 6 });
  });
});
