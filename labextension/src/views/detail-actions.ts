/** What can be done from the pane about a task: take it along as code, and see it elsewhere in the view. */

import { h, setAttr, setText } from "../core/dom";
import { messageOf, oneLine } from "../core/format";
import { glyph } from "../core/icons";
import type { TaskRow } from "../core/protocol";
import type { RunStore } from "../core/store";
import { TABS, type Tab, type UiState } from "../core/ui-state";
import { copyText } from "./clipboard";
import { MenuButton } from "./menu";
import { say } from "./say";
import { matches } from "./table/rows";
import { toCell } from "./to-cell";

const NAMES: Record<Tab, string> = { timeline: "Timeline", graph: "Graph", table: "Table", log: "Log" };

/** What to type in a cell to have the future in hand. */
export function codeFor(run: number, task: Pick<TaskRow, "id" | "name">): string {
  return `import ipyflow\nfuture = next(run for run in ipyflow.runs() if run.id == ${run}).find(${task.id})  # ${oneLine(task.name, 80)}\n`;
}

/** Shows a task in another tab: the log then has its lines only, and no filter of the table hides it. */
export function showIn(store: RunStore, ui: UiState, tab: Tab, task: number): void {
  if (tab === "log") ui.logFilter.value = { task, streams: null, text: "" };
  const row = store.tasks.get(task);
  // Of a large run the page has not all rows: it asks for this one.
  const text = store.run.aggregated ? `#${task}` : "";
  if (tab === "table" && (row === undefined || text !== "" || !matches(row, ui.filter.value))) {
    ui.filter.value = { states: null, text };
  }
  ui.folded.value = false;
  ui.tab.value = tab;
}

/** What to run in a cell to look into a failure with the debugger. */
export function debugFor(task: Pick<TaskRow, "id" | "name">): string {
  return `%flow debug ${/^\w+$/.test(task.name) ? task.name : ""}#${task.id}`;
}

/** Where a body runs in the kernel's own process, which has its frames still. */
const HERE = new Set(["threads", "loop", "inline"]);

export class DetailActions {
  readonly element: HTMLElement;
  private readonly debug: HTMLButtonElement;
  private readonly copy: HTMLButtonElement;
  private readonly word = h("span", { text: "Copy as code" });
  private readonly menu: MenuButton;
  private task: TaskRow | null = null;
  private settled: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly store: RunStore,
    ui: UiState,
    id: number,
  ) {
    this.copy = h(
      "button",
      { type: "button", class: "ipf-button ipf-small", click: () => void this.take() },
      glyph("copy"),
      this.word,
    );
    this.debug = h(
      "button",
      { type: "button", class: "ipf-button ipf-small ipf-debug", click: () => void this.look() },
      glyph("find"),
      h("span", { text: "Open in %debug" }),
    );
    setAttr(this.debug, "title", "Open the debugger in a new cell, in the frames where this task failed");
    const show = h("button", { type: "button", class: "ipf-button ipf-small", text: "Show in …" });
    this.menu = new MenuButton(show, "Show this task in", () =>
      TABS.filter((tab) => tab !== ui.tab.value).map((tab) => ({
        label: NAMES[tab],
        act: () => showIn(store, ui, tab, id),
      })),
    );
    this.element = h("div", { class: "ipf-detail-actions" }, this.debug, this.copy, ...this.menu.elements);
  }

  update(task: TaskRow): void {
    this.task = task;
    // Without its kernel there is no future to get at.
    const held = this.store.heard && this.store.present.run.past !== true;
    this.copy.hidden = !held || task.state === "planned";
    const failed = task.state === "failed" && HERE.has(task.executor);
    this.debug.hidden = !this.store.steers || !failed;
    const kept = "the kernel keeps a future that has ended well only while somebody holds it";
    setAttr(this.copy, "title", `Copy Python that gets this future; ${kept}`);
  }

  dispose(): void {
    clearTimeout(this.settled);
    this.menu.dispose();
  }

  private async look(): Promise<void> {
    if (this.task === null) return;
    const said = await toCell(this.element, debugFor(this.task), true);
    if (said !== "") say(this.store, `${debugFor(this.task)} ${said}.`);
  }

  private async take(): Promise<void> {
    if (this.task === null) return;
    try {
      await copyText(codeFor(this.store.run.id, this.task));
      setText(this.word, "Copied");
      clearTimeout(this.settled);
      this.settled = setTimeout(() => setText(this.word, "Copy as code"), 1500);
    } catch (error) {
      say(this.store, `Not copied: ${messageOf(error)}.`);
    }
  }
}
