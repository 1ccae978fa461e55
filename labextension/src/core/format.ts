/** Numbers, times and names as people read them. */

import type { State, TaskRow } from "./protocol";
import { revisedWords } from "./revised";
import { isContainer, roleWord } from "./roles";
import { isFailure, isFinal, word } from "./status";

/** A length of time: `183 ms`, `1.42 s`, `2 min 05 s`, `1 h 02 min`. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "";
  const s = Math.max(0, seconds);
  if (s < 0.0000005) return "0 s";
  if (s < 0.0009995) return `${Math.round(s * 1e6)} µs`;
  if (s < 0.00995) return `${(s * 1000).toFixed(1)} ms`;
  if (s < 0.9995) return `${Math.round(s * 1000)} ms`;
  if (s < 9.995) return `${s.toFixed(2)} s`;
  if (s < 59.95) return `${s.toFixed(1)} s`;
  const whole = Math.round(s);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`;
  const minutes = Math.round(s / 60);
  return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} min`;
}

/** A running clock: steps of a tenth of a second, so that it ticks evenly and keeps its width. */
export function elapsed(seconds: number): string {
  const s = Math.max(0, seconds);
  if (s < 59.95) return `${s.toFixed(1)} s`;
  return duration(s);
}

const pad = (n: number): string => String(n).padStart(2, "0");

export const count = (n: number): string =>
  n < 10_000 ? String(n) : n.toLocaleString("en-US").replace(/,/g, "\u202f");

export const plural = (n: number, one: string, many = `${one}s`): string => `${count(n)} ${n === 1 ? one : many}`;

/** `812 kB`, `12 MB`, `1.4 GB`. */
export function bytes(n: number): string {
  if (n < 1000) return `${n} B`;
  const [size, unit] = n < 999_500 ? [n / 1e3, "kB"] : n < 999.5e6 ? [n / 1e6, "MB"] : [n / 1e9, "GB"];
  return `${size < 9.95 ? size.toFixed(1) : Math.round(size)} ${unit}`;
}

