import { describe, expect, it } from "vitest";
import type { RowsQuery } from "../src/core/protocol";
import { RowWindows, WINDOW } from "../src/core/rows";
import { ManualTime, task } from "./helpers";

function open() {
  const time = new ManualTime();
  const asked: { query: RowsQuery; request: number }[] = [];
  const rows = new RowWindows((query, request) => asked.push({ query, request }), time.later);
  const answer = (index: number, total = 1000) => {
    const one = asked[index];
    if (one === undefined) throw new Error("not asked");
    const { offset } = one.query;
    const tasks = Array.from({ length: WINDOW }, (_, i) => task(offset + i + 1));
    rows.receive({ type: "rows", total, offset, request: one.request, tasks });
  };
  return { time, asked, rows, answer };
}

const ALL = { sort: ["id", true] as ["id", boolean], states: null, text: "" };

describe("windows of rows", () => {
  it("asks for what is on show, one question at a time", () => {
    const { asked, rows, answer } = open();
    rows.show(90, 120, ALL);
    expect(asked.map(({ query }) => query.offset)).toEqual([0]);
    answer(0);
    expect(asked.map(({ query }) => query.offset)).toEqual([0, 100]);
    answer(1);
    expect(rows.row(119)?.id).toBe(120);
    expect(rows.total).toBe(1000);
    rows.show(90, 120, ALL);
    expect(asked.length).toBe(2);
  });

  it("takes no answer to another question", () => {
    const { asked, rows } = open();
    rows.show(0, 20, ALL);
    const request = (asked[0]?.request ?? 0) + 1;
    rows.receive({ type: "rows", total: 5, offset: 0, request, tasks: [] });
    rows.receive({ type: "rows", total: 5, offset: 300, tasks: [] });
    expect(rows.total).toBe(0);
  });

  it("keeps the old rows on show while a new order is fetched", () => {
    const { asked, rows, answer } = open();
    rows.show(0, 20, ALL);
    answer(0);
    rows.show(0, 20, { ...ALL, text: "x" });
    expect(rows.row(0)?.id).toBe(1);
    expect(asked[1]?.query.text).toBe("x");
    answer(0); // Too late.
    expect(asked.length).toBe(2);
  });

  it("fetches again what is on show when the run moves, once a second at most", () => {
    const { time, asked, rows, answer } = open();
    rows.show(0, 20, ALL);
    answer(0);
    rows.touch();
    rows.touch();
    time.advance(999);
    expect(asked.length).toBe(1);
    time.advance(1);
    expect(asked.length).toBe(2);
  });

  it("asks again when an answer is lost", () => {
    const { time, asked, rows } = open();
    rows.show(0, 20, ALL);
    time.advance(4000);
    expect(asked.length).toBe(2);
  });
});
