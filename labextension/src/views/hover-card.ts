/** The card that stands beside the pointer: what one task is, without a click. */

import { h, setAttr } from "../core/dom";
import {
  caption,
  count,
  duration,
  oneLine,
  outcome,
  place as placeOf,
  plural,
  progressText,
  remarks,
  title,
} from "../core/format";
import { roleTag, stateIcon } from "../core/icons";
import type { Counts, GraphNode, Lane, TaskRow } from "../core/protocol";
import { reusedWords } from "../core/reused";
import { isContainer, isPaused, isQuiet } from "../core/roles";
import { disposeAll } from "../core/signal";
import { isFailure, present, word } from "../core/status";
import type { RunStore } from "../core/store";
import type { Hover, UiState } from "../core/ui-state";
import { comesAfter, countsOf, entriesBelow } from "./below";
import { type Fact, factList, taskFacts } from "./facts";
import { nodeCounts, nodeFailure } from "./graph/look";
import { placeCard } from "./workflow/card";

export function mountHoverCard(element: HTMLElement, store: RunStore, ui: UiState): () => void {
  // The top layer: neither clipped by a scrolling output area nor moved by the notebook's own transforms.
  const card = h("div", { class: "ipf-card", role: "tooltip", popover: "manual" });
  element.append(card);
  let shown = "";

  function draw(): void {
    const hover = ui.hover.value;
    const parts = hover === null ? null : content(hover.what, store);
    if (hover === null || parts === null) {
      shown = "";
      setOpen(card, false);
      return;
    }
    const key = parts.map((part) => part.textContent).join("\n");
    if (key !== shown) {
      shown = key;
      card.replaceChildren(...parts);
    }
    setOpen(card, true);
    const { x, y } = place(hover, card.offsetWidth, card.offsetHeight, window.innerWidth, window.innerHeight);
    card.style.left = `${x}px`;
    card.style.top = `${y}px`;
  }

  const ticking = setInterval(() => ui.hover.value !== null && store.live && draw(), 200);
  const hide = () => (ui.hover.value = null);
  // A wheel moves things away from under the card.
  window.addEventListener("scroll", hide, { capture: true, passive: true });
  return disposeAll(
    ui.hover.on(draw),
    store.onChange(() => ui.hover.value !== null && draw()),
    () => {
      clearInterval(ticking);
      window.removeEventListener("scroll", hide, { capture: true });
      card.remove();
    },
  );
}

/** Right below the pointer, or where there is room. */
export function place(
  hover: NonNullable<Hover>,
  w: number,
  h: number,
  vw: number,
  vh: number,
): { x: number; y: number } {
  const x = hover.x + 14 + w > vw - 4 ? Math.max(4, hover.x - 14 - w) : hover.x + 14;
  const y = hover.y + 16 + h > vh - 4 ? Math.max(4, hover.y - 12 - h) : hover.y + 16;
  return { x, y };
}

function setOpen(card: HTMLElement, open: boolean): void {
  setAttr(card, "data-open", open ? "" : null);
  if (typeof card.showPopover !== "function") {
    card.hidden = !open;
    return;
  }
  if (open === card.matches(":popover-open")) return;
  if (open) card.showPopover();
  else card.hidePopover();
}

function content(what: NonNullable<Hover>["what"], store: RunStore): HTMLElement[] | null {
  if ("task" in what) {
    const task = store.tasks.get(what.task) ?? store.rows.find(what.task);
    if (task !== undefined) return taskCard(task, store);
    // Of a large run not every row is here.
    const node = store.graph?.nodes.find((one) => one.task === what.task);
    return node === undefined ? null : stackCard(node, store);
  }
  if ("node" in what) {
    const node = store.graph?.nodes.find((one) => one.key === what.node);
    return node === undefined ? null : stackCard(node, store);
  }
  if ("flow" in what) return "place" in what ? placeCard(what.flow, what.place, store) : null;
  const lane = store.lanes?.find((one) => one.name === what.lane);
  return lane === undefined ? null : laneCard(lane);
}

