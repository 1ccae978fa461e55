/**
 * What the page knows of one run: the synced half of the state (the page-only half is ui-state.ts).
 *
 * A snapshot replaces everything, deltas are applied in order of `seq`; on a gap the store asks for a snapshot and
 * keeps showing what it has. Every view draws from here, nothing keeps books of its own.
 */

import { withPublished } from "./events";
import {
  type Asks,
  asMessage,
  asPayload,
  type DeltaMessage,
  type Edge,
  type FromPage,
  type Graph,
  type Kept,
  type Lane,
  type Link,
  type Payload,
  type Run,
  type TaskDetail,
  type TaskRow,
  type ToPage,
  type Workflow,
} from "./protocol";
import { Questions } from "./questions";
import { RowWindows } from "./rows";
import { isFinal } from "./status";

/** What changed: views redraw only what they show. `tasks` is `null` when every row may be new. */
export interface Change {
  tasks: ReadonlySet<number> | null;
  edges: boolean;
  graph: boolean;
  lanes: boolean;
  workflows: boolean;
}

const ALL: Change = { tasks: null, edges: true, graph: true, lanes: true, workflows: true };
const EMPTY_RUN: Run = {
  id: 0,
  name: "",
  kind: "",
  state: "planned",
  wall: 0,
  now: 0,
  closed: null,
  total: 0,
  counts: {},
  aggregated: false,
  notes: [],
};
/** How often, in ms, a snapshot that does not come is asked for again, and how many times. */
const ASK_AGAIN = 2000;
const ASK_TIMES = 4;

export interface StoreOptions {
  /** Monotonic clock in milliseconds. */
  clock?: () => number;
  /** Calls back later; returns what stops it. */
  later?: (call: () => void, ms: number) => () => void;
}

export class RunStore {
  run: Run = EMPTY_RUN;
  readonly tasks = new Map<number, TaskRow>();
  /** Ids in the order the kernel gave them. */
  order: number[] = [];
  edges: Edge[] = [];
  graph: Graph | null = null;
  lanes: Lane[] | null = null;
  /** The instant the lanes reach to: they come more seldom than rows. */
  lanesUntil = 0;
  workflows: readonly Workflow[] = [];
  /** What a saved file holds in place of a kernel. */
  kept: Kept | null = null;
  readonly rows: RowWindows;
  /** False until the first payload. */
  filled = false;

  private seq = -1;
  private healing = false;
  private asked = 0;
  /** Page clock minus run clock; `null` when nothing says that the run is still moving. */
  private offset: number | null = null;
  private readonly details = new Map<number, TaskDetail>();
  private readonly wanted = new Set<number>();
  private readonly changeListeners = new Set<(change: Change) => void>();
  private readonly detailListeners = new Set<(task: number) => void>();
  private readonly saidListeners = new Set<(text: string) => void>();
  private readonly clock: () => number;
  private readonly later: (call: () => void, ms: number) => () => void;
  private readonly unlisten: () => void;
  private readonly questions: Questions;
  private stopAsking: () => void = () => undefined;

  constructor(
    private readonly link: Link,
    options: StoreOptions = {},
  ) {
    this.clock = options.clock ?? (() => performance.now());
    this.later =
      options.later ??
      ((call, ms) => {
        const timer = setTimeout(call, ms);
        return () => clearTimeout(timer);
      });
    this.rows = new RowWindows((query, request) => this.send({ type: "rows", request, ...query }), this.later);
    this.questions = new Questions((message) => this.send(message), this.later);
    this.unlisten = link.listen((message) => this.receive(message));
  }

  /** Draws a payload that came with the output; nothing says yet that a kernel stands behind it. */
  load(payload: Payload): void {
    this.replace(payload, payload.seq);
  }

  /** Tells the kernel that a page is there. */
  connect(): void {
    this.askWhole("ready");
  }

  /** The line to the kernel has gone or come back: the clock stands until something is heard again. */
  lineChanged(): void {
    this.offset = null;
    this.asked = 0;
    this.changed(ALL);
    this.connect();
  }

  dispose(): void {
    this.stopAsking();
    this.rows.dispose();
    this.questions.dispose();
    this.unlisten();
    this.changeListeners.clear();
    this.detailListeners.clear();
    this.saidListeners.clear();
  }

  onChange(listener: (change: Change) => void): () => void {
    this.changeListeners.add(listener);
    return () => this.changeListeners.delete(listener);
  }

  onDetail(listener: (task: number) => void): () => void {
    this.detailListeners.add(listener);
    return () => this.detailListeners.delete(listener);
  }

  onSaid(listener: (text: string) => void): () => void {
    this.saidListeners.add(listener);
    return () => this.saidListeners.delete(listener);
  }

  /** True while the run moves and a kernel has been heard of. */
  get live(): boolean {
    return this.offset !== null && this.run.closed === null;
  }

  /** True while a kernel stands behind the page, as far as it has been heard of. */
  get heard(): boolean {
    return this.offset !== null;
  }

  /** The run's clock, ticking between messages while it is live. */
  now(): number {
    if (this.run.closed !== null) return this.run.closed;
    if (this.offset === null) return this.run.now;
    return Math.max(this.run.now, this.clock() / 1000 - this.offset);
  }

