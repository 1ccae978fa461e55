/** The field that looks for boxes by their names, and walks through what it has found. */

import { h, setText } from "../../core/dom";
import { glyph } from "../../core/icons";
import type { GraphNode } from "../../core/protocol";

/**
 * The keys of the boxes that have all the words in what is said of them: names, modules, groups, and what `more` says. A
 * number with `#` is a task. Pure.
 */
export function matching(
  nodes: readonly GraphNode[],
  text: string,
  more: (node: GraphNode) => string = () => "",
): string[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [];
  const has = (node: GraphNode, word: string) => {
    const id = /^#(\d+)$/.exec(word)?.[1];
    if (id !== undefined) return node.tasks.includes(Number(id));
    return [node.name, node.module, node.group ?? "", more(node)].some((part) => part.toLowerCase().includes(word));
  };
  return nodes.filter((node) => words.every((word) => has(node, word))).map(({ key }) => key);
}

export interface Finder {
  readonly element: HTMLElement;
  /** Shows the field and puts the caret into it. */
  open(): void;
  /** The boxes that were found, while the field is open. */
  found(): ReadonlySet<string>;
  /** The picture has changed. */
  update(): void;
}

interface Place {
  nodes(): readonly GraphNode[];
  /** What a box can be found by besides its names. */
  said(node: GraphNode): string;
  show(key: string): void;
  /** What was found is other than before. */
  changed(): void;
  /** The reader is done. */
  left(): void;
}

export function makeFinder(place: Place): Finder {
  let keys: string[] = [];
  let at = -1;
  const field = h("input", {
    type: "search",
    class: "ipf-find-field",
    placeholder: "Name, state, #number",
    "aria-label": "Find tasks in the graph by name, arguments, state or number",
    input: () => look(true),
    keydown: (event: KeyboardEvent) => keyDown(event),
  });
  const said = h("span", { class: "ipf-quiet ipf-find-said", "aria-live": "polite" });
  const close = h("button", {
    type: "button",
    class: "ipf-tool",
    "aria-label": "Close the search",
    click: () => leave(),
  });
  close.append(glyph("close"));
  const element = h("div", { class: "ipf-find", role: "search", hidden: true }, field, said, close);

  function look(go: boolean): void {
    keys = matching(place.nodes(), field.value, place.said);
    if (go) at = keys.length > 0 ? 0 : -1;
    at = Math.min(at, keys.length - 1);
    tell();
    place.changed();
    if (go) show();
  }

  function tell(): void {
    setText(said, field.value.trim() === "" ? "" : keys.length === 0 ? "none" : `${at + 1} of ${keys.length}`);
  }

  function show(): void {
    const key = keys[at];
    if (key !== undefined) place.show(key);
  }

  function keyDown(event: KeyboardEvent): void {
    event.stopPropagation();
    if (event.key === "Escape") leave();
    else if (event.key === "Enter" && keys.length > 0) {
      at = (at + (event.shiftKey ? keys.length - 1 : 1)) % keys.length;
      tell();
      show();
    } else return;
    event.preventDefault();
  }

  function leave(): void {
    element.hidden = true;
    place.changed();
    place.left();
  }

  return {
    element,
    open() {
      element.hidden = false;
      field.focus();
      field.select();
      look(false);
    },
    found: () => new Set(element.hidden ? [] : keys),
    update: () => !element.hidden && look(false),
  };
}
