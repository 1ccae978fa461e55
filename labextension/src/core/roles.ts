/** What a task is in a pipeline or a workflow, where it is more than an entry: the words. The twin of ROLES in ipyflow/model/records.py. */

import type { Role, TaskRow } from "./protocol";

const WORDS: Record<Role, string> = {
  pipeline: "pipeline",
  group: "group",
  exceptionally: "handler",
  finally: "finaliser",
  merge: "merge",
  workflow: "workflow",
  step: "step",
  prompt: "prompt",
};

export const ROLE_MEANING: Record<Role, string> = {
  pipeline: "runs its entries one after another",
  group: "runs its branches side by side",
  exceptionally: "runs only if an entry before it failed",
  finally: "runs last, however the pipeline ends",
  merge: "puts the states of the branches together",
  workflow: "its steps run for the events that come",
  step: "run for the events it was given",
  prompt: "asks a person, and waits for the answer",
};

/** What rows say of a role: what is below a workflow are its steps, which need not be said of each. */
export const rowRole = (of: { role?: Role | null }): Role | null => (of.role === "step" ? null : (of.role ?? null));

export const roleWord = (role: Role): string => WORDS[role] ?? role;

/** A pipeline, a group and a workflow have no body of their own: they stand around what is below them. */
export const isContainer = (of: { role?: Role | null }): boolean =>
  of.role === "pipeline" || of.role === "group" || of.role === "workflow";

/** Told to start nothing new; what runs goes on. */
export const isPaused = (task: TaskRow): boolean => task.state === "waiting" && task.reason === PAUSED;
export const PAUSED = "paused";

/** Not come to, or passed over: drawn more quietly than what has a story. */
export const isQuiet = (task: Pick<TaskRow, "state">): boolean => task.state === "planned" || task.state === "skipped";
