/** What a notebook file keeps of a run, made whole again: the twin of `expand` in ipyflow/views/saved.py. */

import type { Payload, Span, TaskRow } from "./protocol";

/** Keys that a saved row leaves out when they have these values. */
const DEFAULTS = {
  parent: 0,
  module: "",
  group: null,
  role: null,
  branch: null,
  executor: "threads",
  reason: "",
  on: [],
  worker: "",
  args: "",
  attempts: 1,
  started: null,
  ended: null,
  type: "",
  text: "",
  progress: null,
  notes: [],
  takes: [],
  revised: [],
  reused: null,
} satisfies Partial<TaskRow>;

/** Gives a saved payload whole rows again; one that has them already comes back equal. */
export function expand(saved: Payload): Payload {
  return { ...saved, tasks: saved.tasks.map((packed) => whole(packed)) };
}

function whole(packed: TaskRow): TaskRow {
  const row = { ...DEFAULTS, ...packed };
  return { ...row, spans: packed.spans ?? plainSpans(row) };
}

/** The spans of a task that was queued, ran once and ended: they follow from its times. */
function plainSpans(row: TaskRow): Span[] {
  const spans: Span[] = [[row.submitted, "queued", ""]];
  if (row.started !== null) spans.push([row.started, "running", row.worker]);
  if (row.ended !== null) spans.push([row.ended, row.state, ""]);
  return spans;
}
