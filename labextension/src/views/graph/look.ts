/** What a node of the graph says: its states, its words. Pure. */

import { caption, count, oneLine, outcome, plural, spoken, title } from "../../core/format";
import type { Counts, GraphNode, State } from "../../core/protocol";
import { isContainer, isQuiet, roleWord } from "../../core/roles";
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

/** `planned` when all of it is still to come, `skipped` when all of it was passed over: such a box stands back. */
export function standsBack(node: GraphNode, tasks: RunStore["tasks"]): "planned" | "skipped" | null {
  const states = present(nodeCounts(node, tasks));
  if (!states.every(([state]) => isQuiet({ state }))) return null;
  return states.some(([state]) => state === "planned") ? "planned" : states.length > 0 ? "skipped" : null;
}

/** What the bar along the foot of a box counts: a stack its tasks; a pipeline, a group or what was folded what is below it. */
export function footCounts(node: GraphNode, tasks: RunStore["tasks"]): Counts | null {
  if (isContainer(node) || node.inside !== undefined) return node.below ?? null;
  return node.count > 1 ? nodeCounts(node, tasks) : null;
}

export function branchesDone(node: GraphNode): string {
  const [done, all] = node.branches ?? [0, 0];
  const branches = all === 0 ? "" : plural(all, "branch", "branches");
  return done === 0 ? branches : `${count(done)} of ${branches}`;
}

/** What stands above the name, in about `most` letters: the branches of a group, what a task is in its pipeline, where it lives. */
export function nodeCaption(node: GraphNode, most = 100): string {
  if (node.inside !== undefined) return `${plural(node.inside, "task")} inside`;
  if (node.rest) return node.name;
  const [done, all] = node.branches ?? [0, 0];
  const branches = branchesDone(node);
  const short = all === 0 ? "" : `${count(done)} of ${count(all)}`;
  const what = node.role == null ? "" : (branches.length > most ? short : branches) || roleWord(node.role);
  return [what, caption(node)].filter(Boolean).join(" · ");
}

/** The box that a task is in: one that names it, the only stack of its kind that does not name all of its own, or what it is folded into. */
export function nodeOf(nodes: readonly GraphNode[], id: number, tasks: RunStore["tasks"]): GraphNode | null {
  const named = nodes.find((node) => node.tasks.includes(id));
  const row = tasks.get(id);
  if (named !== undefined || row === undefined) return named ?? null;
  for (let above = tasks.get(row.parent); above !== undefined; above = tasks.get(above.parent)) {
    const { id: over } = above;
    const folded = nodes.find((node) => node.inside !== undefined && node.tasks.includes(over));
    if (folded !== undefined) return folded;
  }
  const alike = nodes.filter(
    (node) => node.tasks.length < node.count && node.name === row.name && node.module === row.module,
  );
  return alike.length === 1 ? (alike[0] ?? null) : null;
}

/** What a box can be found by besides its names: the states of its tasks, and the arguments of a single one. */
export function nodeSearched(node: GraphNode, tasks: RunStore["tasks"]): string {
  const states = present(nodeCounts(node, tasks)).map(([state]) => word(state));
  const args = node.task === null ? "" : (tasks.get(node.task)?.args ?? "");
  return [...states, args].join(" ");
}

/** The large word of a box. */
export const nodeTitle = (node: GraphNode): string => (node.rest ? `+${count(node.count)} more` : node.name);

/** The number behind the name: how many they are, or which one of many it is. */
export function nodeTimes(node: GraphNode): string {
  if (node.rest) return "";
  if (node.count > 1) return `×${count(node.count)}`;
  return node.part && node.task !== null ? `#${node.task}` : "";
}

/** The words under a box: an exception must be read without a click. */
export function nodeFailure(node: GraphNode, tasks: RunStore["tasks"]): string {
  for (const id of node.tasks) {
    const task = tasks.get(id);
    if (task !== undefined && isFailure(task.state)) return oneLine(outcome(task), 160);
  }
  return "";
}

/** Whether the code of one of its tasks was changed, as far as their rows are here. */
export function nodeRevised(node: GraphNode, tasks: RunStore["tasks"]): boolean {
  return node.tasks.some((id) => (tasks.get(id)?.revised?.length ?? 0) > 0);
}

export function nodeSpoken(node: GraphNode, tasks: RunStore["tasks"], now: number): string {
  const task = node.task === null ? undefined : tasks.get(node.task);
  const below = footCounts(node, tasks);
  if (task !== undefined && isContainer(node)) {
    const parts = below === null ? [] : present(below).map(([state, n]) => `${count(n)} ${word(state)}`);
    return [spoken(task, now), branchesDone(node), ...parts].filter(Boolean).join(", ");
  }
  if (task !== undefined) return spoken(task, now);
  const counts = present(nodeCounts(node, tasks));
  if (node.count <= 1) {
    const role = node.role == null ? [] : [roleWord(node.role)];
    return [title({ name: node.name, id: node.task ?? 0 }), ...role, ...counts.map(([state]) => word(state))].join(
      ", ",
    );
  }
  const states = counts.map(([state, n]) => `${count(n)} ${word(state)}`);
  const number = node.rest ? `${count(node.count)} more` : plural(node.count, "task");
  return `${node.name}, ${number}: ${states.join(", ")}`;
}
