/** Tasks in the order of a tree: each below its parent, a level further in; what is in a pipeline in the order of its plan. */

import type { Edge, TaskRow } from "./protocol";
import { isContainer } from "./roles";

export interface TreeRow {
  task: TaskRow;
  depth: number;
  /** The first row of its branch. */
  head: boolean;
}

export function treeOrder(
  order: readonly number[],
  tasks: ReadonlyMap<number, TaskRow>,
  edges: readonly Edge[] = [],
): TreeRow[] {
  const children = new Map<number, TaskRow[]>();
  for (const id of order) {
    const task = tasks.get(id);
    if (task === undefined) continue;
    const parent = tasks.has(task.parent) && task.parent !== id ? task.parent : 0;
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [task]);
    else siblings.push(task);
  }
  const became = takenPlaces(tasks, edges);
  const rows: TreeRow[] = [];
  // A stack, not recursion: a chain of ten thousand children must not overflow.
  const stack: TreeRow[] = [];
  const push = (parent: number, depth: number) => {
    let below = children.get(parent) ?? [];
    const over = tasks.get(parent);
    if (over !== undefined && isContainer(over)) below = planOrder(below, became);
    for (let i = below.length - 1; i >= 0; i--) {
      const task = below[i];
      if (task === undefined) continue;
      const head = task.branch != null && below[i - 1]?.branch !== task.branch;
      stack.push({ task, depth, head });
    }
  };
  push(0, 0);
  for (let row = stack.pop(); row !== undefined; row = stack.pop()) {
    rows.push(row);
    push(row.task.id, row.depth + 1);
  }
  return rows;
}

/** For the first of the entries that took the place of a task which returned a pipeline: that task. */
function takenPlaces(tasks: ReadonlyMap<number, TaskRow>, edges: readonly Edge[]): Map<number, number> {
  const taken = new Map<number, number>();
  for (const [from, to] of edges) {
    const source = tasks.get(from);
    const entry = tasks.get(to);
    if (source?.type !== "Pipeline" || entry === undefined) continue;
    if (source.parent === entry.parent && source.branch === entry.branch) taken.set(to, from);
  }
  return taken;
}

/**
 * Siblings in a pipeline or a group: branch by branch, in each in the order of their numbers. Entries that a task put in
 * its place are numbered later than the rest of the plan, but stand behind that task.
 */
function planOrder(siblings: readonly TaskRow[], became: ReadonlyMap<number, number>): TaskRow[] {
  const branches = new Map<number, TaskRow[]>();
  for (const task of siblings) {
    const key = task.branch ?? Number.POSITIVE_INFINITY;
    const branch = branches.get(key);
    if (branch === undefined) branches.set(key, [task]);
    else branch.push(task);
  }
  return [...branches].sort(([a], [b]) => (a === b ? 0 : a - b)).flatMap(([, branch]) => inSequence(branch, became));
}

function inSequence(branch: TaskRow[], became: ReadonlyMap<number, number>): TaskRow[] {
  const byId = [...branch].sort((a, b) => a.id - b.id);
  if (!byId.some((task) => became.has(task.id))) return byId;
  const known = new Map(byId.map((task) => [task.id, task]));
  const next = new Map<number, number | undefined>();
  let before = 0;
  for (const { id } of byId) {
    const place = became.get(id) ?? before;
    const after = place === 0 || known.has(place) ? place : before;
    next.set(id, next.get(after));
    next.set(after, id);
    before = id;
  }
  const rows: TaskRow[] = [];
  for (let id = next.get(0); id !== undefined; id = next.get(id)) {
    const task = known.get(id);
    if (task !== undefined) rows.push(task);
  }
  return rows;
}
