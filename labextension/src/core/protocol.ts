/** What travels between kernel and page, as written down in docs/protocol.md. Times are seconds since the run opened. */

import type { Field } from "./fields";

export type State =
  | "planned"
  | "waiting"
  | "queued"
  | "running"
  | "blocked"
  | "cancelling"
  | "succeeded"
  | "failed"
  | "timed_out"
  | "cancelled"
  | "skipped"
  | "cached";

export type Counts = Partial<Record<State, number>>;

/** `[begin, state, note]`: lasts until the next span, the last one until the task's end or until now. */
export type Span = [begin: number, state: State, note: string];

export interface Run {
  id: number;
  name: string;
  kind: string;
  state: State;
  wall: number;
  now: number;
  closed: number | null;
  total: number;
  counts: Counts;
  aggregated: boolean;
  notes: [kind: string, task: number, text: string][];
  /** Ids of the tasks that decided how long the run took, first to last; empty while it goes on. */
  critical?: number[];
  /** No new task starts until the run is resumed; missing in a saved file. */
  paused?: boolean;
  /** False where the kernel reads what this page says only between cells. */
  hears?: boolean;
  /** Whether the kernel can run the whole again with the same arguments; missing in a saved file. */
  again?: boolean;
  /** Whether it has parameters that could be others then. */
  form?: boolean;
  /** The questions that wait for an answer, oldest first; missing where there are none. */
  prompts?: OpenPrompt[];
  /** By what it is known in the history; missing or empty where nothing is kept. */
  key?: string;
  /** A run of the history: it can be looked at, and nothing of it can be steered. */
  past?: boolean;
  /** It had not ended when its kernel went. */
  lost?: boolean;
  /** The key of the run that goes on in this one. */
  resumes?: string;
  /** Whether it can go on as a run of its own, with what is kept of it. */
  resumable?: boolean;
}

/** Whence a value comes: how, the key of the run, the task there, and when it was made, in seconds since the epoch. */
export type Reused = [how: "cache" | "flight" | "resumed", run: string, task: number, made: number];

/** A question to a person: what to fill in, and the words on its buttons, of which the last says no. */
export interface OpenPrompt {
  task: number;
  name: string;
  title: string;
  text: string;
  fields: Field[];
  actions: string[];
  since: number;
}

export type Role = "pipeline" | "group" | "exceptionally" | "finally" | "merge" | "workflow" | "step" | "prompt";

export interface TaskRow {
  id: number;
  parent: number;
  name: string;
  module: string;
  group: string | null;
  /** What it is in a pipeline or a workflow, where it is more than an entry. */
  role: Role | null;
  /** The place of its branch in the group that is its parent. */
  branch: number | null;
  executor: string;
  state: State;
  reason: string;
  on: number[];
  worker: string;
  args: string;
  attempts: number;
  submitted: number;
  started: number | null;
  ended: number | null;
  spans: Span[];
  type: string;
  text: string;
  progress: [done: number, total: number | null, label: string] | null;
  notes: [kind: string, text: string][];
  /** Of a workflow's step: the events that it is run for, the first of them. */
  takes?: number[];
  /** When its code was changed: what began later ran the new code. */
  revised?: number[];
  /** Of a value that was there already: whence. */
  reused?: Reused | null;
}

export type EdgeKind = "data" | "child";
export type Edge = [from: number, to: number, kind: EdgeKind];

export interface GraphNode {
  key: string;
  task: number | null;
  tasks: number[];
  name: string;
  module: string;
  group: string | null;
  role?: Role | null;
  count: number;
  /** Of several tasks, and of one in a large run, where its row may not be here. */
  counts?: Counts;
  /** The entries below a pipeline or a group, by state. */
  below?: Counts;
  /** Of a group: how many of its branches have ended. */
  branches?: [done: number, branches: number] | null;
  /** How many tasks are folded into it; `below` has their states. */
  inside?: number;
  /** It came out of a node that is open. */
  part?: boolean;
  /** What is left of an open node, which draws the others one by one. */
  rest?: boolean;
  /** The keys that show more and less of it, to be toggled in the graph's `open`; only where a kernel can do that. */
  opens?: string;
  closes?: string;
  /** How many of its tasks decided how long the run took; of a run that has closed. */
  critical?: number;
  x: number;
  y: number;
  w: number;
  h: number;
}

export type Point = [x: number, y: number];

