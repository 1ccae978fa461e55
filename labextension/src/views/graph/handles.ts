/** What opens and closes boxes: the small round buttons at their foot, and the set of keys that says what is open. */

import { s } from "../../core/dom";
import type { GraphNode } from "../../core/protocol";

export type Handles = Pick<GraphNode, "opens" | "closes">;

/** Where a box is opened or closed: as docs/protocol.md has it, the kernel alone knows what a key means. */
export function toggled(open: readonly string[], key: string): string[] {
  if (!open.includes(key)) return [...open, key];
  return open.filter((one) => one !== key && !one.startsWith(`${key}/`));
}

/** What each button takes of the line at the foot of a box. */
export const ROOM = 20;
const SIGNS = { opens: "M-3.5 0h7M0-3.5v7", closes: "M-3.5 0h7" };
const WORDS = {
  opens: "Open: show the tasks one by one (double click, or +)",
  closes: "Close: draw these tasks as one again (or −)",
};

/** Draws the buttons of a box of this size into `layer`, or leaves them as they are. */
export function drawHandles(layer: Element | null, node: Handles, width: number, height: number): void {
  if (layer === null) return;
  const kinds = (["closes", "opens"] as const).filter((kind) => node[kind] !== undefined);
  const key = `${width}/${height}/${kinds.map((kind) => node[kind]).join("|")}`;
  if (layer.getAttribute("data-parts") === key) return;
  layer.setAttribute("data-parts", key);
  layer.replaceChildren(
    ...kinds.map((kind, i) =>
      s(
        "g",
        {
          class: `ipf-handle ipf-handle-${kind}`,
          "data-toggle": node[kind],
          transform: `translate(${width - 3 - ROOM * (kinds.length - 1 - i)} ${height})`,
        },
        s("circle", { r: 8.5 }),
        s("path", { d: SIGNS[kind] }),
        s("title", { text: WORDS[kind] }),
      ),
    ),
  );
}

/** The key of the button that an event is on. */
export function handleAt(event: Event): string | null {
  const at = event.target instanceof Element ? event.target.closest("[data-toggle]") : null;
  return at?.getAttribute("data-toggle") ?? null;
}

/** The box that stands where a toggled one stood: itself, the first that came out of it, or what it went into. */
export function successor(nodes: readonly GraphNode[], before: GraphNode, key: string): GraphNode | null {
  const same = nodes.find((node) => node.key === before.key);
  if (same !== undefined) return same;
  const parts = nodes.filter((node) => node.closes === key);
  const into =
    nodes.find((node) => node.opens === key) ??
    nodes.find((node) => before.tasks.some((id) => node.tasks.includes(id)));
  return (
    parts.reduce<GraphNode | null>((top, node) => (top === null || node.y < top.y ? node : top), null) ?? into ?? null
  );
}
