import { describe, expect, it } from "vitest";
import { actionOf } from "../src/views/actions";
import { matches, sorted } from "../src/views/table/rows";
import { example, task } from "./helpers";

const { tasks } = example("failing");
const ids = (rows: { id: number }[]) => rows.map(({ id }) => id);

describe("sorting", () => {
  it("is stable: equal rows stay in order of their numbers, both ways", () => {
    expect(ids(sorted(tasks, "name", true, 2)).slice(0, 3)).toEqual([2, 3, 4]);
    expect(ids(sorted(tasks, "worker", false, 2)).length).toBe(tasks.length);
    const equal = [task(3), task(1), task(2)];
    expect(ids(sorted(equal, "name", false, 2))).toEqual([1, 2, 3]);
  });

  it("reads numbers in names as numbers", () => {
    const rows = [task(1, { args: "'part-10'" }), task(2, { args: "'part-9'" })];
    expect(ids(sorted(rows, "args", true, 0))).toEqual([2, 1]);
  });

  it("puts what wants to be looked at first", () => {
    expect(sorted(tasks, "state", true, 2)[0]?.state).toBe("failed");
  });

  it("knows how long unfinished tasks have run", () => {
    const rows = [
      task(1, {
        started: 0,
        ended: 2,
        state: "succeeded",
        spans: [
          [0, "running", ""],
          [2, "succeeded", ""],
        ],
      }),
      task(2, { started: 1, state: "running", spans: [[1, "running", ""]] }),
    ];
    expect(ids(sorted(rows, "ran", false, 9))).toEqual([2, 1]);
    expect(ids(sorted(rows, "ran", false, 2))).toEqual([1, 2]);
  });
});

describe("filtering", () => {
  const keep = (text: string, states: ("failed" | "timed_out")[] | null = null) =>
    ids(tasks.filter((row) => matches(row, { text, states })));

  it("by state", () => expect(keep("", ["timed_out"])).toEqual([4]));
  it("by every word, anywhere, small or capital", () => expect(keep("valueerror LOAD")).toEqual([7, 8]));
  it("by number", () => expect(keep("#7")).toContain(7));
  it("by both", () => expect(keep("net", ["failed"])).toEqual([]));
});

describe("actions", () => {
  it("offer what can still be done", () => {
    const of = (state: Parameters<typeof task>[1]) => actionOf(task(1, state));
    expect(of({ state: "running" })).toBe("Cancel");
    expect(of({ state: "waiting" })).toBe("Cancel");
    expect(of({ state: "cancelling" })).toBeNull();
    expect(of({ state: "failed" })).toBe("Retry");
    expect(of({ state: "succeeded" })).toBeNull();
  });
});
