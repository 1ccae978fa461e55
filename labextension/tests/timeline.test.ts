import { describe, expect, it } from "vitest";
import { placeNote, placeOf } from "../src/core/places";
import { taskFacts } from "../src/views/facts";
import { type Bar, taskBars } from "../src/views/timeline/bars";
import { makeRows, offsets, rowAt, workerRows } from "../src/views/timeline/rows";
import { panned, scaleFor, tickLabel, ticks, toTime, toX, zoomed } from "../src/views/timeline/scale";
import { barAtX, boxes } from "../src/views/timeline/tracks";
import { example, task } from "./helpers";

const bar = (begin: number, end: number, more: Partial<Bar> = {}): Bar => ({
  task: 1,
  begin,
  end,
  kind: "run",
  state: "succeeded",
  worker: "w",
  fails: false,
  error: "",
  lost: false,
  single: false,
  line: 0,
  ...more,
});

describe("scale", () => {
  it("fits the whole run, with room at the right", () => {
    const scale = scaleFor(null, true, 10, 1000, 100);
    expect(toX(scale, 0)).toBe(0);
    expect(toX(scale, 10)).toBeCloseTo(900);
    expect(toTime(scale, 450)).toBeCloseTo(5);
  });

  it("can draw a run that has just begun", () => {
    const scale = scaleFor(null, true, 0, 500);
    expect(toX(scale, 0)).toBe(0);
    expect(ticks(scale, 90).times.every(Number.isFinite)).toBe(true);
  });

  it("follows now with a window of the same length", () => {
    const scale = scaleFor({ from: 1, to: 2 }, true, 8, 100, 10);
    expect(scale.to - scale.from).toBeCloseTo(1);
    expect(toX(scale, 8)).toBeCloseTo(90);
  });

  it("zooms about the cursor", () => {
    const scale = scaleFor(null, true, 10, 1000);
    const window = zoomed(scale, 2, 250, 10);
    expect(window?.from).toBeCloseTo(1.25);
    expect(window?.to).toBeCloseTo(6.25);
    if (window === null) throw new Error("fits");
    expect(toTime({ ...window, width: 1000 }, 250)).toBeCloseTo(2.5);
  });

  it("shows all again when zoomed far out", () => {
    expect(zoomed(scaleFor(null, true, 10, 1000), 0.5, 0, 10)).toBeNull();
  });

  it("pans, but never out of sight of the run", () => {
    const scale = { from: 2, to: 4, width: 100 };
    expect(panned(scale, -50, 10)).toEqual({ from: 3, to: 5 });
    expect(panned(scale, 1e6, 10)).toEqual({ from: -1, to: 1 });
    expect(panned(scale, -1e6, 10)).toEqual({ from: 9, to: 11 });
  });
});

describe("axis", () => {
  it("marks round times, not too near to each other", () => {
    const { times, step } = ticks({ from: 0, to: 1.1, width: 900 }, 90);
    expect(step).toBeCloseTo(0.2);
    expect(times.map((time) => tickLabel(time, step))).toEqual(["0", "0.2 s", "0.4 s", "0.6 s", "0.8 s", "1.0 s"]);
  });

  it.each([
    [0.000002, 0.000001, "2 µs"],
    [0.0015, 0.0005, "1.5 ms"],
    [0.02, 0.01, "20 ms"],
    [1.4, 0.05, "1.40 s"],
    [5, 5, "5 s"],
    [120, 60, "2 min"],
    [5400, 1800, "1 h 30"],
    [-0.2, 0.1, "−0.2 s"],
  ])("%d at steps of %d reads %s", (time, step, label) => expect(tickLabel(time, step)).toBe(label));

  it("counts in minutes and hours when a run is long", () => {
    expect(ticks({ from: 0, to: 7200, width: 900 }, 90).step).toBe(900);
  });
});

