/** Sections of the detail pane about a task's place in a pipeline. */

import { h } from "../core/dom";
import { branchWord, plural, progressText, title } from "../core/format";
import { stateIcon } from "../core/icons";
import type { TaskDetail, TaskRow } from "../core/protocol";
import { isContainer, isQuiet } from "../core/roles";
import { present, word } from "../core/status";
import type { RunStore } from "../core/store";
import { treeOrder } from "../core/tree";
import type { UiState } from "../core/ui-state";
import { comesAfter, countsOf, entriesBelow, slotHolders, waitsForSlot } from "./below";
import { type Parts, section, stackLine, taskLink } from "./detail-parts";

const MOST = 50;

/** `branch 3 of in_parallel #2`, with the way to the group where it is at hand; or the pipeline that an entry is in. */
export function placeLine(task: TaskRow, said: string, store: RunStore, ui: UiState): HTMLElement | null {
  const over = store.tasks.get(task.parent);
  if (over === undefined || !isContainer(over))
    return said === "" ? null : h("div", { class: "ipf-place", text: said });
  const lead = task.branch == null ? "in" : `${branchWord(task.branch)} of`;
  const open = () => (ui.selection.value = { task: over.id });
  return h(
    "div",
    { class: "ipf-place" },
    lead,
    h("button", { type: "button", class: "ipf-link", click: open }, h("span", { text: title(over) })),
  );
}

/** Why an entry has not begun, or was passed over; who holds the slots that a branch waits for. */
export function drawTurn(parts: Parts, store: RunStore, ui: UiState, task: TaskRow): void {
  const why = task.state === "skipped" ? task.text : "";
  parts.put("skipped", why, () =>
    why === "" ? null : section("Why it was skipped", h("p", { class: "ipf-note", text: why })),
  );
  const after = comesAfter(task, store);
  parts.put("after", after.map(keyOf), () => links("Comes after", after, ui));
  const holders = waitsForSlot(task) ? slotHolders(task, store.tasks) : [];
  parts.put("slots", holders.map(keyOf), () => links("In the branches that go on", holders, ui));
}

/** Numbers and rows of what is below a pipeline or a group. */
export function drawBelow(parts: Parts, store: RunStore, ui: UiState, task: TaskRow): void {
  const shown = isContainer(task) && !isQuiet(task) && !store.run.aggregated;
  const entries = shown ? entriesBelow(task.id, store.tasks) : [];
  const counts = present(countsOf(entries));
  const progress = task.progress === null ? "" : progressText(task.progress);
  parts.put("below-counts", shown ? [progress, counts] : null, () =>
    counts.length === 0
      ? null
      : section(
          progress || plural(entries.length, "task"),
          h(
            "div",
            { class: "ipf-card-counts" },
            ...counts.map(([state, n]) => h("span", {}, stateIcon(state), `${n} ${word(state)}`)),
          ),
        ),
  );
  const rows = shown ? entriesOf(task, store) : [];
  parts.put("below", rows.map(keyOf), () => {
    if (rows.length === 0) return null;
    const lines = rows.slice(0, MOST).map((row) => stackLine(ui, row, row.name));
    const more = rows.length > MOST ? [h("p", { class: "ipf-quiet", text: `and ${rows.length - MOST} more` })] : [];
    const names = { group: "Entries of its branches", workflow: "Runs of its steps" };
    const name = names[task.role as keyof typeof names] ?? "Entries";
    return section(name, h("div", { class: "ipf-stack-list" }, ...lines), ...more);
  });
}

/** The state of the pipeline behind this task. */
export function drawState(parts: Parts, detail: TaskDetail | undefined): void {
  const passed = detail?.passed_state ?? null;
  parts.put("state", passed, () =>
    passed === null ? null : section("State passed on", h("pre", { class: "ipf-pre", text: passed })),
  );
}

function entriesOf(task: TaskRow, { order, tasks, edges }: RunStore): TaskRow[] {
  const near = new Map<number, TaskRow>([[task.id, task]]);
  for (const id of order) {
    const row = tasks.get(id);
    if (row?.parent === task.id) near.set(id, row);
  }
  return treeOrder([...near.keys()], near, edges)
    .slice(1)
    .map((row) => row.task);
}

function links(name: string, rows: readonly TaskRow[], ui: UiState): HTMLElement | null {
  if (rows.length === 0) return null;
  const list = rows.slice(0, MOST).map((row) => taskLink(ui, row.id, row.name, row.state));
  return section(name, h("div", { class: "ipf-links" }, ...list));
}

const keyOf = (row: TaskRow) => [row.id, row.state, row.text];
