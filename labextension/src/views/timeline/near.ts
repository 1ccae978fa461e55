/** A closer look at a stretch of a large run: finer bins for each lane, or its tasks, packed on a few lines. Pure. */

import type { Bin, Lane, TaskRow, WindowAnswer } from "../../core/protocol";
import { isContainer } from "../../core/roles";
import { type Bar, taskBars } from "./bars";

export interface Near {
  from: number;
  to: number;
  bins: readonly Bin[];
  /** The bars of each line; `null` where there are too many tasks, or too many at once. */
  lines: readonly (readonly Bar[])[] | null;
}

/** More tasks at once than these lines would be too thin to be told apart. */
const LINES = 14;

export const laneKey = (lane: Pick<Lane, "module" | "name">): string => `${lane.module}.${lane.name}`;

export const peakOf = (bins: readonly Bin[]): number =>
  bins.reduce((most, [running, blocked]) => Math.max(most, running + blocked), 0);

/** By the key of the lane. `then` gives what a task was, in a replay. */
export function nearLanes(
  near: WindowAnswer,
  lanes: readonly Lane[],
  then: (task: TaskRow) => TaskRow,
): Map<string, Near> {
  const bins = new Map<string, Bin[][]>();
  for (const lane of near.lanes) bins.set(lane.name, [...(bins.get(lane.name) ?? []), lane.bins]);
  const tasks = new Map<string, TaskRow[]>();
  for (const task of near.tasks ?? []) {
    if (isContainer(task)) continue;
    const key = laneKey(task);
    const own = tasks.get(key);
    if (own === undefined) tasks.set(key, [then(task)]);
    else own.push(then(task));
  }
  const found = new Map<string, Near>();
  for (const lane of lanes) {
    const key = laneKey(lane);
    // Lanes of one name in several modules come in the same order.
    const own = bins.get(lane.name)?.shift() ?? [];
    const lines = near.tasks === null ? null : packed(tasks.get(key) ?? []);
    found.set(key, { from: near.from, to: near.to, bins: own, lines });
  }
  return found;
}

/** Each task from its start to its end on the first line that is free; `null` where the lines do not do. */
export function packed(tasks: readonly TaskRow[]): Bar[][] | null {
  const lines: Bar[][] = [];
  const ends: number[] = [];
  const work = tasks
    .map((task) => taskBars(task).filter((bar) => bar.kind !== "pending"))
    .filter((bars) => bars.length > 0)
    .sort((a, b) => (a[0]?.begin ?? 0) - (b[0]?.begin ?? 0) || (a[0]?.task ?? 0) - (b[0]?.task ?? 0));
  for (const bars of work) {
    const begin = bars[0]?.begin ?? 0;
    let line = ends.findIndex((end) => end <= begin);
    if (line < 0) line = ends.length;
    if (line >= LINES) return null;
    ends[line] = bars[bars.length - 1]?.end ?? begin;
    const own = lines[line];
    if (own === undefined) lines.push([...bars]);
    else own.push(...bars);
  }
  return lines;
}
