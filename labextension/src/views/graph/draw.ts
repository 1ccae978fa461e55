/** The graph on a canvas, plainer than the SVG one: for when more nodes are in sight than elements should be. */

import type { GraphEdge, GraphNode } from "../../core/protocol";
import type { RunStore } from "../../core/store";
import type { Theme } from "../../core/theme";
import { visible } from "../../core/visible";
import { type Critical, edgeKey } from "./critical";
import { type Camera, type Size, shorten } from "./geometry";
import { nodeState, nodeTimes, nodeTitle, standsBack } from "./look";

export function paintGraph(
  g: CanvasRenderingContext2D,
  nodes: readonly GraphNode[],
  edges: readonly GraphEdge[],
  tasks: RunStore["tasks"],
  camera: Camera,
  view: Size,
  theme: Theme,
  dpr: number,
  marked: ReadonlySet<string>,
  critical: Critical | null = null,
): void {
  g.setTransform(dpr, 0, 0, dpr, 0, 0);
  g.clearRect(0, 0, view.width, view.height);
  g.translate(camera.x, camera.y);
  g.scale(camera.k, camera.k);
  for (const kind of ["child", "data"] as const) {
    g.beginPath();
    for (const edge of edges) {
      if (edge.kind !== kind) continue;
      trace(g, edge);
    }
    g.strokeStyle = theme.quiet;
    g.globalAlpha = kind === "data" ? 0.55 : 0.35;
    g.lineWidth = Math.max(kind === "data" ? 1.8 : 1, 0.6 / camera.k);
    g.setLineDash(kind === "data" ? [] : [4, 4]);
    g.stroke();
  }
  if (critical !== null) {
    g.beginPath();
    for (const edge of edges) {
      if (critical.edges.has(edgeKey(edge))) trace(g, edge);
    }
    g.strokeStyle = theme.text;
    g.globalAlpha = 1;
    g.lineWidth = Math.max(3, 1.5 / camera.k);
    g.setLineDash([]);
    g.stroke();
  }
  g.setLineDash([]);
  g.globalAlpha = 1;
  g.textBaseline = "middle";
  const legible = camera.k > 0.45;
  g.font = `12px ${theme.mono}`;
  for (const node of nodes) {
    const colour = theme.state[nodeState(node, tasks)];
    g.fillStyle = legible ? theme.background : colour;
    g.strokeStyle = marked.has(node.key) ? theme.accent : colour;
    g.lineWidth = marked.has(node.key) ? 3 : 1.2;
    const back = standsBack(node, tasks) !== null;
    const held = critical?.nodes.has(node.key) ?? false;
    g.globalAlpha = critical !== null && !held ? 0.3 : back ? 0.6 : 1;
    if (held) g.lineWidth = 4;
    g.setLineDash(back ? [4, 3] : []);
    g.beginPath();
    g.roundRect(node.x, node.y, node.w, node.h, 7);
    g.fill();
    g.stroke();
    if (!legible) continue;
    g.fillStyle = colour;
    g.fillRect(node.x + 8, node.y + node.h / 2 - 5, 10, 10);
    g.fillStyle = theme.text;
    g.fillText(
      shorten(visible([nodeTitle(node), nodeTimes(node)].filter(Boolean).join(" ")), node.w - 36, 7.25),
      node.x + 26,
      node.y + node.h / 2 + 1,
    );
  }
}

function trace(g: CanvasRenderingContext2D, edge: GraphEdge): void {
  edge.points.forEach(([x, y], i) => {
    if (i === 0) g.moveTo(x, y);
    else g.lineTo(x, y);
  });
}
