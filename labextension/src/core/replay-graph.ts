/** The graph as it was at an instant: boxes keep their places, those still to come are not there. Pure. */

import type { Counts, Graph, GraphNode, Lane, TaskRow } from "./protocol";
import { isContainer } from "./roles";
import { isFinal } from "./status";

type Rows = ReadonlyMap<number, TaskRow>;

/**
 * `all` are the rows as they are now, `then` those of the instant. Of a large run the rows are not all here: its boxes
 * count what the `lanes` of that instant do.
 */
export function graphAt(graph: Graph, all: Rows, then: Rows, lanes: readonly Lane[] | null): Graph {
  if (lanes !== null)
    return { ...graph, nodes: graph.nodes.map((node) => ({ ...node, counts: laneCounts(node, lanes) })) };
  const own = ownTasks(graph, all);
  const nodes: GraphNode[] = [];
  for (const node of graph.nodes) {
    const tasks = (own.get(node.key) ?? []).filter((id) => then.has(id));
    if (tasks.length > 0) nodes.push(nodeAt(node, tasks, all, then));
  }
  const keys = new Set(nodes.map((node) => node.key));
  return { ...graph, nodes, edges: graph.edges.filter((edge) => keys.has(edge.from) && keys.has(edge.to)) };
}

const laneCounts = (node: GraphNode, lanes: readonly Lane[]): Counts =>
  lanes.find((lane) => lane.name === node.name && lane.module === node.module)?.counts ?? {};

function nodeAt(node: GraphNode, tasks: number[], all: Rows, then: Rows): GraphNode {
  const { counts: _counts, below: _below, branches: _branches, ...rest } = node;
  const at: GraphNode = { ...rest, tasks, count: node.task === null ? tasks.length : node.count };
  if (!isContainer(node)) return at;
  const counts: Counts = {};
  for (const id of tasks) {
    for (const [state, n] of Object.entries(stateBelow(id, then))) {
      counts[state as "running"] = (counts[state as "running"] ?? 0) + n;
    }
  }
  at.below = counts;
  if (node.branches != null) at.branches = branchesBelow(tasks, all, then, node.branches);
  return at;
}

/** The tasks of each node. A stack names only some of its own: the rest are those alike that no other node names. */
function ownTasks(graph: Graph, all: Rows): Map<string, number[]> {
  const own = new Map(graph.nodes.map((node) => [node.key, node.tasks.filter((id) => all.has(id))]));
  const short = graph.nodes.filter((node) => node.tasks.length < node.count);
  if (short.length === 0) return own;
  const named = new Set(graph.nodes.flatMap((node) => node.tasks));
  const alike = new Map<string, number[]>();
  for (const row of all.values()) {
    if (named.has(row.id)) continue;
    const key = likeness(row);
    alike.set(key, [...(alike.get(key) ?? []), row.id]);
  }
  for (const node of short) {
    // Where several stacks are alike each takes as many as it lacks: which of them is whose nothing tells.
    const rest = alike.get(likeness(node)) ?? [];
    own.set(node.key, [...(own.get(node.key) ?? []), ...rest.splice(0, node.count - node.tasks.length)]);
  }
  return own;
}

const likeness = (of: Pick<GraphNode, "name" | "module" | "group" | "role">): string =>
  JSON.stringify([of.name, of.module, of.group, of.role ?? null]);

/** The entries below a container by state, those of groups in it instead of the groups. */
function stateBelow(id: number, then: Rows): Counts {
  const counts: Counts = {};
  for (const row of then.values()) {
    if (isContainer(row)) continue;
    let over = then.get(row.parent);
    // Parents are older than their children: this ends.
    while (over !== undefined && over.id > id && isContainer(over)) over = then.get(over.parent);
    if (over?.id === id) counts[row.state] = (counts[row.state] ?? 0) + 1;
  }
  return counts;
}

function branchesBelow(
  groups: readonly number[],
  all: Rows,
  then: Rows,
  [done, branches]: [done: number, branches: number],
): [done: number, branches: number] {
  const of = new Set(groups);
  const known = new Set<string>();
  const open = new Set<string>();
  for (const row of all.values()) {
    if (!of.has(row.parent) || row.branch == null) continue;
    const key = `${row.parent}/${row.branch}`;
    known.add(key);
    const at = then.get(row.id);
    if (at === undefined || !isFinal(at.state)) open.add(key);
  }
  return [Math.min(done, known.size - open.size), branches];
}
