/**
 * The rows of a run too large to send whole: windows asked for as the table shows them.
 *
 * Questions go out one at a time, so an answer belongs to the question that is open, also where the kernel does not
 * send the number back. Windows stay on show while newer ones are fetched: nothing flickers.
 */

import type { RowsMessage, RowsQuery, TaskRow } from "./protocol";

export const WINDOW = 100;
/** Rows on show are asked for again at most this often, in ms, while the run moves. */
const REFRESH = 1000;
/** An answer that has not come after this long, in ms, is asked for again. */
const LOST = 4000;

type Filter = Pick<RowsQuery, "sort" | "states" | "text">;

export class RowWindows {
  total = 0;
  /** What the views see of a row: in a replay, what it was then. */
  look: (row: TaskRow) => TaskRow = (row) => row;
  private windows = new Map<number, TaskRow[]>();
  private others: ReadonlyMap<number, TaskRow> = new Map();
  private filter: Filter = { sort: ["id", true], states: null, text: "" };
  private stale = new Set<number>();
  private visible: number[] = [];
  private open: { offset: number; request: number } | null = null;
  /** Starts anywhere: other pages of the same kernel get these answers too, and must not take them for theirs. */
  private counter = Math.floor(Math.random() * 1e9);
  private stopTimer: () => void = () => undefined;
  private refreshing: (() => void) | null = null;
  private readonly listeners = new Set<() => void>();

  constructor(
    private readonly ask: (query: RowsQuery, request: number) => void,
    private readonly later: (call: () => void, ms: number) => () => void,
  ) {}

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Says which rows, of which order and filter, are on show. */
  show(first: number, last: number, filter: Filter): void {
    if (JSON.stringify(filter) !== JSON.stringify(this.filter)) {
      this.filter = filter;
      this.open = null;
      for (const offset of this.windows.keys()) this.stale.add(offset);
    }
    this.visible = [];
    for (let w = Math.floor(first / WINDOW); w <= Math.floor(Math.max(first, last) / WINDOW); w++) {
      this.visible.push(w * WINDOW);
    }
    this.next();
  }

  row(index: number): TaskRow | undefined {
    const offset = Math.floor(index / WINDOW) * WINDOW;
    const row = this.windows.get(offset)?.[index - offset];
    return row === undefined ? undefined : this.look(row);
  }

  /** A row by its task, where it is at hand. */
  find(id: number): TaskRow | undefined {
    for (const rows of this.windows.values()) {
      const row = rows.find((one) => one.id === id);
      if (row !== undefined) return this.look(row);
    }
    const row = this.others.get(id);
    return row === undefined ? undefined : this.look(row);
  }

  /** Rows that came with something else, so that their panes and cards have something to say. */
  also(rows: readonly TaskRow[]): void {
    this.others = new Map(rows.map((row) => [row.id, row]));
  }

  /** The run has changed: what is on show is fetched again, soon. */
  touch(): void {
    if (this.refreshing !== null || this.visible.length === 0) return;
    this.refreshing = this.later(() => {
      this.refreshing = null;
      for (const offset of this.windows.keys()) this.stale.add(offset);
      this.next();
    }, REFRESH);
  }

  receive(message: RowsMessage): void {
    if (this.open === null || message.offset !== this.open.offset) return;
    if (message.request !== undefined && message.request !== this.open.request) return;
    this.stopTimer();
    this.open = null;
    this.total = message.total;
    this.windows.set(message.offset, message.tasks);
    this.stale.delete(message.offset);
    for (const offset of [...this.windows.keys()]) {
      if (offset >= Math.max(1, message.total) || (this.windows.size > 50 && !this.visible.includes(offset))) {
        this.windows.delete(offset);
      }
    }
    for (const listener of [...this.listeners]) listener();
    this.next();
  }

  dispose(): void {
    this.stopTimer();
    this.refreshing?.();
    this.visible = [];
    this.listeners.clear();
  }

  private next(): void {
    if (this.open !== null) return;
    const offset = this.visible.find((o) => !this.windows.has(o)) ?? this.visible.find((o) => this.stale.has(o));
    if (offset === undefined) return;
    this.counter += 1;
    this.open = { offset, request: this.counter };
    this.stopTimer();
    this.stopTimer = this.later(() => {
      this.open = null;
      this.next();
    }, LOST);
    this.ask({ offset, limit: WINDOW, ...this.filter }, this.counter);
  }
}
