/** The line below the head of a run that has a past: of the history, lost with its kernel, or going on from another. */

import { h } from "../core/dom";
import { dateTime, plural } from "../core/format";
import { glyph } from "../core/icons";
import type { RunStore } from "../core/store";
import type { UiState } from "../core/ui-state";
import { openRun } from "./open-run";

export class Origin {
  readonly element = h("div", { class: "ipf-origin" });
  private shown = "";
  private readonly unlisten: () => void;

  constructor(
    private readonly store: RunStore,
    private readonly ui: UiState,
  ) {
    this.element.hidden = true;
    this.unlisten = ui.host.history?.forgotten.on(() => this.update()) ?? (() => undefined);
  }

  dispose(): void {
    this.unlisten();
  }

  update(): void {
    const { past = false, lost = false, resumes = "", key = "", wall, closed } = this.store.present.run;
    const elsewhere = past && !lost && closed === null;
    const { history } = this.ui.host;
    const forgotten = history?.forgotten.value === true && !this.store.heard;
    const done = this.notRunAgain();
    const stand = JSON.stringify([past, lost, elsewhere, resumes, key, forgotten, done]);
    if (stand === this.shown) return;
    this.shown = stand;
    const parts: HTMLElement[] = [];
    if (past) parts.push(h("span", { text: `Run ${key} of ${dateTime(wall)}` }));
    if (elsewhere) parts.push(h("span", { text: "Goes on in another kernel" }));
    if (forgotten) {
      const show = { type: "button", class: "ipf-button ipf-small", click: () => history?.open() } as const;
      const title = "With all details and the log, and to go on with it where it was lost";
      parts.push(
        h("span", { text: "Another kernel ran it; the history has it:" }),
        h("button", { ...show, title }, h("span", { text: "Show it from the history" })),
      );
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
          ` stopped${done > 0 ? `: ${plural(done, "task")} of it did not run again` : ""}`,
        ),
      );
    }
    this.element.replaceChildren(...parts);
    this.element.hidden = parts.length === 0;
  }

  /** How many tasks were done in the run before; 0 also where not all of them are here. */
  private notRunAgain(): number {
    const { run, tasks } = this.store.present;
    return run.aggregated ? 0 : [...tasks.values()].filter(({ reused }) => reused?.[0] === "resumed").length;
  }
}
