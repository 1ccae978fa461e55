/**
 * What this page has with one kernel: whether ipyflow is loaded there, its list of runs, and the runs that views watch.
 *
 * The kernel hears us over its control channel, which a busy cell does not block; we hear it over iopub, in messages of
 * a comm that nobody has opened (docs/protocol.md, "The lab link"). All notebooks on one kernel share a connection.
 */

import type { AnswerPrompt, Counts, OpenPrompt, State } from "../core/protocol";
import { disposeAll, Signal } from "../core/signal";
import { Library } from "./library";

/** The number under which a kernel speaks to all pages, and the name of its entry in the table of comms. */
export const TARGET = "ipyflow-parallel";
const BEAT = 20_000;
/** A kernel that greets may have loaded ipyflow anew: it is asked what it knows of us, but not for each greeting. */
const SELDOM = 2_000;
/** So many signs of life without an answer, and ipyflow is not there any more. */
const UNANSWERED = 3;

/** A run in the list of runs. */
export interface ListedRun {
  id: number;
  /** By what it is known in the history; empty where nothing is kept. */
  key?: string;
  name: string;
  kind: string;
  state: State;
  wall: number;
  elapsed: number;
  closed: boolean;
  total: number;
  counts: Counts;
  paused: boolean;
  /** The questions that wait for an answer; missing where there are none. */
  prompts?: OpenPrompt[];
  /** The cell whose output shows it. */
  cell: string | null;
}

export type Body = { type: string } & Record<string, unknown>;

/** One websocket to the kernel: JupyterLab has one for each notebook. */
export interface KernelLine {
  /** Whether messages come and go. */
  readonly up: boolean;
  send(content: object): void;
  /** `life` tells one life of a kernel from the next: after a restart the server may repeat what the old one said. */
  onMessage(listener: (content: unknown, life: string) => void): () => void;
  /** Tells when `up` may have changed. */
  onChange(listener: () => void): () => void;
  /** Tells that the kernel begins anew, or has died. */
  onRestart(listener: () => void): () => void;
  /** Asks the kernel whether ipyflow is loaded. */
  isThere(): Promise<boolean>;
}

/** Hears what is said about one watched run. */
export interface Subscriber {
  /** Whether the kernel should be sending it news. */
  readonly watching: boolean;
  received(body: Body): void;
  /** ipyflow is there (again), or not any more. */
  lineChanged(): void;
}

let subs = 0;

export class Connection {
  /** Whether ipyflow is loaded in the kernel. */
  readonly known = new Signal(false);
  readonly runs = new Signal<readonly ListedRun[]>([]);
  /** Counts whenever the kernel has another history. */
  readonly remembered = new Signal(0);
  /** What it remembers of other runs. */
  readonly library = new Library((body) => this.post(null, body));
  /** When the list came, on the page's clock in ms. */
  heardAt = 0;

  private readonly lines = new Map<KernelLine, () => void>();
  private line: KernelLine | null = null;
  private readonly subscribers = new Map<number, Subscriber>();
  private life = "";
  private readonly over = new Set<string>();
  private unanswered = 0;
  private greeted = 0;
  private beating: ReturnType<typeof setInterval> | undefined;

  /** `page` is the number of this browser page, `kernel` the id of the kernel. */
  constructor(
    private readonly page: string,
    readonly kernel: string,
  ) {}

  /** Whether anything leads to the kernel. */
  get connected(): boolean {
    return this.line !== null;
  }

  /** Uses a line; the result gives it up. */
  attach(line: KernelLine): () => void {
    const stop = disposeAll(
      line.onMessage((content, life) => line === this.line && this.heard(content, life)),
      line.onChange(() => this.choose()),
      line.onRestart(() => {
        this.over.add(this.life);
        this.lost();
        if (this.line?.up) this.look();
      }),
    );
    this.lines.set(line, stop);
    this.choose();
    return () => {
      stop();
      this.lines.delete(line);
      this.choose();
    };
  }

  /** Registers one who watches a run; the number is for `post` and `leave`. */
  join(subscriber: Subscriber): number {
    subs += 1;
    this.subscribers.set(subs, subscriber);
    return subs;
  }

  leave(sub: number): void {
    this.subscribers.delete(sub);
    this.post(null, { type: "leave", sub });
  }

  /** Sends, if ipyflow is there. */
  post(sub: number | null, body: object): boolean {
    if (!this.known.value || this.line === null) return false;
    this.line.send({ page: this.page, sub, body });
    return true;
  }

