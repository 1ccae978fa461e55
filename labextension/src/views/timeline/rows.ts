/** The rows of the timeline: of tasks, of workers, of all tasks of one name; and where they lie. Pure. */

import type { Edge, Lane, TaskRow, WindowAnswer } from "../../core/protocol";
import { rowAt as rowThen } from "../../core/replay";
import { isContainer } from "../../core/roles";
import { treeOrder } from "../../core/tree";
import { type Bar, taskBars } from "./bars";
import { laneKey, type Near, nearLanes, peakOf } from "./near";

export type Row = TaskLine | WorkerLine | LaneLine | { kind: "section"; key: string; text: string };

export interface TaskLine {
  kind: "task";
  key: string;
  task: TaskRow;
  depth: number;
  head: boolean;
  /** In a replay what the task is now: what is still to come is drawn faintly. */
  after: TaskRow | null;
}

export interface WorkerLine {
  kind: "worker";
  key: string;
  worker: string;
  tasks: number;
  lines: number;
  bars: readonly Bar[];
  /** The bars of each line: blocked ones, and over them what the same worker ran meanwhile. */
  layers: readonly (readonly Bar[])[][];
  /** In a replay the bars of each line as they are now. */
  after: readonly (readonly Bar[])[] | null;
  /** When it was lost. */
  ends: readonly number[];
}

export interface LaneLine {
  kind: "lane";
  key: string;
  lane: Lane;
  /** The most that ever ran and stood blocked at once: what a lane's height stands for. */
  peak: number;
  /** A closer look at the stretch on show. */
  near: Near | null;
}

export const HEIGHT: Record<Row["kind"], number> = { task: 24, worker: 30, lane: 60, section: 30 };

/** What one worker runs at once stands on so many lines at most. */
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

/** The rows of workers. In a replay `tasks` are as they are, and `then` gives what they were: bars keep their lines. */
export function workerRows(tasks: Iterable<TaskRow>, then?: (task: TaskRow) => TaskRow | undefined): WorkerLine[] {
  const rows = new Map<string, { bars: Bar[]; tasks: Map<number, TaskRow> }>();
  for (const task of tasks) {
    for (const bar of taskBars(task)) {
      if (bar.worker === "") continue;
      let row = rows.get(bar.worker);
      if (row === undefined) {
        row = { bars: [], tasks: new Map() };
        rows.set(bar.worker, row);
      }
      row.bars.push(bar);
      row.tasks.set(task.id, task);
    }
  }
  let last = 0;
  for (const { bars } of rows.values()) {
    for (const { begin, end } of bars) last = Math.max(last, Number.isFinite(end) ? end : begin);
  }
  return [...rows]
    .sort(([a], [b]) => a.localeCompare(b, "en", { numeric: true }))
    .map(([worker, row]) => {
      const placed = onLines(row.bars, SLACK * last);
      const bars = then === undefined ? placed.bars : placed.bars.flatMap((bar) => barThen(bar, row.tasks, then));
      return {
        kind: "worker",
        key: `w:${worker}`,
        worker,
        tasks: row.tasks.size,
        lines: placed.lines,
        // Blocked stretches first: what the same worker ran meanwhile is drawn over them.
        bars: bars.sort((a, b) => Number(a.kind === "run") - Number(b.kind === "run") || a.begin - b.begin),
        layers: layersOf(bars, placed.lines),
        after: then === undefined ? null : byLine(placed.bars, placed.lines),
        ends: bars.filter((bar) => bar.lost).map((bar) => bar.end),
      };
    });
}

/** The same bar as it was, on its own line; none where it had not begun. */
function barThen(bar: Bar, tasks: ReadonlyMap<number, TaskRow>, then: (task: TaskRow) => TaskRow | undefined): Bar[] {
  const task = tasks.get(bar.task);
  const row = task === undefined ? undefined : then(task);
  if (row === undefined) return [];
  if (row === task) return [bar];
  return taskBars(row)
    .filter((one) => one.begin === bar.begin && one.kind === bar.kind)
    .map((one) => ({ ...one, line: bar.line }));
}

const byLine = (bars: readonly Bar[], lines: number): Bar[][] => {
  const out: Bar[][] = Array.from({ length: lines }, () => []);
  for (const bar of bars) out[bar.line]?.push(bar);
  return out;
};

export const layersOf = (bars: readonly Bar[], lines: number): (readonly Bar[])[][] =>
  byLine(bars, lines).map((line) => [
    line.filter((bar) => bar.kind !== "run"),
    line.filter((bar) => bar.kind === "run"),
  ]);

export interface RowSource {
  order: readonly number[];
  tasks: ReadonlyMap<number, TaskRow>;
  edges?: readonly Edge[];
  lanes: readonly Lane[] | null;
  /** The run as it is, in a replay: its rows keep their places, and what is to come is faint. */
  present?: Pick<RowSource, "order" | "tasks" | "edges" | "lanes">;
  /** The instant that is replayed. */
  at?: number;
  /** A closer look at a stretch of a large run. */
  near?: WindowAnswer | null;
}

export function makeRows(source: RowSource, by: "task" | "worker"): Row[] {
  const large = source.lanes !== null && source.lanes.length > 0;
  const rows = by === "worker" ? workersOf(source, large) : tasksOf(source, large);
  if (source.lanes === null || !large) return rows;
  const peaks = new Map((source.present?.lanes ?? source.lanes).map((lane) => [laneKey(lane), peakOf(lane.bins)]));
  const near = source.near == null ? null : nearLanes(source.near, source.lanes, (task) => thenOf(source, task));
  // What stands around others does no work of its own: its lane would be empty.
  const lanes: Row[] = source.lanes
    .filter((lane) => !isContainer(lane))
    .map((lane) => {
      const key = laneKey(lane);
      return { kind: "lane", key: `l:${key}`, lane, peak: peaks.get(key) ?? 0, near: near?.get(key) ?? null };
    });
  if (rows.length === 0) return lanes;
  const all = by === "worker" && source.near?.tasks != null;
  const text = all
    ? "who ran the tasks of the stretch on show"
    : `${source.tasks.size} tasks worth a look: failed, unfinished and longest`;
  return [...lanes, { kind: "section", key: "s:worth", text }, ...rows];
}

/** A task of the run as it is, as it was at the instant; itself where nothing is replayed. */
const thenOf = (source: RowSource, task: TaskRow): TaskRow =>
  source.at === undefined ? task : rowThen(task, source.at);

function tasksOf({ order, tasks, edges, present, at }: RowSource, large: boolean): Row[] {
  if (present === undefined || at === undefined || large) {
    return treeOrder(order, tasks, edges).map(({ task, depth, head }) => line(task, depth, head, null));
  }
  return treeOrder(present.order, present.tasks, present.edges).map(({ task, depth, head }) => {
    const then = tasks.get(task.id) ?? rowThen(task, at);
    return line(then, depth, head, then === task && task.ended !== null ? null : task);
  });
}

const line = (task: TaskRow, depth: number, head: boolean, after: TaskRow | null): TaskLine => ({
  kind: "task",
  key: `t:${task.id}`,
  task,
  depth,
  head,
  after,
});

function workersOf(source: RowSource, large: boolean): WorkerLine[] {
  const { tasks, present, near } = source;
  if (large && near?.tasks != null) return workerRows(near.tasks.map((task) => thenOf(source, task)));
  if (present === undefined || large) return workerRows(tasks.values());
  return workerRows(present.tasks.values(), (task) => tasks.get(task.id));
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
