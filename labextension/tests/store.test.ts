import { describe, expect, it } from "vitest";
import type { Change } from "../src/core/picture";
import type { DeltaMessage } from "../src/core/protocol";
import { RunStore } from "../src/core/store";
import { FakeLink, ManualTime, payload, run, task } from "./helpers";

const delta = (seq: number, more: Partial<DeltaMessage> = {}): DeltaMessage => ({
  type: "delta",
  seq,
  run: run({ now: seq }),
  tasks: [],
  edges: null,
  graph: null,
  lanes: null,
  ...more,
});

function open() {
  const link = new FakeLink();
  const time = new ManualTime();
  const store = new RunStore(link, time);
  const changes: Change[] = [];
  store.onChange((change) => changes.push(change));
  return { link, time, store, changes };
}

describe("snapshot and delta", () => {
  it("shows a payload that came with the output, without ticking", () => {
    const { store, time } = open();
    store.load(payload([task(1)], { now: 1.5 }));
    time.advance(5000);
    expect(store.filled).toBe(true);
    expect(store.live).toBe(false);
    expect(store.now()).toBe(1.5);
  });

  it("merges whole rows, keeps the order, and replaces only what is not null", () => {
    const { link, store, changes } = open();
    link.say({ type: "snapshot", seq: 4, payload: { ...payload([task(1), task(2)]), edges: [[1, 2, "data"]] } });
    link.say(delta(5, { tasks: [task(2, { state: "running" }), task(3)] }));
    expect(store.order).toEqual([1, 2, 3]);
    expect(store.tasks.get(2)?.state).toBe("running");
    expect(store.edges).toEqual([[1, 2, "data"]]);
    expect(changes[1]).toEqual({ tasks: new Set([2, 3]), edges: false, graph: false, lanes: false, workflows: false });
    link.say(delta(6, { edges: [] }));
    expect(store.edges).toEqual([]);
  });

  it("keeps the instant that the lanes reach to", () => {
    const { link, store } = open();
    link.say({ type: "snapshot", seq: 0, payload: payload([]) });
    link.say(delta(1, { lanes: [] }));
    link.say(delta(2));
    expect(store.lanesUntil).toBe(1);
  });

  it("ignores what is not a message of ours", () => {
    const { link, changes } = open();
    for (const odd of [null, 3, "x", {}, { type: "evil" }]) link.say(odd);
    expect(changes).toEqual([]);
  });

  it("refuses a payload of another form with a reason", () => {
    const { store } = open();
    expect(() => store.receive({ type: "snapshot", seq: 0, payload: { ...payload([]), schema: 7 } })).toThrow(/form 7/);
  });
});

describe("gaps", () => {
  it("asks for a snapshot once, ignores deltas until it comes, and goes on from it", () => {
    const { link, store } = open();
    link.say({ type: "snapshot", seq: 1, payload: payload([task(1)]) });
    link.say(delta(3, { tasks: [task(9)] }));
    link.say(delta(4, { tasks: [task(10)] }));
    expect(link.kinds()).toEqual(["resync"]);
    expect(store.order).toEqual([1]);
    link.say({ type: "snapshot", seq: 4, payload: payload([task(1), task(9), task(10)]) });
    link.say(delta(5, { tasks: [task(11)] }));
    expect(store.order).toEqual([1, 9, 10, 11]);
    expect(link.kinds()).toEqual(["resync"]);
  });

  it("asks again, ever more slowly, when the snapshot is lost too", () => {
    const { link, time } = open();
    link.say({ type: "snapshot", seq: 1, payload: payload([]) });
    link.say(delta(5));
    for (let i = 0; i < 60; i++) time.advance(1000);
    // Four times soon, and into the silence after 3, 6, 12 and 24 s.
    expect(link.kinds()).toEqual(Array(8).fill("resync"));
  });

  it("drops a delta that comes twice or late", () => {
    const { link, store } = open();
    link.say({ type: "snapshot", seq: 3, payload: payload([task(1, { state: "running" })]) });
    link.say(delta(3, { tasks: [task(1, { state: "queued" })] }));
    link.say(delta(2, { tasks: [task(1, { state: "queued" })] }));
    expect(store.tasks.get(1)?.state).toBe("running");
    expect(link.sent).toEqual([]);
  });

  it("says ready until the kernel answers", () => {
    const { link, time, store } = open();
    store.connect();
    time.advance(2000);
    expect(link.kinds()).toEqual(["ready", "ready"]);
    link.say({ type: "snapshot", seq: 0, payload: payload([], { closed: 1 }) });
    time.advance(60_000);
    expect(link.kinds()).toEqual(["ready", "ready"]);
  });
});

