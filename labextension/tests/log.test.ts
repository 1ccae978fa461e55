import { describe, expect, it, vi } from "vitest";
import { keptAnswer, LogLines, legible, PAGE, REFRESH, stamp } from "../src/core/log";
import type { LogAnswer, LogLine, LogQuery } from "../src/core/protocol";
import { Heights } from "../src/views/log/heights";
import { ManualTime } from "./helpers";

const line = (i: number, text = `line ${i}\n`): LogLine => [i / 10, (i % 3) + 1, `work#${(i % 3) + 1}`, "stdout", text];

/** A kernel that answers when the test says so. */
class Kernel {
  readonly asked: LogQuery[] = [];
  private readonly open: { query: LogQuery; done: (answer: LogAnswer) => void; failed: (error: Error) => void }[] = [];

  constructor(public lines: LogLine[]) {}

  readonly ask = (query: LogQuery): Promise<LogAnswer> => {
    this.asked.push(query);
    return new Promise((done, failed) => this.open.push({ query, done, failed }));
  };

  /** Answers the oldest question that is open. */
  async answer(most = Number.POSITIVE_INFINITY): Promise<void> {
    const question = this.open.shift();
    if (question === undefined) throw new Error("nothing is asked");
    const answer = keptAnswer({ tracebacks: {}, log: this.lines, lines: this.lines.length }, question.query);
    question.done({ ...answer, lines: answer.lines.slice(0, most) });
    await settled();
  }

  async fail(words: string): Promise<void> {
    this.open.shift()?.failed(new Error(words));
    await settled();
  }

  get waiting(): number {
    return this.open.length;
  }
}

const settled = () => new Promise((done) => setTimeout(done, 0));
const all = { task: null, streams: null, text: "" };

function start(lines: LogLine[]) {
  const kernel = new Kernel(lines);
  const time = new ManualTime();
  const changed = vi.fn();
  const log = new LogLines(kernel.ask, changed, time.later);
  return { kernel, time, changed, log };
}

describe("the lines that a page has", () => {
  it("come in pages, one question at a time", async () => {
    const { kernel, log } = start(Array.from({ length: 1000 }, (_, i) => line(i)));
    log.show(0, 30, false);
    log.show(0, 31, false);
    expect(kernel.waiting).toBe(1);
    await kernel.answer();
    expect([log.total, log.known, log.line(0)?.[4]]).toEqual([1000, true, "line 0\n"]);
    log.show(500, 530, false);
    log.show(900, 930, false);
    expect(kernel.waiting).toBe(1);
    await kernel.answer();
    // What the reader has left meanwhile is not asked for; where they are now is.
    expect(kernel.waiting).toBe(1);
    await kernel.answer();
    expect(kernel.waiting).toBe(0);
    expect([log.line(900)?.[4], log.line(930)?.[4]]).toEqual(["line 900\n", "line 930\n"]);
    expect(kernel.asked.length).toBe(3);
  });

  it("begin at the end where the reader follows", async () => {
    const { kernel, log } = start(Array.from({ length: 1000 }, (_, i) => line(i)));
    log.show(0, 30, true);
    await kernel.answer();
    expect(kernel.asked[0]).toMatchObject({ tail: true, offset: 0, limit: PAGE });
    expect(log.line(999)?.[4]).toBe("line 999\n");
    expect(log.line(0)).toBeUndefined();
  });

  it("stay until those of a newer filter have come; answers to the older one are void", async () => {
    const { kernel, log } = start([line(0), line(1), line(2, "needle\n")]);
    log.show(0, 30, false);
    await kernel.answer();
    log.filter({ ...all, text: "nothing like it" });
    log.filter({ ...all, text: "needle" });
    expect([log.total, log.line(0)?.[4], log.known]).toEqual([3, "line 0\n", false]);
    await kernel.answer();
    expect(log.total).toBe(3);
    await kernel.answer();
    expect([log.total, log.line(0)?.[4], log.line(1), log.known]).toEqual([1, "needle\n", undefined, true]);
  });

  it("are asked for again twice a second at most, however often the run changes", async () => {
    const { kernel, time, log } = start([line(0)]);
    log.show(0, 30, true);
    await kernel.answer();
    for (let i = 0; i < 50; i++) {
      kernel.lines.push(line(i + 1));
      log.touch();
      time.advance(REFRESH / 25);
      if (kernel.waiting > 0) await kernel.answer();
    }
    expect(kernel.asked.length).toBe(1 + 2);
    expect(log.total).toBeGreaterThan(25);
  });

  it("do not make the page ask for ever where a kernel gives fewer than it was asked for", async () => {
    const { kernel, log } = start(Array.from({ length: 100 }, (_, i) => line(i)));
    log.show(0, 90, false);
    for (let i = 0; i < 10 && kernel.waiting > 0; i++) await kernel.answer(0);
    expect(kernel.waiting).toBe(0);
  });

  it("of a log that has dropped its beginning are not mixed with older ones", async () => {
    const { kernel, time, log } = start(Array.from({ length: 50 }, (_, i) => line(i)));
    log.show(0, 50, false);
    await kernel.answer();
    kernel.lines = [line(40), line(41)];
    log.touch();
    time.advance(REFRESH);
    await kernel.answer();
    expect([log.total, log.line(0)?.[4], log.line(2)]).toEqual([2, "line 40\n", undefined]);
  });

  it("say in words why they do not come, and come when asked for again", async () => {
    const { kernel, changed, log } = start([line(0)]);
    log.show(0, 30, false);
    await kernel.fail("the kernel does not answer");
    expect(log.error).toBe("the kernel does not answer");
    expect(changed).toHaveBeenCalled();
    log.show(0, 31, false);
    expect(kernel.waiting).toBe(0);
    log.again();
    await kernel.answer();
    expect([log.error, log.total]).toEqual(["", 1]);
  });
});

