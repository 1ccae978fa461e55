/**
 * Lines that share a stretch: dashed ones are drawn there once, or the dashes of one would fill the gaps of another. Pure.
 */

import type { GraphEdge, Point } from "../../core/protocol";

export interface Line extends GraphEdge {
  /** The corners of what is drawn of it: without the end that another line has drawn already. */
  own: Point[];
}

type Stretches = Map<string, [low: number, high: number][]>;

/** Dashed lines to one box share their last stretches: each is cut where it comes upon what is there. */
export function cut(edges: readonly GraphEdge[]): Line[] {
  const drawn: Stretches = new Map();
  return edges.map((edge) => (edge.kind === "data" ? { ...edge, own: edge.points } : cutOne(edge, drawn)));
}

function cutOne(edge: GraphEdge, drawn: Stretches): Line {
  const { points } = edge;
  let own: Point[] = points;
  for (let i = points.length - 1; i > 0; i--) {
    const [from, to] = [points[i - 1], points[i]];
    if (from === undefined || to === undefined) break;
    const meets = metAt(from, to, drawn);
    if (meets === null) break;
    own = [...points.slice(0, i), meets];
    if (meets[0] !== from[0] || meets[1] !== from[1]) break;
    own = points.slice(0, i);
  }
  for (let i = 1; i < own.length; i++) note(own[i - 1], own[i], drawn);
  return { ...edge, own };
}

const level = (from: Point, to: Point): boolean => from[1] === to[1];
const nameOf = (from: Point, to: Point): string => (level(from, to) ? `y${from[1]}` : `x${from[0]}`);

/** Where a stretch comes upon one that is drawn and goes on with it to its end. */
function metAt(from: Point, to: Point, drawn: Stretches): Point | null {
  const along = level(from, to) ? 0 : 1;
  const [begin, end] = [from[along], to[along]];
  for (const [low, high] of drawn.get(nameOf(from, to)) ?? []) {
    if (end < low || end > high) continue;
    const at = begin < end ? Math.max(begin, low) : Math.min(begin, high);
    if (at !== end) return along === 0 ? [at, from[1]] : [from[0], at];
  }
  return null;
}

function note(from: Point | undefined, to: Point | undefined, drawn: Stretches): void {
  if (from === undefined || to === undefined) return;
  const along = level(from, to) ? 0 : 1;
  let [low, high] = [Math.min(from[along], to[along]), Math.max(from[along], to[along])];
  const name = nameOf(from, to);
  const apart = (drawn.get(name) ?? []).filter(([a, b]) => {
    if (b < low || a > high) return true;
    [low, high] = [Math.min(a, low), Math.max(b, high)];
    return false;
  });
  drawn.set(name, [...apart, [low, high]]);
}