describe("bars of a task", () => {
  it("tell waiting, running and blocked apart, and colour work by what came of it", () => {
    const parent = example("small").tasks[0];
    if (parent === undefined) throw new Error("empty");
    const bars = taskBars(parent);
    expect(bars.filter(({ kind }) => kind !== "pending").map(({ kind, state }) => `${kind} ${state}`)).toEqual([
      "run succeeded",
      "blocked blocked",
      "run succeeded",
      "blocked blocked",
      "run succeeded",
    ]);
  });

  it("show a failed try as failed although the task succeeded", () => {
    const retried = example("failing").tasks.find(({ attempts }) => attempts === 3);
    if (retried === undefined) throw new Error("none");
    const work = taskBars(retried).filter(({ kind }) => kind === "run");
    expect(work.map(({ state, fails }) => [state, fails])).toEqual([
      ["failed", true],
      ["failed", true],
      ["succeeded", false],
    ]);
  });

  it("last until now while the task runs", () => {
    const open = task(1, { state: "running", spans: [[1, "running", "w"]] });
    expect(taskBars(open)[0]?.end).toBe(Number.POSITIVE_INFINITY);
    const [box] = boxes(taskBars(open), { from: 0, to: 10, width: 100 }, 4);
    expect(box).toMatchObject({ x: 10, width: 30, state: "running" });
  });

  it("keep the worker while blocked, and put what ran meanwhile on top", () => {
    const parent = task(1, {
      spans: [
        [0, "running", "w1"],
        [1, "blocked", ""],
        [3, "running", "w1"],
      ],
      state: "running",
    });
    const child = task(2, {
      spans: [
        [1, "running", "w1"],
        [2, "succeeded", ""],
      ],
      state: "succeeded",
      ended: 2,
    });
    const [row] = workerRows([parent, child]);
    if (row?.kind !== "worker") throw new Error("no worker");
    expect(row.tasks).toBe(2);
    expect(row.bars.map(({ task: id, kind }) => [id, kind])).toEqual([
      [1, "blocked"],
      [1, "run"],
      [2, "run"],
      [1, "run"],
    ]);
  });
});

describe("rows of workers", () => {
  const rows = workerRows(example("workers").tasks).filter((row) => row.kind === "worker");
  const named = (name: string) => {
    const row = rows.find(({ worker }) => worker.endsWith(name));
    if (row === undefined) throw new Error(`no ${name}`);
    return row;
  };

  it("stand in the order of their names, hosts first", () => {
    expect(rows.map(({ worker }) => worker)).toEqual([
      "10.0.0.7 worker-0",
      "10.0.0.8 worker-1",
      "process-1",
      "process-2",
      "process-10",
      "thread-1",
    ]);
  });

  it("have a line for each task that a worker runs at once", () => {
    expect(named("process-1").lines).toBe(1);
    expect(named("worker-0").lines).toBe(2);
    const [first, second, third] = named("worker-0").bars;
    expect([first?.line, second?.line, third?.line]).toEqual([0, 1, 0]);
  });

  it("mark where a worker was lost, in a try and at the end, and not who was only told of it", () => {
    const lost = (name: string) => named(name).bars.filter((one) => one.lost);
    expect(lost("process-2").map(({ error, fails }) => [error, fails])).toEqual([["WorkerLost", true]]);
    expect(lost("worker-1")).toHaveLength(1);
    expect(lost("thread-1")).toHaveLength(0);
  });

  it("share a line where one bar begins a little before the other ends", () => {
    const run = (id: number, begin: number, end: number) =>
      task(id, {
        executor: "dask",
        spans: [
          [begin, "running", "p"],
          [end, "succeeded", ""],
        ],
        state: "succeeded",
        ended: end,
      });
    const [row] = workerRows([run(1, 0, 1), run(2, 0.999, 2), run(3, 1.5, 3)]);
    expect(row?.kind === "worker" && row.lines).toBe(2);
  });

  it("have one line where a worker runs one body at a time, whatever is heard first", () => {
    const run = (id: number, begin: number, end: number) =>
      task(id, {
        executor: "processes",
        spans: [
          [begin, "running", "p"],
          [end, "succeeded", ""],
        ],
        ended: end,
      });
    const [row] = workerRows([run(1, 0, 1), run(2, 0.9, 2)]);
    expect(row?.kind === "worker" && row.lines).toBe(1);
  });

  it("draw no more than six lines", () => {
    const many = Array.from({ length: 40 }, (_, i) =>
      task(i + 1, { executor: "loop", state: "running", spans: [[i / 100, "running", "loop"]] }),
    );
    const [row] = workerRows(many);
    expect(row?.kind === "worker" && row.lines).toBe(6);
  });
});

