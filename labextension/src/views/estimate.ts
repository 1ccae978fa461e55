/**
 * How long the rest of a run takes, from how long tasks of the same names took and how many run at once.
 *
 * Honest before it is useful: nothing is said while too little is known, and what is said is round. Pure.
 */

import { ran, stoodBlocked } from "../core/format";
import type { Lane, TaskRow } from "../core/protocol";
import { isContainer } from "../core/roles";
import { isFinal, unfinished } from "../core/status";
import type { RunStore } from "../core/store";

/** So many tasks must have ended before anything is said. */
const ENOUGH = 3;
/** This part of the unfinished tasks must have names that are known. */
const KNOWN = 0.8;

/** Seconds that are left, or `null` where it is not known. */
export function secondsLeft(store: Pick<RunStore, "run" | "tasks" | "lanes">, now: number): number | null {
  const { run, tasks, lanes } = store;
  if (run.closed !== null || run.paused || run.state === "cancelling") return null;
  const left = run.aggregated ? ofLanes(lanes ?? []) : ofRows([...tasks.values()], now);
  return left === null || left < 1 ? null : left;
}

function ofRows(rows: readonly TaskRow[], now: number): number | null {
  const parents = new Set(rows.map((row) => row.parent));
  const bodies = rows.filter((row) => !isContainer(row) && !parents.has(row.id));
  const done = bodies.filter((row) => row.state === "succeeded" && row.started !== null);
  const rest = bodies.filter((row) => !isFinal(row.state));
  // A body that runs and has started others may start more.
  const opens = rows.some((row) => parents.has(row.id) && row.state === "running" && !isContainer(row));
  if (done.length < ENOUGH || rest.length === 0 || opens) return null;
  const usual = usualTimes(done, now);
  const known = rest.filter((row) => usual.has(row.name));
  if (known.length < KNOWN * rest.length) return null;
  const own = (row: TaskRow) => Math.max(0, (usual.get(row.name) ?? 0) - busy(row, now));
  const work = known.reduce((sum, row) => sum + own(row), 0) * (rest.length / known.length);
  const running = rest.filter((row) => row.state === "running").length;
  return running === 0 ? null : Math.max(work / running, longestChain(rest, own));
}

function usualTimes(done: readonly TaskRow[], now: number): Map<string, number> {
  const sums = new Map<string, { sum: number; n: number }>();
  for (const row of done) {
    const one = sums.get(row.name) ?? { sum: 0, n: 0 };
    one.sum += busy(row, now);
    one.n += 1;
    sums.set(row.name, one);
  }
  return new Map([...sums].map(([name, { sum, n }]) => [name, sum / n]));
}

const busy = (row: TaskRow, now: number): number => ran(row, now) - stoodBlocked(row, now);

/** Tasks that wait for each other take their time one after another, however many workers there are. */
function longestChain(rest: readonly TaskRow[], own: (row: TaskRow) => number): number {
  const open = new Map(rest.map((row) => [row.id, row]));
  const known = new Map<number, number>();
  let longest = 0;
  // Those that are waited for are mostly older: in order of their numbers they are known when they are needed.
  for (const row of [...rest].sort((a, b) => a.id - b.id)) {
    const before = Math.max(0, ...row.on.map((id) => (open.has(id) ? (known.get(id) ?? 0) : 0)));
    known.set(row.id, before + own(row));
    longest = Math.max(longest, before + own(row));
  }
  return longest;
}

function ofLanes(lanes: readonly Lane[]): number | null {
  const bodies = lanes.filter((lane) => !isContainer(lane));
  const rest = bodies.filter((lane) => unfinished(lane.counts) > 0);
  const all = rest.reduce((sum, lane) => sum + unfinished(lane.counts), 0);
  const known = rest.filter((lane) => lane.median !== null && (lane.counts.succeeded ?? 0) >= ENOUGH);
  const counted = known.reduce((sum, lane) => sum + unfinished(lane.counts), 0);
  if (all === 0 || counted < KNOWN * all) return null;
  // Those that run are half done, as far as one can know.
  const work = known.reduce((sum, { counts, median }) => {
    return sum + (unfinished(counts) - (counts.running ?? 0) / 2) * (median ?? 0);
  }, 0);
  const running = known.reduce((sum, lane) => sum + (lane.counts.running ?? 0), 0);
  return running === 0 ? null : (work * (all / counted)) / running;
}

/** Round as a person would say it: `about 12 s left` would be wrong by the time it is read. */
export function leftWords(seconds: number | null): string {
  if (seconds === null) return "";
  if (seconds < 7.5) return "a few seconds left";
  if (seconds < 57.5) return `about ${Math.round(seconds / 5) * 5} s left`;
  if (seconds < 285) {
    const halves = Math.max(2, Math.round(seconds / 30));
    return `about ${Math.floor(halves / 2)} min${halves % 2 === 1 ? " 30 s" : ""} left`;
  }
  const minutes = seconds / 60;
  if (minutes < 20) return `about ${Math.round(minutes)} min left`;
  if (minutes < 57.5) return `about ${Math.round(minutes / 5) * 5} min left`;
  const quarters = Math.round(minutes / 15);
  const rest = (quarters % 4) * 15;
  return `about ${Math.floor(quarters / 4)} h${rest > 0 ? ` ${rest} min` : ""} left`;
}

/** At most so often, in seconds, the words change. */
const PACE = 1;
/** How much of a new estimate is believed at once. */
const BELIEF = 0.25;

/** Keeps an estimate from jumping: what is believed is when the run ends, and new figures move that bit by bit. */
export class Estimate {
  private end: number | null = null;
  private at = Number.NEGATIVE_INFINITY;
  private words = "";

  /** `figure` gives what the figures say now, and is asked only when it counts; the result is what to say. */
  say(figure: () => number | null, now: number): string {
    if (now < this.at) this.at = Number.NEGATIVE_INFINITY;
    if (now - this.at < PACE) return this.words;
    this.at = now;
    const left = figure();
    if (left === null) this.end = null;
    else if (this.end === null) this.end = now + left;
    else this.end += (now + left - this.end) * BELIEF;
    this.words = leftWords(this.end === null ? null : Math.max(1, this.end - now));
    return this.words;
  }
}
