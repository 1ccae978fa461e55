import { describe, expect, it } from "vitest";
import { pictureOf } from "../src/core/picture";
import type { TaskRow } from "../src/core/protocol";
import { pictureAt } from "../src/core/replay";
import { taskBars } from "../src/views/timeline/bars";
import { brushed, brushWords, meanIn, tasksIn } from "../src/views/timeline/brush";
import { atWork, decidedWords, pathSteps, whyNoPath } from "../src/views/timeline/critical";
import { makeRows, workerRows } from "../src/views/timeline/rows";
import { barsInSight, boxes } from "../src/views/timeline/tracks";
import { example, run, task } from "./helpers";

const work = (id: number, submitted: number, begin: number, end: number, more: Partial<TaskRow> = {}): TaskRow =>
  task(id, {
    state: "succeeded",
    submitted,
    started: begin,
    ended: end,
    worker: `w${id % 3}`,
    spans: [
      [submitted, "queued", ""],
      [begin, "running", `w${id % 3}`],
      [end, "succeeded", ""],
    ],
    ...more,
  });
const byId = (rows: TaskRow[]) => new Map(rows.map((row) => [row.id, row]));

describe("the critical path", () => {
  it("says in words why there is none", () => {
    expect(whyNoPath(run({ closed: null, critical: [1] }))).toContain("when the run has ended");
    expect(whyNoPath(run({ closed: 3, critical: [] }))).toContain("no task");
    expect(whyNoPath(run({ closed: 3 }))).toContain("no task");
    expect(whyNoPath(run({ closed: 3, critical: [1] }))).toBe("");
  });

  it("says how much of the run was decided, time in which two were at work once", () => {
    const rows = [work(1, 0, 0, 1), work(2, 0, 0.5, 2), work(3, 2, 2.2, 3.4)];
    expect(atWork(rows)).toBeCloseTo(3.2);
    const header = run({ closed: 3.4, critical: [1, 2, 3] });
    expect(decidedWords(header, byId(rows))).toBe("3 tasks decided 3.20 s of 3.40 s");
  });

  it("tells no sum where a row is missing", () => {
    const words = decidedWords(run({ closed: 3.4, critical: [1, 9] }), byId([work(1, 0, 0, 1)]));
    expect(words).toBe("2 tasks decided how long it took: 3.40 s");
  });

  it("leads from the end of one to the start of the next", () => {
    expect(pathSteps([1, 2], byId([work(1, 0, 0, 1), work(2, 0, 1.2, 2)]))).toEqual([
      { from: 1, left: 1, to: 2, reached: 1.2 },
    ]);
  });

  it("leads from a parent to its child when it was submitted, never back in time", () => {
    const [step] = pathSteps([1, 2], byId([work(1, 0, 0, 9), work(2, 0.5, 0.7, 5)]));
    expect(step).toEqual({ from: 1, left: 0.5, to: 2, reached: 0.7 });
  });

  it("leads back to a parent where it went on", () => {
    const parent = task(1, {
      state: "succeeded",
      started: 0,
      ended: 3,
      spans: [
        [0, "running", "w"],
        [0.5, "blocked", ""],
        [2, "running", "w"],
        [3, "succeeded", ""],
      ],
    });
    const [step] = pathSteps([2, 1], byId([parent, work(2, 0.4, 0.4, 2)]));
    expect(step).toEqual({ from: 2, left: 2, to: 1, reached: 2 });
  });

  it("goes past what stands around others and rows that are not here", () => {
    const group = task(2, { role: "group", state: "succeeded", ended: 2 });
    const steps = pathSteps([1, 2, 9, 3], byId([work(1, 0, 0, 1), group, work(3, 1, 1, 2)]));
    expect(steps.map(({ from, to }) => [from, to])).toEqual([[1, 3]]);
  });
});

describe("a marked stretch", () => {
  it("reads the same drawn either way, and ends with the run", () => {
    expect(brushed(5, 2, 10)).toEqual({ from: 2, to: 5 });
    expect(brushed(-3, 40, 10)).toEqual({ from: 0, to: 10 });
  });

  it("counts what ran in it, not what waited", () => {
    const rows = [work(1, 0, 0, 1), work(2, 0, 3, 4), work(3, 0, 0.9, 5)];
    expect(tasksIn({ from: 1, to: 2 }, rows, 9)).toBe(1);
    expect(tasksIn({ from: 0.95, to: 3.5 }, rows, 9)).toBe(3);
    const open = task(4, { state: "running", spans: [[1, "running", "w"]] });
    expect(tasksIn({ from: 6, to: 7 }, [open], 8)).toBe(1);
    expect(tasksIn({ from: 6, to: 7 }, [open], 5)).toBe(0);
  });

  it("of a large run says how many ran at once", () => {
    const bins: [number, number, number][] = [
      [2, 0, 0],
      [4, 0, 0],
    ];
    expect(meanIn({ from: 0, to: 10 }, bins, 10)).toBeCloseTo(3);
    expect(meanIn({ from: 4, to: 6 }, bins, 10)).toBeCloseTo(3);
    expect(brushWords({ from: 1, to: 1.42 }, 3, true)).toBe("420 ms from +1.00 s · 3 ran at once on average");
    expect(brushWords({ from: 1, to: 3 }, 1, false)).toBe("2.00 s from +1.00 s · 1 task ran");
  });
});

