/** The line below the head of a run that has a past: of the history, lost with its kernel, or going on from another. */

import { h } from "../core/dom";
import { dateTime } from "../core/format";
import { glyph } from "../core/icons";
import type { RunStore } from "../core/store";
import type { UiState } from "../core/ui-state";
import { openRun } from "./open-run";

export class Origin {
  readonly element = h("div", { class: "ipf-origin" });
  private shown = "";

  constructor(
    private readonly store: RunStore,
    private readonly ui: UiState,
  ) {
    this.element.hidden = true;
  }

  update(): void {
    const { past = false, lost = false, resumes = "", key = "", wall } = this.store.present.run;
    const stand = JSON.stringify([past, lost, resumes, key]);
    if (stand === this.shown) return;
    this.shown = stand;
    const parts: HTMLElement[] = [];
    if (past) {
      parts.push(h("span", { text: `Run ${key} of ${dateTime(wall)}` }));
    }
    if (lost) {
      parts.push(
        h("span", { class: "ipf-origin-lost" }, glyph("note"), h("span", { text: "Its kernel ended before it did" })),
      );
    }
    if (resumes !== "") {
      const open = (event: Event) => void openRun(event.currentTarget as HTMLElement, this.store, this.ui, resumes);
      parts.push(
        h(
          "span",
          {},
          "Goes on where ",
          h("button", { type: "button", class: "ipf-link", click: open }, h("span", { text: `run ${resumes}` })),
          " stopped",
        ),
      );
    }
    this.element.replaceChildren(...parts);
    this.element.hidden = parts.length === 0;
  }
}
