import { describe, expect, it } from "vitest";
import type { TaskRow, WindowAnswer, WindowQuery } from "../src/core/protocol";
import { NearWindow, type Sight } from "../src/core/window";
import { laneBarsAt } from "../src/views/timeline/lane";
import { nearLanes, packed } from "../src/views/timeline/near";
import { makeRows, offsets } from "../src/views/timeline/rows";
import { taskUnder } from "../src/views/timeline/under";
import { example, ManualTime, task } from "./helpers";

const answerTo = (query: WindowQuery, tasks: TaskRow[] | null = null): WindowAnswer => ({
  from: query.from,
  to: query.to,
  lanes: [],
  tasks,
});

function setUp() {
  const time = new ManualTime();
  const asked: { query: WindowQuery; answer: (value: WindowAnswer) => void; fail: () => void }[] = [];
  let came = 0;
  const near = new NearWindow(
    (query) =>
      new Promise((answer, reject) => asked.push({ query, answer, fail: () => reject(new Error("no answer")) })),
    () => (came += 1),
    time.later,
    time.clock,
  );
  const answer = async (tasks: TaskRow[] | null = null) => {
    const last = asked[asked.length - 1];
    last?.answer(answerTo(last.query, tasks));
    await Promise.resolve();
    await Promise.resolve();
  };
  return { time, asked, near, answer, came: () => came };
}

const sight = (from: number, to: number, more: Partial<Sight> = {}): Sight => ({
  from,
  to,
  width: 900,
  end: 100,
  moving: false,
  ...more,
});

describe("a closer look", () => {
  it("asks for what is in sight and a little beside it, in bins of a few pixels", () => {
    const { asked, near } = setUp();
    near.show(sight(40, 60));
    expect(asked[0]?.query).toEqual({ from: 35, to: 65, bins: 450 });
  });

  it("never asks for time before the run or after it", () => {
    const { asked, near } = setUp();
    near.show(sight(-5, 20));
    near.show(sight(95, 110));
    expect(asked[0]?.query.from).toBe(0);
    near.leave();
    near.show(sight(95, 110));
    expect(asked[1]?.query.to).toBe(100);
    near.leave();
    near.show(sight(101, 110));
    expect(asked.length).toBe(2);
  });

  it("asks no more while what was asked for does", async () => {
    const { asked, near, answer } = setUp();
    near.show(sight(40, 60));
    await answer();
    near.show(sight(36, 56));
    near.show(sight(44, 64));
    expect(asked.length).toBe(1);
    near.show(sight(50, 70));
    expect(asked.length).toBe(2);
  });

  it("asks for finer bins when one comes closer, and no more when the tasks are there", async () => {
    const { asked, near, answer } = setUp();
    near.show(sight(40, 60));
    await answer();
    near.show(sight(48, 52));
    expect(asked.length).toBe(2);
    await answer([]);
    near.show(sight(49.9, 50.1));
    expect(asked.length).toBe(2);
  });

  it("has one question under way, then asks the newest", async () => {
    const { asked, near, answer } = setUp();
    for (const from of [40, 10, 70, 20]) near.show(sight(from, from + 5));
    expect(asked.length).toBe(1);
    await answer();
    expect(asked.map(({ query }) => query.from)).toEqual([38.75, 18.75]);
  });

  it("keeps the old picture until the new one comes", async () => {
    const { near, answer } = setUp();
    near.show(sight(40, 60));
    await answer();
    const before = near.told;
    near.show(sight(80, 90));
    expect(near.told).toBe(before);
    await answer();
    expect(near.told?.from).toBe(77.5);
  });

  it("asks again at most once a second while the end of a live run is in sight", async () => {
    const { asked, near, answer, time } = setUp();
    const follow = (end: number) => near.show(sight(end - 10, end, { end, moving: true }));
    follow(100);
    await answer();
    for (let i = 1; i <= 30; i++) {
      time.advance(100);
      follow(100 + i / 10);
      await answer();
    }
    expect(asked.length).toBeGreaterThanOrEqual(3);
    expect(asked.length).toBeLessThanOrEqual(4);
  });

  it("does not ask again for a part of a live run that is over", async () => {
    const { asked, near, answer, time } = setUp();
    near.show(sight(40, 50, { moving: true }));
    await answer();
    for (let i = 0; i < 5; i++) {
      time.advance(2000);
      near.show(sight(40, 50, { moving: true, end: 101 + i }));
    }
    expect(asked.length).toBe(1);
  });

  it("asks again after a question that nobody answered, but not at once", async () => {
    const { asked, near, time } = setUp();
    near.show(sight(40, 60));
    asked[0]?.fail();
    await Promise.resolve();
    await Promise.resolve();
    near.show(sight(40, 60));
    expect(asked.length).toBe(1);
    time.advance(6000);
    near.show(sight(40, 60));
    expect(asked.length).toBe(2);
  });

  it("forgets an answer that comes after one has gone", async () => {
    const { near, answer, came } = setUp();
    near.show(sight(40, 60));
    near.leave();
    await answer();
    expect(near.told).toBeNull();
    expect(came()).toBe(0);
  });
});

