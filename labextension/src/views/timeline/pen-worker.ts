/** The row of one worker: what it ran, on a line for each task at once, with names where there is room. */

import { inkOn } from "../../core/theme";
import { type Bar, endOf } from "./bars";
import type { Scene } from "./draw";
import type { Pen } from "./pen";
import { barHeight, HEIGHT } from "./rows";
import { toX } from "./scale";
import { barsInSight, boxes } from "./tracks";

/** A bar that is narrower, in pixels, has no room for words. */
const NARROW = 12;

/** `layers` are the bars of each line, from below; `ends` when the worker was lost. */
export function paintWorker(
  pen: Pen,
  scene: Scene,
  layers: readonly (readonly (readonly Bar[])[])[],
  ends: readonly number[],
  middle: number,
  words: boolean,
  back = 1,
): void {
  const { g } = pen;
  const { scale, theme } = scene;
  const tall = barHeight(layers.length);
  layers.forEach((line, i) => {
    paintLine(pen, scene, line, middle + (i - (layers.length - 1) / 2) * (tall + 1), tall, words && tall >= 9, back);
  });
  g.fillStyle = theme.state.failed;
  // The end of that process, however short its work was.
  for (const end of ends) {
    g.fillRect(Math.round(toX(scale, end)) - 1, middle - HEIGHT.worker / 2 + 2, 2, HEIGHT.worker - 4);
  }
}

/** One line of bars, `tall` pixels high; what is not of the critical path is drawn as strongly as `back` says. */
export function paintLine(
  pen: Pen,
  scene: Scene,
  layers: readonly (readonly Bar[])[],
  y: number,
  tall: number,
  words: boolean,
  back: number,
): void {
  const { scale, now, critical } = scene;
  if (critical !== null) pen.fade(back);
  for (const bars of layers) {
    for (const box of boxes(bars, scale, now)) {
      // A hair of ground between neighbours, so that each task can be told from the next.
      const width = box.width > 4 ? box.width - 1 : box.width;
      pen.box({ ...box, width, fails: false }, y, tall, false, false);
    }
  }
  if (critical !== null) {
    pen.fade(1);
    for (const bars of layers) ringed(pen, scene, bars, critical, y, tall);
    pen.fade(back);
  }
  if (words) for (const bars of layers) barWords(pen, scene, bars, y, tall);
  pen.fade(1);
}

/** The work of the critical path once more, with a line around it. */
function ringed(
  pen: Pen,
  { scale, now }: Scene,
  bars: readonly Bar[],
  critical: ReadonlySet<number>,
  y: number,
  tall: number,
): void {
  const { g, theme } = pen;
  const own = barsInSight(bars, scale).filter((bar) => bar.kind === "run" && critical.has(bar.task));
  for (const box of boxes(own, scale, now)) {
    pen.box({ ...box, width: Math.max(2, box.width - 1), fails: false }, y, tall, false, false);
    g.strokeStyle = theme.text;
    g.lineWidth = 1.5;
    g.beginPath();
    g.roundRect(box.x - 0.75, y - tall / 2 - 0.75, Math.max(2, box.width - 1) + 1.5, tall + 1.5, 3);
    g.stroke();
  }
}

/** Names in the bars of a line, and what failed. */
function barWords(pen: Pen, scene: Scene, bars: readonly Bar[], y: number, tall: number): void {
  const { scale, theme, now } = scene;
  const { g } = pen;
  const closest = ((scale.to - scale.from) * NARROW) / scale.width;
  const work = barsInSight(bars, scale).filter((bar) => bar.kind === "run");
  g.font = `${tall > 12 ? 11 : 9}px ${theme.font}`;
  work.forEach((bar, i) => {
    const last = endOf(bar, now);
    if (last - bar.begin < closest && !bar.fails) return;
    const x = Math.max(0, toX(scale, bar.begin));
    const end = Math.min(scale.width, toX(scale, last));
    const next = work[i + 1];
    const after = next === undefined ? scale.width : toX(scale, next.begin);
    // Neither in it nor behind it is there room.
    if (after - x < NARROW) return;
    const name = scene.taskOf(bar.task)?.name ?? "";
    if (bar.fails) {
      pen.failure(bar.error, x, end, after, y, name);
      return;
    }
    const room = end - x - 11;
    if (room <= 10 || (room <= 60 && pen.wide(name) > room)) return;
    const words = pen.fit(name, room);
    const ground = theme.state[bar.state];
    // On stripes words could not be read.
    g.fillStyle = ground;
    if (bar.state === "cancelled" || bar.state === "cancelling") {
      g.fillRect(x + 4, y - tall / 2 + 1, pen.wide(words) + 4, tall - 2);
    }
    g.fillStyle = inkOn(ground);
    g.fillText(words, x + 6, y + 0.5);
  });
  g.font = `11px ${theme.font}`;
}
