/**
 * What the page knows of one run: the synced half of the state (the page-only half is ui-state.ts).
 *
 * A snapshot replaces everything, deltas are applied in order of `seq`; on a gap the store asks for a snapshot and
 * keeps showing what it has. Every view draws from here, nothing keeps books of its own.
 */

import { whySilent } from "./hears";
import { Past } from "./past";
import { ALL, type Change, emptyPicture, isSameRun, type Picture, pictureOf, takeIn } from "./picture";
import {
  type AnswerPrompt,
  type Asks,
  asMessage,
  asPayload,
  type DeltaMessage,
  type FromPage,
  type Link,
  type Payload,
  type PromptErrorsMessage,
  type Run,
  type TaskDetail,
  type ToPage,
} from "./protocol";
import { Questions } from "./questions";
import { detailAt, rowAt } from "./replay";
import { RowWindows } from "./rows";

/** How often, in ms, a snapshot that does not come is asked for again, and how many times. */
const ASK_AGAIN = 2000;
const ASK_TIMES = 4;
/**
 * After so long without a word, in ms, a run that goes on is asked for anew: its last word may have been lost, and none
 * would come after it. Twice as long each time, and longer for a large run, whose snapshots are dear.
 */
const SILENCE = 3000;
const SILENCE_LARGE = 15_000;
const SILENCE_MOST = 60_000;

export interface StoreOptions {
  /** Monotonic clock in milliseconds. */
  clock?: () => number;
  /** Calls back later; returns what stops it. */
  later?: (call: () => void, ms: number) => () => void;
}