/** The clock on the wall when the run began. */
export function wallTime(seconds: number): string {
  const date = new Date(seconds * 1000);
  return `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** The day on the wall: `20 Nov 2026`. */
export function day(seconds: number): string {
  const date = new Date(seconds * 1000);
  return `${date.getDate()} ${MONTHS[date.getMonth()]} ${date.getFullYear()}`;
}

/** `20 Nov 2026, 14:05`. */
export const dateTime = (seconds: number): string => `${day(seconds)}, ${wallTime(seconds).slice(0, 5)}`;

/** `load_user #2`: how a task is called everywhere. */
export const title = (task: Pick<TaskRow, "name" | "id">): string => `${task.name} #${task.id}`;

/** Behind a name: the arguments; the outline of what stands around others is no call. */
export const callText = (task: TaskRow): string =>
  isContainer(task) ? oneLine(task.args, 60) : `(${oneLine(task.args, 60)})`;

/** What stands in grey beside a name: where the function lives, and its group. */
export const caption = (of: { module: string; group: string | null }): string =>
  [of.module, of.group].filter(Boolean).join(" · ");

/** The exception of a failed task or the value of one that ended, in one line. */
export function outcome(task: TaskRow): string {
  if (isFailure(task.state)) return task.text ? `${task.type}: ${task.text}` : task.type;
  // What a step gives are its events: that its body returned nothing says nothing.
  if (task.role === "step" && task.type === "NoneType") return "";
  if (task.state === "succeeded" || task.state === "cached") return task.text;
  if (isFinal(task.state)) return task.text || task.type;
  if (task.progress !== null) {
    return progressText(task.progress);
  }
  return task.reason;
}

export function progressText([done, total, label]: NonNullable<TaskRow["progress"]>): string {
  const part = total === null ? count(done) : `${count(done)} of ${count(total)}`;
  return label ? `${part} ${label}` : part;
}

/** What there is to say about a task; the state that it hands on is no remark. */
export const remarks = (of: Pick<TaskRow, "notes">): TaskRow["notes"] => of.notes.filter(([kind]) => kind !== "state");

/** Where a task stands in a group: `branch 3 of in_parallel #2`; nothing for one that is in no branch. */
export function place(task: TaskRow, tasks: ReadonlyMap<number, TaskRow>): string {
  if (task.branch == null) return "";
  const group = tasks.get(task.parent);
  return group === undefined ? branchWord(task.branch) : `${branchWord(task.branch)} of ${title(group)}`;
}

export const branchWord = (branch: number): string => `branch ${count(branch)}`;

/** Whether there is a wait to speak of: a plan has not begun to wait, what stands around others waits for nothing else. */
export const waits = (task: TaskRow): boolean =>
  task.state !== "planned" && !isContainer(task) && (task.state !== "skipped" || task.started !== null);

/** Seconds from submission to the first start, so far when it has not started. */
export function waited(task: TaskRow, now: number): number {
  if (!waits(task)) return 0;
  return Math.max(0, (task.started ?? task.ended ?? now) - task.submitted);
}

/** What held it back longest before its first start, in words. */
export function heldBy(task: TaskRow): string {
  let longest = 0;
  let reason = "";
  task.spans.forEach(([begin, state, note], i) => {
    const end = task.spans[i + 1]?.[0];
    if (state !== "waiting" || note === "" || end === undefined || end > (task.started ?? 0)) return;
    if (end - begin > longest) {
      longest = end - begin;
      reason = note;
    }
  });
  return reason;
}

/** What the fold notes where a try has failed, with the type of its exception behind it. */
export const RETRY = "retry after ";

/** What the earlier tries failed with, each kind once. */
export const failedTries = (task: TaskRow): string =>
  [...new Set(task.spans.map(([, state, note]) => failedWith(state, note)).filter(Boolean))].join(", ");

/** What a try failed with where another one came: said by the wait for that one, or by the end before it. */
const failedWith = (state: State, note: string): string =>
  isFailure(state) ? note : note.startsWith(RETRY) ? note.slice(RETRY.length) : "";

/** True when there is a time to show for it: it has begun, or stands around what has. */
export const began = (task: TaskRow): boolean =>
  task.started !== null || (isContainer(task) && task.state !== "planned" && task.state !== "skipped");

/** Seconds in which the body ran or stood blocked, over all attempts; all the time of what stands around others. */
export function ran(task: TaskRow, now: number): number {
  if (isContainer(task)) return began(task) ? Math.max(0, (task.ended ?? now) - task.submitted) : 0;
  let sum = 0;
  task.spans.forEach(([begin, state], i) => {
    if (state === "running" || state === "blocked" || state === "cancelling") {
      sum += (task.spans[i + 1]?.[0] ?? task.ended ?? now) - begin;
    }
  });
  return Math.max(0, sum);
}

/** Seconds in which the body stood in a wait for another task. */
export function stoodBlocked(task: TaskRow, now: number): number {
  let sum = 0;
  task.spans.forEach(([begin, state], i) => {
    if (state === "blocked") sum += (task.spans[i + 1]?.[0] ?? task.ended ?? now) - begin;
  });
  return Math.max(0, sum);
}

/** One sentence for a screen reader. */
export function spoken(task: TaskRow, now: number): string {
  const parts = [title(task), word(task.state)];
  if (task.role != null) parts.splice(1, 0, roleWord(task.role));
  if (task.branch != null) parts.splice(parts.length - 1, 0, branchWord(task.branch));
  const what = outcome(task);
  if (what) parts.push(what);
  if (began(task)) parts.push(`ran ${duration(ran(task, now))}`);
  const revised = revisedWords(task);
  if (revised) parts.push(revised);
  return parts.join(", ");
}

/** Words with nothing between them but single spaces: as those compare who listen to a page. */
const bare = (text: string): string =>
  text
    .replace(/\([^()]*\)/g, "")
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .trim()
    .toLowerCase();

/** What is seen in a thing is said of it too: who speaks to a page calls a thing by what they see. */
export function withSeen(words: string, seen: readonly (string | null | undefined)[]): string {
  const all = seen.filter(Boolean).join(" ");
  return ` ${bare(words)} `.includes(` ${bare(all)} `) ? words : `${words}; ${all}`;
}

/** Colours for a terminal, which mean nothing on a page. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what they begin with.
const ANSI = /\u001b\[[0-9;:?]*[A-Za-z]/g;
export const plain = (text: string): string => text.replace(ANSI, "");

/** Characters that turn the direction of writing round or cannot be seen: a name must not pretend to be another. */
const HIDDEN = /[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;

export const oneLine = (text: string, most = 400): string => {
  const flat = plain(text)
    .replace(/\s+/g, " ")
    .replace(HIDDEN, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .trim();
  return flat.length > most ? `${flat.slice(0, most - 1)}…` : flat;
};

/** What an error says, whatever was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** With a large letter at its beginning. */
export const capital = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
