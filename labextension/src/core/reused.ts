/** Where a value comes from that a task has without having run: in words, and for the row of a task. Pure. */

import { plural } from "./format";
import type { Reused, Run, TaskRow } from "./protocol";

type Of = Pick<TaskRow, "reused" | "ended">;

/** How old something was, as people say it: `12 s`, `5 min`, `2 h`, `3 days`. */
export function age(seconds: number): string {
  const s = Math.max(0, seconds);
  if (s < 59.5) return `${Math.round(s)} s`;
  if (s < 3570) return `${Math.round(s / 60)} min`;
  if (s < 86_000) return `${Math.round(s / 3600)} h`;
  return plural(Math.round(s / 86_400), "day");
}

/** How old a value was when the task had it; empty where it was new, as that of an equal call at work is. */
export function ageOf(task: Of, run: Pick<Run, "wall">): string {
  if (task.reused == null || task.reused[0] === "flight") return "";
  const old = run.wall + (task.ended ?? 0) - task.reused[3];
  return old < 1 ? "" : age(old);
}

/** Whether it is a task of the very run that is on show. */
export const isOwn = ([how, key]: Reused, run: Pick<Run, "key">): boolean =>
  how === "flight" && (key === "" || run.key === undefined || run.key === key);

/** `run a3f9c1-3`, or `the equal call #3`: what to press to see it. */
export const sourceName = (reused: Reused, run: Pick<Run, "key">): string =>
  isOwn(reused, run) ? `the equal call #${reused[2]}` : `run ${reused[1]}`;

/** In a few words: `from run a3f9c1-3, 2 h old`. */
export function reusedWords(task: Of, run: Pick<Run, "key" | "wall">): string {
  if (task.reused == null) return "";
  const [how, key] = task.reused;
  if (how === "flight") return `from ${sourceName(task.reused, run)}`;
  if (how === "resumed") return key === "" ? "done before" : `done in run ${key}`;
  const old = ageOf(task, run);
  return [key === "" ? "kept before" : `from run ${key}`, old && `${old} old`].filter(Boolean).join(", ");
}

/** What the fold notes where a call is put off and a newer one comes. */
const IN_PLACE = "the newer call in its place";

/** Whether a newer call was run in its place: what that gave is its own outcome. */
export const isReplaced = (task: Pick<TaskRow, "started" | "ended" | "spans">): boolean =>
  task.started === null && task.ended !== null && task.spans.some(([, , note]) => note === IN_PLACE);

/** One word on how: a task that was done in the run which goes on here is told from one that was looked up. */
export const howWord = (task: Pick<TaskRow, "reused">): string => (task.reused?.[0] === "resumed" ? "resumed" : "");
