/** A pipeline or a group has no body: its row shows a bracket around the time of what is below it, not a bar. */

import { progressText } from "../../core/format";
import type { TaskRow } from "../../core/protocol";
import { isContainer, isPaused, PAUSED } from "../../core/roles";
import type { Theme } from "../../core/theme";
import { type Scale, toX } from "./scale";

export interface Frame {
  begin: number;
  /** Infinite while it lasts. */
  end: number;
  /** Stretches in which nothing new might begin. */
  pauses: readonly [begin: number, end: number][];
}

/** From the line down to the foot of the bracket, in pixels; words stand between the two. */
const DROP = 12;

/** `null` for a task with a body, and for a plan that has not begun. */
export function frameOf(task: TaskRow): Frame | null {
  if (!isContainer(task) || task.state === "planned" || task.state === "skipped") return null;
  const last = task.ended ?? Number.POSITIVE_INFINITY;
  const pauses: [number, number][] = [];
  task.spans.forEach(([begin, state, note], i) => {
    if (state === "waiting" && note === PAUSED) pauses.push([begin, task.spans[i + 1]?.[0] ?? last]);
  });
  return { begin: task.submitted, end: last, pauses };
}

/** Draws the bracket about height `y`: open at the right while it lasts, dashed where it is paused. */
export function paintFrame(
  g: CanvasRenderingContext2D,
  task: TaskRow,
  frame: Frame,
  scale: Scale,
  now: number,
  y: number,
  theme: Theme,
): void {
  const end = Math.min(frame.end, Math.max(now, frame.begin));
  const left = Math.max(-8, toX(scale, frame.begin));
  const right = Math.min(scale.width + 8, toX(scale, end));
  if (right < 0 || left > scale.width) return;
  const open = frame.end === Number.POSITIVE_INFINITY;
  const line = Math.round(y - DROP / 2) - 0.5;
  g.strokeStyle = open ? theme.quiet : theme.state[task.state];
  g.lineWidth = 1.5;
  g.lineJoin = "round";
  g.beginPath();
  g.moveTo(left + 0.75, line + DROP);
  g.lineTo(left + 0.75, line);
  let at = left + 0.75;
  const gaps: [number, number][] = [];
  for (const [from, to] of frame.pauses) {
    const a = Math.max(at, toX(scale, from));
    const b = Math.min(right, toX(scale, Math.min(to, now)));
    if (b - a < 1) continue;
    g.lineTo(a, line);
    g.moveTo(b, line);
    gaps.push([a, b]);
    at = b;
  }
  if (at < right) g.lineTo(Math.max(at, right - 0.75), line);
  if (!open) g.lineTo(Math.max(left + 0.75, right - 0.75), line + DROP);
  g.stroke();
  g.setLineDash([2, 4]);
  g.beginPath();
  for (const [a, b] of gaps) {
    g.moveTo(a, line);
    g.lineTo(b, line);
  }
  g.stroke();
  g.setLineDash([]);
}

/** What stands in the bracket while it lasts, and the room it has. */
export function frameText(
  task: TaskRow,
  frame: Frame,
  scale: Scale,
  now: number,
): { text: string; x: number; room: number } {
  const x = Math.max(0, toX(scale, frame.begin)) + 8;
  const right = Math.min(scale.width, toX(scale, Math.max(now, frame.begin)));
  const parts = [isPaused(task) ? task.reason : "", task.progress === null ? "" : progressText(task.progress)];
  return { text: parts.filter(Boolean).join(", "), x, room: right - x - 4 };
}