export interface GraphEdge {
  from: string;
  to: string;
  kind: EdgeKind;
  count: number;
  points: Point[];
  /** On the way that decided how long the run took. */
  critical?: boolean;
}

export interface Graph {
  width: number;
  height: number;
  /** What is open and folded on this page. */
  open?: string[];
  nodes: GraphNode[];
  edges: GraphEdge[];
}

/** Average number of tasks running, blocked and failed in one stretch of time. */
export type Bin = [running: number, blocked: number, failed: number];

export interface Lane {
  name: string;
  module: string;
  role?: Role | null;
  count: number;
  counts: Counts;
  first: number | null;
  last: number | null;
  shortest: number | null;
  median: number | null;
  longest: number | null;
  bins: Bin[];
}

/** Of an event type: begins or ends the workflow, asks a person, comes from outside, says that a step has failed. */
export type EventForm = "" | "start" | "stop" | "ask" | "answer" | "failed";

/** A step or an event type in the picture of a workflow; `key` is `step:name` or `event:Name`. */
export interface FlowNode {
  key: string;
  name: string;
  kind: "step" | "event";
  form: EventForm | "catch_error";
  /** Of a step: how many of it may run at once. */
  workers: number | null;
  x: number;
  y: number;
  w: number;
  h: number;
}

export interface FlowEdge {
  from: string;
  to: string;
  /** `list`: given or taken as a list; `part`: taken together with others. */
  form: "" | "list" | "part";
  points: Point[];
  /** Where its count stands; `null` where there is no room. */
  at: Point | null;
  /** How many events went that way; 0 is a way that none has gone. */
  count: number;
}

export interface StepCounts {
  running: number;
  blocked: number;
  /** Runs that wait for another try. */
  retrying: number;
  /** Events that wait for a worker. */
  waiting: number;
  succeeded: number;
  failed: number;
  cancelled: number;
}

/** Events of a step that wait for others. */
export interface FlowJoin {
  step: string;
  join: string;
  have: number;
  /** What is missing; empty where nobody knows how many will come. */
  needs: [type: string, count: number][];
  since: number;
  /** When the last of them came. */
  last: number;
  /** How often it was complete. */
  filled: number;
  events: number[];
}

/** A step whose body waits for an event. */
export interface Awaited {
  task: number;
  step: string;
  type: string;
  text: string;
  since: number;
}

export interface FlowEvent {
  id: number;
  type: string;
  text: string;
  time: number;
  /** The task of the step that gave it; 0 for one from outside. */
  by: number;
  /** The events that step was run for. */
  from: number[];
  /** The steps that it goes to; none takes it where this is empty. */
  to: string[];
  /** The tasks that were run for it. */
  taken: number[];
  /** The steps in whose joins it waits. */
  held: string[];
  /** The events that those tasks gave. */
  gave: number[];
}

export interface Published {
  time: number;
  by: number;
  type: string;
  text: string;
}

/** One workflow of the run: its picture, and where its events stand. */
export interface Workflow {
  task: number;
  name: string;
  nodes: FlowNode[];
  edges: FlowEdge[];
  width: number;
  height: number;
  steps: Record<string, StepCounts>;
  sent: Record<string, number>;
  unhandled: Record<string, number>;
  joins: FlowJoin[];
  awaited: Awaited[];
  /** At most 300: those that nobody takes and those that are held first, then the newest. */
  events: FlowEvent[];
  /** How many events there are in all. */
  total: number;
  published: Published[];
}

/** One line, or several written at once, of what tasks print, log and warn. */
export type LogLine = [time: number, task: number, label: string, stream: string, text: string];

/** What a saved file keeps besides: what a live page would ask its kernel for. */
export interface Kept {
  /** Tracebacks of failed tasks, as many as there is room for. */
  tracebacks: Record<string, string>;
  log: LogLine[];
  /** How many lines there were. */
  lines: number;
}

export interface Payload {
  schema: number;
  seq: number;
  run: Run;
  tasks: TaskRow[];
  edges: Edge[];
  graph: Graph | null;
  lanes: Lane[] | null;
  /** Missing where the run has none. */
  workflows?: Workflow[];
  /** Only in a saved file. */
  kept?: Kept;
}

export interface AttemptDetail {
  number: number;
  worker: string;
  started: number | null;
  ended: number | null;
  type: string;
  text: string;
  traceback: string | null;
}

