/** Tasks in the order of a tree: each below its parent, a level further in. */

import type { TaskRow } from "./protocol";

export interface TreeRow {
  task: TaskRow;
  depth: number;
}

export function treeOrder(order: readonly number[], tasks: ReadonlyMap<number, TaskRow>): TreeRow[] {
  const children = new Map<number, TaskRow[]>();
  for (const id of order) {
    const task = tasks.get(id);
    if (task === undefined) continue;
    const parent = tasks.has(task.parent) && task.parent !== id ? task.parent : 0;
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [task]);
    else siblings.push(task);
  }
  const rows: TreeRow[] = [];
  // A stack, not recursion: a chain of ten thousand children must not overflow.
  const stack: TreeRow[] = [];
  const push = (parent: number, depth: number) => {
    const below = children.get(parent) ?? [];
    for (let i = below.length - 1; i >= 0; i--) {
      const task = below[i];
      if (task !== undefined) stack.push({ task, depth });
    }
  };
  push(0, 0);
  for (let row = stack.pop(); row !== undefined; row = stack.pop()) {
    rows.push(row);
    push(row.task.id, row.depth + 1);
  }
  return rows;
}
