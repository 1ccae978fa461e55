/** What leads from one view to the run it shows, over whatever connection there is just now. */

import type { FromPage, Link } from "../core/protocol";
import { Signal } from "../core/signal";
import type { Body, Connection, Subscriber } from "./connection";

/** `away`: no kernel with ipyflow; `asking`; `live`: the kernel knows the run; `unknown`: it does not. */
export type LineState = "away" | "asking" | "live" | "unknown";

const NO_KERNEL = "no kernel knows this run: what you see is what was saved of it";

export class RunLine implements Link, Subscriber {
  readonly state = new Signal<LineState>("away");
  private connection: Connection | null = null;
  private sub = 0;
  private listener: ((message: unknown) => void) | null = null;
  private changed: (() => void) | null = null;

  /**
   * The run by its number, and the instant it began, which tells runs of several kernels apart; with a key the kernel
   * looks for it in the history, too.
   */
  constructor(
    public id: number,
    public wall: number,
    public key = "",
  ) {}

  get watching(): boolean {
    return this.state.value === "live";
  }

  /** Goes over to another connection, or to none. */
  bind(connection: Connection | null): void {
    if (connection === this.connection) return;
    this.connection?.leave(this.sub);
    this.connection = connection;
    if (connection !== null) this.sub = connection.join(this);
    this.lineChanged();
  }

  /** Follows another run. */
  follow(id: number, wall: number, key = ""): void {
    this.id = id;
    this.wall = wall;
    this.key = key;
    this.lineChanged();
  }

  send(message: FromPage): void {
    if (message.type === "ready") this.watch();
    else if (this.state.value !== "live" || !this.connection?.post(this.sub, message)) this.refuse(message);
  }

  listen(listener: (message: unknown) => void): () => void {
    this.listener = listener;
    return () => {
      this.listener = null;
    };
  }

  /** Calls `listener` when the line has gone or may have come back. */
  onChange(listener: () => void): void {
    this.changed = listener;
  }

  received(body: Body): void {
    if (body.type === "unknown") {
      const forgotten = this.state.value === "live";
      this.state.value = forgotten ? "away" : "unknown";
      if (forgotten) this.watch();
      return;
    }
    if (body.type === "snapshot") {
      const { run } = body.payload as { run: { id: number; wall: number; key?: string } };
      this.id = run.id;
      this.wall = run.wall;
      if (this.key !== "") this.key = run.key ?? "";
      this.state.value = "live";
    }
    this.listener?.(body);
  }

  lineChanged(): void {
    this.state.value = "away";
    this.changed?.();
  }

  dispose(): void {
    this.changed = null;
    this.bind(null);
    this.listener = null;
  }

  private watch(): void {
    if (this.state.value === "unknown") return;
    const past = this.key === "" ? {} : { key: this.key };
    const body = { type: "watch", sub: this.sub, run: this.id, wall: this.wall, ...past };
    if (this.connection?.post(null, body) && this.state.value === "away") this.state.value = "asking";
  }

  /** Whoever asks is told at once why nothing comes. */
  private refuse(message: FromPage): void {
    if (message.type === "ask") {
      this.listener?.({ type: "answer", request: message.request, answer: null, error: NO_KERNEL });
    } else if (["cancel", "retry", "pause", "resume", "rerun", "answer_prompt", "send_event"].includes(message.type)) {
      this.listener?.({ type: "said", text: NO_KERNEL });
    }
  }
}
