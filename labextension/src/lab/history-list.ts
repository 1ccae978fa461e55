/** What a panel knows of the history of the kernel in front: page by page, filtered, without the runs it lists already. */

import { messageOf } from "../core/format";
import type { Connection } from "./connection";
import type { PastLine } from "./library";

const PAGE = 50;

export interface Wanted {
  text: string;
  state: string | null;
}

export class HistoryList {
  /** Newest first, as far as they were asked for. */
  lines: PastLine[] = [];
  more = false;
  /** Why there is no history; empty where there is one. */
  error = "";
  loading = false;
  disk: Record<string, number> | null = null;
  private turn = 0;
  /** How far the kernel's list has been asked for. */
  private reached = 0;
  private wanted: Wanted = { text: "", state: null };
  private from: Connection | null = null;

  constructor(private readonly changed: () => void) {}

  /** Begins anew, from a kernel or from none. */
  load(from: Connection | null, wanted: Wanted): void {
    this.turn += 1;
    if (from !== this.from) Object.assign(this, { lines: [], more: false, disk: null, error: "" });
    this.from = from;
    this.wanted = wanted;
    this.loading = false;
    if (from === null) this.changed();
    else void this.ask(0, this.turn);
  }

  /** The next ones. */
  next(): void {
    if (this.more && !this.loading) void this.ask(this.reached, this.turn);
  }

  /** The first page once more, without a word: other kernels begin and end runs, and nobody tells this one. */
  refresh(): void {
    if (this.from !== null && !this.loading && this.lines.length <= PAGE) void this.ask(0, this.turn, true);
  }

  /** Those that the list of the kernel's own runs does not have. */
  past(): PastLine[] {
    const own = new Set((this.from?.runs.value ?? []).map(({ key }) => key));
    return this.lines.filter(({ key }) => !own.has(key));
  }

  private async ask(offset: number, turn: number, quietly = false): Promise<void> {
    const { from } = this;
    if (from === null) return;
    this.loading = !quietly;
    if (!quietly) this.changed();
    try {
      const { runs, more } = await from.library.ask("history", { ...this.wanted, offset, limit: PAGE });
      const disk = offset > 0 ? this.disk : (await from.library.ask("disk", {})).disk;
      // What was asked for without a word yields to a page that was asked for since.
      if (turn !== this.turn || (quietly && (this.loading || this.lines.length > PAGE))) return;
      // Runs that began since the page before have moved the others on: some come twice.
      const here = new Set(offset === 0 ? [] : this.lines.map(({ key }) => key));
      this.lines = [...(offset === 0 ? [] : this.lines), ...runs.filter(({ key }) => !here.has(key))];
      this.reached = offset + runs.length;
      Object.assign(this, { more, disk, error: "" });
    } catch (error) {
      if (turn !== this.turn || quietly) return;
      if (offset === 0) this.lines = [];
      Object.assign(this, { more: false, error: messageOf(error) });
    }
    this.loading = false;
    this.changed();
    // All of this page may be runs of this kernel, which stand above.
    if (this.more && this.past().length === 0) this.next();
  }
}
