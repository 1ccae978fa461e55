/** What lies under the pointer. Pure. */

import { laneBarsAt } from "./lane";
import { lineAt, type Row, rowAt } from "./rows";
import type { Scale } from "./scale";
import { barAtX } from "./tracks";

/** The row at a place of the sheet, and the task whose bar is there. */
export function taskUnder(
  rows: readonly Row[],
  tops: readonly number[],
  scale: Scale,
  { x, y }: { x: number; y: number },
  now: number,
): { row: Row; task: number | null } | null {
  const at = rowAt(tops, y);
  const row = rows[at];
  if (row === undefined || row.kind === "section") return null;
  if (row.kind === "task") return { row, task: row.task.id };
  const inside = y - (tops[at] ?? 0);
  const bars =
    x < 0 ? [] : row.kind === "worker" ? (row.layers[lineAt(row.lines, inside)] ?? []).flat() : laneBarsAt(row, inside);
  return { row, task: barAtX(bars, scale, x, now)?.task ?? null };
}
