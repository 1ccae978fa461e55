/** What chooses the lines of the log: a task, streams, words; and the button that copies what is shown. */

import { h, newId, setAttr, setText } from "../../core/dom";
import { title } from "../../core/format";
import { glyph } from "../../core/icons";
import { disposeAll } from "../../core/signal";
import type { RunStore } from "../../core/store";
import { type LogFilter, selectedTask, type UiState } from "../../core/ui-state";
import { STREAMS, streamIcon } from "./streams";

/** Tasks that are offered by name; others can be chosen by number. */
const OFFERED = 500;

export function mountFilters(element: HTMLElement, store: RunStore, ui: UiState, copy: () => void): () => void {
  const options = h("datalist", { id: newId("ipf-log-tasks") });
  const task = h("input", {
    type: "search",
    class: "ipf-search ipf-log-task",
    list: options.id,
    placeholder: "All tasks",
    "aria-label": "Only the lines of one task",
    title: "Only the lines of one task: its name and number, or its number",
    spellcheck: "false",
    autocomplete: "off",
  });
  const chosen = h("button", { type: "button", class: "ipf-chip ipf-log-chosen", click: () => only(selected()) });
  const words = h("input", {
    type: "search",
    class: "ipf-search",
    placeholder: "Filter",
    "aria-label": "Only the lines with these words",
    spellcheck: "false",
  });
  words.value = ui.logFilter.value.text;
  const chips = STREAMS.map(({ name, many }) => {
    const chip = h(
      "button",
      {
        type: "button",
        class: "ipf-chip ipf-stream-chip",
        "data-stream": name,
        "aria-label": `Only ${many}`,
        title: `Only ${many}`,
        click: () => toggle(name),
      },
      streamIcon(name, false),
    );
    return { name, chip };
  });
  const copyAll = h(
    "button",
    {
      type: "button",
      class: "ipf-tool",
      "aria-label": "Copy all shown lines",
      title: "Copy all shown lines",
      click: copy,
    },
    glyph("copy"),
  );
  const root = h(
    "div",
    { class: "ipf-filters ipf-log-filters" },
    task,
    options,
    chosen,
    h(
      "div",
      { class: "ipf-chips", role: "group", "aria-label": "Only some streams" },
      ...chips.map(({ chip }) => chip),
    ),
    words,
    copyAll,
  );
  element.prepend(root);

  const set = (part: Partial<LogFilter>) => (ui.logFilter.value = { ...ui.logFilter.value, ...part });
  const selected = () => selectedTask(ui.selection.value);

  function only(id: number | null): void {
    set({ task: id });
  }

  function toggle(name: string): void {
    const on = ui.logFilter.value.streams ?? [];
    const next = on.includes(name) ? on.filter((one) => one !== name) : [...on, name];
    set({ streams: next.length === 0 ? null : next });
  }

  const nameOf = (id: number) => {
    const row = store.tasks.get(id) ?? store.rows.find(id);
    return row === undefined ? `#${id}` : title(row);
  };

  /** A name that only one task bears needs no number. */
  function taskOf(text: string): number | null {
    const number = /(?:^|#)\s*(\d+)\s*$/.exec(text.trim())?.[1];
    if (number !== undefined) return Number(number);
    const named = [...store.tasks.values()].filter((row) => row.name === text.trim());
    return named.length === 1 ? (named[0]?.id ?? null) : null;
  }

  function choose(): void {
    const text = task.value.trim();
    const id = text === "" ? null : taskOf(text);
    setAttr(task, "aria-invalid", text !== "" && id === null ? "true" : null);
    if (text === "" || id !== null) only(id);
  }

  function offer(): void {
    const rows = store.order.slice(-OFFERED).map((id) => h("option", { value: nameOf(id) }));
    options.replaceChildren(...rows);
  }

  function draw(): void {
    const { task: id, streams, text } = ui.logFilter.value;
    if (document.activeElement !== task) {
      task.value = id === null ? "" : nameOf(id);
      setAttr(task, "aria-invalid", null);
    }
    if (document.activeElement !== words) words.value = text;
    task.classList.toggle("ipf-set", id !== null);
    for (const { name, chip } of chips) setAttr(chip, "aria-pressed", String(streams?.includes(name) ?? false));
    const one = selected();
    chosen.hidden = one === null || one === id;
    if (one === null) return;
    setText(chosen, `Only #${one}`);
    setAttr(chosen, "aria-label", `Only the lines of ${nameOf(one)}`);
    setAttr(chosen, "title", `Only the lines of ${nameOf(one)}`);
  }

  let typing: ReturnType<typeof setTimeout> | undefined;
  words.addEventListener("input", () => {
    clearTimeout(typing);
    // A question to the kernel for each letter would be too many.
    typing = setTimeout(() => set({ text: words.value }), 200);
  });
  task.addEventListener("focus", offer);
  task.addEventListener("input", choose);
  task.addEventListener("blur", draw);
  draw();
  return disposeAll(ui.logFilter.on(draw), ui.selection.on(draw), () => {
    clearTimeout(typing);
    root.remove();
  });
}
