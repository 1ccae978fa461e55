/** The lane of all tasks of one name, in a large run: how many ran, stood blocked and failed along the time. */

import { drawIcon } from "../../core/icons";
import type { Bin, State } from "../../core/protocol";
import { unfinished } from "../../core/status";
import type { Bar } from "./bars";
import { peakOf } from "./near";
import type { Pen } from "./pen";
import { HEIGHT, type LaneLine } from "./rows";
import { type Scale, toX } from "./scale";
import { boxes } from "./tracks";

/** From the foot of the row to the foot of the lane, and the room above it, in pixels. */
const FOOT = 8;
const ROOM = HEIGHT.lane - 18;
/** Signs of failure stand so far from each other, in pixels. */
const APART = 14;
/** A bar in a lane is at most so tall. */
const TALLEST = 12;

/** `until` is the instant that the lanes reach to, `now` the one on show. */
export function paintLane(
  g: CanvasRenderingContext2D,
  pen: Pen,
  row: LaneLine,
  top: number,
  scale: Scale,
  until: number,
  now: number,
): void {
  const { lane, near } = row;
  const floor = top + HEIGHT.lane - FOOT;
  g.fillStyle = pen.theme.line;
  g.fillRect(0, floor, scale.width, 1);
  // Finer bins reach higher than the means of coarse ones.
  const peak = near === null ? row.peak : Math.max(row.peak, peakOf(near.bins));
  const work: State = unfinished(lane.counts) > 0 ? "running" : "succeeded";
  const step = until / Math.max(1, lane.bins.length);
  if (near === null) {
    paintBins(g, pen, lane.bins, 0, step, peak, work, floor, scale, 0, now);
    return;
  }
  // What lies beside the stretch that was looked at closely is drawn as before.
  paintBins(g, pen, lane.bins, 0, step, peak, work, floor, scale, 0, Math.min(now, near.from));
  paintBins(g, pen, lane.bins, 0, step, peak, work, floor, scale, near.to, now);
  if (near.lines !== null) paintPacked(pen, near.lines, floor, scale, now);
  else {
    const fine = (near.to - near.from) / Math.max(1, near.bins.length);
    paintBins(g, pen, near.bins, near.from, fine, peak, work, floor, scale, near.from, Math.min(now, near.to));
  }
}

/** Bins from `begin` on, each `step` long, as far as they lie between `from` and `to`. */
function paintBins(
  g: CanvasRenderingContext2D,
  pen: Pen,
  bins: readonly Bin[],
  begin: number,
  step: number,
  peak: number,
  work: State,
  floor: number,
  scale: Scale,
  from: number,
  to: number,
): void {
  if (to <= from || peak === 0) return;
  const { theme } = pen;
  const first = Math.max(0, Math.floor((Math.max(from, scale.from) - begin) / step));
  const last = Math.min(bins.length - 1, Math.ceil((Math.min(to, scale.to) - begin) / step));
  let signed = Number.NEGATIVE_INFINITY;
  for (let i = first; i <= last; i++) {
    const [running, blocked, failed] = bins[i] ?? [0, 0, 0];
    const x = toX(scale, Math.max(from, begin + i * step));
    const width = toX(scale, Math.min(to, begin + (i + 1) * step)) - x;
    if (width <= 0) continue;
    const gap = width > 3 ? 1 : 0;
    const tall = Math.min(ROOM, (running / peak) * ROOM);
    const tallBlocked = Math.min(ROOM - tall, (blocked / peak) * ROOM);
    if (tall > 0) {
      g.fillStyle = theme.state[work];
      g.fillRect(x, floor - Math.max(1, tall), width - gap, Math.max(1, tall));
    }
    if (tallBlocked > 0) {
      g.fillStyle = pen.stripe(theme.state.blocked, 1.6);
      g.fillRect(x, floor - tall - tallBlocked, width - gap, tallBlocked);
      g.fillStyle = theme.state.blocked;
      g.fillRect(x, floor - tall - tallBlocked, width - gap, 1);
    }
    if (failed > 0) {
      const part = Math.max(3, Math.min(tall, (failed / peak) * ROOM));
      g.fillStyle = theme.state.failed;
      g.fillRect(x, floor - part, width - gap, part);
      // Where every bin has failures a sign above each would only be a thicket.
      if (x + width / 2 - signed < APART) continue;
      signed = x + width / 2;
      g.strokeStyle = theme.state.failed;
      drawIcon(g, "failed", signed, floor - tall - tallBlocked - 5, 7);
    }
  }
}

/** How tall a bar is on so many lines. */
const tallOf = (lines: number): number => Math.min(TALLEST, ROOM / Math.max(1, lines) - 1);

function paintPacked(pen: Pen, lines: readonly (readonly Bar[])[], floor: number, scale: Scale, now: number): void {
  const tall = tallOf(lines.length);
  lines.forEach((bars, i) => {
    const y = floor - 1 - (i + 0.5) * (tall + 1);
    for (const box of boxes(bars, scale, now)) {
      pen.box({ ...box, width: box.width > 4 ? box.width - 1 : box.width }, y, tall, false, false);
    }
  });
}

/** The bars under height `y` of the row of a lane. */
export function laneBarsAt(row: LaneLine, y: number): readonly Bar[] {
  const lines = row.near?.lines ?? [];
  const line = Math.floor((HEIGHT.lane - FOOT - 1 - y) / (tallOf(lines.length) + 1));
  return lines[line] ?? [];
}