const ran = (id: number, begin: number, end: number, more: Partial<TaskRow> = {}): TaskRow =>
  task(id, {
    name: "download",
    module: "web",
    state: "succeeded",
    submitted: 0,
    started: begin,
    ended: end,
    worker: "w",
    spans: [
      [0, "queued", ""],
      [begin, "running", "w"],
      [end, "succeeded", ""],
    ],
    ...more,
  });

describe("tasks in a lane", () => {
  it("stand on the first line that is free, and nothing that waits is drawn", () => {
    const lines = packed([ran(1, 0, 2), ran(2, 1, 3), ran(3, 2, 4), ran(4, 2.5, 5)]);
    expect(lines?.map((line) => line.map((bar) => bar.task))).toEqual([[1, 3], [2], [4]]);
    expect(lines?.flat().every((bar) => bar.kind === "run")).toBe(true);
  });

  it("are bins where too many run at once", () => {
    const many = Array.from({ length: 40 }, (_, i) => ran(i + 1, i / 1000, 1));
    expect(packed(many)).toBeNull();
  });

  it("are found under the pointer, and so is the worker that ran them", () => {
    const large = example("aggregated");
    const near: WindowAnswer = { from: 0, to: 10, lanes: [], tasks: [ran(7, 1, 4), ran(8, 2, 6)] };
    const source = { order: [], tasks: new Map<number, TaskRow>(), lanes: large.lanes, near };
    const rows = makeRows(source, "task");
    const tops = offsets(rows);
    const scale = { from: 0, to: 10, width: 1000 };
    const at = rows.findIndex((row) => row.kind === "lane" && row.lane.name === "download");
    const row = rows[at];
    if (row?.kind !== "lane") throw new Error("no lane");
    // The first line is at the foot of the lane.
    const heights = Array.from({ length: 60 }, (_, y) => y).filter((y) => laneBarsAt(row, y)[0]?.task === 7);
    const y = (tops[at] ?? 0) + (heights[0] ?? 0);
    expect(taskUnder(rows, tops, scale, { x: 150, y }, 10)?.task).toBe(7);
    expect(taskUnder(rows, tops, scale, { x: 900, y }, 10)?.task).toBeNull();
    const workers = makeRows(source, "worker").filter((one) => one.kind === "worker");
    expect(workers.map((one) => [one.worker, one.tasks])).toEqual([["w", 2]]);
  });

  it("take the bins of their lane, also where two modules have the name", () => {
    const lanes = (example("aggregated").lanes ?? []).slice(0, 2).map((lane, i) => ({
      ...lane,
      name: "work",
      module: `m${i}`,
    }));
    const near = nearLanes(
      {
        from: 0,
        to: 1,
        lanes: [
          { name: "work", bins: [[1, 0, 0]] },
          { name: "work", bins: [[2, 0, 0]] },
        ],
        tasks: null,
      },
      lanes,
      (row) => row,
    );
    expect(near.get("m0.work")?.bins).toEqual([[1, 0, 0]]);
    expect(near.get("m1.work")?.bins).toEqual([[2, 0, 0]]);
    expect(near.get("m1.work")?.lines).toBeNull();
  });
});