function taskCard(task: TaskRow, store: RunStore): HTMLElement[] {
  const failed = isFailure(task.state);
  const parts: HTMLElement[] = [
    h(
      "div",
      { class: "ipf-card-head" },
      stateIcon(task.state),
      h("b", { text: title(task) }),
      h("span", { class: "ipf-quiet", text: word(task.state) }),
      task.role == null ? null : roleTag(task.role),
    ),
  ];
  const where = placeOf(task, store.tasks);
  if (where) parts.push(h("div", { class: "ipf-card-place", text: where }));
  const call = isContainer(task) ? task.args : `${task.name}(${oneLine(task.args, 160)})`;
  if (call) parts.push(h("code", { class: "ipf-card-call", text: oneLine(call, 180) }));
  const said = outcome(task);
  if (failed) parts.push(h("div", { class: "ipf-card-error", text: oneLine(said, 300) }));
  else if (task.state === "succeeded" || task.state === "cached") {
    parts.push(h("code", { class: "ipf-card-value", text: `→ ${oneLine(said, 200)}` }));
  }
  const whence = reusedWords(task, store.run);
  if (whence) parts.push(h("div", { class: "ipf-card-why", text: whence }));
  if (task.state === "skipped" && said)
    parts.push(h("div", { class: "ipf-card-why", text: `skipped: ${oneLine(said, 200)}` }));
  if (isContainer(task) && !isQuiet(task)) {
    if (task.progress !== null) parts.push(h("div", { class: "ipf-card-why", text: progressText(task.progress) }));
    const below = countsOf(entriesBelow(task.id, store.tasks));
    if (!store.run.aggregated && present(below).length > 0) parts.push(countLines(below));
  } else if (task.state === "planned") {
    const after = comesAfter(task, store).slice(0, 3).map(title).join(", ");
    if (after) parts.push(h("div", { class: "ipf-card-why", text: `comes after ${after}` }));
  }
  const plain = isContainer(task) && !isPaused(task);
  if (task.reason && !failed && !plain) parts.push(h("div", { class: "ipf-card-why", text: why(task, store) }));
  else if (task.on.length > 0) parts.push(h("div", { class: "ipf-card-why", text: why(task, store) }));
  const facts = taskFacts(task, store.now());
  if (caption(task)) facts.push(["module", caption(task)]);
  if (facts.length > 0) parts.push(factList(facts));
  for (const [, text] of remarks(task).slice(0, 2))
    parts.push(h("div", { class: "ipf-card-why", text: oneLine(text) }));
  return parts;
}

/** Why a task does not move, with the names of those it waits for. */
export function why(task: TaskRow, store: RunStore): string {
  const names = task.on.slice(0, 3).map((id) => {
    const other = store.tasks.get(id);
    return other === undefined ? `#${id}` : title(other);
  });
  const more = task.on.length > 3 ? ` and ${task.on.length - 3} more` : "";
  const lead = task.reason || (task.state === "blocked" ? "waits for the result of" : "waits for");
  return names.length === 0 ? lead : `${lead}${task.reason ? ": " : " "}${names.join(", ")}${more}`;
}

function stackCard(node: GraphNode, store: RunStore): HTMLElement[] {
  const parts: HTMLElement[] = [
    h(
      "div",
      { class: "ipf-card-head" },
      h("b", { text: node.task === null ? node.name : title({ name: node.name, id: node.task }) }),
      node.task === null ? h("span", { class: "ipf-quiet", text: `×${count(node.count)}` }) : null,
      node.role == null ? null : roleTag(node.role),
    ),
    countLines(nodeCounts(node, store.tasks)),
  ];
  const failure = nodeFailure(node, store.tasks);
  if (failure) parts.push(h("div", { class: "ipf-card-error", text: failure }));
  return parts;
}

function laneCard(lane: Lane): HTMLElement[] {
  const facts: Fact[] = [];
  if (lane.shortest !== null) facts.push(["shortest", duration(lane.shortest)]);
  if (lane.median !== null) facts.push(["median", duration(lane.median)]);
  if (lane.longest !== null) facts.push(["longest", duration(lane.longest)]);
  if (lane.first !== null && lane.last !== null)
    facts.push(["from, to", `+${duration(lane.first)}, +${duration(lane.last)}`]);
  return [
    h(
      "div",
      { class: "ipf-card-head" },
      h("b", { text: lane.name }),
      h("span", { class: "ipf-quiet", text: plural(lane.count, "task") }),
    ),
    countLines(lane.counts),
    factList(facts),
  ];
}

const countLines = (counts: Counts): HTMLElement =>
  h(
    "div",
    { class: "ipf-card-counts" },
    ...present(counts).map(([state, n]) => h("span", {}, stateIcon(state), `${count(n)} ${word(state)}`)),
  );
