/** Paints rows of the timeline on a canvas. Reads rows, scale and theme; keeps nothing but its stripe patterns. */

import { duration, oneLine, outcome, ran } from "../../core/format";
import { drawIcon } from "../../core/icons";
import type { TaskRow } from "../../core/protocol";
import { FINAL, isFailure } from "../../core/status";
import type { Theme } from "../../core/theme";
import { type Bar, type Box, barHeight, boxes, endOf, HEIGHT, type Row } from "./bars";
import { frameOf, frameText, paintFrame } from "./frame";
import { paintLane } from "./lane";
import { type Scale, ticks, toX } from "./scale";

export interface Scene {
  rows: readonly Row[];
  tops: readonly number[];
  scale: Scale;
  now: number;
  lanesUntil: number;
  theme: Theme;
  hovered: string | null;
  selected: string | null;
  /** Names inside the bars, for rows that do not stand for one task. */
  nameOf: (task: number) => string;
}

const BAR = 12;
const THIN = 6;

export class Painter {
  private readonly stripes = new Map<string, CanvasPattern | null>();
  private dpr = 1;
  private theme: Theme | null = null;

  constructor(private readonly g: CanvasRenderingContext2D) {}

  /** Paints the sheet from `top` on, `height` pixels of it. */
  paint(scene: Scene, top: number, height: number, dpr: number): void {
    if (scene.theme !== this.theme || dpr !== this.dpr) {
      this.stripes.clear();
      this.theme = scene.theme;
      this.dpr = dpr;
    }
    const { g } = this;
    const { scale, theme, rows, tops } = scene;
    g.setTransform(dpr, 0, 0, dpr, 0, 0);
    g.clearRect(0, 0, scale.width, height);
    g.translate(0, -top);
    this.grid(scene, top, height);
    g.font = `11px ${theme.font}`;
    g.textBaseline = "middle";
    for (let i = 0; i < rows.length; i++) {
      const y = tops[i] ?? 0;
      const row = rows[i];
      if (row === undefined || y + HEIGHT[row.kind] < top) continue;
      if (y > top + height) break;
      if (row.key === scene.selected || row.key === scene.hovered) {
        g.fillStyle = row.key === scene.selected ? theme.selected : theme.hover;
        g.fillRect(0, y, scale.width, HEIGHT[row.kind]);
      }
      if (row.kind === "task") this.task(scene, row.task, boxes(row.bars, scale, scene.now), y + HEIGHT.task / 2);
      else if (row.kind === "worker") this.worker(scene, row, y + HEIGHT.worker / 2);
      else if (row.kind === "lane") {
        paintLane(g, row.lane, y, scale, scene.lanesUntil, theme, (colour, thick) => this.stripe(colour, thick));
      }
    }
  }

  private grid({ scale, theme, now }: Scene, top: number, height: number): void {
    const { g } = this;
    g.fillStyle = theme.line;
    for (const time of ticks(scale, 90).times) {
      if (time <= now) g.fillRect(Math.round(toX(scale, time)), top, 1, height);
    }
    g.fillStyle = theme.quiet;
    g.globalAlpha = 0.45;
    g.fillRect(Math.round(toX(scale, now)), top, 1, height);
    g.globalAlpha = 1;
  }

  private task(scene: Scene, task: TaskRow, parts: readonly Box[], y: number): void {
    const { scale, theme, now } = scene;
    const { g } = this;
    const furthest = parts.reduce((most, box) => Math.max(most, box.x + box.width), 0) - 0.5;
    parts.forEach((box, i) => {
      this.box(box, y, BAR, touches(parts[i - 1], box), touches(box, parts[i + 1]));
    });
    g.font = `9px ${theme.font}`;
    parts.forEach((box, i) => {
      // The last failure has its mark and its words behind the bar.
      if (!box.fails || box.x + box.width >= furthest) return;
      // What is written behind it stands above the line of what waits.
      const next = parts.slice(i + 1).find(({ kind }) => kind === "run");
      this.failure(box.error, box.x, box.x + box.width, next?.x ?? scale.width, y, "", THIN + 1);
    });
    g.font = `11px ${theme.font}`;
    if (task.state === "planned") return;
    const frame = frameOf(task);
    if (frame !== null) paintFrame(g, task, frame, scale, now, y, theme);
    if (frame !== null && task.ended === null) {
      const { text, x, room } = frameText(task, frame, scale, now);
      g.fillStyle = theme.quiet;
      if (room > 30) g.fillText(this.fit(text, room), x, y + 2.5);
      return;
    }
    const last = task.ended ?? now;
    let x = toX(scale, last);
    if (x < 0 || toX(scale, task.submitted) > scale.width) {
      this.elsewhere(theme.state[task.state], x < 0 ? 5 : scale.width - 5, x < 0 ? 4 : -4, y);
      return;
    }
    if (x > scale.width) return;
    const failed = isFailure(task.state);
    if (failed || task.state === "cancelled" || task.state === "skipped" || task.state === "cached") {
      g.fillStyle = g.strokeStyle = theme.state[task.state];
      drawIcon(g, task.state, x + 9, y, failed ? 11 : 10);
      x += 14;
    }
    const text = failed ? oneLine(outcome(task), 120) : note(task, now);
    if (text === "") return;
    g.fillStyle = failed ? theme.error : theme.quiet;
    const room = scale.width - x - 10;
    const wide = g.measureText(text).width;
    const before = Math.max(0, toX(scale, task.submitted)) - 10;
    if (wide > room && before > room && before > 60) {
      g.textAlign = "right";
      g.fillText(this.fit(text, before), before + 2, y + 0.5);
      g.textAlign = "left";
    } else if (room > 40 || wide <= room) {
      g.fillText(this.fit(text, room), x + 6, y + 0.5);
    }
  }

