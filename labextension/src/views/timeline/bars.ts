/** Which stretches a row shows, where they lie in pixels, and how slivers become one bar. Pure geometry. */

import { RETRY } from "../../core/format";
import { isElsewhere, isSingle } from "../../core/places";
import type { Edge, Lane, State, TaskRow } from "../../core/protocol";
import { isContainer } from "../../core/roles";
import { isFailure, isFinal } from "../../core/status";
import { type TreeRow, treeOrder } from "../../core/tree";
import { type Scale, toX } from "./scale";

/** `pending` lies between submission and start; `blocked` stands in a wait; `run` is work. */
export type BarKind = "pending" | "blocked" | "run";

export interface Bar {
  task: number;
  begin: number;
  /** Infinite while it lasts: drawn up to now. */
  end: number;
  kind: BarKind;
  /** Gives the colour: what became of the task for work, else the span's own state. */
  state: State;
  /** Who ran it; empty before the start. */
  worker: string;
  /** A try ended here in a failure. */
  fails: boolean;
  /** Of such a try: the type of its exception. */
  error: string;
  /** The worker died under it. */
  lost: boolean;
  /** Its worker runs nothing beside it. */
  single: boolean;
  /** Of a worker that runs several tasks at once: the line that this one stands on. */
  line: number;
}

export type Row =
  | { kind: "task"; key: string; task: TaskRow; depth: number; head: boolean; bars: readonly Bar[] }
  | { kind: "worker"; key: string; worker: string; tasks: number; lines: number; bars: readonly Bar[] }
  | { kind: "lane"; key: string; lane: Lane }
  | { kind: "section"; key: string; text: string };

export const HEIGHT: Record<Row["kind"], number> = { task: 24, worker: 30, lane: 60, section: 30 };

/** Rows are replaced whole when they change, so what was made of one stays true as long as it lives. */
const made = new WeakMap<TaskRow, readonly Bar[]>();

/** The stretches of one task. */
export function taskBars(task: TaskRow): readonly Bar[] {
  let bars = made.get(task);
  if (bars === undefined) {
    bars = makeBars(task);
    made.set(task, bars);
  }
  return bars;
}

function makeBars(task: TaskRow): Bar[] {
  const bars: Bar[] = [];
  if (isContainer(task)) return bars;
  let worker = "";
  task.spans.forEach(([begin, state, note], i) => {
    if (isFinal(state) || state === "planned") return;
    const end = task.spans[i + 1]?.[0] ?? task.ended ?? Number.POSITIVE_INFINITY;
    const kind = kindOf(state);
    if (state === "running") worker = note || task.worker;
    const fails = kind === "run" && failsAfter(task, i);
    const error = fails ? errorAfter(task, i) : "";
    bars.push({
      task: task.id,
      begin,
      end,
      kind,
      state: kind === "run" ? workState(task, i) : state,
      worker: kind === "pending" ? "" : worker,
      fails,
      error,
      lost:
        error === LOST && isElsewhere(task) && (end !== task.ended || task.text.startsWith(`${task.name}#${task.id}:`)),
      single: isSingle(task),
      line: 0,
    });
  });
  return bars;
}

function kindOf(state: State): BarKind {
  if (state === "running" || state === "cancelling") return "run";
  return state === "blocked" ? "blocked" : "pending";
}

/** Work takes the colour of what came of it: a failed attempt is red although the next one succeeds. */
function workState(task: TaskRow, index: number): State {
  const next = task.spans.slice(index + 1).find(([, state]) => state !== "running" && state !== "blocked");
  if (next === undefined) return task.state === "blocked" ? "running" : task.state;
  const [, state, note] = next;
  if (state === "waiting" || state === "queued") return note.startsWith("retry") ? "failed" : "succeeded";
  return state;
}

function failsAfter(task: TaskRow, index: number): boolean {
  const next = task.spans[index + 1];
  return next !== undefined && next[1] !== "blocked" && isFailure(workState(task, index));
}

