/** A plain stand-in for the kernel's layout: layers by longest path, equal siblings as one node. */

import type { Counts, Edge, Graph, GraphEdge, GraphNode, TaskRow } from "../src/core/protocol";

const [W, H, GAP_X, GAP_Y, MARGIN] = [156, 46, 56, 24, 20];

export function layout(tasks: readonly TaskRow[], edges: readonly Edge[], collapse = 4): Graph {
  const groups = new Map<string, TaskRow[]>();
  for (const task of tasks) {
    const key = `${task.parent}/${task.name}/${task.group ?? ""}`;
    groups.set(key, [...(groups.get(key) ?? []), task]);
  }
  const nodes: GraphNode[] = [];
  const keyOf = new Map<number, string>();
  for (const members of groups.values()) {
    const stacks = members.length > collapse ? [members] : members.map((one) => [one]);
    for (const stack of stacks) {
      const first = stack[0];
      if (first === undefined) continue;
      const key = stack.length > 1 ? `${first.id}+` : String(first.id);
      for (const one of stack) keyOf.set(one.id, key);
      nodes.push(nodeOf(key, stack, first));
    }
  }
  const links = new Map<string, GraphEdge>();
  for (const [a, b, kind] of edges) {
    const [from, to] = [keyOf.get(a), keyOf.get(b)];
    if (from === undefined || to === undefined || from === to) continue;
    const found = links.get(`${from}>${to}`);
    if (found) found.count += 1;
    else links.set(`${from}>${to}`, { from, to, kind, count: 1, points: [] });
  }
  const all = [...links.values()];
  const layer = new Map(nodes.map((node) => [node.key, 0]));
  for (let changed = true, rounds = 0; changed && rounds < 200; rounds++) {
    changed = false;
    for (const { from, to } of all) {
      const next = (layer.get(from) ?? 0) + 1;
      if (next > (layer.get(to) ?? 0)) {
        layer.set(to, next);
        changed = true;
      }
    }
  }
  // What feeds something stands right before it.
  for (let rounds = 0; rounds < 5; rounds++) {
    for (const node of nodes) {
      const after = all.filter((edge) => edge.from === node.key).map((edge) => layer.get(edge.to) ?? 0);
      if (after.length > 0) layer.set(node.key, Math.max(layer.get(node.key) ?? 0, Math.min(...after) - 1));
    }
  }
  const columns: GraphNode[][] = [];
  for (const node of nodes) {
    const at = layer.get(node.key) ?? 0;
    const column = columns[at] ?? [];
    columns[at] = column;
    column.push(node);
  }
  const tallest = Math.max(1, ...columns.map((column) => column?.length ?? 0));
  columns.forEach((column, i) => {
    const top = MARGIN + ((tallest - column.length) * (H + GAP_Y)) / 2;
    column.forEach((node, j) => {
      node.x = MARGIN + i * (W + GAP_X);
      node.y = top + j * (H + GAP_Y);
    });
  });
  const byKey = new Map(nodes.map((node) => [node.key, node]));
  for (const edge of all) {
    const [a, b] = [byKey.get(edge.from), byKey.get(edge.to)];
    if (a === undefined || b === undefined) continue;
    const [x1, y1, x2, y2] = [a.x + a.w, a.y + a.h / 2, b.x, b.y + b.h / 2];
    const bend = x2 - GAP_X / 2;
    edge.points =
      y1 === y2
        ? [
            [x1, y1],
            [x2, y2],
          ]
        : [
            [x1, y1],
            [bend, y1],
            [bend, y2],
            [x2, y2],
          ];
  }
  return {
    width: MARGIN * 2 + columns.length * W + (columns.length - 1) * GAP_X,
    height: MARGIN * 2 + tallest * H + (tallest - 1) * GAP_Y,
    nodes,
    edges: all,
  };
}

function nodeOf(key: string, stack: TaskRow[], first: TaskRow): GraphNode {
  const node: GraphNode = {
    key,
    task: stack.length > 1 ? null : first.id,
    tasks: [...stack.filter((t) => t.state === "failed"), ...stack.filter((t) => t.state !== "failed")]
      .slice(0, 50)
      .map((t) => t.id),
    name: first.name,
    module: first.module,
    group: first.group,
    count: stack.length,
    x: 0,
    y: 0,
    w: W,
    h: stack.length > 1 ? H + 8 : H,
  };
  if (stack.length > 1) {
    const counts: Counts = {};
    for (const task of stack) counts[task.state] = (counts[task.state] ?? 0) + 1;
    node.counts = counts;
  }
  return node;
}
