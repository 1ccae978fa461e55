/** What the marks of the graph mean: the states and roles that are there, the two kinds of lines, the buttons. */

import { h, s } from "../../core/dom";
import { rolePath, stateIcon } from "../../core/icons";
import type { Graph, Role, State } from "../../core/protocol";
import { ROLE_MEANING, roleWord } from "../../core/roles";
import { MEANING, STATES, word } from "../../core/status";
import type { RunStore } from "../../core/store";
import { nodeCounts } from "./look";

const KEYS: readonly [keys: string, meaning: string][] = [
  ["← ↑ → ↓", "go from task to task"],
  ["Enter", "tells all about one"],
  ["+ −", "open and close it; else zoom, as the wheel does with Ctrl"],
  ["0", "shows the whole"],
  ["/", "looks for tasks"],
  ["C", "marks the critical path"],
];

export function makeLegend(): { element: HTMLElement; update(store: RunStore): void } {
  const element = h("div", {
    class: "ipf-graph-legend",
    role: "note",
    "aria-label": "What the marks mean",
    hidden: true,
  });
  let shown = "";
  return {
    element,
    update(store) {
      const graph = store.graph;
      if (element.hidden || graph === null) return;
      const states = statesIn(graph, store);
      const roles = [...new Set(graph.nodes.flatMap(({ role }) => (role == null ? [] : [role])))];
      const stacks = graph.nodes.some(({ count }) => count > 1);
      const opens = graph.nodes.some((node) => node.opens !== undefined) && store.heard && !store.replaying;
      const key = JSON.stringify([states, roles, stacks, opens]);
      if (key === shown) return;
      shown = key;
      element.replaceChildren(
        ...states.map((state) => line(stateIcon(state), word(state), MEANING[state])),
        ...roles.map((role) => line(roleMark(role), roleWord(role), ROLE_MEANING[role])),
        line(stroke("data"), "data", "goes from a task to the one that takes it"),
        line(stroke("child"), "no data", "a task and the one that submitted it, or that only comes after it"),
        ...(stacks
          ? [
              line(
                h("b", { text: "×40" }),
                "equal tasks",
                opens ? "drawn as one; double click opens them" : "drawn as one",
              ),
            ]
          : []),
        ...KEYS.map(([keys, meaning]) => line(h("b", { text: "" }), keys, meaning)),
      );
    },
  };
}

function statesIn(graph: Graph, store: RunStore): State[] {
  const there = new Set<string>();
  for (const node of graph.nodes) {
    for (const counts of [nodeCounts(node, store.tasks), node.below ?? {}]) {
      for (const [state, n] of Object.entries(counts)) if (n > 0) there.add(state);
    }
  }
  return STATES.filter((state) => there.has(state));
}

const line = (mark: Element, name: string, meaning: string): HTMLElement =>
  h(
    "div",
    { class: "ipf-graph-legend-line" },
    mark,
    h("span", { text: name }),
    h("span", { class: "ipf-quiet", text: meaning }),
  );

const mark = (...content: Element[]) =>
  s(
    "svg",
    { class: "ipf-graph-legend-mark", viewBox: "0 0 24 12", width: 24, height: 12, "aria-hidden": "true" },
    ...content,
  );

const stroke = (kind: "data" | "child") =>
  mark(s("path", { d: "M1 6h22", class: `ipf-edge ipf-edge-${kind}`, fill: "none" }));

const roleMark = (role: Role) =>
  mark(s("path", { d: rolePath(role), transform: "translate(6 0)", class: "ipf-node-role", fill: "none" }));