describe("heights", () => {
  it("agree with a plain sum, both ways", () => {
    const heights = new Heights(20);
    const real = Array.from({ length: 700 }, (_, i) => (i % 7 === 0 ? 56.5 : i % 11 === 0 ? 38 : 20));
    real.forEach((height, i) => {
      heights.set(i, height);
    });
    let sum = 0;
    for (let i = 0; i < real.length; i++) {
      expect(heights.top(i)).toBeCloseTo(sum, 6);
      expect(heights.at(sum + 0.01, 700)).toBe(i);
      sum += real[i] ?? 0;
    }
    expect(heights.top(700)).toBeCloseTo(sum, 6);
    heights.set(0, 20);
    expect(heights.top(700)).toBeCloseTo(sum - 36.5, 6);
    expect(heights.at(1e9, 700)).toBe(699);
    expect(heights.at(-5, 700)).toBe(0);
    expect(heights.at(10, 0)).toBe(0);
  });
});

describe("text for a terminal, on a page", () => {
  it("has no colours, links or titles", () => {
    expect(legible("\u001b[1;31mred\u001b[0m \u001b]8;;http://x\u0007link\u001b]8;;\u0007\n")).toBe("red link");
  });
  it("shows what a progress bar wrote last", () => {
    expect(legible(" 10%\r 50%\r100%\nnext\r\n")).toBe("100%\nnext");
    expect(legible("50%\r")).toBe("50%");
  });
  it("shows what cannot be seen as Python writes it", () => {
    expect(legible("a\u0000b\u0007\u202egnp.exe")).toBe("a\\x00b\\x07\\u202egnp.exe");
    expect(legible("tab\tand\nline")).toBe("tab\tand\nline");
    expect(legible("\u001bX")).toBe("\\x1bX");
  });
});

it("stamps keep their width while they count", () => {
  expect([0.31, 9.9996, 62.31, 3723.004].map(stamp)).toEqual(["0.310", "10.000", "1:02.310", "1:02:03.004"]);
});

describe("what a saved file kept", () => {
  const log: LogLine[] = [
    [0.1, 1, "load#1", "stdout", "Begins\n"],
    [0.2, 2, "load#2", "stderr", "oops\n"],
    [0.3, 1, "load#1", "warning", "begins late\n"],
  ];
  const answer = (more: Partial<LogQuery>) =>
    keptAnswer({ tracebacks: {}, log, lines: 99 }, { offset: 0, limit: 10, tail: false, ...all, ...more }).lines.map(
      ([time]) => time,
    );
  it("is chosen by task, stream, words and instant", () => {
    expect(answer({})).toEqual([0.1, 0.2, 0.3]);
    expect(answer({ task: 1 })).toEqual([0.1, 0.3]);
    expect(answer({ streams: ["stderr", "warning"] })).toEqual([0.2, 0.3]);
    expect(answer({ text: "BEGINS load#1" })).toEqual([0.1, 0.3]);
    expect(answer({ until: 0.25 })).toEqual([0.1, 0.2]);
    expect(answer({ tail: true, limit: 1 })).toEqual([0.3]);
    expect(answer({ tail: true, offset: 1, limit: 1 })).toEqual([0.2]);
  });
});
