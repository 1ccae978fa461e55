import { describe, expect, it } from "vitest";
import {
  count,
  duration,
  elapsed,
  oneLine,
  outcome,
  plain,
  ran,
  spoken,
  stoodBlocked,
  waited,
  withSeen,
} from "../src/core/format";
import { inkOn } from "../src/core/theme";
import { task } from "./helpers";

describe("duration", () => {
  it.each([
    [0, "0 s"],
    [0.000012, "12 µs"],
    [0.0021, "2.1 ms"],
    [0.183, "183 ms"],
    [0.99951, "1.00 s"],
    [1.418, "1.42 s"],
    [9.996, "10.0 s"],
    [59.96, "1 min 00 s"],
    [125, "2 min 05 s"],
    [3725, "1 h 02 min"],
    [Number.NaN, ""],
  ])("%d is %s", (seconds, text) => expect(duration(seconds)).toBe(text));
});

it("a ticking clock keeps one decimal", () => {
  expect(elapsed(0.04)).toBe("0.0 s");
  expect(elapsed(12.34)).toBe("12.3 s");
  expect(elapsed(75)).toBe("1 min 15 s");
});

it("large numbers are grouped", () => {
  expect(count(9999)).toBe("9999");
  expect(count(1234567)).toBe("1\u202f234\u202f567");
});

const done = task(2, {
  name: "load",
  state: "succeeded",
  submitted: 1,
  started: 1.5,
  ended: 4,
  text: "42",
  spans: [
    [1, "queued", ""],
    [1.5, "running", "thread-1"],
    [2, "blocked", ""],
    [3, "running", "thread-1"],
    [4, "succeeded", ""],
  ],
});

describe("times of a task", () => {
  it("add up waiting, running and blocked", () => {
    expect([waited(done, 9), ran(done, 9), stoodBlocked(done, 9)]).toEqual([0.5, 2.5, 1]);
  });

  it("go on for one that is not done", () => {
    const open = task(1, { submitted: 1, spans: [[1, "queued", ""]] });
    expect([waited(open, 3), ran(open, 3)]).toEqual([2, 0]);
  });

  it("leave out the pause between tries", () => {
    const spans = [...done.spans.slice(0, 2), [2, "waiting", "retry"], [5, "running", "thread-2"]] as typeof done.spans;
    expect(ran(task(1, { spans, started: 1.5, state: "running" }), 6)).toBe(1.5);
  });
});

describe("outcome", () => {
  it("is the exception with its message for a failure", () => {
    expect(outcome(task(1, { state: "failed", type: "ValueError", text: "no such user" }))).toBe(
      "ValueError: no such user",
    );
    expect(outcome(task(1, { state: "timed_out", type: "TimeoutError" }))).toBe("TimeoutError");
  });

  it("is the value, the progress, or why it waits", () => {
    expect(outcome(done)).toBe("42");
    expect(outcome(task(1, { state: "running", progress: [3, 10, "pages"] }))).toBe("3 of 10 pages");
    expect(outcome(task(1, { state: "waiting", reason: "its arguments" }))).toBe("its arguments");
  });
});

it("says a task in one sentence", () => {
  expect(spoken(done, 9)).toBe("load #2, succeeded, 42, ran 2.50 s");
});

it("keeps one line one line, and shows what hides", () => {
  expect(oneLine(" a\n  b\t c ")).toBe("a b c");
  expect(oneLine("x".repeat(50), 10)).toBe(`${"x".repeat(9)}…`);
  expect(oneLine("a\u202eb")).toBe("a\\u202eb");
  expect(plain("\u001b[31mred\u001b[0m")).toBe("red");
});

describe("what is seen is said", () => {
  it.each([
    ["fetch #2, succeeded", ["fetch", ""], "fetch #2, succeeded"],
    ["fetch #2, succeeded", ["fetch('sales.csv')", null], "fetch #2, succeeded"],
    ["fetch #2, succeeded", ["fetch('sales.csv')", "etl"], "fetch #2, succeeded; fetch('sales.csv') etl"],
    ["prefetch #2", ["fetch"], "prefetch #2; fetch"],
    ["download, 6 tasks", ["download", "×6"], "download, 6 tasks"],
  ])("%s, seen as %j", (words, seen, said) => expect(withSeen(words, seen)).toBe(said));
});

it.each([
  ["#009e73", "#14181d"],
  ["#0072b2", "#ffffff"],
  ["#CC3311", "#ffffff"],
  ["rgb(240, 177, 52)", "#14181d"],
])("words on %s are %s", (ground, ink) => expect(inkOn(ground)).toBe(ink));
