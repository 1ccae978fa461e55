/** The row of one task: its bars, and behind them what came of it. */

import { duration, oneLine, outcome, ran } from "../../core/format";
import { drawEdited, drawIcon } from "../../core/icons";
import type { TaskRow } from "../../core/protocol";
import { isReplaced, reusedWords } from "../../core/reused";
import { beginnings } from "../../core/revised";
import { FINAL, isFailure } from "../../core/status";
import { taskBars } from "./bars";
import type { Scene } from "./draw";
import { frameOf, frameText, paintFrame } from "./frame";
import { type Pen, THIN } from "./pen";
import { toX } from "./scale";
import { type Box, boxes } from "./tracks";

/** How tall the bar of a task's work is. */
const BAR = 12;
/** What the mark of changed code takes in front of a bar. */
const PENCIL = 16;

/** `words` is false where only the bars are wanted. */
export function paintTask(pen: Pen, scene: Scene, task: TaskRow, y: number, words: boolean): void {
  const { scale, theme, now } = scene;
  const { g } = pen;
  const parts = boxes(taskBars(task), scale, now);
  const furthest = parts.reduce((most, box) => Math.max(most, box.x + box.width), 0) - 0.5;
  parts.forEach((box, i) => {
    pen.box(box, y, BAR, touches(parts[i - 1], box), touches(box, parts[i + 1]));
  });
  // Small, and where the new code begins: in rows of workers too, where nothing else would tell.
  const edits = beginnings(task).map((begin) => toX(scale, begin));
  for (const x of edits) {
    if (x > 0 && x < scale.width) drawEdited(g, Math.max(8, x - 9), y, theme.text, theme.background);
  }
  if (!words) return;
  if (scene.critical?.has(task.id)) outline(pen, parts, y);
  g.font = `9px ${theme.font}`;
  parts.forEach((box, i) => {
    // The last failure has its mark and its words behind the bar.
    if (!box.fails || box.x + box.width >= furthest) return;
    // What is written behind it stands above the line of what waits.
    const next = parts.slice(i + 1).find(({ kind }) => kind === "run");
    const until = next?.x ?? scale.width;
    const edited = edits.some((x) => Math.abs(x - until) < 1);
    pen.failure(box.error, box.x, box.x + box.width, edited ? until - PENCIL : until, y, "", THIN + 1);
  });
  g.font = `11px ${theme.font}`;
  if (task.state === "planned") return;
  const frame = frameOf(task);
  if (frame !== null) paintFrame(g, task, frame, scale, now, y, theme);
  if (frame !== null && task.ended === null) {
    const { text, x, room } = frameText(task, frame, scale, now);
    g.fillStyle = theme.quiet;
    if (room > 30) g.fillText(pen.fit(text, room), x, y + 2.5);
    return;
  }
  const last = task.ended ?? now;
  let x = toX(scale, last);
  if (x < 0 || toX(scale, task.submitted) > scale.width) {
    elsewhere(pen, theme.state[task.state], x < 0 ? 5 : scale.width - 5, x < 0 ? 4 : -4, y);
    return;
  }
  if (x > scale.width) return;
  const failed = isFailure(task.state);
  if (failed || task.state === "cancelled" || task.state === "skipped" || task.state === "cached") {
    g.fillStyle = g.strokeStyle = theme.state[task.state];
    drawIcon(g, task.state, x + 9, y, failed ? 11 : 10);
    x += 14;
  }
  const text = failed ? oneLine(outcome(task), 120) : note(task, now, scene.run);
  if (text === "") return;
  g.fillStyle = failed ? theme.error : theme.quiet;
  const room = scale.width - x - 10;
  const wide = pen.wide(text);
  const before = Math.max(0, toX(scale, task.submitted)) - 10;
  if (wide > room && before > room && before > 60) {
    g.textAlign = "right";
    g.fillText(pen.fit(text, before), before + 2, y + 0.5);
    g.textAlign = "left";
  } else if (room > 40 || wide <= room) {
    g.fillText(pen.fit(text, room), x + 6, y + 0.5);
  }
}

/** Around the work of a task of the critical path: a line, with a hair of ground inside. */
function outline(pen: Pen, parts: readonly Box[], y: number): void {
  const { g, theme } = pen;
  g.strokeStyle = theme.text;
  g.lineWidth = 1.5;
  for (const { x, width, kind } of parts) {
    if (kind !== "run") continue;
    g.beginPath();
    g.roundRect(x - 1.75, y - BAR / 2 - 2.25, Math.max(1, width) + 3.5, BAR + 4.5, 4);
    g.stroke();
  }
}

/** Points to a bar that lies outside of the stretch on show. */
function elsewhere(pen: Pen, colour: string, x: number, back: number, y: number): void {
  const { g } = pen;
  g.fillStyle = colour;
  pen.fade(0.7);
  g.beginPath();
  g.moveTo(x - back / 2, y);
  g.lineTo(x + back / 2, y - 4);
  g.lineTo(x + back / 2, y + 4);
  g.fill();
  pen.fade(1);
}

const touches = (a: Box | undefined, b: Box | undefined): boolean =>
  a !== undefined && b !== undefined && a.kind !== "pending" && b.kind !== "pending" && b.x - a.x - a.width < 1;

function note(task: TaskRow, now: number, run: Scene["run"]): string {
  if (task.state === "skipped") return oneLine(task.text, 80) || task.state;
  if (task.reused != null) return reusedWords(task, run);
  if (isReplaced(task)) return "a newer call ran in its place";
  if (task.state === "cancelled" || task.state === "cached") return task.state;
  // Nothing runs there: what took its time is the person who was asked.
  if (task.role === "prompt" && task.ended !== null) return duration(task.ended - task.submitted);
  if (FINAL.has(task.state)) return duration(ran(task, now));
  return task.progress === null ? "" : outcome(task);
}
