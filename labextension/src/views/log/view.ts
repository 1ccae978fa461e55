/** The log: what tasks printed, logged and warned, in order of time. */

import { h } from "../../core/dom";
import type { RunStore } from "../../core/store";
import type { UiState } from "../../core/ui-state";

export function mountLog(element: HTMLElement, _store: RunStore, _ui: UiState): () => void {
  const pane = h("div", { class: "ipf-log ipf-focusable", tabindex: "0" });
  element.append(pane);
  return () => pane.remove();
}