export interface TaskDetail {
  id: number;
  name: string;
  role?: Role | null;
  /** Its branch in words, with the name of the group. */
  branch?: string | null;
  args: string;
  result: string | null;
  html: string | null;
  type: string;
  text: string;
  traceback: string | null;
  attempts: AttemptDetail[];
  output: [time: number, stream: string, text: string][];
  reason: string;
  on: [id: number, name: string, state: State][];
  notes: [kind: string, text: string][];
  /** The state of its pipeline behind this task, as text. */
  passed_state?: string | null;
  /** The events that a step was run for, and those that it gave, 200 at most. */
  given?: [event: number, type: string, text: string][];
  gave?: [event: number, type: string, text: string][];
  /** Of a prompt: what was asked, and how it was answered. */
  question?: { title: string; text: string; action: string; by: string; answer: string } | null;
  /** What changed in its code, oldest first. */
  revisions?: Revision[];
  reused?: Reused | null;
  /** Whether the kernel can have a value made anew that was there already. */
  again?: boolean;
}

/** `mark` is `+`, `-`, a space, or `@` for what is left out. */
export type DiffLine = [mark: string, text: string];

/** The first try of the new code, what is not known of it, in words, and what has changed line by line. */
export type Revision = [time: number, attempt: number, remark: string, lines: DiffLine[]];

export interface SnapshotMessage {
  type: "snapshot";
  seq: number;
  payload: Payload;
}

export interface DeltaMessage {
  type: "delta";
  seq: number;
  run: Run;
  tasks: TaskRow[];
  edges: Edge[] | null;
  graph: Graph | null;
  lanes: Lane[] | null;
  workflows?: Workflow[] | null;
}

export interface DetailMessage {
  type: "detail";
  task: number;
  detail: TaskDetail;
}

export interface RowsMessage {
  type: "rows";
  total: number;
  offset: number;
  tasks: TaskRow[];
  /** The number the page gave its question, where the kernel sends it back. */
  request?: number;
}

export interface SaidMessage {
  type: "said";
  text: string;
}

/** The answer to an `ask`, or in words why there is none. */
export interface AnswerMessage {
  type: "answer";
  request: number;
  answer: unknown;
  error: string | null;
}

/** What is wrong in the form of a prompt, by the paths of its fields. */
export interface PromptErrorsMessage {
  type: "prompt_errors";
  task: number;
  errors: Record<string, string>;
}

/** What is wrong in the form with other parameters, by the paths of its fields. */
export interface RerunErrorsMessage {
  type: "rerun_errors";
  errors: Record<string, string>;
}

export type ToPage =
  | SnapshotMessage
  | DeltaMessage
  | DetailMessage
  | RowsMessage
  | SaidMessage
  | AnswerMessage
  | PromptErrorsMessage
  | RerunErrorsMessage;

/** Lines of the log, in order of time; `tail` counts `offset` from the end. */
export interface LogQuery {
  offset: number;
  limit: number;
  tail: boolean;
  task: number | null;
  /** `stdout`, `stderr`, `log`, `warning`; `null` for all. */
  streams: string[] | null;
  text: string;
  /** Only what was written by then, in seconds of the run: what a replay shows. */
  until?: number;
}
export interface LogAnswer {
  total: number;
  offset: number;
  lines: LogLine[];
}

/** A stretch of time of a large run: its lanes in `bins` equal parts, and its tasks where they are few enough. */
export interface WindowQuery {
  from: number;
  to: number;
  bins: number;
}
export interface WindowAnswer {
  from: number;
  to: number;
  lanes: { name: string; bins: Bin[] }[];
  /** All tasks that had begun in the stretch and not ended before it, or `null` where they are too many. */
  tasks: TaskRow[] | null;
  /** How many did nothing but wait in it: they are among `tasks` only where there is room for them. */
  waiting?: number;
}

/** The run as it was at an instant: for runs whose rows the page does not have. */
export interface ReplayQuery {
  at: number;
}
export interface ReplayAnswer {
  payload: Payload;
}

export interface ExportQuery {
  format: string;
}
export interface ExportAnswer {
  /** A name for the file. */
  name: string;
  mime: string;
  /** The file, or `base64` of its bytes. */
  text: string | null;
  base64: string | null;
}

export interface RerunForm {
  name: string;
  fields: Field[];
  values: Record<string, unknown>;
}

