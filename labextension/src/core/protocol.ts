/** What travels between kernel and page, as written down in docs/protocol.md. Times are seconds since the run opened. */

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
  /** No new task starts until the run is resumed; missing in a saved file. */
  paused?: boolean;
}

export type Role = "pipeline" | "group" | "exceptionally" | "finally" | "merge";

export interface TaskRow {
  id: number;
  parent: number;
  name: string;
  module: string;
  group: string | null;
  /** What it is in a pipeline, where it is more than an entry. */
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
}

export interface Graph {
  width: number;
  height: number;
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

export interface Payload {
  schema: number;
  seq: number;
  run: Run;
  tasks: TaskRow[];
  edges: Edge[];
  graph: Graph | null;
  lanes: Lane[] | null;
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
}

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

export type ToPage = SnapshotMessage | DeltaMessage | DetailMessage | RowsMessage | SaidMessage;

/** A column the table sorts by. */
export type Column = "id" | "name" | "state" | "args" | "value" | "attempts" | "worker" | "waited" | "ran";

export interface RowsQuery {
  offset: number;
  limit: number;
  sort: [column: Column, ascending: boolean];
  states: State[] | null;
  text: string;
}

export type FromPage =
  | { type: "ready" }
  | { type: "resync" }
  | { type: "cancel"; task: number | null }
  | { type: "retry"; task: number }
  | { type: "pause"; task: number | null }
  | { type: "resume"; task: number | null }
  | { type: "detail"; task: number }
  | ({ type: "rows"; request: number } & RowsQuery);

/** How a store talks to its kernel: the anywidget model, a comm, or a replay. */
export interface Link {
  send(message: FromPage): void;
  /** Calls `listener` with each message; returns what stops it. */
  listen(listener: (message: unknown) => void): () => void;
}

const KINDS = new Set(["snapshot", "delta", "detail", "rows", "said"]);

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