  /** Points to a bar that lies outside of the stretch on show. */
  private elsewhere(colour: string, x: number, back: number, y: number): void {
    const { g } = this;
    g.fillStyle = colour;
    g.globalAlpha = 0.7;
    g.beginPath();
    g.moveTo(x - back / 2, y);
    g.lineTo(x + back / 2, y - 4);
    g.lineTo(x + back / 2, y + 4);
    g.fill();
    g.globalAlpha = 1;
  }

  private worker(scene: Scene, row: Extract<Row, { kind: "worker" }>, y: number): void {
    const { scale, theme, now } = scene;
    const { g } = this;
    const tall = barHeight(row.lines);
    for (let line = 0; line < row.lines; line++) {
      const middle = y + (line - (row.lines - 1) / 2) * (tall + 1);
      const bars = row.lines === 1 ? row.bars : row.bars.filter((bar) => bar.line === line);
      boxes(bars, scale, now).forEach((box) => {
        // A hair of ground between neighbours, so that each task can be told from the next.
        this.box(
          { ...box, width: box.width > 4 ? box.width - 1 : box.width, fails: false },
          middle,
          tall,
          false,
          false,
        );
      });
      if (tall >= 9) this.barWords(scene, bars, middle, tall);
    }
    g.fillStyle = theme.state.failed;
    for (const bar of row.bars) {
      // The end of that process, however short its work was.
      if (bar.lost) g.fillRect(Math.round(toX(scale, bar.end)) - 1, y - HEIGHT.worker / 2 + 2, 2, HEIGHT.worker - 4);
    }
  }

  /** Names in the bars of a worker's line, and what failed. */
  private barWords(scene: Scene, bars: readonly Bar[], y: number, tall: number): void {
    const { scale, theme, now } = scene;
    const { g } = this;
    g.font = `${tall > 12 ? 11 : 9}px ${theme.font}`;
    const work = bars.filter((bar) => bar.kind === "run");
    work.forEach((bar, i) => {
      const x = Math.max(0, toX(scale, bar.begin));
      const end = Math.min(scale.width, toX(scale, endOf(bar, now)));
      const name = scene.nameOf(bar.task);
      const room = end - x - 11;
      if (bar.fails) {
        const next = work[i + 1];
        this.failure(bar.error, x, end, next === undefined ? scale.width : toX(scale, next.begin), y, name);
        return;
      }
      g.fillStyle = theme.background;
      if (room > 60 || (room > 10 && g.measureText(name).width <= room))
        g.fillText(this.fit(name, room), x + 6, y + 0.5);
    });
    g.font = `11px ${theme.font}`;
  }

  /** Writes into the bar of a try what it failed with, or behind it where only there is room. */
  private failure(error: string, x: number, end: number, after: number, middle: number, name = "", behind = 0): void {
    const theme = this.theme;
    if (theme === null) return;
    const { g } = this;
    let y = middle;
    const wide = error === "" ? 0 : g.measureText(error).width + 4;
    const before = name === "" ? 0 : g.measureText(name).width + 6;
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
        drawIcon(g, "failed", end - 8, y, 7);
        return;
      } else return;
    }
    drawIcon(g, "failed", at + 4, y, 7);
    if (error !== "") g.fillText(error, at + 12, y + 0.5);
  }

  private box(box: Box, y: number, height: number, joinsLeft: boolean, joinsRight: boolean): void {
    const { g } = this;
    const theme = this.theme;
    if (theme === null) return;
    const colour = theme.state[box.state];
    const width = Math.max(1, box.width);
    if (box.kind === "pending") {
      const waits = box.state === "waiting";
      g.fillStyle = waits ? this.stripe(colour, 1.8) : colour;
      g.beginPath();
      g.roundRect(box.x, y - THIN / 2, width, THIN, width > 6 ? 3 : 0);
      g.fill();
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
      g.globalAlpha = 0.6;
      g.rect(box.x, y - height / 2, width, height);
      g.fill();
      g.globalAlpha = 1;
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

  private stripe(colour: string, thick: number): CanvasPattern | string {
    const key = `${colour}/${thick}`;
    let pattern = this.stripes.get(key);
    if (pattern === undefined) {
      pattern = makeStripe(this.g, colour, thick, this.dpr);
      this.stripes.set(key, pattern);
    }
    return pattern ?? colour;
  }

  private fit(text: string, room: number): string {
    const { g } = this;
    const wide = g.measureText(text).width;
    if (wide <= room) return text;
    let end = Math.floor((text.length * room) / wide);
    while (end > 0 && g.measureText(`${text.slice(0, end)}…`).width > room) end -= 1;
    return end < 2 ? "" : `${text.slice(0, end)}…`;
  }
}

const touches = (a: Box | undefined, b: Box | undefined): boolean =>
  a !== undefined && b !== undefined && a.kind !== "pending" && b.kind !== "pending" && b.x - a.x - a.width < 1;

function note(task: TaskRow, now: number): string {
  if (task.state === "skipped") return oneLine(task.text, 80) || task.state;
  if (task.state === "cancelled" || task.state === "cached") return task.state;
  if (FINAL.has(task.state)) return duration(ran(task, now));
  return task.progress === null ? "" : outcome(task);
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