export class RunStore {
  /** What the kernel has said. */
  private readonly truth: Picture = emptyPicture();
  /** What the views see: the truth, or in a replay what was true then. */
  private shown: Picture = this.truth;
  private instant: number | null = null;
  private readonly past: Past;
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
  private readonly rerunListeners = new Set<(errors: Record<string, string>) => void>();
  private readonly refusedListeners = new Set<(message: PromptErrorsMessage) => void>();
  private readonly clock: () => number;
  private readonly later: (call: () => void, ms: number) => () => void;
  private readonly unlisten: () => void;
  private readonly questions: Questions;
  private stopAsking: () => void = () => undefined;
  private silence = 0;
  private stopListening: () => void = () => undefined;

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
    this.rows.look = (row) => (this.instant === null ? row : rowAt(row, this.instant));
    this.questions = new Questions(
      (message) => this.send(message),
      this.later,
      () => whySilent(this.truth.run),
    );
    this.past = new Past(
      (at) => this.ask("replay", { at }),
      this.later,
      () => this.heard,
      () => this.project((at) => this.past.picture(this.truth, at, this.end())),
    );
    this.unlisten = link.listen((message) => this.receive(message));
  }

  get run(): Run {
    return this.shown.run;
  }

  get tasks(): Picture["tasks"] {
    return this.shown.tasks;
  }

  get order(): readonly number[] {
    return this.shown.order;
  }

  get edges(): Picture["edges"] {
    return this.shown.edges;
  }

  get graph(): Picture["graph"] {
    return this.shown.graph;
  }

  get lanes(): Picture["lanes"] {
    return this.shown.lanes;
  }

  get lanesUntil(): number {
    return this.shown.lanesUntil;
  }

  get workflows(): Picture["workflows"] {
    return this.shown.workflows;
  }

  get kept(): Picture["kept"] {
    return this.shown.kept;
  }

  /** The run as it is, also while its past is on show. */
  get present(): Readonly<Picture> {
    return this.truth;
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
    this.stopListening();
    this.rows.dispose();
    this.past.forget();
    this.questions.dispose();
    this.unlisten();
    this.changeListeners.clear();
    this.detailListeners.clear();
    this.saidListeners.clear();
    this.refusedListeners.clear();
    this.rerunListeners.clear();
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

  /** Hears what is wrong in a form with other parameters that was sent. */
  onRerunRefused(listener: (errors: Record<string, string>) => void): () => void {
    this.rerunListeners.add(listener);
    return () => this.rerunListeners.delete(listener);
  }

  /** Hears what is wrong in the form of a prompt that was sent. */
  onRefused(listener: (message: PromptErrorsMessage) => void): () => void {
    this.refusedListeners.add(listener);
    return () => this.refusedListeners.delete(listener);
  }

  /** True while the run moves and a kernel has been heard of; a replay stands still. */
  get live(): boolean {
    return this.instant === null && this.moving;
  }

  /** The same of the run itself, whatever of it is on show. */
  get moving(): boolean {
    return this.offset !== null && this.truth.run.closed === null;
  }

  /** True while a kernel stands behind the page, as far as it has been heard of. */
  get heard(): boolean {
    return this.offset !== null;
  }

  /** True where something can be done to what is on show: a kernel is there, and neither the run nor the instant is past. */
  get steers(): boolean {
    return this.heard && !this.replaying && this.truth.run.past !== true;
  }

  /** The run's clock, ticking between messages while it is live; in a replay the instant on show. */
  now(): number {
    return this.instant ?? this.end();
  }

  /** How far the run has come, also while its past is on show. */
  end(): number {
    const { run } = this.truth;
    if (run.closed !== null) return run.closed;
    if (this.offset === null) return run.now;
    return Math.max(run.now, this.clock() / 1000 - this.offset);
  }

  /** True while the past is on show: nothing can be cancelled, retried or paused there. */
  get replaying(): boolean {
    return this.instant !== null;
  }

  /** True while only a part of what the run was can be told: its rows are with a kernel that does not answer. */
  get rough(): boolean {
    return this.instant !== null && this.instant < this.end() && this.truth.run.aggregated && this.past.rough;
  }

  /** Shows the run as it was `at` seconds after it opened; `null` shows it as it is. */
  replay(at: number | null): void {
    const instant = at === null ? null : Math.min(this.end(), Math.max(0, at));
    if (instant === this.instant) return;
    this.instant = instant;
    if (instant === null) {
      this.past.forget();
      this.shown = this.truth;
      this.tell(ALL);
    } else this.project(() => this.past.look(this.truth, instant, this.end()));
  }

  private project(picture: (at: number) => Picture): void {
    if (this.instant === null) return;
    const { truth } = this;
    const then = picture(this.instant);
    // What stands still must not share what goes on.
    this.shown = then === truth ? { ...truth, tasks: new Map(truth.tasks), order: [...truth.order] } : then;
    this.tell(ALL);
  }

  detail(task: number): TaskDetail | undefined {
    const detail = this.details.get(task);
    const then = this.instant;
    return detail === undefined || then === null ? detail : detailAt(detail, this.tasks.get(task), then);
  }

  /** Keeps the detail of `task` fresh until the returned function is called. */
  watchDetail(task: number): () => void {
    this.wanted.add(task);
    this.askDetail(task);
    return () => this.wanted.delete(task);
  }

  askDetail(task: number): void {
    this.send({ type: "detail", task });
  }

  cancel(task: number | null): void {
    this.act({ type: "cancel", task });
  }

  /** `null` runs again all that has failed. */
  retry(task: number | null): void {
    this.act({ type: "retry", task });
  }

  /** Runs again what has failed below a task. */
  retryBelow(task: number): void {
    this.act({ type: "retry", task, below: true });
  }

  /** Lets nothing new of the run, or of one pipeline, begin. */
  pause(task: number | null): void {
    this.act({ type: "pause", task });
  }

  resume(task: number | null): void {
    this.act({ type: "resume", task });
  }

  /** Runs the whole again, with the same arguments or with others: the view goes over to the new run. */
  rerun(values?: Record<string, unknown>): void {
    this.act(values === undefined ? { type: "rerun" } : { type: "rerun", values });
  }

  /** What is done is done to the run as it is: not from a picture of its past. */
  private act(message: FromPage): void {
    if (this.instant === null) this.send(message);
  }

  /** Presses a button of a prompt's form. */
  answer(message: Omit<AnswerPrompt, "type">): void {
    this.act({ type: "answer_prompt", ...message });
  }

  /** Sends the event that a step waits for. */
  sendEvent(task: number, values: Record<string, unknown>): void {
    this.act({ type: "send_event", task, values });
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
      // Another run has a clock of its own.
      if (!isSameRun(this.truth, message.payload)) this.offset = null;
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
    } else if (message.type === "rerun_errors") {
      for (const listener of [...this.rerunListeners]) listener(message.errors);
    } else if (message.type === "prompt_errors") {
      for (const listener of [...this.refusedListeners]) listener(message);
    } else {
      for (const listener of [...this.saidListeners]) listener(message.text);
    }
  }

  private replace(payload: Payload, seq: number): void {
    this.healing = false;
    this.asked = 0;
    this.stopAsking();
    this.seq = seq;
    // Another run has taken the place of the one that may have been looked back at.
    if (!isSameRun(this.truth, payload)) this.leavePast();
    Object.assign(this.truth, pictureOf(payload));
    this.filled = true;
    this.listenOn();
    this.changed(ALL);
  }

  private leavePast(): void {
    this.instant = null;
    this.past.forget();
    this.shown = this.truth;
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
    const change = takeIn(this.truth, delta, this.wanted);
    this.silence = 0;
    this.listenOn();
    this.changed(change);
  }

  /** Messages wait in queues: the smallest offset seen is the truest, so the clock never runs back. */
  private tickFrom(run: Run): void {
    const offset = this.clock() / 1000 - run.now;
    this.offset = this.offset === null || offset < this.offset || offset > this.offset + 5 ? offset : this.offset;
  }

  private changed(change: Change): void {
    // In a replay the picture stands: what comes is shown when the reader comes back.
    if (this.instant === null) this.tell(change);
    this.rows.touch();
    for (const task of this.wanted) {
      if (change.tasks?.has(task) || change.tasks === null) this.askDetail(task);
    }
  }

  private tell(change: Change): void {
    for (const listener of [...this.changeListeners]) listener(change);
  }

  private listenOn(): void {
    this.stopListening();
    if (!this.moving) return;
    this.silence = Math.max(this.silence, this.truth.run.aggregated ? SILENCE_LARGE : SILENCE);
    this.stopListening = this.later(() => {
      if (!this.moving) return;
      this.silence = Math.min(SILENCE_MOST, 2 * this.silence);
      this.send({ type: "resync" });
      this.listenOn();
    }, this.silence);
  }

  private askWhole(type: "ready" | "resync"): void {
    this.stopAsking();
    if (this.asked >= ASK_TIMES) return;
    this.asked += 1;
    this.stopAsking = this.later(() => this.askWhole(type), ASK_AGAIN * this.asked);
    this.send({ type });
  }
}