describe("places", () => {
  it("are taken apart", () => {
    expect(placeOf("10.0.0.7 worker-3")).toEqual({ name: "worker-3", host: "10.0.0.7" });
    expect(placeOf("process-2")).toEqual({ name: "process-2", host: "" });
    expect(placeOf("Thread-1 (work)")).toEqual({ name: "Thread-1 (work)", host: "" });
    expect(placeNote({ executor: "dask", worker: "10.0.0.7 worker-3" })).toBe("dask · 10.0.0.7");
    expect(placeNote({ executor: "threads", worker: "thread-1" })).toBe("");
  });

  it("are among the facts of a task, and so is what its tries failed with", () => {
    const again = example("workers").tasks.find(({ attempts }) => attempts === 2);
    if (again === undefined) throw new Error("none");
    const facts = new Map(taskFacts(again, 1));
    expect(facts.get("tries")).toBe("2, after WorkerLost");
    expect(facts.get("worker")).toMatch(/^process-\d+ · processes$/);
  });
});

describe("merging", () => {
  const scale = { from: 0, to: 100, width: 100 };

  it("draws one box for many slivers of one look", () => {
    const slivers = Array.from({ length: 10_000 }, (_, i) => bar(20 + i / 1000, 20 + i / 1000 + 0.0005));
    expect(boxes(slivers, scale, 100)).toEqual([
      { x: 20, width: 10, kind: "run", state: "succeeded", fails: false, error: "" },
    ]);
  });

  it("lets one failure among thousands be seen", () => {
    const slivers = Array.from({ length: 1000 }, (_, i) =>
      bar(20, 20.001, { state: i === 500 ? "failed" : "succeeded" }),
    );
    expect(boxes(slivers, scale, 100)).toMatchObject([{ x: 20, state: "failed" }]);
  });

  it("leaves out what is not in sight and cuts what reaches far out", () => {
    const [box, ...rest] = boxes([bar(-50, 150), bar(200, 300)], scale, 400);
    expect(rest).toEqual([]);
    expect(box).toMatchObject({ x: -8, width: 116 });
  });
});

describe("finding", () => {
  it("finds the row under the pointer", () => {
    const tops = [0, 24, 48, 108];
    expect([-1, 0, 23, 24, 50, 107, 108].map((y) => rowAt(tops, y))).toEqual([-1, 0, 0, 1, 2, 2, -1]);
    expect(rowAt([0], 0)).toBe(-1);
  });

  it("finds the bar under the pointer, or one right beside it", () => {
    const bars = [bar(10, 20), bar(30, 30.001, { task: 2 })];
    const scale = { from: 0, to: 100, width: 100 };
    expect(barAtX(bars, scale, 15, 100)?.task).toBe(1);
    expect(barAtX(bars, scale, 28, 100)?.task).toBe(2);
    expect(barAtX(bars, scale, 25, 100)).toBeNull();
  });
});

describe("rows", () => {
  it("stand below their parents, further in", () => {
    const tasks = new Map([1, 2, 3, 4].map((id) => [id, task(id, { parent: { 2: 1, 3: 4, 4: 1 }[id] ?? 0 })]));
    const rows = makeRows({ order: [1, 2, 3, 4], tasks, lanes: null }, "task");
    expect(rows.map((row) => (row.kind === "task" ? [row.task.id, row.depth] : []))).toEqual([
      [1, 0],
      [2, 1],
      [4, 1],
      [3, 2],
    ]);
  });

  it("survive a chain of children deeper than the stack", () => {
    const chain = Array.from({ length: 20_000 }, (_, i) => task(i + 1, { parent: i }));
    const rows = makeRows(
      { order: chain.map(({ id }) => id), tasks: new Map(chain.map((t) => [t.id, t])), lanes: null },
      "task",
    );
    expect(rows.length).toBe(20_000);
  });

  it("of a large run begin with a lane for each name", () => {
    const large = example("aggregated");
    const tasks = new Map(large.tasks.map((row) => [row.id, row]));
    const rows = makeRows({ order: [...tasks.keys()], tasks, lanes: large.lanes }, "task");
    expect(rows.slice(0, 5).map(({ kind }) => kind)).toEqual(["lane", "lane", "lane", "section", "task"]);
    expect(offsets(rows).slice(0, 5)).toEqual([0, 60, 120, 180, 210]);
  });
});
