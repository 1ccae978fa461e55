/** The lane of all tasks of one name, in a large run: how many ran, stood blocked and failed along the time. */

import { drawIcon } from "../../core/icons";
import type { Lane, State } from "../../core/protocol";
import { unfinished } from "../../core/status";
import type { Theme } from "../../core/theme";
import { HEIGHT } from "./bars";
import { type Scale, toX } from "./scale";

/** `until` is the instant that the lanes reach to; `stripe` gives the hatching of a colour. */
export function paintLane(
  g: CanvasRenderingContext2D,
  lane: Lane,
  top: number,
  scale: Scale,
  until: number,
  theme: Theme,
  stripe: (colour: string, thick: number) => CanvasPattern | string,
): void {
  const floor = top + HEIGHT.lane - 8;
  const room = HEIGHT.lane - 18;
  const peak = lane.bins.reduce((most, [running, blocked]) => Math.max(most, running + blocked), 0);
  const step = until / Math.max(1, lane.bins.length);
  g.fillStyle = theme.line;
  g.fillRect(0, floor, scale.width, 1);
  if (peak === 0) return;
  const work: State = unfinished(lane.counts) > 0 ? "running" : "succeeded";
  lane.bins.forEach(([running, blocked, failed], i) => {
    const x = toX(scale, i * step);
    const width = toX(scale, (i + 1) * step) - x;
    if (x + width < 0 || x > scale.width) return;
    const gap = width > 3 ? 1 : 0;
    const tall = (running / peak) * room;
    const tallBlocked = (blocked / peak) * room;
    if (tall > 0) {
      g.fillStyle = theme.state[work];
      g.fillRect(x, floor - Math.max(1, tall), width - gap, Math.max(1, tall));
    }
    if (tallBlocked > 0) {
      g.fillStyle = stripe(theme.state.blocked, 1.6);
      g.fillRect(x, floor - tall - tallBlocked, width - gap, tallBlocked);
      g.fillStyle = theme.state.blocked;
      g.fillRect(x, floor - tall - tallBlocked, width - gap, 1);
    }
    if (failed > 0) {
      const part = Math.max(3, Math.min(tall, (failed / peak) * room));
      g.fillStyle = theme.state.failed;
      g.fillRect(x, floor - part, width - gap, part);
      g.strokeStyle = theme.state.failed;
      drawIcon(g, "failed", x + width / 2, floor - tall - tallBlocked - 5, 7);
    }
  });
}
