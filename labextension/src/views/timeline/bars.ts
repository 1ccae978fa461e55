/** Which stretches of time a task shows. Pure. */

import { RETRY } from "../../core/format";
import { isElsewhere, isSingle } from "../../core/places";
import type { State, TaskRow } from "../../core/protocol";
import { isContainer } from "../../core/roles";
import { isFailure, isFinal } from "../../core/status";

/** `pending` lies between submission and start; `blocked` stands in a wait; `run` is work. */
export type BarKind = "pending" | "blocked" | "run";

export interface Bar {
  task: number;
  begin: number;
  /** Infinite while it lasts: drawn up to now. */
  end: number;
  kind: BarKind;
  /** Gives the colour: what became of the task for work, else the span's own state. */
  state: State;
  /** Who ran it; empty before the start. */
  worker: string;
  /** A try ended here in a failure. */
  fails: boolean;
  /** Of such a try: the type of its exception. */
  error: string;
  /** The worker died under it. */
  lost: boolean;
  /** Its worker runs nothing beside it. */
  single: boolean;
  /** Of a worker that runs several tasks at once: the line that this one stands on. */
  line: number;
}

/** Rows are replaced whole when they change, so what was made of one stays true as long as it lives. */
const made = new WeakMap<TaskRow, readonly Bar[]>();

/** The stretches of one task. */
export function taskBars(task: TaskRow): readonly Bar[] {
  let bars = made.get(task);
  if (bars === undefined) {
    bars = makeBars(task);
    made.set(task, bars);
  }
  return bars;
}

function makeBars(task: TaskRow): Bar[] {
  const bars: Bar[] = [];
  if (isContainer(task)) return bars;
  let worker = "";
  task.spans.forEach(([begin, state, note], i) => {
    if (isFinal(state) || state === "planned") return;
    const end = task.spans[i + 1]?.[0] ?? task.ended ?? Number.POSITIVE_INFINITY;
    const kind = kindOf(state);
    if (state === "running") worker = note || task.worker;
    const fails = kind === "run" && failsAfter(task, i);
    const error = fails ? errorAfter(task, i) : "";
    bars.push({
      task: task.id,
      begin,
      end,
      kind,
      state: kind === "run" ? workState(task, i) : state,
      worker: kind === "pending" ? "" : worker,
      fails,
      error,
      lost:
        error === LOST && isElsewhere(task) && (end !== task.ended || task.text.startsWith(`${task.name}#${task.id}:`)),
      single: isSingle(task),
      line: 0,
    });
  });
  return bars;
}

function kindOf(state: State): BarKind {
  if (state === "running" || state === "cancelling") return "run";
  return state === "blocked" ? "blocked" : "pending";
}

/** Work takes the colour of what came of it: a failed attempt is red although the next one succeeds. */
function workState(task: TaskRow, index: number): State {
  const next = task.spans.slice(index + 1).find(([, state]) => state !== "running" && state !== "blocked");
  if (next === undefined) return task.state === "blocked" ? "running" : task.state;
  const [, state, note] = next;
  if (state === "waiting" || state === "queued") return note.startsWith("retry") ? "failed" : "succeeded";
  return state;
}

function failsAfter(task: TaskRow, index: number): boolean {
  const next = task.spans[index + 1];
  return next !== undefined && next[1] !== "blocked" && isFailure(workState(task, index));
}

/** What a try failed with: told where the next one waits, and of the last one by the task. */
function errorAfter(task: TaskRow, index: number): string {
  const [, state, note] = task.spans[index + 1] ?? [0, task.state, ""];
  // Tried again on request: that end says so itself. The type of the task is that of its last.
  if (isFinal(state)) return index + 2 < task.spans.length ? note : task.type;
  return note.startsWith(RETRY) ? note.slice(RETRY.length) : "";
}

const LOST = "WorkerLost";
/** Where a bar ends now. */
export const endOf = (bar: Bar, now: number): number =>
  bar.end === Number.POSITIVE_INFINITY ? Math.max(now, bar.begin) : bar.end;
