/** Shows a run of the history: in a tab where the page has tabs, else by a line of code for a cell. */

import type { RunStore } from "../core/store";
import type { UiState } from "../core/ui-state";
import { say } from "./say";
import { toCell } from "./to-cell";

export async function openRun(
  element: HTMLElement,
  store: RunStore,
  ui: UiState,
  key: string,
  task: number | null = null,
): Promise<void> {
  if (ui.host.openRun !== undefined) ui.host.openRun(key, task);
  else await lineFor(element, store, `%flow show ${key}`);
}

/** Puts a line into a cell and runs it; where there are no cells it is copied, and the reader told. */
export async function lineFor(element: HTMLElement, store: RunStore, line: string): Promise<void> {
  const said = await toCell(element, line, true);
  if (said !== "") say(store, `${line} ${said}.`);
}
