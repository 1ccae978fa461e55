/** Boxes and lines on their way from where they stood to where they stand now. */

import { reducedMotion } from "../../core/dom";
import type { Graph, GraphNode, Point } from "../../core/protocol";
import type { Line } from "./lines";

/** How long they take, in ms: long enough to follow, too short to wait for. */
const TIME = 260;
/** A picture of more boxes than this changes at once. */
const MOST = 300;

export class Motion {
  private graph: Graph | null = null;
  private begun = Number.NEGATIVE_INFINITY;
  /** How far from its place each box began. */
  private from = new Map<string, Point>();

  constructor(private readonly clock: () => number = () => performance.now()) {}

  /**
   * Another picture is to be shown. `slid` is how far the ground moves under it, `origin` the place in it
   * where new boxes come from.
   * Nothing moves when it is the first one, or only its numbers are new.
   */
  turn(graph: Graph | null, slid: Point = [0, 0], origin: Point | null = null): void {
    const before = this.graph;
    if (graph === before) return;
    this.graph = graph;
    const many = (graph?.nodes.length ?? 0) > MOST || (before?.nodes.length ?? 0) > MOST;
    if (before === null || graph === null || many || reducedMotion()) {
      this.begun = Number.NEGATIVE_INFINITY;
      return;
    }
    const shift = this.shifts();
    const old = new Map(before.nodes.map((node) => [node.key, node]));
    const from = new Map<string, Point>();
    for (const node of graph.nodes) {
      const was = old.get(node.key);
      const [dx, dy] = shift(node.key);
      const at: Point | null = was === undefined ? origin : [was.x + dx + slid[0], was.y + dy + slid[1]];
      if (at === null) continue;
      const off: Point = [at[0] - node.x, at[1] - node.y];
      if (Math.abs(off[0]) + Math.abs(off[1]) > 0.5) from.set(node.key, off);
    }
    if (from.size === 0) return;
    this.from = from;
    this.begun = this.clock();
  }

  get moving(): boolean {
    return this.clock() - this.begun < TIME;
  }

  /** How far each box is from its place at this moment. */
  private shifts(): (key: string) => Point {
    const part = Math.min(1, (this.clock() - this.begun) / TIME);
    const left = (1 - part) ** 3;
    return (key) => {
      const [x, y] = this.from.get(key) ?? [0, 0];
      return part >= 1 ? [0, 0] : [x * left, y * left];
    };
  }

  /** The boxes and the lines between them, where they are at this moment. */
  placed(nodes: readonly GraphNode[], edges: readonly Line[]): [readonly GraphNode[], readonly Line[]] {
    if (!this.moving) return [nodes, edges];
    const shift = this.shifts();
    return [
      nodes.map((node) => {
        const [dx, dy] = shift(node.key);
        return dx === 0 && dy === 0 ? node : { ...node, x: node.x + dx, y: node.y + dy };
      }),
      edges.map((edge) => bent(edge, shift(edge.from), shift(edge.to))),
    ];
  }
}

/** A line whose ends are off their places; what is between follows. */
function bent(edge: Line, first: Point, last: Point): Line {
  if (first[0] === 0 && first[1] === 0 && last[0] === 0 && last[1] === 0) return edge;
  const most = Math.max(1, edge.points.length - 1);
  const move = ([x, y]: Point, i: number): Point => {
    const part = i / most;
    return [x + first[0] + (last[0] - first[0]) * part, y + first[1] + (last[1] - first[1]) * part];
  };
  return { ...edge, points: edge.points.map(move), own: edge.own.map(move) };
}
