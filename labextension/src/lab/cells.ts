/** Puts cells into notebooks where views ask for them: see src/views/to-cell.ts. */

import type { INotebookTracker, NotebookPanel } from "@jupyterlab/notebook";
import { CELL, type CellRequest } from "../views/to-cell";

/** As much of the tracker of notebooks as is used here. */
export type Notebooks = Pick<INotebookTracker, "find" | "currentWidget">;

/**
 * Listens for views that want a cell: below the cell they stand in, or, from a tab of a run, below the one that is active
 * in the notebook of its kernel. `run` runs the active cell of a notebook.
 */
export function listenForCells(notebooks: Notebooks, run: (panel: NotebookPanel) => void): () => void {
  const listener = (event: Event) => {
    const { target } = event;
    const wish = (event as CustomEvent<CellRequest>).detail;
    if (event.defaultPrevented || !(target instanceof Element) || typeof wish?.code !== "string") return;
    const panel = panelOf(notebooks, target);
    if (panel === null || panel.content.model?.readOnly !== false) return;
    insert(panel, target, wish.code);
    event.preventDefault();
    if (wish.run === true) run(panel);
  };
  document.addEventListener(CELL, listener);
  return () => document.removeEventListener(CELL, listener);
}

function panelOf(notebooks: Notebooks, target: Element): NotebookPanel | null {
  const around = notebooks.find((panel) => panel.node.contains(target));
  if (around !== undefined) return around;
  const kernel = target.closest<HTMLElement>("[data-ipyflow-kernel]")?.dataset.ipyflowKernel;
  const now = notebooks.currentWidget;
  if (kernel === undefined || kernelOf(now) === kernel) return now;
  return notebooks.find((panel) => kernelOf(panel) === kernel) ?? null;
}

const kernelOf = (panel: NotebookPanel | null): string | undefined => panel?.sessionContext.session?.kernel?.id;

function insert(panel: NotebookPanel, target: Element, code: string): void {
  const notebook = panel.content;
  const under = notebook.widgets.findIndex((cell) => cell.node.contains(target));
  const at = (under < 0 ? notebook.activeCellIndex : under) + 1;
  notebook.model?.sharedModel.insertCell(at, { cell_type: "code", source: code, metadata: { trusted: true } });
  notebook.activeCellIndex = at;
  notebook.deselectAll();
  void notebook.scrollToItem(at, "smart");
}
