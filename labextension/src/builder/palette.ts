/** The tasks of the notebook and the blocks: a click adds one behind what is chosen, a drag puts it anywhere. */

import { h } from "../core/dom";
import { type Mark, mark } from "./button";
import type { Desk } from "./desk";
import { type Dragged, dragSource } from "./drag";
import { pressable } from "./pressable";
import { type Offered, placeBehind } from "./state";

const SEARCHED = 9;
const BLOCKS: { word: string; doc: string; mark: Mark; what: Dragged & { kind?: string; role?: string } }[] = [
  { word: "In parallel", doc: "Branches that run side by side", mark: "group", what: { kind: "group" } },
  {
    word: "If it fails",
    doc: "A task that gets the error of what stands before it, and heals it",
    mark: "exceptionally",
    what: { kind: "step", role: "exceptionally" },
  },
  {
    word: "In the end",
    doc: "A task that runs last, whatever happened",
    mark: "finally",
    what: { kind: "step", role: "finally" },
  },
];

export interface Part {
  element: HTMLElement;
  dispose(): void;
}

export function mountPalette(desk: Desk): Part {
  const search = h("input", {
    class: "ipb-input",
    type: "search",
    placeholder: "find a task",
    "aria-label": "find a task",
  });
  const tasks = h("div", { class: "ipb-items", role: "group", "aria-label": "tasks of this notebook" });
  const none = h(
    "p",
    { class: "ipb-hint" },
    "No tasks yet. Define one in a cell:",
    h("code", { text: "@task\ndef load(path):\n    ..." }),
  );
  const blocks = h("div", { class: "ipb-items", role: "group", "aria-label": "blocks" });
  for (const { word, doc, mark: name, what } of BLOCKS) {
    const item = h("div", { class: "ipb-item", tabindex: 0, title: doc }, mark(name), h("b", { text: word }));
    offer(item, what);
    blocks.append(item);
  }
  const element = h(
    "nav",
    { class: "ipb-palette", "aria-label": "what to add" },
    h("h3", { text: "Tasks" }),
    search,
    tasks,
    none,
    h("h3", { text: "Blocks" }),
    blocks,
  );
  let drawn = "";

  function offer(item: HTMLElement, what: Dragged): void {
    pressable(item, () => desk.add(what));
    for (const name of ["pointerenter", "focus"]) {
      item.addEventListener(name, () => {
        desk.aims.value = placeBehind(desk.plan, desk.chosen.value);
      });
    }
    for (const name of ["pointerleave", "blur"]) item.addEventListener(name, () => (desk.aims.value = null));
    dragSource(item, () => what);
  }

  function draw(): void {
    const listed = desk.shown.value.palette.filter((one) => one.listed);
    search.hidden = listed.length < SEARCHED;
    none.hidden = listed.length > 0;
    const wanted = search.hidden ? "" : search.value.trim().toLowerCase();
    const seen = listed.filter((one) => one.name.toLowerCase().includes(wanted));
    const now = JSON.stringify(seen.map((one) => [one.name, one.signature, one.doc]));
    if (now === drawn) return;
    drawn = now;
    tasks.replaceChildren(...seen.map(itemOf));
    if (seen.length === 0 && listed.length > 0) tasks.append(h("p", { class: "ipb-hint", text: "no such task" }));
  }

  function itemOf(task: Offered): HTMLElement {
    const signature = h("span", { class: "ipb-signature", text: task.signature });
    const item = h("div", { class: "ipb-item", tabindex: 0 }, h("b", { text: task.name }), signature);
    item.title = `${task.name}${task.signature}${task.doc === "" ? "" : `\n${task.doc}`}`;
    offer(item, { task: task.name });
    return item;
  }

  /** Up and down go from one to the next; Tab leaves at any time. */
  function keyDown(event: KeyboardEvent): void {
    const items = [...element.querySelectorAll<HTMLElement>(".ipb-item")];
    const at = items.indexOf(event.target as HTMLElement);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (at < 0 || step === undefined) return;
    items[(at + step + items.length) % items.length]?.focus();
    event.preventDefault();
  }

  search.addEventListener("input", draw);
  element.addEventListener("keydown", keyDown);
  draw();
  const stop = desk.shown.on(draw);
  return { element, dispose: stop };
}
