/** A stretch of time that the reader has marked: how long it is, what ran in it. */

import { duration, plural } from "../../core/format";
import type { Bin, TaskRow } from "../../core/protocol";
import type { Theme } from "../../core/theme";
import { endOf, taskBars } from "./bars";
import { type Scale, toX } from "./scale";

export interface Brush {
  from: number;
  to: number;
}

/** From one end to the other, whichever way it was drawn, as far as the run reaches. */
export const brushed = (a: number, b: number, end: number): Brush => ({
  from: Math.max(0, Math.min(a, b)),
  to: Math.min(end, Math.max(a, b)),
});

/** How many tasks ran or stood blocked at some time in it. */
export function tasksIn({ from, to }: Brush, tasks: Iterable<TaskRow>, now: number): number {
  let found = 0;
  for (const task of tasks) {
    const some = taskBars(task).some((bar) => bar.kind !== "pending" && bar.begin < to && endOf(bar, now) > from);
    if (some) found += 1;
  }
  return found;
}

/** The mean number of tasks at work in it, of a large run whose rows are not all here. */
export function meanIn({ from, to }: Brush, bins: readonly Bin[], until: number): number {
  const step = until / Math.max(1, bins.length);
  let sum = 0;
  bins.forEach(([running], i) => {
    sum += running * Math.max(0, Math.min(to, (i + 1) * step) - Math.max(from, i * step));
  });
  return to > from ? sum / (to - from) : 0;
}

/** `0.42 s from +1.20 s · 17 tasks ran`; `ran` is a number of tasks, or of a large run how many ran at once. */
export function brushWords(brush: Brush, ran: number, atOnce: boolean): string {
  const length = `${duration(brush.to - brush.from)} from +${duration(brush.from)}`;
  const many = ran < 9.95 ? String(Number(ran.toFixed(1))) : String(Math.round(ran));
  return `${length} · ${atOnce ? `${many} ran at once on average` : `${plural(ran, "task")} ran`}`;
}

export function paintBrush(
  g: CanvasRenderingContext2D,
  brush: Brush,
  scale: Scale,
  theme: Theme,
  top: number,
  height: number,
): void {
  const x = Math.round(toX(scale, brush.from));
  const width = Math.max(1, Math.round(toX(scale, brush.to)) - x);
  g.fillStyle = theme.selected;
  g.fillRect(x, top, width, height);
  g.fillStyle = theme.accent;
  g.fillRect(x - 1, top, 1.5, height);
  g.fillRect(x + width - 0.5, top, 1.5, height);
}