/** What a try failed with: told where the next one waits, and of the last one by the task. */
function errorAfter(task: TaskRow, index: number): string {
  const [, state, note] = task.spans[index + 1] ?? [0, task.state, ""];
  return isFinal(state) ? task.type : note.startsWith(RETRY) ? note.slice(RETRY.length) : "";
}

const LOST = "WorkerLost";
/** What one worker runs at once stands on so many lines at most. */
const LINES = 6;
/** A part of the run's length by which bars may overlap and share a line: they are heard of from afar. */
const SLACK = 0.015;

/** Gives bars that lie over each other lines of their own; what ran while another stood blocked may take its line. */
function onLines(bars: readonly Bar[], slack: number): { bars: Bar[]; lines: number } {
  const ends: number[] = [];
  const last = new Map<number, number>();
  const placed = [...bars]
    .sort((a, b) => a.begin - b.begin || a.task - b.task)
    .map((bar) => {
      if (bar.kind === "blocked" || bar.single) return { ...bar, line: last.get(bar.task) ?? 0 };
      const free = bar.begin + Math.min(slack, (bar.end - bar.begin) / 2);
      let line = last.get(bar.task) ?? -1;
      if (line < 0 || (ends[line] ?? 0) > free) line = ends.findIndex((end) => end <= free);
      if (line < 0) line = ends.length < LINES ? ends.length : ends.indexOf(Math.min(...ends));
      ends[line] = Math.max(ends[line] ?? 0, bar.end);
      last.set(bar.task, line);
      return { ...bar, line };
    });
  return { bars: placed, lines: Math.max(1, ends.length) };
}

export function workerRows(tasks: Iterable<TaskRow>): Row[] {
  const rows = new Map<string, { bars: Bar[]; ids: Set<number> }>();
  for (const task of tasks) {
    for (const bar of taskBars(task)) {
      if (bar.worker === "") continue;
      const row = rows.get(bar.worker) ?? { bars: [], ids: new Set() };
      rows.set(bar.worker, row);
      row.bars.push(bar);
      row.ids.add(task.id);
    }
  }
  let last = 0;
  for (const { bars } of rows.values()) {
    for (const { begin, end } of bars) last = Math.max(last, Number.isFinite(end) ? end : begin);
  }
  return [...rows]
    .sort(([a], [b]) => a.localeCompare(b, "en", { numeric: true }))
    .map(([worker, { bars, ids }]) => {
      const placed = onLines(bars, SLACK * last);
      return {
        kind: "worker",
        key: `w:${worker}`,
        worker,
        tasks: ids.size,
        lines: placed.lines,
        // Blocked stretches first: what the same worker ran meanwhile is drawn over them.
        bars: placed.bars.sort((a, b) => Number(a.kind === "run") - Number(b.kind === "run") || a.begin - b.begin),
      };
    });
}

export function taskRows(rows: readonly TreeRow[]): Row[] {
  return rows.map(({ task, depth, head }) => ({
    kind: "task",
    key: `t:${task.id}`,
    task,
    depth,
    head,
    bars: taskBars(task),
  }));
}

export interface RowSource {
  order: readonly number[];
  tasks: ReadonlyMap<number, TaskRow>;
  edges?: readonly Edge[];
  lanes: readonly Lane[] | null;
}

export function makeRows(source: RowSource, by: "task" | "worker"): Row[] {
  const { order, tasks, edges } = source;
  const rows = by === "worker" ? workerRows(tasks.values()) : taskRows(treeOrder(order, tasks, edges));
  if (source.lanes === null || source.lanes.length === 0) return rows;
  // What stands around others does no work of its own: its lane would be empty.
  const lanes: Row[] = source.lanes
    .filter((lane) => !isContainer(lane))
    .map((lane) => ({ kind: "lane", key: `l:${lane.module}.${lane.name}`, lane }));
  if (rows.length === 0) return lanes;
  const text = `${source.tasks.size} tasks worth a look: failed, unfinished and longest`;
  return [...lanes, { kind: "section", key: "s:worth", text }, ...rows];
}

