/** What a node of the graph says: its states, its words. Pure. */

import { count, oneLine, outcome, plural, spoken, title } from "../../core/format";
import type { Counts, GraphNode, State } from "../../core/protocol";
import { isFailure, present, word, worst } from "../../core/status";
import type { RunStore } from "../../core/store";

/** Numbers by state: from the rows where the page has them all, since they are newer than the picture. */
export function nodeCounts(node: GraphNode, tasks: RunStore["tasks"]): Counts {
  if (node.counts !== undefined && node.tasks.length < node.count) return node.counts;
  const counts: Counts = {};
  for (const id of node.tasks) {
    const state = tasks.get(id)?.state;
    if (state === undefined) return node.counts ?? {};
    counts[state] = (counts[state] ?? 0) + 1;
  }
  return counts;
}

export const nodeState = (node: GraphNode, tasks: RunStore["tasks"]): State => worst(nodeCounts(node, tasks));

/** The words under a box: an exception must be read without a click. */
export function nodeFailure(node: GraphNode, tasks: RunStore["tasks"]): string {
  for (const id of node.tasks) {
    const task = tasks.get(id);
    if (task !== undefined && isFailure(task.state)) return oneLine(outcome(task), 160);
  }
  return "";
}

export function nodeSpoken(node: GraphNode, tasks: RunStore["tasks"], now: number): string {
  const task = node.task === null ? undefined : tasks.get(node.task);
  if (task !== undefined) return spoken(task, now);
  if (node.count <= 1) return title({ name: node.name, id: node.task ?? 0 });
  const states = present(nodeCounts(node, tasks)).map(([state, n]) => `${count(n)} ${word(state)}`);
  return `${node.name}, ${plural(node.count, "task")}: ${states.join(", ")}`;
}
