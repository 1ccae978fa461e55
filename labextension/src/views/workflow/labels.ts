/** Where the words of an edge stand: beside an upright stretch where there is room, else on the line. Pure. */

import type { FlowEdge, FlowNode, Workflow } from "../../core/protocol";

/** From the line to the words, and the height of the words. */
const BESIDE = 5;
const HEIGHT = 11;
/** Room for `×999`, and for `list` before it. */
const ROOM = { "": 30, part: 30, list: 54 };

/** `1` is right of the line, `-1` left of it, `0` on it. */
export type Side = 1 | -1 | 0;

interface Rect {
  x: number;
  y: number;
  w: number;
  h: number;
}

/** The side of the words for each edge. It depends on the drawing alone: no words move while numbers grow. */
export function labelSides({ nodes, edges }: Pick<Workflow, "nodes" | "edges">): Side[] {
  const taken: Rect[] = [];
  return edges.map((edge, i) => {
    const at = edge.at;
    if (at === null || !isUpright(edge)) return 0;
    const w = ROOM[edge.form];
    for (const side of [1, -1] as const) {
      const x = side === 1 ? at[0] + BESIDE : at[0] - BESIDE - w;
      const rect = { x, y: at[1] - HEIGHT / 2, w, h: HEIGHT };
      const free =
        !nodes.some((node) => overlap(rect, node)) &&
        !taken.some((other) => overlap(rect, other)) &&
        !edges.some((other, j) => j !== i && crosses(other, rect));
      if (!free) continue;
      taken.push(rect);
      return side;
    }
    return 0;
  });
}

/** Whether the place of the words is on an upright stretch. */
function isUpright({ points, at }: FlowEdge): boolean {
  return points.some((a, i) => {
    const b = points[i + 1];
    if (b === undefined || at === null || a[0] !== b[0] || a[0] !== at[0]) return false;
    return at[1] >= Math.min(a[1], b[1]) && at[1] <= Math.max(a[1], b[1]);
  });
}

const overlap = (a: Rect, b: Rect | FlowNode): boolean =>
  a.x < b.x + b.w && a.x + a.w > b.x && a.y < b.y + b.h && a.y + a.h > b.y;

/** Whether an edge of lying and upright stretches runs through a rectangle. */
function crosses({ points }: FlowEdge, rect: Rect): boolean {
  return points.some((a, i) => {
    const b = points[i + 1];
    if (b === undefined) return false;
    const [x, y] = [Math.min(a[0], b[0]), Math.min(a[1], b[1])];
    return overlap(rect, { x: x - 1, y: y - 1, w: Math.abs(a[0] - b[0]) + 2, h: Math.abs(a[1] - b[1]) + 2 });
  });
}
