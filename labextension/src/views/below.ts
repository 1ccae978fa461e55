/** What stands below a pipeline or a group, and what is handed from entry to entry. Reads the store, draws nothing. */

import type { Counts, TaskRow } from "../core/protocol";
import { isContainer } from "../core/roles";
import { isFinal } from "../core/status";
import type { RunStore } from "../core/store";

type Tasks = RunStore["tasks"];

/** All entries below `id`, those of groups in it instead of the groups; what an entry's body submits is its own business. */
export function entriesBelow(id: number, tasks: Tasks): TaskRow[] {
  const found: TaskRow[] = [];
  for (const task of tasks.values()) {
    if (isContainer(task)) continue;
    let over = tasks.get(task.parent);
    // Parents are older than their children: this ends.
    while (over !== undefined && over.id > id && isContainer(over)) over = tasks.get(over.parent);
    if (over?.id === id) found.push(task);
  }
  return found;
}

export function countsOf(rows: readonly TaskRow[]): Counts {
  const counts: Counts = {};
  for (const { state } of rows) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}

/** What a planned entry comes after, as far as the page knows: the tasks whose outcome it will be handed. */
export function comesAfter(task: TaskRow, { edges, tasks }: Pick<RunStore, "edges" | "tasks">): TaskRow[] {
  if (task.state !== "planned" || isContainer(task)) return [];
  return edges
    .filter(([, to, kind]) => to === task.id && kind === "data")
    .map(([from]) => tasks.get(from))
    .filter((one) => one !== undefined);
}

export const waitsForSlot = (task: TaskRow): boolean =>
  task.branch != null && task.state === "waiting" && task.reason.startsWith("branch slot");

/** The tasks at work in the branches that hold the slots of the group: one for each branch. */
export function slotHolders(task: TaskRow, tasks: Tasks): TaskRow[] {
  const holders = new Map<number, TaskRow>();
  for (const other of tasks.values()) {
    if (other.parent !== task.parent || other.branch == null || other.branch === task.branch) continue;
    if (isFinal(other.state) || other.state === "planned" || waitsForSlot(other)) continue;
    holders.set(other.branch, other);
  }
  return [...holders.values()];
}