  detail(task: number): TaskDetail | undefined {
    return this.details.get(task);
  }

  /** Keeps the detail of `task` fresh until the returned function is called. */
  watchDetail(task: number): () => void {
    this.wanted.add(task);
    this.send({ type: "detail", task });
    return () => this.wanted.delete(task);
  }

  cancel(task: number | null): void {
    this.send({ type: "cancel", task });
  }

  retry(task: number): void {
    this.send({ type: "retry", task });
  }

  /** Lets nothing new of the run, or of one pipeline, begin. */
  pause(task: number | null): void {
    this.send({ type: "pause", task });
  }

  resume(task: number | null): void {
    this.send({ type: "resume", task });
  }

  /** Runs the whole again, with the same arguments: the view goes over to the new run. */
  rerun(): void {
    this.send({ type: "rerun" });
  }

  /** Says which collapsed nodes of the graph are open on this page. */
  expand(nodes: string[]): void {
    this.send({ type: "expand", nodes });
  }

  /** Asks the kernel something that it answers once. */
  ask<K extends keyof Asks>(what: K, query: Asks[K]["query"]): Promise<Asks[K]["answer"]> {
    return this.questions.ask(what, query);
  }

  send(message: FromPage): void {
    this.link.send(message);
  }

  receive(value: unknown): void {
    const message: ToPage | null = asMessage(value);
    if (message === null) return;
    if (message.type === "snapshot") {
      this.tickFrom(message.payload.run);
      this.replace(asPayload(message.payload), message.seq);
    } else if (message.type === "delta") {
      this.merge(message);
    } else if (message.type === "detail") {
      this.details.set(message.task, message.detail);
      for (const listener of [...this.detailListeners]) listener(message.task);
    } else if (message.type === "rows") {
      this.rows.receive(message);
    } else if (message.type === "answer") {
      this.questions.receive(message);
    } else {
      for (const listener of [...this.saidListeners]) listener(message.text);
    }
  }

  private replace(payload: Payload, seq: number): void {
    this.healing = false;
    this.asked = 0;
    this.stopAsking();
    this.seq = seq;
    this.run = payload.run;
    this.tasks.clear();
    for (const row of payload.tasks) this.tasks.set(row.id, row);
    this.order = payload.tasks.map((row) => row.id);
    this.edges = payload.edges;
    this.graph = payload.graph;
    this.lanes = payload.lanes;
    this.lanesUntil = payload.run.now;
    this.workflows = (payload.workflows ?? []).map(withPublished);
    this.kept = payload.kept ?? null;
    this.filled = true;
    this.changed(ALL);
  }

  private merge(delta: DeltaMessage): void {
    if (!this.filled || this.healing || delta.seq <= this.seq) return;
    if (delta.seq !== this.seq + 1) {
      this.healing = true;
      this.askWhole("resync");
      return;
    }
    this.seq = delta.seq;
    this.tickFrom(delta.run);
    this.run = delta.run;
    const ids = new Set<number>();
    for (const row of delta.tasks) {
      if (!this.tasks.has(row.id)) this.order.push(row.id);
      this.tasks.set(row.id, row);
      ids.add(row.id);
    }
    if (delta.run.aggregated) this.trim();
    if (delta.edges !== null) this.edges = delta.edges;
    if (delta.graph !== null) this.graph = delta.graph;
    if (delta.lanes !== null) {
      this.lanes = delta.lanes;
      this.lanesUntil = delta.run.now;
    }
    const workflows = delta.workflows ?? null;
    if (workflows !== null) this.workflows = workflows.map(withPublished);
    this.changed({
      tasks: ids,
      edges: delta.edges !== null,
      graph: delta.graph !== null,
      lanes: delta.lanes !== null,
      workflows: workflows !== null,
    });
  }

  /** A large run sends the rows worth a look as they come; without this the page would collect all of them. */
  private trim(most = 1000): void {
    if (this.order.length <= most) return;
    const spare = this.order.length - most;
    const dropped = new Set(
      this.order
        .filter((id) => isFinal(this.tasks.get(id)?.state ?? "planned") && !this.wanted.has(id))
        .slice(0, spare),
    );
    for (const id of dropped) this.tasks.delete(id);
    this.order = this.order.filter((id) => !dropped.has(id));
  }

  /** Messages wait in queues: the smallest offset seen is the truest, so the clock never runs back. */
  private tickFrom(run: Run): void {
    const offset = this.clock() / 1000 - run.now;
    this.offset = this.offset === null || offset < this.offset || offset > this.offset + 5 ? offset : this.offset;
  }

  private changed(change: Change): void {
    for (const listener of [...this.changeListeners]) listener(change);
    this.rows.touch();
    for (const task of this.wanted) {
      if (change.tasks?.has(task) || change.tasks === null) this.send({ type: "detail", task });
    }
  }

  private askWhole(type: "ready" | "resync"): void {
    this.stopAsking();
    if (this.asked >= ASK_TIMES) return;
    this.asked += 1;
    this.stopAsking = this.later(() => this.askWhole(type), ASK_AGAIN * this.asked);
    this.send({ type });
  }
}
