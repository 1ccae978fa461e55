/** What can be done with a run as a thing of the past: go on with it where it stopped, and put it beside another. */

import { h, setAttr } from "../core/dom";
import { glyph } from "../core/icons";
import type { RunStore } from "../core/store";
import type { UiState } from "../core/ui-state";
import type { MenuItem } from "./menu";
import { lineFor } from "./open-run";

const COMPARE = "Compare with the run before";
/** How long, in ms, a pressed button is quiet: the new run takes the place of this one. */
const PATIENCE = 3000;

export class PastActions {
  readonly elements: readonly HTMLElement[];
  private readonly resume = h(
    "button",
    {
      type: "button",
      class: "ipf-button ipf-resume",
      title: "Run it again with the code of now; what it had done and kept is not run again",
      click: () => this.goOn(),
    },
    glyph("resume"),
    h("span", { text: "Resume" }),
  );
  private readonly compare = h(
    "button",
    {
      type: "button",
      class: "ipf-tool ipf-beside",
      "aria-label": COMPARE,
      title: COMPARE,
      click: () => this.beside(),
    },
    glyph("compare"),
  );
  private quiet: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly store: RunStore,
    private readonly ui: UiState,
  ) {
    this.elements = [this.resume, this.compare];
  }

  update(): void {
    this.resume.hidden = !this.canResume();
    this.compare.hidden = !this.canCompare();
    setAttr(this.resume, "aria-disabled", this.quiet === undefined ? null : "true");
  }

  /** The same for where there is no room for buttons. */
  items(): MenuItem[] {
    const items: MenuItem[] = [];
    if (this.canResume()) items.push({ label: "Resume", act: () => this.goOn() });
    if (this.canCompare()) items.push({ label: COMPARE, act: () => this.beside() });
    return items;
  }

  dispose(): void {
    clearTimeout(this.quiet);
  }

  private canResume(): boolean {
    return this.store.run.resumable === true && this.store.heard && !this.store.replaying;
  }

  private canCompare(): boolean {
    const { run } = this.store;
    return run.closed !== null && (run.key ?? "") !== "" && this.store.heard && !this.store.replaying;
  }

  private goOn(): void {
    if (this.quiet !== undefined) return;
    this.store.resume(null);
    this.quiet = setTimeout(() => {
      this.quiet = undefined;
      this.update();
    }, PATIENCE);
    this.update();
  }

  private beside(): void {
    const { key = "", name } = this.store.run;
    const { compare } = this.ui.host;
    if (compare !== undefined) compare(key, name);
    else void lineFor(this.compare, this.store, `%flow compare ${key}`);
  }
}
