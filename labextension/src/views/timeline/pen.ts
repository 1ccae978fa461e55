/** What bars are drawn with: their shapes, hatchings and words. Keeps nothing but its stripe patterns. */

import { drawIcon } from "../../core/icons";
import type { Theme } from "../../core/theme";
import { visible } from "../../core/visible";
import type { Box } from "./tracks";

/** How tall a thin bar is: what waits. */
export const THIN = 6;
/** Corners are round only where there is room for them. */
const ROUND = 6;

export class Pen {
  private readonly stripes = new Map<string, CanvasPattern | null>();
  private dpr = 1;
  private alpha = 1;
  private readonly widths = new Map<string, number>();
  theme: Theme;

  constructor(
    readonly g: CanvasRenderingContext2D,
    theme: Theme,
  ) {
    this.theme = theme;
  }

  /** Patterns are made for one theme and one resolution. */
  dip(theme: Theme, dpr: number): void {
    if (theme === this.theme && dpr === this.dpr) return;
    this.stripes.clear();
    this.widths.clear();
    this.theme = theme;
    this.dpr = dpr;
  }

  /** How strongly all that follows is drawn. */
  fade(alpha: number): void {
    this.alpha = alpha;
    this.g.globalAlpha = alpha;
  }

  private rect(x: number, y: number, width: number, height: number, round: number): void {
    const { g } = this;
    if (round === 0) {
      g.fillRect(x, y, width, height);
      return;
    }
    g.beginPath();
    g.roundRect(x, y, width, height, round);
    g.fill();
  }

  box(box: Box, y: number, height: number, joinsLeft: boolean, joinsRight: boolean): void {
    const { g, theme } = this;
    const colour = theme.state[box.state];
    const width = Math.max(1, box.width);
    if (box.kind === "pending") {
      const waits = box.state === "waiting";
      g.fillStyle = waits ? this.stripe(colour, 1.8) : colour;
      this.rect(box.x, y - THIN / 2, width, THIN, width > ROUND ? 3 : 0);
      return;
    }
    if (box.kind === "run" && width < ROUND && box.state !== "cancelling" && box.state !== "cancelled") {
      g.fillStyle = colour;
      g.fillRect(box.x, y - height / 2, width, height);
      return;
    }
    const left = joinsLeft || width < 4 ? 0 : 3;
    const right = joinsRight || width < 4 ? 0 : 3;
    g.beginPath();
    if (box.kind === "run") {
      g.fillStyle = colour;
      g.roundRect(box.x, y - height / 2, width, height, [left, right, right, left]);
      g.fill();
      if (box.state === "cancelling" || box.state === "cancelled") {
        g.fillStyle = this.stripe(theme.background, 1);
        g.fill();
      }
      return;
    }
    if (width < 4) {
      g.fillStyle = colour;
      g.globalAlpha = 0.6 * this.alpha;
      g.fillRect(box.x, y - height / 2, width, height);
      g.globalAlpha = this.alpha;
      return;
    }
    g.roundRect(box.x + 0.75, y - height / 2 + 0.75, width - 1.5, height - 1.5, [left, right, right, left]);
    g.fillStyle = theme.background;
    g.fill();
    g.fillStyle = this.stripe(colour, 1.5);
    g.fill();
    g.strokeStyle = colour;
    g.lineWidth = 1.5;
    g.stroke();
  }

  stripe(colour: string, thick: number): CanvasPattern | string {
    const key = `${colour}/${thick}`;
    let pattern = this.stripes.get(key);
    if (pattern === undefined) {
      pattern = makeStripe(this.g, colour, thick, this.dpr);
      this.stripes.set(key, pattern);
    }
    return pattern ?? colour;
  }

  /** How wide a text is; names come again and again. */
  wide(text: string): number {
    const key = `${this.g.font}/${text}`;
    let width = this.widths.get(key);
    if (width === undefined) {
      if (this.widths.size > 2000) this.widths.clear();
      width = this.g.measureText(text).width;
      this.widths.set(key, width);
    }
    return width;
  }

  /** As much of a text as has room. */
  fit(foreign: string, room: number): string {
    const text = visible(foreign);
    const wide = this.wide(text);
    if (wide <= room) return text;
    let end = Math.floor((text.length * room) / wide);
    while (end > 0 && this.g.measureText(`${text.slice(0, end)}…`).width > room) end -= 1;
    return end < 2 ? "" : `${text.slice(0, end)}…`;
  }

  /** Writes into the bar of a try what it failed with, or behind it where only there is room. */
  failure(error: string, x: number, end: number, after: number, middle: number, name = "", behind = 0): void {
    const { g, theme } = this;
    let y = middle;
    const wide = error === "" ? 0 : this.wide(error) + 4;
    const before = name === "" ? 0 : this.wide(name) + 6;
    let at = x + 5;
    g.fillStyle = g.strokeStyle = theme.background;
    if (before > 0 && before + wide + 18 <= end - x) {
      g.fillText(name, at, y + 0.5);
      at += before;
    } else if (wide + 18 > end - x) {
      if (error !== "" && wide + 18 <= after - end) {
        g.fillStyle = g.strokeStyle = theme.error;
        at = end + 4;
        y -= behind;
      } else if (end - x > 13) {
        if (before > 0 && before + 18 <= end - x) g.fillText(name, at, y + 0.5);
        drawIcon(g, "failed", end - 8, y, 7);
        return;
      } else return;
    }
    drawIcon(g, "failed", at + 4, y, 7);
    if (error !== "") g.fillText(error, at + 12, y + 0.5);
  }
}

function makeStripe(g: CanvasRenderingContext2D, colour: string, thick: number, dpr: number): CanvasPattern | null {
  const size = Math.round(6 * dpr);
  const tile = document.createElement("canvas");
  tile.width = tile.height = size;
  const t = tile.getContext("2d");
  if (t === null) return null;
  t.strokeStyle = colour;
  t.lineWidth = thick * dpr;
  t.lineCap = "square";
  t.beginPath();
  for (const shift of [-size, 0, size]) {
    t.moveTo(shift, size);
    t.lineTo(shift + size, 0);
  }
  t.stroke();
  const pattern = g.createPattern(tile, "repeat");
  pattern?.setTransform(new DOMMatrix().scale(6 / size));
  return pattern;
}
