/**
 * The lines of the log that a page has, of all that there are: known by count, asked for as they come into sight.
 *
 * One question is open at a time, and a newer filter makes the answer to an older one void. Lines stay on show until
 * newer ones are there: nothing flickers.
 */

import { messageOf, plain } from "./format";
import type { Kept, LogAnswer, LogLine, LogQuery } from "./protocol";
import { visible } from "./visible";

/** Lines in one answer. */
export const PAGE = 240;
/** Lines asked for before the first that is missing: who scrolls goes on scrolling. */
const BEFORE = 60;
/** What is in sight is asked for again at most this often, in ms, while the run moves. */
export const REFRESH = 500;
/** Lines kept at hand; those far from what is in sight go first. */
const MOST = 4000;

export type LogQuestion = Pick<LogQuery, "task" | "streams" | "text" | "until">;

export class LogLines {
  total = 0;
  /** False until the lines that pass the filter have come. */
  known = false;
  /** In words, why the last question was not answered. */
  error = "";
  private readonly lines = new Map<number, LogLine>();
  private question: LogQuestion = { task: null, streams: null, text: "" };
  private sight = { first: 0, last: 0, tail: false };
  /** Rises with each filter: answers to older ones are void. */
  private turn = 0;
  private asking = false;
  private due = false;
  /** The last answer brought nothing new: asking again at once would not either. */
  private idle = false;
  private refreshing: (() => void) | null = null;
  private disposed = false;

  constructor(
    private readonly ask: (query: LogQuery) => Promise<LogAnswer>,
    private readonly changed: () => void,
    private readonly later: (call: () => void, ms: number) => () => void = wait,
  ) {}

  line(index: number): LogLine | undefined {
    return this.lines.get(index);
  }

  /** Says which lines are in sight; `tail`: the last ones, whatever their numbers. */
  show(first: number, last: number, tail: boolean): void {
    if (this.sight.first !== first || this.sight.last !== last || this.sight.tail !== tail) this.idle = false;
    this.sight = { first, last, tail };
    this.next();
  }

  filter(question: LogQuestion): void {
    if (JSON.stringify(question) === JSON.stringify(this.question)) return;
    this.question = question;
    this.turn += 1;
    this.known = false;
    this.asking = false;
    this.next();
  }

  /** The run has changed: what is in sight is asked for again, soon. */
  touch(): void {
    if (this.refreshing !== null) return;
    this.refreshing = this.later(() => {
      this.refreshing = null;
      this.again();
    }, REFRESH);
  }

  /** Asks now, also where the last question failed. */
  again(): void {
    this.due = true;
    this.error = "";
    this.next();
  }

  /** Another run is on show: answers about the old one are void. */
  forget(): void {
    this.turn += 1;
    this.known = false;
    this.asking = false;
    this.again();
  }

  dispose(): void {
    this.disposed = true;
    this.refreshing?.();
  }

  private next(): void {
    if (this.disposed || this.asking || this.error !== "") return;
    const missing = this.missing();
    if (this.known && !this.due && (missing === null || this.idle)) return;
    const { first, tail } = this.sight;
    const offset = tail ? 0 : Math.max(0, (missing ?? first) - BEFORE);
    this.asking = true;
    this.due = false;
    const { turn } = this;
    this.ask({ offset, limit: PAGE, tail, ...this.question }).then(
      (answer) => turn === this.turn && this.receive(answer),
      (error: unknown) => turn === this.turn && this.fail(error),
    );
  }

  private missing(): number | null {
    const { first, last } = this.sight;
    for (let i = Math.max(0, first); i <= Math.min(last, this.total - 1); i++) if (!this.lines.has(i)) return i;
    return null;
  }

  private receive(answer: LogAnswer): void {
    if (this.disposed) return;
    this.asking = false;
    // Of another filter, or another run, or a log that has dropped its oldest lines: the numbers mean others now.
    if (!this.known || answer.total < this.total) this.lines.clear();
    this.known = true;
    this.total = answer.total;
    const before = this.lines.size;
    answer.lines.forEach((line, i) => {
      this.lines.set(answer.offset + i, line);
    });
    this.idle = this.lines.size === before;
    this.prune();
    this.changed();
    this.next();
  }

  private fail(error: unknown): void {
    if (this.disposed) return;
    this.asking = false;
    this.error = messageOf(error);
    this.changed();
  }

  private prune(): void {
    if (this.lines.size <= MOST) return;
    const { first, last, tail } = this.sight;
    const middle = tail ? this.total : (first + last) / 2;
    for (const index of [...this.lines.keys()]) {
      if (Math.abs(index - middle) > MOST / 4) this.lines.delete(index);
    }
  }
}

function wait(call: () => void, ms: number): () => void {
  const timer = setTimeout(call, ms);
  return () => clearTimeout(timer);
}

/** What a saved file answers in place of a kernel. */
export function keptAnswer({ log }: Kept, query: LogQuery): LogAnswer {
  const words = query.text.toLowerCase().split(/\s+/).filter(Boolean);
  const found = log.filter(([time, task, label, stream, text]) => {
    if (query.task !== null && task !== query.task) return false;
    if (query.streams !== null && !query.streams.includes(stream)) return false;
    if (query.until !== undefined && time > query.until) return false;
    const all = `${label}\n${text}`.toLowerCase();
    return words.every((word) => all.includes(word));
  });
  const offset = query.tail ? Math.max(0, found.length - query.limit - query.offset) : query.offset;
  return { total: found.length, offset, lines: found.slice(offset, offset + query.limit) };
}

/** Links and titles for a terminal. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what they begin and end with.
const TITLES = /\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)/g;
/**
 * Text that was meant for a terminal, as a page can show it: without colours, a line that was written over as it was
 * last, and the rest of what cannot be seen as Python writes it.
 */
export function legible(text: string): string {
  const lines = plain(text.replace(TITLES, ""))
    .replace(/\r+\n/g, "\n")
    .replace(/\n$/, "")
    .split("\n")
    .map((line) => line.replace(/\r+$/, "").split("\r").at(-1) ?? "");
  return visible(lines.join("\n"));
}

/** When a line was written, in seconds of the run: `0.310`, `1:02.310`, `2:01:02.310`. */
export function stamp(seconds: number): string {
  const ms = Math.max(0, Math.round(seconds * 1000));
  const part = String(ms % 1000).padStart(3, "0");
  const s = Math.floor(ms / 1000);
  if (s < 60) return `${s}.${part}`;
  const two = (n: number) => String(n).padStart(2, "0");
  const minutes = Math.floor(s / 60);
  if (minutes < 60) return `${minutes}:${two(s % 60)}.${part}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(s % 60)}.${part}`;
}
