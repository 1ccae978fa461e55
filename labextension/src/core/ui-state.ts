/** What only this page knows: which tab, what is selected, where the pictures are zoomed. Never sent to the kernel. */

import type { Column, State } from "./protocol";
import { Signal } from "./signal";

export const TABS = ["timeline", "graph", "table", "log"] as const;
export type Tab = (typeof TABS)[number];

/**
 * A task; a stack of equal tasks in the graph; of the workflow that is the task `flow` a step or an event type by its
 * key in the picture (`""` for all events), or one event.
 */
export type Selection =
  | { task: number }
  | { node: string }
  | { flow: number; place: string }
  | { flow: number; event: number }
  | null;

/** What the pointer or the keyboard rests on, and where on the screen its card belongs. */
export type Hover = { what: NonNullable<Selection> | { lane: string }; x: number; y: number } | null;

/** The stretch of time on show, in seconds of the run; `null` fits all. */
export type TimeWindow = { from: number; to: number } | null;

export interface TableFilter {
  states: readonly State[] | null;
  text: string;
}

/** What the log shows: of one task or of all, some streams or all, lines with these words. */
export interface LogFilter {
  task: number | null;
  streams: readonly string[] | null;
  text: string;
}

/** What the page around a view can do for it; a missing part has no button, or one that says why not. */
export interface Host {
  /** Shows the run in a place of its own. */
  popOut?: () => void;
  /** Opens a run of the history by its key, and a task in it. */
  openRun?: (key: string, task: number | null) => void;
  /** Puts a run beside the one before it of the same name. */
  compare?: (key: string, name: string) => void;
  /** Shows the run from the history, where the kernel itself has `forgotten` it. */
  history?: { forgotten: Signal<boolean>; open(): void };
}

export interface UiState {
  readonly host: Host;
  readonly tab: Signal<Tab>;
  readonly folded: Signal<boolean>;
  readonly selection: Signal<Selection>;
  readonly hover: Signal<Hover>;
  readonly rowsBy: Signal<"task" | "worker">;
  /** What the graph shows of a run with workflows; `null` until the reader chooses. */
  readonly graphOf: Signal<"events" | "tasks" | null>;
  /** The workflow on show, by its task; `null` is the first. */
  readonly flow: Signal<number | null>;
  readonly timeWindow: Signal<TimeWindow>;
  readonly follow: Signal<boolean>;
  readonly sort: Signal<[column: Column, ascending: boolean]>;
  readonly filter: Signal<TableFilter>;
  readonly logFilter: Signal<LogFilter>;
  /** The instant that is replayed, in seconds of the run; `null` shows it as it is. */
  readonly replay: Signal<number | null>;
  /** Whether the form with other parameters is open. */
  readonly rerunForm: Signal<boolean>;
  /** Whether the timeline and the graph mark the tasks that decided how long the run took. */
  readonly critical: Signal<boolean>;
  /** Whether the timeline has the pane beside it that plays the run again with other numbers of workers. */
  readonly whatIf: Signal<boolean>;
}

export function createUiState(tab?: unknown, host: Host = {}): UiState {
  return {
    host,
    tab: new Signal<Tab>(isTab(tab) ? tab : "timeline"),
    folded: new Signal(false),
    selection: new Signal<Selection>(null),
    hover: new Signal<Hover>(null),
    rowsBy: new Signal<"task" | "worker">("task"),
    graphOf: new Signal<"events" | "tasks" | null>(null),
    flow: new Signal<number | null>(null),
    timeWindow: new Signal<TimeWindow>(null),
    follow: new Signal(true),
    sort: new Signal<[Column, boolean]>(["id", true]),
    filter: new Signal<TableFilter>({ states: null, text: "" }),
    logFilter: new Signal<LogFilter>({ task: null, streams: null, text: "" }),
    replay: new Signal<number | null>(null),
    rerunForm: new Signal(false),
    critical: new Signal(false),
    whatIf: new Signal(false),
  };
}

export function isTab(value: unknown): value is Tab {
  return TABS.some((tab) => tab === value);
}

export const selectedTask = (selection: Selection): number | null =>
  selection !== null && "task" in selection ? selection.task : null;

/** Opens the pane about an event, or about a step or an event type, and shows the picture that it is in. */
export function openInFlow(ui: UiState, flow: number, what: { event: number } | { place: string }): void {
  ui.flow.value = flow;
  ui.selection.value = { flow, ...what };
}
