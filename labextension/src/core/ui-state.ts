/** What only this page knows: which tab, what is selected, where the pictures are zoomed. Never sent to the kernel. */

import type { Column, State } from "./protocol";
import { Signal } from "./signal";

export const TABS = ["timeline", "graph", "table"] as const;
export type Tab = (typeof TABS)[number];

/** A task, or a stack of equal tasks in the graph. */
export type Selection = { task: number } | { node: string } | null;

/** What the pointer or the keyboard rests on, and where on the screen its card belongs. */
export type Hover = { what: NonNullable<Selection> | { lane: string }; x: number; y: number } | null;

/** The stretch of time on show, in seconds of the run; `null` fits all. */
export type TimeWindow = { from: number; to: number } | null;

export interface TableFilter {
  states: readonly State[] | null;
  text: string;
}

export interface UiState {
  readonly tab: Signal<Tab>;
  readonly folded: Signal<boolean>;
  readonly selection: Signal<Selection>;
  readonly hover: Signal<Hover>;
  readonly rowsBy: Signal<"task" | "worker">;
  readonly timeWindow: Signal<TimeWindow>;
  readonly follow: Signal<boolean>;
  readonly sort: Signal<[column: Column, ascending: boolean]>;
  readonly filter: Signal<TableFilter>;
}

export function createUiState(tab?: unknown): UiState {
  return {
    tab: new Signal<Tab>(isTab(tab) ? tab : "timeline"),
    folded: new Signal(false),
    selection: new Signal<Selection>(null),
    hover: new Signal<Hover>(null),
    rowsBy: new Signal<"task" | "worker">("task"),
    timeWindow: new Signal<TimeWindow>(null),
    follow: new Signal(true),
    sort: new Signal<[Column, boolean]>(["id", true]),
    filter: new Signal<TableFilter>({ states: null, text: "" }),
  };
}

export function isTab(value: unknown): value is Tab {
  return TABS.some((tab) => tab === value);
}

export const selectedTask = (selection: Selection): number | null =>
  selection !== null && "task" in selection ? selection.task : null;
