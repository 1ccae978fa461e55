/** Where work runs: what a worker is called, taken apart. */

import type { TaskRow } from "./protocol";

const HERE = new Set(["threads", "loop", "inline", "pipeline", ""]);

/** Whether the body runs in another process, or on another machine. */
export const isElsewhere = (task: Pick<TaskRow, "executor">): boolean => !HERE.has(task.executor);

const SINGLE = new Set(["threads", "processes"]);

/**
 * Whether its worker runs one body at a time: what looks like two is one told to go on before the last one's end is
 * heard.
 */
export const isSingle = (task: Pick<TaskRow, "executor">): boolean => SINGLE.has(task.executor);

/** `10.0.0.7 worker-3` is worker-3 on that host; `process-2` is on this one. */
export function placeOf(worker: string): { name: string; host: string } {
  const [host = "", ...rest] = worker.split(" ");
  const name = rest.join(" ");
  // Threads of Python are called "Thread-1 (function)".
  return name === "" || name.startsWith("(") ? { name: worker, host: "" } : { name, host };
}

/** What stands in grey beside a worker: what kind of place it is, where that is not this process, and its host. */
export const placeNote = (task: Pick<TaskRow, "executor" | "worker">): string =>
  [isElsewhere(task) ? task.executor : "", placeOf(task.worker).host].filter(Boolean).join(" · ");