/** Tops of the rows, and the height of all of them at the end. */
export function offsets(rows: readonly Row[]): number[] {
  const tops = [0];
  let top = 0;
  for (const row of rows) {
    top += HEIGHT[row.kind];
    tops.push(top);
  }
  return tops;
}

/** The row at height `y`, or -1. */
export function rowAt(tops: readonly number[], y: number): number {
  if (y < 0 || y >= (tops[tops.length - 1] ?? 0)) return -1;
  let low = 0;
  let high = tops.length - 2;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((tops[middle] ?? 0) <= y) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** How tall the bars of a worker's row are, in pixels, on so many lines. */
export const barHeight = (lines: number): number => (lines === 1 ? 18 : (TALL - lines + 1) / lines);
const TALL = 20;

/** The line at height `y` of a worker's row. */
export const lineAt = (lines: number, y: number): number =>
  Math.min(lines - 1, Math.max(0, Math.floor(((y - (HEIGHT.worker - TALL) / 2) * lines) / TALL)));

/** Where a bar ends now. */
export const endOf = (bar: Bar, now: number): number =>
  bar.end === Number.POSITIVE_INFINITY ? Math.max(now, bar.begin) : bar.end;

export interface Box {
  x: number;
  width: number;
  kind: BarKind;
  state: State;
  fails: boolean;
  error: string;
}

/** Bars wider than this many pixels are drawn by themselves. */
const SLIVER = 1;
const RANK: Partial<Record<State, number>> = { failed: 4, timed_out: 4, cancelled: 3, cancelling: 3, running: 2 };

/**
 * Boxes in pixels for the bars in sight. Bars under a pixel are merged, pixel by pixel: a pixel takes the gravest state
 * in it (a failure among a thousand successes stays in sight), and neighbours of one look become one box.
 */
export function boxes(bars: readonly Bar[], scale: Scale, now: number): Box[] {
  const out: Box[] = [];
  const pixels = new Map<number, { kind: BarKind; state: State; rank: number }>();
  for (const bar of bars) {
    const end = endOf(bar, now);
    if (end < scale.from || bar.begin > scale.to) continue;
    const x = Math.max(-8, toX(scale, bar.begin));
    const right = Math.min(scale.width + 8, toX(scale, end));
    if (right - x >= SLIVER) {
      out.push({ x, width: right - x, kind: bar.kind, state: bar.state, fails: bar.fails, error: bar.error });
      continue;
    }
    const pixel = Math.floor(x);
    const rank = (bar.kind === "run" ? 10 : bar.kind === "blocked" ? 5 : 0) + (RANK[bar.state] ?? 1);
    const found = pixels.get(pixel);
    if (found === undefined || rank > found.rank) pixels.set(pixel, { kind: bar.kind, state: bar.state, rank });
  }
  if (pixels.size > 0) {
    let last: Box | null = null;
    for (const [x, { kind, state }] of [...pixels].sort(([a], [b]) => a - b)) {
      if (last !== null && last.x + last.width === x && last.kind === kind && last.state === state) last.width += 1;
      else {
        last = { x, width: 1, kind, state, fails: false, error: "" };
        out.push(last);
      }
    }
  }
  return out;
}

/** The task whose bar lies under `x`, within `slack` pixels; the last drawn wins. */
export function barAtX(bars: readonly Bar[], scale: Scale, x: number, now: number, slack = 3): Bar | null {
  let best: Bar | null = null;
  let distance = slack;
  for (const bar of bars) {
    const left = toX(scale, bar.begin);
    const right = Math.max(left + 1, toX(scale, endOf(bar, now)));
    const away = x < left ? left - x : x > right ? x - right : 0;
    if (away < distance || (away === distance && away <= slack)) {
      best = bar;
      distance = away;
    }
  }
  return best;
}