/** What could be better in an ended run: in words, with the first of the tasks that it is about. */
export interface Hint {
  kind: string;
  title: string;
  text: string;
  advice: string;
  /** Seconds, where that can be told. */
  saves: number | null;
  tasks: [id: number, name: string][];
  /** So many tasks besides. */
  more: number;
}

export interface HintsAnswer {
  ended: boolean;
  hints: Hint[];
}

/** An ended run played again with so many workers; `null` for the usual numbers of them. */
export interface WhatIfQuery {
  workers: number[] | null;
}
/** Seconds, all of them. */
export interface WhatIfAnswer {
  /** What the workers are called: `threads`, `processes`, ... */
  unit: string;
  /** How many there were, and how many are enough. */
  own: number;
  enough: number;
  measured: number;
  /** All bodies one after another. */
  sequential: number;
  /** With any number of workers. */
  best: number;
  /** How long with how many, and the part of their time in which they worked. */
  forecasts: [workers: number, seconds: number, busy: number][];
  /** What follows each other in the longest chain; `first` is the first task of the name. */
  chain: [name: string, tasks: number, seconds: number, first: number][];
  /** What follows from it. */
  words: string[];
}

/** What a page may ask, and what it is answered. */
export interface Asks {
  log: { query: LogQuery; answer: LogAnswer };
  window: { query: WindowQuery; answer: WindowAnswer };
  replay: { query: ReplayQuery; answer: ReplayAnswer };
  export: { query: ExportQuery; answer: ExportAnswer };
  whatif: { query: WhatIfQuery; answer: WhatIfAnswer };
  /** The fields of the event that a step waits for. */
  awaited: { query: { task: number }; answer: { fields: Field[] } };
  /** The forms that a notebook file keeps, by MIME type. */
  bundle: { query: Record<string, never>; answer: Record<string, unknown> };
  /** The parameters of the flow, and the arguments that the run has. */
  form: { query: Record<string, never>; answer: RerunForm };
  hints: { query: Record<string, never>; answer: HintsAnswer };
}

/** A column the table sorts by. */
export type Column = "id" | "name" | "state" | "args" | "value" | "attempts" | "worker" | "waited" | "ran";

export interface RowsQuery {
  offset: number;
  limit: number;
  sort: [column: Column, ascending: boolean];
  states: State[] | null;
  text: string;
}

/** A button of a prompt's form is pressed. */
export interface AnswerPrompt {
  type: "answer_prompt";
  task: number;
  action: string;
  values: Record<string, unknown>;
}

/** The form of an event that a step waits for is sent. */
export interface SendEvent {
  type: "send_event";
  task: number;
  values: Record<string, unknown>;
}

export type FromPage =
  | { type: "ready" }
  | { type: "resync" }
  | { type: "cancel"; task: number | null }
  | { type: "retry"; task: number | null; below?: true }
  | { type: "pause"; task: number | null }
  | { type: "resume"; task: number | null }
  | { type: "detail"; task: number }
  | { type: "rerun"; values?: Record<string, unknown> }
  | AnswerPrompt
  | SendEvent
  | { type: "expand"; nodes: string[] }
  | { type: "ask"; request: number; what: keyof Asks; query: Asks[keyof Asks]["query"] }
  | ({ type: "rows"; request: number } & RowsQuery);

/** How a store talks to its kernel: the anywidget model, a comm, or a replay. */
export interface Link {
  send(message: FromPage): void;
  /** Calls `listener` with each message; returns what stops it. */
  listen(listener: (message: unknown) => void): () => void;
}

const KINDS = new Set(["snapshot", "delta", "detail", "rows", "said", "answer", "prompt_errors", "rerun_errors"]);

/** Messages come from outside: anything that isn't one of ours is `null`. */
export function asMessage(value: unknown): ToPage | null {
  if (typeof value !== "object" || value === null) return null;
  const { type } = value as { type?: unknown };
  return typeof type === "string" && KINDS.has(type) ? (value as ToPage) : null;
}

/** A payload that this version of the page can draw, else an error that says why not. */
export function asPayload(value: unknown): Payload {
  const payload = value as Partial<Payload> | null;
  if (typeof payload !== "object" || payload === null || !payload.run || !Array.isArray(payload.tasks)) {
    throw new Error("this output holds no run of ipyflow");
  }
  if (payload.schema !== 1) {
    throw new Error(
      `this run was saved in form ${String(payload.schema)}; this page reads form 1: update ipyflow-parallel`,
    );
  }
  return payload as Payload;
}
