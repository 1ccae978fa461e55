/** The graph as it was at an instant: boxes keep their places, those still to come are not there. Pure. */

import type { Counts, Graph, GraphNode, Lane, TaskRow } from "./protocol";
import { branchesEnded, countsBelow } from "./replay-below";
import { isContainer } from "./roles";

type Rows = ReadonlyMap<number, TaskRow>;

/**
 * `all` are the rows as they are now, `then` those of the instant. Of a large run the rows are not all here: its boxes
 * count what the `lanes` of that instant do.
 */
export function graphAt(graph: Graph, all: Rows, then: Rows, lanes: readonly Lane[] | null): Graph {
  if (lanes !== null)
    return { ...graph, nodes: graph.nodes.map((node) => ({ ...node, counts: laneCounts(node, lanes) })) };
  const own = ownTasks(graph, all);
  const below = countsBelow(then);
  const ended = branchesEnded(all, then);
  const nodes: GraphNode[] = [];
  for (const node of graph.nodes) {
    const tasks = (own.get(node.key) ?? []).filter((id) => then.has(id));
    if (tasks.length > 0) nodes.push(nodeAt(node, tasks, below, ended));
  }
  const keys = new Set(nodes.map((node) => node.key));
  return { ...graph, nodes, edges: graph.edges.filter((edge) => keys.has(edge.from) && keys.has(edge.to)) };
}

const laneCounts = (node: GraphNode, lanes: readonly Lane[]): Counts =>
  lanes.find((lane) => lane.name === node.name && lane.module === node.module)?.counts ?? {};

function nodeAt(
  node: GraphNode,
  tasks: number[],
  below: ReadonlyMap<number, Counts>,
  ended: ReadonlyMap<number, number>,
): GraphNode {
  const { counts: _counts, below: _below, branches, ...rest } = node;
  const at: GraphNode = { ...rest, tasks, count: node.task === null ? tasks.length : node.count };
  if (!isContainer(node)) return at;
  const counts: Counts = {};
  for (const id of tasks) {
    for (const [state, n] of Object.entries(below.get(id) ?? {})) {
      counts[state as "running"] = (counts[state as "running"] ?? 0) + n;
    }
  }
  at.below = counts;
  if (branches != null) {
    const done = tasks.reduce((sum, id) => sum + (ended.get(id) ?? 0), 0);
    at.branches = [Math.min(branches[0], done), branches[1]];
  }
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
    const same = alike.get(key);
    if (same === undefined) alike.set(key, [row.id]);
    else same.push(row.id);
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
