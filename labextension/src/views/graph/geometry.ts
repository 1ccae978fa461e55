/** Where things of the graph lie: rounded edges, what the pointer is on, what is in sight, how all of it fits. Pure. */

import type { Point } from "../../core/protocol";

/** A thing of the picture, in its units. */
export interface Box {
  key: string;
  x: number;
  y: number;
  w: number;
  h: number;
}

/** Screen = graph × k + (x, y). */
export interface Camera {
  x: number;
  y: number;
  k: number;
}

export interface Size {
  width: number;
  height: number;
}

export const CLOSEST = 2.5;
export const FARTHEST = 0.02;
/** Boxes are never blown up beyond this, nor, while the reader has not zoomed, made smaller than can be read. */
const FIT_MOST = 1.1;
const FIT_LEAST = 0.62;
const MARGIN = 20;

/** An SVG path along `points` with rounded corners. */
export function roundedPath(points: readonly Point[], radius = 7): string {
  const first = points[0];
  if (first === undefined) return "";
  let d = `M${first[0]} ${first[1]}`;
  for (let i = 1; i < points.length; i++) {
    const before = points[i - 1];
    const at = points[i];
    const after = points[i + 1];
    if (before === undefined || at === undefined) continue;
    if (after === undefined) {
      d += `L${at[0]} ${at[1]}`;
      continue;
    }
    const r = Math.min(radius, distance(before, at) / 2, distance(at, after) / 2);
    const enter = toward(at, before, r);
    const leave = toward(at, after, r);
    d += `L${enter[0]} ${enter[1]}Q${at[0]} ${at[1]} ${leave[0]} ${leave[1]}`;
  }
  return d;
}

const distance = (a: Point, b: Point): number => Math.hypot(a[0] - b[0], a[1] - b[1]);

function toward(from: Point, to: Point, by: number): Point {
  const length = distance(from, to) || 1;
  return [round(from[0] + ((to[0] - from[0]) / length) * by), round(from[1] + ((to[1] - from[1]) / length) * by)];
}

const round = (n: number): number => Math.round(n * 100) / 100;

/** The node under a point of the graph; the last drawn lies on top. */
export function nodeAt<N extends Box>(nodes: readonly N[], x: number, y: number): N | null {
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i];
    if (node !== undefined && x >= node.x && x <= node.x + node.w && y >= node.y && y <= node.y + node.h) return node;
  }
  return null;
}

export const toGraph = (camera: Camera, x: number, y: number): Point => [
  (x - camera.x) / camera.k,
  (y - camera.y) / camera.k,
];

/**
 * All of the graph in the middle of the view. One too large to be read begins at its left edge, or stands so that the
 * node `at` is in sight.
 */
export function fitCamera(graph: Size, view: Size, at: Omit<Box, "key"> | null = null, least = FIT_LEAST): Camera {
  const width = Math.max(1, graph.width);
  const height = Math.max(1, graph.height);
  const whole = Math.min((view.width - 2 * MARGIN) / width, (view.height - 2 * MARGIN) / height);
  const k = Math.min(FIT_MOST, Math.max(least, whole));
  const along = (room: number, need: number, middle: number | null) => {
    if (need <= room) return (room - need) / 2;
    if (middle === null) return MARGIN;
    return Math.min(MARGIN, Math.max(room - need - MARGIN, room / 2 - middle * k));
  };
  return {
    x: along(view.width, width * k, at && at.x + at.w / 2),
    y: along(view.height, height * k, at && at.y + at.h / 2),
    k,
  };
}

/**
 * The camera that moves and shrinks least for all of `boxes` to be in sight, and stays where the first of them is when it
 * shrinks. Of what is too large to be read they fill the view.
 */
export function bringIn(camera: Camera, boxes: readonly Box[], view: Size, least = FIT_LEAST): Camera {
  const at = boxes[0];
  if (at === undefined) return camera;
  const left = Math.min(...boxes.map(({ x }) => x));
  const top = Math.min(...boxes.map(({ y }) => y));
  const width = Math.max(...boxes.map(({ x, w }) => x + w)) - left;
  const height = Math.max(...boxes.map(({ y, h }) => y + h)) - top;
  const whole = Math.min((view.width - 2 * MARGIN) / width, (view.height - 2 * MARGIN) / height);
  const k = Math.min(camera.k, Math.max(least, whole));
  const along = (place: number, first: number, begin: number, size: number, room: number) => {
    const [one, other] = [MARGIN, room - MARGIN - size * k];
    const now = place + first * camera.k - (first - begin) * k;
    return Math.min(Math.max(one, other), Math.max(Math.min(one, other), now)) - begin * k;
  };
  return {
    x: along(camera.x, at.x, left, width, view.width),
    y: along(camera.y, at.y, top, height, view.height),
    k,
  };
}

export function zoomAt(camera: Camera, factor: number, x: number, y: number): Camera {
  const k = Math.min(CLOSEST, Math.max(FARTHEST, camera.k * factor));
  const by = k / camera.k;
  return { x: x - (x - camera.x) * by, y: y - (y - camera.y) * by, k };
}

/** Keeps some of the graph in sight. */
export function keepInSight(camera: Camera, graph: Size, view: Size): Camera {
  const edge = 60;
  return {
    k: camera.k,
    x: Math.min(view.width - edge, Math.max(edge - graph.width * camera.k, camera.x)),
    y: Math.min(view.height - edge, Math.max(edge - graph.height * camera.k, camera.y)),
  };
}

export function inSight<N extends Box>(nodes: readonly N[], camera: Camera, view: Size, beyond = 40): N[] {
  const [left, top] = toGraph(camera, -beyond, -beyond);
  const [right, bottom] = toGraph(camera, view.width + beyond, view.height + beyond);
  return nodes.filter((n) => n.x + n.w >= left && n.x <= right && n.y + n.h >= top && n.y <= bottom);
}

/** The nearest node in the direction of an arrow key: what stands in the same column is not left or right of it. */
export function neighbour<N extends Box>(nodes: readonly N[], from: N, dx: number, dy: number): N | null {
  let best: N | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const node of nodes) {
    const x = node.x + node.w / 2 - from.x - from.w / 2;
    const y = node.y + node.h / 2 - from.y - from.h / 2;
    const along = x * dx + y * dy;
    const beside = dx !== 0 ? overlap(node.x, node.w, from.x, from.w) : overlap(node.y, node.h, from.y, from.h);
    if (along <= 1 || beside) continue;
    const cost = along + 2.5 * Math.abs(x * dy - y * dx);
    if (cost < least) {
      least = cost;
      best = node;
    }
  }
  return best;
}

const overlap = (a: number, long: number, b: number, wide: number): boolean => a < b + wide && b < a + long;

/** As much of `text` as fits into `room` pixels when a letter takes `each`. */
export function shorten(text: string, room: number, each: number): string {
  const most = Math.floor(room / each);
  if (text.length <= most) return text;
  return most < 2 ? "" : `${text.slice(0, most - 1)}…`;
}