  /** Has something done to a run that nobody need have on show; `said` hears what came of it. */
  command(run: { id: number; wall: number }, type: string, said: (text: string) => void): void {
    this.once(run, { type, task: null }, ({ text }) => said(String(text)));
  }

  /** Presses a button of a prompt's form; `refused` hears what is wrong in it. */
  answer(
    run: { id: number; wall: number },
    message: AnswerPrompt,
    said: (text: string) => void,
    refused: (errors: Record<string, string>) => void,
  ): void {
    this.once(run, message, (body) => {
      if (body.type === "prompt_errors") refused(body.errors as Record<string, string>);
      else said(String(body.text));
    });
  }

  /** Says one thing to a run, and hears one thing back. */
  private once(run: { id: number; wall: number }, message: Body | AnswerPrompt, heard: (body: Body) => void): void {
    const sub = this.join({
      watching: false,
      received: (body) => {
        if (!["said", "prompt_errors", "unknown"].includes(body.type)) return;
        this.subscribers.delete(sub);
        const gone = { type: "said", text: "the kernel does not know this run any more" };
        heard(body.type === "unknown" ? gone : body);
      },
      lineChanged: () => this.subscribers.delete(sub),
    });
    this.post(null, { type: "watch", sub, run: run.id, wall: run.wall });
    this.post(sub, message);
    this.post(null, { type: "leave", sub });
  }

  /** The page is being left. */
  bye(): void {
    this.post(null, { type: "bye" });
  }

  private choose(): void {
    if (this.line?.up && this.lines.has(this.line)) return;
    this.line = [...this.lines.keys()].find((line) => line.up) ?? null;
    if (this.line === null) this.lost();
    else if (!this.known.value) this.look();
  }

  /** The page may be newer than the kernel's last hello. */
  private look(): void {
    const line = this.line;
    line?.isThere().then(
      (there) => {
        if (there && line === this.line && !this.known.value) this.announce();
      },
      () => undefined, // the kernel went away while it was asked
    );
  }

  private announce(): void {
    this.known.value = true;
    this.unanswered = 0;
    // First what is to be watched, so that the answer to the first beat counts it.
    for (const subscriber of [...this.subscribers.values()]) subscriber.lineChanged();
    this.beat();
    clearInterval(this.beating);
    this.beating = setInterval(() => this.beat(), BEAT);
  }

  private beat(): void {
    if (this.unanswered >= UNANSWERED) {
      this.lost();
      this.look();
      return;
    }
    this.hello();
    this.post(null, { type: "runs", on: true });
  }

  private hello(): void {
    this.unanswered += 1;
    this.greeted = Date.now();
    this.post(null, { type: "hello" });
  }

  private lost(): void {
    clearInterval(this.beating);
    if (!this.known.value) return;
    this.known.value = false;
    this.runs.value = [];
    this.library.drop();
    for (const subscriber of [...this.subscribers.values()]) subscriber.lineChanged();
  }

  private heard(content: unknown, life: string): void {
    const { comm_id, data } = (content ?? {}) as { comm_id?: unknown; data?: unknown };
    if (comm_id !== TARGET && comm_id !== this.page) return;
    const { ipyflow, sub, body } = (data ?? {}) as { ipyflow?: unknown; sub?: unknown; body?: Body };
    if (ipyflow !== 1 || typeof body?.type !== "string" || this.over.has(life)) return;
    this.life = life;
    if (typeof sub === "number") this.subscribers.get(sub)?.received(body);
    else if (body.type === "runs" && Array.isArray(body.runs)) {
      this.heardAt = performance.now();
      this.runs.value = body.runs as ListedRun[];
    } else if (body.type === "history") this.remembered.value += 1;
    else if (body.type === "answer") this.library.receive(body as { request?: unknown });
    else if (body.type === "hello") {
      if (!this.known.value) this.announce();
      if (comm_id === this.page) this.answered(body.subs);
      else if (Date.now() - this.greeted > SELDOM) this.hello();
    }
  }

  /** A kernel that had forgotten this page, as after a laptop's sleep, knows nothing of what it watched. */
  private answered(watched: unknown): void {
    this.unanswered = 0;
    if (!Array.isArray(watched)) return;
    const lost = [...this.subscribers].filter(([sub, one]) => one.watching && !watched.includes(sub));
    for (const [, subscriber] of lost) subscriber.lineChanged();
    if (lost.length > 0) this.post(null, { type: "runs", on: true });
  }
}
