/** The table: every task a row; only the rows in sight exist. */

import { h, newId, onceAFrame, setAttr, setText } from "../../core/dom";
import { count, plural } from "../../core/format";
import { stateIcon } from "../../core/icons";
import type { Column, State, TaskRow } from "../../core/protocol";
import { disposeAll } from "../../core/signal";
import { present, word } from "../../core/status";
import type { RunStore } from "../../core/store";
import { selectedTask, type UiState } from "../../core/ui-state";
import { keepPlace } from "../keep-place";
import { RowElement } from "./row";
import { COLUMNS, matches, sorted } from "./rows";

export const ROW = 30;
const HEAD = 32;
const BEYOND = 6;

export function mountTable(element: HTMLElement, store: RunStore, ui: UiState): () => void {
  const prefix = newId("ipf-tr");
  const search = h("input", {
    type: "search",
    class: "ipf-search",
    placeholder: "Filter",
    "aria-label": "Filter the rows by text",
    spellcheck: "false",
  });
  search.value = ui.filter.value.text;
  const chips = h("div", { class: "ipf-chips", role: "group", "aria-label": "Filter the rows by state" });
  const found = h("span", { class: "ipf-found", role: "status" });
  const every = h("button", {
    type: "button",
    class: "ipf-button ipf-small ipf-every",
    text: "Show all",
    click: () => {
      search.value = "";
      ui.filter.value = { states: null, text: "" };
      grid.focus();
    },
  });
  const headings = COLUMNS.map(({ column, label, title }) => heading(column, label, title));
  const head = h(
    "div",
    { class: "ipf-thead", role: "row", "aria-rowindex": 1 },
    ...headings.map(({ cell }) => cell),
    h(
      "div",
      { class: "ipf-th ipf-c-action", role: "columnheader" },
      h("span", { class: "ipf-unseen", text: "Actions" }),
    ),
  );
  const body = h("div", { class: "ipf-tbody", role: "rowgroup" });
  const empty = h("p", { class: "ipf-empty" });
  const grid = h(
    "div",
    { class: "ipf-scroll ipf-grid ipf-focusable", role: "grid", tabindex: 0, "aria-label": "Table of the tasks" },
    head,
    body,
  );
  const root = h(
    "div",
    { class: "ipf-table" },
    h("div", { class: "ipf-filters ipf-table-filters" }, found, every, search, chips),
    h("div", { class: "ipf-grid-frame" }, grid, empty),
  );
  element.append(root);

  let rows: TaskRow[] = [];
  let stale = true;
  let active = 0;
  let digits = 3;
  const pool = new Map<string, RowElement>();
  const redraw = onceAFrame(draw);

  const large = () => store.run.aggregated;
  const total = () => (large() ? store.rows.total : rows.length);
  const rowAt = (index: number): TaskRow | undefined => (large() ? store.rows.row(index) : rows[index]);

  function draw(): void {
    const now = store.now();
    const [column, ascending] = ui.sort.value;
    if (stale) {
      stale = false;
      const filter = ui.filter.value;
      if (!large()) {
        const all = store.order.map((id) => store.tasks.get(id)).filter((row) => row !== undefined);
        rows = sorted(
          all.filter((row) => matches(row, filter)),
          column,
          ascending,
          now,
        );
      }
      drawChips();
      for (const one of headings) one.update(column, ascending);
    }
    const view = Math.max(0, grid.clientHeight - HEAD);
    const first = Math.max(0, Math.floor(grid.scrollTop / ROW) - BEYOND);
    const last = Math.ceil((grid.scrollTop + view) / ROW) + BEYOND;
    if (large()) {
      const { states, text } = ui.filter.value;
      store.rows.show(first, last, { sort: [column, ascending], states: states === null ? null : [...states], text });
    }
    const all = total();
    const height = `${all * ROW}px`;
    if (body.style.height !== height) body.style.height = height;
    setAttr(grid, "aria-rowcount", String(all + 1));
    drawRows(first, Math.min(last, all - 1), now);
    const of = store.run.total;
    const filtered = ui.filter.value.states !== null || ui.filter.value.text.trim() !== "";
    setText(found, filtered ? `${count(all)} of ${plural(of, "task")}` : "");
    every.hidden = !filtered;
    body.hidden = all === 0;
    empty.hidden = all > 0 || (large() && !filtered);
    setText(empty, of === 0 ? "No task yet." : filtered ? "No task passes the filter." : "");
  }

  function drawRows(first: number, last: number, now: number): void {
    const selected = selectedTask(ui.selection.value);
    const wanted = new Set<string>();
    for (let i = first; i <= last; i++) {
      const task = rowAt(i);
      const key = task === undefined ? `p${i}` : `t${task.id}`;
      wanted.add(key);
      let row = pool.get(key);
      if (row === undefined) {
        row = new RowElement(store);
        pool.set(key, row);
        body.append(row.element);
      }
      const { element: tr } = row;
      const top = `${i * ROW}px`;
      if (tr.style.top !== top) tr.style.top = top;
      tr.id = `${prefix}-${i}`;
      tr.dataset.index = String(i);
      tr.classList.toggle("ipf-even", i % 2 === 1);
      tr.classList.toggle("ipf-focus", i === active);
      setAttr(tr, "aria-selected", String(task !== undefined && task.id === selected));
      row.update(task, i, now);
      widen(task?.id ?? 0);
    }
    for (const [key, row] of pool) {
      if (wanted.has(key)) continue;
      if (row.element.contains(document.activeElement)) grid.focus({ preventScroll: true });
      row.dispose();
      pool.delete(key);
    }
  }

  /** The numbers of a late run are long: their column grows with them, and never shrinks under the reader's eyes. */
  function widen(id: number): void {
    const length = String(id).length;
    if (length <= digits) return;
    digits = length;
    root.style.setProperty("--ipf-id", `${24 + 8 * digits}px`);
  }

  // --- Filter and order

  function drawChips(): void {
    const states = present(store.run.counts);
    const on = ui.filter.value.states;
    const key = JSON.stringify([states, on]);
    if (chips.dataset.key === key) return;
    chips.dataset.key = key;
    const focused = chips.contains(document.activeElement) ? (document.activeElement as HTMLElement).dataset.state : "";
    chips.replaceChildren(
      ...states.map(([state, n]) =>
        h(
          "button",
          {
            type: "button",
            class: "ipf-chip",
            "data-state": state,
            "aria-pressed": on?.includes(state) ?? false,
            "aria-label": `Only ${word(state)} (${n})`,
            title: `Only ${word(state)}`,
            click: () => toggle(state),
          },
          stateIcon(state),
          h("span", { text: count(n) }),
        ),
      ),
    );
    if (focused) chips.querySelector<HTMLElement>(`[data-state="${focused}"]`)?.focus();
  }

  function toggle(state: State): void {
    const on = ui.filter.value.states ?? [];
    const next = on.includes(state) ? on.filter((one) => one !== state) : [...on, state];
    ui.filter.value = { ...ui.filter.value, states: next.length === 0 ? null : next };
  }

  function heading(column: Column, label: string, title: string) {
    const mark = h("span", { class: "ipf-sort", "aria-hidden": "true" });
    const cell = h(
      "div",
      { class: `ipf-th ipf-c-${column}`, role: "columnheader" },
      h(
        "button",
        {
          type: "button",
          title,
          "aria-label": `${label}: sort by ${title.charAt(0).toLowerCase()}${title.slice(1)}`,
          click: () => sortBy(column),
        },
        label,
        mark,
      ),
    );
    return {
      cell,
      update(by: Column, ascending: boolean) {
        setAttr(cell, "aria-sort", by === column ? (ascending ? "ascending" : "descending") : "none");
        setText(mark, by === column ? (ascending ? "▲" : "▼") : "");
      },
    };
  }

  function sortBy(column: Column): void {
    const [by, ascending] = ui.sort.value;
    // Times and tries are looked at from the largest down.
    const first = !["attempts", "waited", "ran"].includes(column);
    ui.sort.value = [column, by === column ? !ascending : first];
  }

  // --- Pointer and keys

  const indexOf = (target: EventTarget | null): number =>
    Number((target as Element | null)?.closest<HTMLElement>(".ipf-tr")?.dataset.index ?? -1);

  function open(index: number): void {
    const task = rowAt(index);
    if (task === undefined) return;
    active = index;
    ui.selection.value = { task: task.id };
  }

  function keyDown(event: KeyboardEvent): void {
    if (event.target !== grid || event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor(grid.clientHeight / ROW) - 2);
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -1e9, End: 1e9 }[event.key];
    if (step !== undefined) {
      active = Math.max(0, Math.min(total() - 1, active + step));
      const top = active * ROW;
      if (top < grid.scrollTop) grid.scrollTop = top;
      else if (top + ROW > grid.scrollTop + grid.clientHeight - HEAD) {
        grid.scrollTop = top + ROW - grid.clientHeight + HEAD;
      }
      draw();
      grid.setAttribute("aria-activedescendant", `${prefix}-${active}`);
    } else if (event.key === "Enter" || event.key === " ") open(active);
    else return;
    event.preventDefault();
  }

  /** The row of the task whose details are open, where the page has it. */
  function reveal(): void {
    const index = rows.findIndex(({ id }) => id === selectedTask(ui.selection.value));
    if (index < 0) return;
    active = index;
    grid.scrollTop = Math.max(0, (index + 0.5) * ROW - (grid.clientHeight - HEAD) / 2);
    draw();
  }

  const refresh = () => {
    stale = true;
    redraw();
  };
  const restart = () => {
    grid.scrollTop = 0;
    active = 0;
    refresh();
  };
  let typing: ReturnType<typeof setTimeout> | undefined;
  search.addEventListener("input", () => {
    clearTimeout(typing);
    // A question to the kernel for each letter would be too many.
    typing = setTimeout(() => (ui.filter.value = { ...ui.filter.value, text: search.value }), large() ? 250 : 60);
  });
  search.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") grid.focus();
  });
  const leavePlace = keepPlace(grid);
  const resized = new ResizeObserver(() => redraw());
  resized.observe(grid);
  grid.addEventListener("scroll", redraw, { passive: true });
  grid.addEventListener("keydown", keyDown);
  body.addEventListener("click", (event) => {
    // Dragging over text selects it, and must not open the row under it.
    if (document.getSelection()?.type === "Range") return;
    const index = indexOf(event.target);
    if (index >= 0) open(index);
  });
  // The times of unfinished rows tick along.
  const ticking = setInterval(() => store.live && redraw(), 250);
  draw();
  reveal();

  return disposeAll(
    store.onChange(refresh),
    store.rows.onChange(refresh),
    ui.selection.on(() => redraw()),
    ui.sort.on(restart),
    ui.filter.on(() => {
      if (document.activeElement !== search) search.value = ui.filter.value.text;
      restart();
    }),
    () => {
      clearInterval(ticking);
      clearTimeout(typing);
      leavePlace();
      resized.disconnect();
      redraw.cancel();
      for (const row of pool.values()) row.dispose();
      root.remove();
    },
  );
}
