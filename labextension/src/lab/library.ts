/** What a page asks a kernel of the history, and has done to it: each is answered once (docs/protocol.md). */

import type { State } from "../core/protocol";

/** A run in a list of the history. */
export interface PastLine {
  key: string;
  name: string;
  kind: string;
  /** `lost`: its kernel ended before it did. */
  state: State | "lost";
  wall: number;
  elapsed: number;
  total: number;
  failed: number;
  cached: number;
  /** The key of the run that went on in it. */
  resumes: string;
  /** The key of the newest run that went on with it. */
  resumed: string;
  resumable: boolean;
  notebook: string;
}

export interface HistoryQuery {
  text: string;
  state: string | null;
  offset: number;
  limit: number;
}

export interface LibraryAsks {
  history: { query: HistoryQuery; answer: { runs: PastLine[]; offset: number; more: boolean } };
  /** Bytes, by what they hold. */
  disk: { query: Record<string, never>; answer: { disk: Record<string, number> } };
  delete: { query: { keys: string[] }; answer: { deleted: number } };
  /** The run that goes on with the one of this key. */
  resume: { query: { key: string }; answer: { run: number; wall: number; name: string } };
  /** `after` null puts it beside the run before it. */
  compare: { query: { before: string; after: string | null }; answer: unknown };
}

interface Open {
  settle(answer: unknown, error: string | null): void;
  timer: ReturnType<typeof setTimeout>;
}

/** An answer that has not come after this long, in ms, will not come. */
const PATIENCE = 60_000;
const GONE = "the kernel is not there any more";

export class Library {
  private counter = 0;
  private readonly open = new Map<number, Open>();

  /** `send` says whether there was anybody to send to. */
  constructor(private readonly send: (body: object) => boolean) {}

  ask<K extends keyof LibraryAsks>(what: K, query: LibraryAsks[K]["query"]): Promise<LibraryAsks[K]["answer"]> {
    this.counter += 1;
    const request = this.counter;
    return new Promise((resolve, reject) => {
      const settle = (answer: unknown, error: string | null) => {
        if (error === null) resolve(answer as LibraryAsks[K]["answer"]);
        else reject(new Error(error));
      };
      if (!this.send({ type: "ask", request, what, query })) {
        settle(null, GONE);
        return;
      }
      const late = () => this.receive({ request, answer: null, error: "the kernel does not answer" });
      this.open.set(request, { settle, timer: setTimeout(late, PATIENCE) });
    });
  }

  receive({ request, answer, error }: { request?: unknown; answer?: unknown; error?: unknown }): void {
    const open = this.open.get(Number(request));
    if (open === undefined) return;
    this.open.delete(Number(request));
    clearTimeout(open.timer);
    open.settle(answer, typeof error === "string" ? error : null);
  }

  /** The kernel is gone: nothing will be answered. */
  drop(): void {
    for (const request of [...this.open.keys()]) this.receive({ request, answer: null, error: GONE });
  }
}
