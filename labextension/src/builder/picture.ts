/** The picture of the pipeline: cards under each other, blocks with their branches side by side, and the places between. */

import { h } from "../core/dom";
import { disposeAll } from "../core/signal";
import { MenuButton, type MenuItem } from "../views/menu";
import { mark } from "./button";
import { badges, blockTags, card, problemLine } from "./card";
import type { Desk } from "./desk";
import { dragSource, now } from "./drag";
import { mountDrops } from "./drops";
import type { Part } from "./palette";
import { pressable } from "./pressable";
import { reveal } from "./reveal";
import { type Block, type Branch, blockName, type Entry, type Place } from "./state";

/** More branches than these stand in rows. */
const MANY = 4;

export interface Picture extends Part {
  /** Puts the focus on what has that number. */
  focus(id: number): void;
  /** Opens the menu of what may be added behind what has that number. */
  openMenu(place: Place): void;
}

export function mountPicture(desk: Desk): Picture {
  const element = h("div", { class: "ipb-picture", role: "group", "aria-label": "the pipeline" });
  let menus: MenuButton[] = [];

  function draw(): void {
    if (now() !== null) return; // what is dragged stays where it is
    const held = document.activeElement instanceof HTMLElement ? document.activeElement : null;
    const within = held !== null && element.contains(held);
    const { scrollTop, scrollLeft } = element;
    for (const menu of menus) menu.dispose();
    menus = [];
    const { plan } = desk.shown.value;
    element.replaceChildren(h("div", { class: "ipb-canvas" }, start(), list(plan.entries, 0)));
    element.classList.toggle("ipb-nothing", plan.entries.length === 0);
    mend();
    element.scrollTop = scrollTop;
    element.scrollLeft = scrollLeft;
    // The place whose menu it was (a plus has no number) is drawn anew too.
    if (within) focus([Number(held.dataset.id ?? -1), desk.chosen.value].find((id) => cardOf(id) !== null) ?? 0);
  }

  /** What is chosen is marked, and is what Tab comes to. */
  function mend(): void {
    const chosen = cardOf(desk.chosen.value) === null ? 0 : desk.chosen.value;
    for (const one of element.querySelectorAll<HTMLElement>("[data-id]")) {
      const is = Number(one.dataset.id) === chosen;
      one.setAttribute("aria-pressed", String(is));
      one.tabIndex = is ? 0 : -1;
    }
  }

  function start(): HTMLElement {
    const { name, initial, inline } = desk.plan;
    const given = [initial.args, initial.kwargs, initial.state === "" ? "" : `state ${initial.state}`].filter(Boolean);
    const words = [given.length > 0 ? `begins with ${given.join(", ")}` : "", inline ? "inline" : ""].filter(Boolean);
    const problems = desk.shown.value.problems.filter((one) => one.id === 0 && one.field !== "");
    const pill = h("div", { class: "ipb-start" }, h("b", { text: name || "…" }), badges(words), problemLine(problems));
    pill.setAttribute("aria-label", `the pipeline ${name}${words.length > 0 ? `, ${words.join(", ")}` : ""}`);
    return chooses(pill, 0);
  }

  function list(entries: Entry[], to: number): HTMLElement {
    const rows = h("ol", { class: "ipb-list" });
    if (entries.length === 0) {
      rows.append(h("li", {}, empty({ to, at: 0 })));
      return rows;
    }
    entries.forEach((entry, at) => {
      const place = gap({ to, at });
      if (at === 0 && to !== 0) place.classList.add("ipb-first");
      const one = entry.kind === "group" ? block(entry, at, entries.length) : step(entry, at, entries.length);
      rows.append(h("li", {}, place, one));
    });
    const last = entries[entries.length - 1];
    const closed = last?.kind === "step" && last.role === "finally";
    if (!closed) rows.append(h("li", {}, gap({ to, at: entries.length }, true)));
    return rows;
  }

  function step(entry: Entry & { kind: "step" }, at: number, of: number): HTMLElement {
    const one = chooses(card(entry, desk.shown.value, at, of), entry.id);
    dragSource(one, () => ({ id: entry.id }));
    return one;
  }

  function block(entry: Block, at: number, of: number): HTMLElement {
    const problems = desk.shown.value.problems.filter((one) => one.id === entry.id);
    const head = h(
      "div",
      { class: "ipb-block-head" },
      mark("group"),
      h("b", { text: blockName(entry) }),
      badges(blockTags(entry)),
      problemLine(problems),
    );
    const wrong = problems[0] === undefined ? "" : `, ${problems[0].text}`;
    const size = `${entry.branches.length} branches`;
    head.setAttribute("aria-label", `parallel block ${at + 1} of ${of}: ${blockName(entry)}, ${size}${wrong}`);
    chooses(head, entry.id);
    const frame = h("div", { class: "ipb-block" }, head);
    dragSource(head, () => ({ id: entry.id }));
    const more = h("button", {
      class: "ipb-new-branch",
      type: "button",
      tabindex: -1,
      title: "add a branch",
      "aria-label": `add a branch to ${blockName(entry)}`,
      click: () => desk.edit({ do: "branch", id: entry.id }, { word: "added a branch" }),
    });
    more.append(mark("plus"));
    more.dataset.block = String(entry.id);
    frame.append(
      h(
        "div",
        { class: entry.branches.length > MANY ? "ipb-branches ipb-many" : "ipb-branches" },
        ...entry.branches.map((one, place) => branch(one, place, entry)),
        more,
      ),
    );
    return frame;
  }

  function branch(one: Branch, at: number, of: Block): HTMLElement {
    const problems = desk.shown.value.problems.filter((problem) => problem.id === one.id);
    const head = h("div", { class: "ipb-branch-head", text: `branch ${at + 1}` });
    if (problems.length > 0) head.dataset.problem = "yes";
    const wrong = problems[0] === undefined ? "" : `, ${problems[0].text}`;
    head.setAttribute("aria-label", `branch ${at + 1} of ${of.branches.length}${wrong}`);
    head.title = problems[0]?.text ?? "";
    chooses(head, one.id);
    return h("div", { class: "ipb-branch" }, head, list(one.entries, one.id));
  }

  function chooses(one: HTMLElement, id: number): HTMLElement {
    one.dataset.id = String(id);
    pressable(one, () => {
      desk.choose(id);
      focus(id);
    });
    return one;
  }

  // Places between cards.

  function gap(place: Place, last = false): HTMLElement {
    const plus = h("button", {
      class: "ipb-plus",
      type: "button",
      tabindex: -1,
      title: "add here",
      "aria-label": "add here",
    });
    plus.append(mark("plus"));
    return placed(h("div", { class: last ? "ipb-gap ipb-last" : "ipb-gap" }), plus, place);
  }

  function empty(place: Place): HTMLElement {
    const first = place.to === 0;
    const plus = h("button", { class: "ipb-fill", type: "button", tabindex: first ? 0 : -1 });
    plus.append(
      mark("plus"),
      h("span", { text: first ? "Drag a task here, click one in the list, or choose one" : "add a task" }),
    );
    return placed(h("div", { class: "ipb-gap ipb-empty" }), plus, place);
  }

  /** The menu is made when it is first opened: a plan has hundreds of places. */
  function placed(one: HTMLElement, plus: HTMLButtonElement, place: Place): HTMLElement {
    one.dataset.to = String(place.to);
    one.dataset.at = String(place.at);
    one.append(plus);
    plus.addEventListener(
      "click",
      (event) => {
        event.stopImmediatePropagation();
        const menu = new MenuButton(plus, "add", () => offered(place));
        menus.push(menu);
        one.append(...menu.elements);
        menu.open(0);
      },
      { once: true, capture: true },
    );
    return one;
  }

  function offered(place: Place): MenuItem[] {
    const tasks = desk.shown.value.palette.filter((one) => one.listed);
    const items: MenuItem[] = tasks.map((task) => ({
      label: task.name,
      act: () => desk.add({ task: task.name }, place),
    }));
    if (items.length === 0) items.push({ label: "no tasks yet", act: () => undefined, not: "define one with @task" });
    return [
      ...items,
      { label: "In parallel", act: () => desk.add({ kind: "group" }, place), apart: true },
      { label: "If it fails", act: () => desk.add({ role: "exceptionally" }, place) },
      { label: "In the end", act: () => desk.add({ role: "finally" }, place) },
    ];
  }

  // From outside.

  function cardOf(id: number): HTMLElement | null {
    return element.querySelector<HTMLElement>(`[data-id="${id}"]`);
  }

  function focus(id: number): void {
    const one = cardOf(id);
    one?.focus({ preventScroll: true });
    one?.scrollIntoView?.({ block: "nearest", inline: "nearest" });
  }

  const show = (one: HTMLElement | null) => one !== null && reveal(one, element);

  function gapAt(place: Place): HTMLElement | null {
    return element.querySelector<HTMLElement>(`.ipb-gap[data-to="${place.to}"][data-at="${place.at}"]`);
  }

  function openMenu(place: Place): void {
    gapAt(place)?.querySelector<HTMLElement>("button")?.click();
  }

  // What has the focus is chosen: that is what keys act on.
  element.addEventListener("focusin", ({ target }) => {
    const { id } = (target as HTMLElement).dataset;
    if (id !== undefined) desk.choose(Number(id));
  });
  mountDrops(element, desk, cardOf);
  const ended = () => setTimeout(draw);
  window.addEventListener("dragend", ended);
  draw();
  // The middle is where a pipeline begins; it has a width once it is in the page.
  const centre = requestAnimationFrame(() => {
    element.scrollLeft = (element.scrollWidth - element.clientWidth) / 2;
  });
  return {
    element,
    focus,
    openMenu,
    dispose: disposeAll(
      desk.shown.on(draw),
      desk.chosen.on((id) => {
        const inside = element.contains(document.activeElement);
        mend();
        if (inside) focus(id);
        else show(cardOf(id));
      }),
      desk.aims.on((place) => {
        for (const one of element.querySelectorAll(".ipb-next")) one.classList.remove("ipb-next");
        if (place !== null) gapAt(place)?.classList.add("ipb-next");
      }),
      () => window.removeEventListener("dragend", ended),
      () => cancelAnimationFrame(centre),
      () => {
        for (const menu of menus) menu.dispose();
      },
    ),
  };
}
