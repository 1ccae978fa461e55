/** One view of a run somewhere in JupyterLab: live over its line, or the picture that was saved. */

import { asPayload, type Payload } from "../core/protocol";
import { expand } from "../core/saved";
import { disposeAll, Signal } from "../core/signal";
import { RunStore } from "../core/store";
import { createUiState, type Host, type UiState } from "../core/ui-state";
import { mountRunView } from "../views/run-view";
import type { Connection } from "./connection";
import { RunLine } from "./run-line";
import type { Choices } from "./settings";

export interface PlaceOptions {
  choices: Choices;
  host?: Host;
  /** The tab that is open at first, where the cell says so. */
  tab?: unknown;
  /** Whether it is shown from the history where the kernel has forgotten it; else the reader is asked. */
  past?: boolean;
}

/** Which run; `wall` is the instant it began, which tells runs of several kernels apart. */
export interface RunKey {
  id: number;
  wall: number;
  /** By what it is known in the history. */
  key?: string;
}

export class RunPlace {
  readonly line: RunLine;
  readonly store: RunStore;
  readonly ui: UiState;
  private readonly past: boolean;
  private readonly forgotten = new Signal(false);
  private readonly stop: () => void;

  constructor(element: HTMLElement, run: RunKey, options: PlaceOptions) {
    const { choices } = options;
    this.line = new RunLine(run.id, run.wall, options.past || isPast(run) ? (run.key ?? "") : "");
    this.past = options.past === true;
    this.store = new RunStore(this.line);
    const history = { forgotten: this.forgotten, open: () => this.fromHistory() };
    this.ui = createUiState(options.tab ?? choices.tab, { ...options.host, history });
    this.ui.rowsBy.value = choices.rowsBy;
    this.line.onChange(() => this.store.lineChanged());
    this.stop = disposeAll(
      choices.foldFinished ? foldAtEnd(this.store, this.ui) : () => undefined,
      mountRunView(element, this.store, this.ui),
      this.line.state.on(() => this.look()),
    );
  }

  /** Draws what a notebook holds of the run; while the kernel itself tells of it, that is older news. */
  show(saved: unknown): void {
    const payload = expand(asPayload(saved));
    const live = this.line.state.value === "live";
    if (live && payload.run.id <= this.line.id) return;
    if (!sameRun(payload, this.line)) {
      const key = this.past || isPast(payload.run) ? (payload.run.key ?? "") : "";
      this.line.follow(payload.run.id, payload.run.wall, key);
    }
    this.store.load(payload);
    if (live) this.store.connect();
    this.look();
  }

  /** A run that the kernel has forgotten may be in its history. */
  private look(): void {
    const { run } = this.store.present;
    this.forgotten.value = this.line.state.value === "unknown" && this.line.key === "" && (run.key ?? "") !== "";
  }

  private fromHistory(): void {
    const { id, wall, key = "" } = this.store.present.run;
    this.line.follow(id, wall, key);
  }

  bind(connection: Connection | null): void {
    this.line.bind(connection);
  }

  dispose(): void {
    this.stop();
    this.line.dispose();
    this.store.dispose();
  }
}

/** Numbers of runs of the history are below zero: none of a kernel's own are. */
const isPast = ({ id }: { id: number }): boolean => id <= 0;

const sameRun = (payload: Payload, key: RunKey): boolean =>
  payload.run.id === key.id && Math.abs(payload.run.wall - key.wall) < 1e-3;

/** Folds a view when its run has ended, unless its reader looks at something in it. */
function foldAtEnd(store: RunStore, ui: UiState): () => void {
  let ended = false;
  return store.onChange(() => {
    const now = store.run.closed !== null;
    if (now && !ended && ui.selection.value === null) ui.folded.value = true;
    ended = now;
  });
}
