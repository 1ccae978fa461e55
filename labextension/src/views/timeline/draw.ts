/** Paints rows of the timeline on a canvas. Reads rows, scale and theme; keeps nothing but its pen. */

import type { Run, TaskRow } from "../../core/protocol";
import type { Theme } from "../../core/theme";
import { type Brush, paintBrush } from "./brush";
import { paintPath, pathSteps } from "./critical";
import { paintLane } from "./lane";
import { Pen } from "./pen";
import { paintTask } from "./pen-task";
import { paintWorker } from "./pen-worker";
import { barHeight, HEIGHT, type Row, rowAt } from "./rows";
import { type Scale, ticks, toX } from "./scale";

export interface Scene {
  rows: readonly Row[];
  tops: readonly number[];
  scale: Scale;
  now: number;
  /** In a replay the length of the run, beyond the instant on show. */
  end: number;
  lanesUntil: number;
  theme: Theme;
  hovered: string | null;
  selected: string | null;
  /** The tasks that decided how long the run took, where they are to be marked. */
  critical: ReadonlySet<number> | null;
  brush: Brush | null;
  /** For what is told of a value that came from another run. */
  run: Pick<Run, "key" | "wall">;
  /** For rows that do not stand for one task. */
  taskOf: (task: number) => TaskRow | undefined;
}

/** What is not of the critical path stands back. */
const BACK = 0.3;
/** What is still to come, in a replay. */
const LATER = 0.13;

export class Painter {
  private pen: Pen | null = null;

  constructor(private readonly g: CanvasRenderingContext2D) {}

  /** Paints the sheet from `top` on, `height` pixels of it. */
  paint(scene: Scene, top: number, height: number, dpr: number): void {
    const { g } = this;
    const { scale, theme, rows, tops } = scene;
    const pen = (this.pen ??= new Pen(g, theme));
    pen.dip(theme, dpr);
    g.setTransform(dpr, 0, 0, dpr, 0, 0);
    pen.fade(1);
    g.clearRect(0, 0, scale.width, height);
    g.translate(0, -top);
    this.grid(scene, top, height);
    g.font = `11px ${theme.font}`;
    g.textBaseline = "middle";
    for (let i = Math.max(0, rowAt(tops, top)); i < rows.length; i++) {
      const y = tops[i] ?? 0;
      const row = rows[i];
      if (row === undefined || y > top + height) break;
      if (row.key === scene.selected || row.key === scene.hovered) {
        g.fillStyle = row.key === scene.selected ? theme.selected : theme.hover;
        g.fillRect(0, y, scale.width, HEIGHT[row.kind]);
      }
      this.row(scene, pen, row, y);
      pen.fade(1);
    }
    if (scene.critical !== null) this.path(scene, scene.critical, top, height);
    if (scene.brush !== null) paintBrush(g, scene.brush, scale, theme, top, height);
  }

  private row(scene: Scene, pen: Pen, row: Row, y: number): void {
    const { g } = this;
    const later = scene.now < scene.end;
    if (row.kind === "task") {
      const middle = y + HEIGHT.task / 2;
      if (row.after !== null) {
        const { after } = row;
        this.later(scene, pen, y, () => paintTask(pen, { ...scene, now: scene.end }, after, middle, false));
      }
      if (scene.critical !== null && !scene.critical.has(row.task.id)) pen.fade(BACK);
      paintTask(pen, scene, row.task, middle, true);
    } else if (row.kind === "worker") {
      const middle = y + HEIGHT.worker / 2;
      const { after } = row;
      if (later && after !== null) {
        this.later(scene, pen, y, () =>
          paintWorker(
            pen,
            { ...scene, now: scene.end, critical: null },
            after.map((bars) => [bars]),
            [],
            middle,
            false,
          ),
        );
      }
      paintWorker(pen, scene, row.layers, row.ends, middle, true, BACK);
    } else if (row.kind === "lane") {
      if (scene.critical !== null) pen.fade(0.6);
      paintLane(g, pen, row, y, scene.scale, scene.lanesUntil, scene.now);
    }
  }

  /** Draws what is still to come faintly, right of the instant on show. */
  private later(scene: Scene, pen: Pen, y: number, paint: () => void): void {
    const { g } = this;
    const x = Math.max(0, toX(scene.scale, scene.now));
    g.save();
    g.beginPath();
    g.rect(x, y, Math.max(0, scene.scale.width - x), HEIGHT.lane);
    g.clip();
    pen.fade(LATER);
    paint();
    g.restore();
    pen.fade(1);
  }

  private grid({ scale, theme, now, end }: Scene, top: number, height: number): void {
    const { g } = this;
    g.fillStyle = theme.line;
    for (const time of ticks(scale, 90).times) {
      if (time <= end) g.fillRect(Math.round(toX(scale, time)), top, 1, height);
    }
    g.fillStyle = theme.quiet;
    g.globalAlpha = 0.45;
    g.fillRect(Math.round(toX(scale, end)), top, 1, height);
    g.globalAlpha = 1;
    if (now >= end) return;
    g.fillStyle = theme.accent;
    g.fillRect(Math.round(toX(scale, now)) - 1, top, 2, height);
  }

  /** From the end of each task of the critical path to where the next went on. */
  private path(scene: Scene, critical: ReadonlySet<number>, top: number, height: number): void {
    const { g } = this;
    const { rows, tops, scale, theme } = scene;
    const places = new Map<number, number>();
    const tasks = new Map<number, TaskRow>();
    rows.forEach((row, i) => {
      const y = tops[i] ?? 0;
      if (row.kind === "task") {
        if (!critical.has(row.task.id)) return;
        places.set(row.task.id, y + HEIGHT.task / 2);
        tasks.set(row.task.id, row.task);
      } else if (row.kind === "worker") {
        const tall = barHeight(row.lines) + 1;
        for (const bar of row.bars) {
          if (!critical.has(bar.task)) continue;
          places.set(bar.task, y + HEIGHT.worker / 2 + (bar.line - (row.lines - 1) / 2) * tall);
          const task = scene.taskOf(bar.task);
          if (task !== undefined) tasks.set(bar.task, task);
        }
      }
    });
    g.save();
    g.beginPath();
    g.rect(0, top, scale.width, height);
    g.clip();
    paintPath(g, pathSteps([...critical], tasks), scale, theme, (task) => places.get(task) ?? null);
    g.restore();
  }
}
