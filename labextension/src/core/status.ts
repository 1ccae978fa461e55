/** The states, in the order people read them, with their words and their sets; the twin of ORDER in ipyflow/views/palette.py. */

import type { Counts, State } from "./protocol";

export const STATES: readonly State[] = [
  "failed",
  "timed_out",
  "blocked",
  "running",
  "cancelling",
  "waiting",
  "queued",
  "planned",
  "succeeded",
  "cached",
  "cancelled",
  "skipped",
];

/** From done to not begun: the order along the progress strip, and of the numbers above it. */
export const ALONG: readonly State[] = [
  "succeeded",
  "cached",
  "skipped",
  "cancelled",
  "failed",
  "timed_out",
  "cancelling",
  "running",
  "blocked",
  "queued",
  "waiting",
  "planned",
];

export const FINAL: ReadonlySet<State> = new Set([
  "succeeded",
  "failed",
  "timed_out",
  "cancelled",
  "skipped",
  "cached",
]);
export const FAILURES: ReadonlySet<State> = new Set(["failed", "timed_out"]);
export const RESTARTABLE: ReadonlySet<State> = new Set(["failed", "timed_out", "cancelled"]);
/** How many tasks could be run again. */
export const failures = (counts: Counts): number => [...RESTARTABLE].reduce((n, state) => n + (counts[state] ?? 0), 0);
/** A body of the user's runs or stands inside one of our waits. */
export const ACTIVE: ReadonlySet<State> = new Set(["running", "blocked", "cancelling"]);
/** Not begun yet. */
export const PENDING: ReadonlySet<State> = new Set(["planned", "waiting", "queued"]);

const WORDS: Partial<Record<State, string>> = { timed_out: "timed out" };

export const word = (state: State): string => WORDS[state] ?? state;

export const MEANING: Record<State, string> = {
  planned: "part of a plan that has not been started",
  waiting: "submitted, but held back",
  queued: "ready to run, waiting for a worker",
  running: "a worker runs the body",
  blocked: "the body waits for the result of another task",
  cancelling: "told to stop; its body has not returned yet",
  succeeded: "ended with a value",
  failed: "ended with an exception",
  timed_out: "ran over its timeout",
  cancelled: "stopped on request",
  skipped: "passed over: another way was taken",
  cached: "an equal call had already given the value",
};

export const isFinal = (state: State): boolean => FINAL.has(state);
export const isFailure = (state: State): boolean => FAILURES.has(state);

export function unfinished(counts: Counts): number {
  let sum = 0;
  for (const state of STATES) if (!FINAL.has(state)) sum += counts[state] ?? 0;
  return sum;
}

/** Those that have been submitted and not ended: a plan is no work to worry about. */
export const begun = (counts: Counts): number => unfinished(counts) - (counts.planned ?? 0);

/** The states that occur, in reading order, with their numbers. */
export function present(counts: Counts): [State, number][] {
  const found: [State, number][] = [];
  for (const state of STATES) {
    const number = counts[state] ?? 0;
    if (number > 0) found.push([state, number]);
  }
  return found;
}

/** Draws the eye first: the state that stands for a mixed lot (a stack of tasks, a pixel of the timeline). */
export function worst(counts: Counts): State {
  return present(counts)[0]?.[0] ?? "planned";
}