describe("bars of a line", () => {
  const bars = Array.from({ length: 500 }, (_, i) => work(i + 1, i, i + 0.1, i + 0.9)).flatMap(taskBars);

  it("in sight are all of those and no others, however few are looked at", () => {
    const scale = { from: 100.5, to: 120.5, width: 800 };
    const seen = bars.filter((bar) => bar.end >= scale.from && bar.begin <= scale.to);
    expect(new Set(barsInSight(bars, scale))).toEqual(new Set(seen));
    expect(boxes(bars, scale, 500).length).toBe(seen.length);
  });

  it("are found behind one that reaches over all others", () => {
    const long = taskBars(work(999, 0, 0, 500)).filter((bar) => bar.kind === "run");
    const scale = { from: 300, to: 310, width: 100 };
    expect(barsInSight([...long, ...bars], scale)).toContain(long[0]);
  });

  it("make the same picture many at once and a few at a time", () => {
    const scale = { from: 0, to: 500, width: 700 };
    const whole = boxes(bars, scale, 500).reduce((sum, box) => sum + box.width, 0);
    let parts = 0;
    for (let i = 0; i < bars.length; i += 20) {
      for (const box of boxes(bars.slice(i, i + 20), scale, 500)) parts += box.width;
    }
    expect(Math.abs(parts - whole)).toBeLessThan(60);
  });
});

describe("rows in a replay", () => {
  const rowsAt = (name: "failing" | "many" | "workers", part: number, by: "task" | "worker") => {
    const present = pictureOf(example(name));
    const at = present.run.now * part;
    const then = pictureAt(present, at, present.run.now);
    return { at, now: makeRows(present, by), past: makeRows({ ...then, present, at }, by) };
  };

  it.each([0, 0.2, 0.5, 0.9])("of tasks keep their places at %d of the run", (part) => {
    const { now, past, at } = rowsAt("many", part, "task");
    expect(past.map((row) => row.key)).toEqual(now.map((row) => row.key));
    for (const row of past) {
      if (row.kind !== "task") continue;
      expect(row.task.spans.every(([begin]) => begin <= at)).toBe(true);
      if (row.task.state === "planned") expect(row.after).not.toBeNull();
    }
  });

  it.each(["many", "workers"] as const)("of workers of %s keep their lines, and what is to come is known", (name) => {
    const { now, past, at } = rowsAt(name, 0.5, "worker");
    expect(past.map((row) => row.key)).toEqual(now.map((row) => row.key));
    past.forEach((row, i) => {
      const whole = now[i];
      if (row.kind !== "worker" || whole?.kind !== "worker") return;
      expect(row.lines).toBe(whole.lines);
      expect(row.bars.every((bar) => bar.begin <= at)).toBe(true);
      const lines = new Map(whole.bars.map((bar) => [`${bar.task} ${bar.begin}`, bar.line]));
      for (const bar of row.bars) expect(lines.get(`${bar.task} ${bar.begin}`)).toBe(bar.line);
      expect(row.after?.flat().length).toBe(whole.bars.length);
    });
  });

  it("know of a task that goes on that there is more to come", () => {
    const open = task(1, { state: "running", spans: [[0, "running", "w"]] });
    const present = { ...pictureOf(example("many")), tasks: byId([open]), order: [1], edges: [] };
    const past = makeRows({ ...pictureAt(present, 1, 2), present, at: 1 }, "task");
    expect(past[0]?.kind === "task" && past[0].after).toBe(open);
  });

  it("of workers show what ran then as running", () => {
    const present = [work(1, 0, 0, 4)];
    const then = task(1, { ...work(1, 0, 0, 4), state: "running", ended: null, spans: [[0, "running", "w1"]] });
    const [row] = workerRows(present, () => then);
    expect(row?.bars.map((bar) => [bar.state, bar.end])).toEqual([["running", Number.POSITIVE_INFINITY]]);
    expect(row?.after?.flat().map((bar) => bar.state)).toEqual(["succeeded"]);
  });
});
