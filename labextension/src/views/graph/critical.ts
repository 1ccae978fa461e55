/** Which boxes and lines hold the tasks that decided how long the run took. Pure. */

import type { Graph, GraphEdge } from "../../core/protocol";

export interface Critical {
  nodes: ReadonlySet<string>;
  /** By `edgeKey`. */
  edges: ReadonlySet<string>;
}

export const edgeKey = (edge: GraphEdge): string => `${edge.from}>${edge.to}:${edge.kind}`;

/** `ids` from first to last. What the kernel has marked counts too: it knows all the tasks of a stack. */
export function criticalOf(graph: Graph, ids: readonly number[]): Critical | null {
  if (ids.length === 0) return null;
  const home = new Map<number, string>();
  for (const node of graph.nodes) for (const id of node.tasks) home.set(id, node.key);
  const steps = new Set<string>();
  ids.forEach((id, i) => {
    const [from, to] = [home.get(ids[i - 1] ?? -1), home.get(id)];
    if (from !== undefined && to !== undefined) steps.add(`${from}>${to}`).add(`${to}>${from}`);
  });
  const some = new Set(ids);
  return {
    nodes: new Set(
      graph.nodes
        .filter((node) => (node.critical ?? 0) > 0 || node.tasks.some((id) => some.has(id)))
        .map(({ key }) => key),
    ),
    edges: new Set(
      graph.edges.filter((edge) => edge.critical === true || steps.has(`${edge.from}>${edge.to}`)).map(edgeKey),
    ),
  };
}