describe("clock", () => {
  it("ticks between messages, never runs back, and stops at the end", () => {
    const { link, time, store } = open();
    time.now = 50_000;
    link.say({ type: "snapshot", seq: 0, payload: payload([], { now: 2 }) });
    time.advance(500);
    expect(store.now()).toBeCloseTo(2.5);
    // A message that was held up says an older time.
    link.say(delta(1, { run: run({ now: 2.3 }) }));
    expect(store.now()).toBeCloseTo(2.5);
    link.say(delta(2, { run: run({ now: 2.6, closed: 2.55, state: "succeeded" }) }));
    time.advance(9000);
    expect(store.now()).toBe(2.55);
    expect(store.live).toBe(false);
  });
});

it("stands still when the line to the kernel is cut, and asks whether somebody is there", () => {
  const { link, time, store } = open();
  link.say({ type: "snapshot", seq: 0, payload: payload([], { now: 2 }) });
  time.advance(500);
  store.lineChanged();
  time.advance(500);
  expect(store.now()).toBe(2);
  expect(link.kinds()).toEqual(["ready"]);
  link.say({ type: "snapshot", seq: 9, payload: payload([], { now: 3.1 }) });
  time.advance(500);
  expect(store.now()).toBeCloseTo(3.6);
});

describe("details", () => {
  it("asks when opened and whenever the row changes, until closed", () => {
    const { link, store } = open();
    link.say({ type: "snapshot", seq: 0, payload: payload([task(1), task(2)]) });
    const close = store.watchDetail(2);
    link.say(delta(1, { tasks: [task(1)] }));
    link.say(delta(2, { tasks: [task(2, { state: "running" })] }));
    close();
    link.say(delta(3, { tasks: [task(2)] }));
    expect(link.sent).toEqual([
      { type: "detail", task: 2 },
      { type: "detail", task: 2 },
    ]);
  });
});

describe("large runs", () => {
  it("does not collect every row it was ever sent", () => {
    const { link, store } = open();
    link.say({ type: "snapshot", seq: 0, payload: payload([task(1, { state: "running" })], { aggregated: true }) });
    const close = store.watchDetail(7);
    for (let seq = 1; seq <= 30; seq++) {
      const tasks = Array.from({ length: 50 }, (_, i) => task(seq * 50 + i - 45, { state: "succeeded", ended: 1 }));
      link.say(delta(seq, { tasks, run: run({ aggregated: true }) }));
    }
    expect(store.order.length).toBe(1000);
    expect(store.tasks.has(1)).toBe(true);
    expect(store.tasks.has(7)).toBe(true);
    close();
  });
});

it("listens no longer once disposed", () => {
  const { link, store } = open();
  store.dispose();
  expect(link.heard).toBe(false);
});

describe("silence", () => {
  const asks = (link: FakeLink) => link.sent.filter(({ type }) => type === "resync").length;

  it("is asked into, for the last word may have been lost, and less often the longer it lasts", () => {
    const { link, time, store } = open();
    link.say({ type: "snapshot", seq: 1, payload: payload([task(1)]) });
    link.say(delta(2));
    time.advance(2900);
    expect(asks(link)).toBe(0);
    time.advance(200);
    expect(asks(link)).toBe(1);
    const whole = payload([task(1, { state: "succeeded" })], { state: "running", now: 3 });
    link.say({ type: "snapshot", seq: 9, payload: whole });
    expect(store.tasks.get(1)?.state).toBe("succeeded");
    time.advance(5900);
    expect(asks(link)).toBe(1);
    time.advance(200);
    expect(asks(link)).toBe(2);
  });

  it("of a run that has ended is as it should be", () => {
    const { link, time } = open();
    link.say({ type: "snapshot", seq: 1, payload: payload([task(1)]) });
    link.say(delta(2, { run: run({ closed: 2, state: "succeeded" }) }));
    time.advance(300_000);
    expect(asks(link)).toBe(0);
  });

  it("of a kernel that has gone is not asked into", () => {
    const { link, time, store } = open();
    link.say({ type: "snapshot", seq: 1, payload: payload([task(1)]) });
    store.lineChanged();
    time.advance(300_000);
    expect(asks(link)).toBe(0);
  });
});
