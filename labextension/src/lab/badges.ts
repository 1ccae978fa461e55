/** A mark at each cell whose run goes on: where the work was started is seen without scrolling to its output. */

import type { INotebookTracker, NotebookPanel } from "@jupyterlab/notebook";
import { h, setAttr } from "../core/dom";
import { stateIcon } from "../core/icons";
import type { ListedRun } from "./connection";
import type { Connections } from "./connections";
import { summary } from "./run-row";
import type { Settings } from "./settings";

const CLASS = "ipf-lab-badge";

export class Badges {
  private drawing = 0;

  constructor(
    private readonly notebooks: INotebookTracker,
    private readonly connections: Connections,
    private readonly settings: Settings,
  ) {
    const soon = () => this.soon();
    connections.changed.on(soon);
    settings.on(soon);
    notebooks.widgetAdded.connect((_, panel) => {
      // Cells come and go as the reader scrolls a long notebook, or moves and pastes them.
      panel.context.ready.then(
        () => panel.content.model?.cells.changed.connect(soon),
        () => undefined,
      );
    });
  }

  private soon(): void {
    cancelAnimationFrame(this.drawing);
    this.drawing = requestAnimationFrame(() => {
      this.notebooks.forEach((panel) => {
        this.draw(panel);
      });
    });
  }

  private draw(panel: NotebookPanel): void {
    const live = this.settings.value.badges ? this.live(panel) : new Map<string, ListedRun[]>();
    for (const cell of panel.content.widgets) mark(cell.node, live.get(cell.model.id) ?? []);
  }

  /** The runs that go on, by the cell that shows them. */
  private live(panel: NotebookPanel): Map<string, ListedRun[]> {
    const kernel = panel.sessionContext.session?.kernel?.id;
    const found = new Map<string, ListedRun[]>();
    const runs = kernel === undefined ? [] : this.connections.of(kernel).runs.value;
    for (const run of runs) {
      if (!run.closed && run.cell !== null) found.set(run.cell, [...(found.get(run.cell) ?? []), run]);
    }
    return found;
  }
}

/** Puts the mark on a cell, brings it up to date, or takes it away. */
export function mark(cell: HTMLElement, runs: readonly ListedRun[]): void {
  let badge = cell.querySelector<HTMLElement>(`:scope > .${CLASS}`);
  if (runs.length === 0) {
    badge?.remove();
    return;
  }
  if (badge === null) {
    badge = h("span", { class: `${CLASS} ipf`, role: "img" }, stateIcon("running"));
    cell.append(badge);
  }
  const words = runs.map((run) => `${run.name}: ${summary(run)}`).join("\n");
  setAttr(badge, "title", words);
  setAttr(badge, "aria-label", `This cell's run goes on. ${words}`);
}
