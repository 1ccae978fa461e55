/** The tasks that decided how long a run took: in words, and marked in the picture by an outline and a line. */

import { duration, plural } from "../../core/format";
import type { Run, TaskRow } from "../../core/protocol";
import { isContainer } from "../../core/roles";
import type { Theme } from "../../core/theme";
import { taskBars } from "./bars";
import { type Scale, toX } from "./scale";

type Rows = ReadonlyMap<number, TaskRow>;

/** Why the critical path cannot be shown, in words; empty where it can. */
export function whyNoPath(run: Run): string {
  if (run.closed === null) return "Critical path: known when the run has ended";
  if ((run.critical ?? []).length === 0) return "Critical path: no task of this run decided how long it took";
  return "";
}

/** `6 tasks decided 3.20 s of 3.40 s`: the time in which one of them was at work. */
export function decidedWords(run: Run, tasks: Rows): string {
  const ids = run.critical ?? [];
  const who = `${plural(ids.length, "task")} decided`;
  const rows = ids.map((id) => tasks.get(id)).filter((row) => row !== undefined);
  const all = duration(run.closed ?? run.now);
  // Of a large run not every row may be here: then there is no sum to tell.
  if (rows.length < ids.length) return `${who} how long it took: ${all}`;
  const sum = atWork(rows);
  const rest = sum < MOSTLY * (run.closed ?? run.now) ? "; the rest went by waiting for workers, limits or delays" : "";
  return `${who} ${duration(sum)} of ${all}${rest}`;
}

/** Where the path is less than this part of the run, what the rest was is said too. */
const MOSTLY = 0.9;

/** How long at least one of the tasks was at work, waits for other tasks left out. */
export function atWork(rows: readonly TaskRow[]): number {
  const work = rows
    .flatMap((row) => taskBars(row).filter((bar) => bar.kind === "run" && Number.isFinite(bar.end)))
    .sort((a, b) => a.begin - b.begin);
  let sum = 0;
  let until = Number.NEGATIVE_INFINITY;
  for (const { begin, end } of work) {
    if (end > until) sum += end - Math.max(begin, until);
    until = Math.max(until, end);
  }
  return sum;
}

export interface Step {
  from: number;
  /** When the first ended, and when the second went on. */
  left: number;
  to: number;
  reached: number;
}

/** From each task of the path to the next, and when. */
export function pathSteps(ids: readonly number[], tasks: Rows): Step[] {
  // What stands around others has no bar of its own to lead from or to.
  const known = ids.map((id) => tasks.get(id)).filter((row) => row !== undefined && !isContainer(row));
  return known.slice(1).flatMap((next, i) => {
    const row = known[i];
    return row === undefined || next === undefined ? [] : [stepTo(row, next)];
  });
}

function stepTo(row: TaskRow, next: TaskRow): Step {
  const ended = row.ended ?? row.submitted;
  const runs = taskBars(next).filter((bar) => bar.kind === "run");
  const first = runs[0]?.begin ?? next.ended ?? next.submitted;
  const on = { from: row.id, to: next.id };
  if (ended <= first) return { ...on, left: ended, reached: first };
  // The one was still at work: it submitted the other, or was waited for by it.
  const begun = row.started ?? row.submitted;
  if (next.submitted >= begun) return { ...on, left: next.submitted, reached: first };
  const then = runs.find((bar) => bar.begin >= ended - SLACK);
  return { ...on, left: ended, reached: Math.max(ended, then?.begin ?? ended) };
}

/** Seconds by which what follows may seem to come before. */
const SLACK = 1e-3;

/** A line with a dot where it leaves and a head where it arrives; `placeOf` is the middle of a task's bar. */
export function paintPath(
  g: CanvasRenderingContext2D,
  steps: readonly Step[],
  scale: Scale,
  theme: Theme,
  placeOf: (task: number) => number | null,
): void {
  g.strokeStyle = g.fillStyle = theme.text;
  g.lineWidth = 1.5;
  g.lineJoin = "round";
  for (const { from, left, to, reached } of steps) {
    const y = placeOf(from);
    const end = placeOf(to);
    if (y === null || end === null) continue;
    const x = Math.round(toX(scale, left)) + 0.5;
    const right = Math.round(toX(scale, reached)) + 0.5;
    if (Math.max(x, right) < -4 || Math.min(x, right) > scale.width + 4) continue;
    g.beginPath();
    g.arc(x, y, 2.5, 0, 7);
    g.fill();
    g.beginPath();
    g.moveTo(x, y);
    g.lineTo(x, end);
    if (right - x > 6) g.lineTo(right - 4, end);
    g.stroke();
    g.beginPath();
    if (right - x > 6) {
      g.moveTo(right, end);
      g.lineTo(right - 5, end - 3.5);
      g.lineTo(right - 5, end + 3.5);
    } else if (y !== end) {
      const back = end > y ? -1 : 1;
      g.moveTo(x, end + back * 5);
      g.lineTo(x - 3.5, end + back * 10);
      g.lineTo(x + 3.5, end + back * 10);
    }
    g.fill();
  }
}
