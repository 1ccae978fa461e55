/** What the looks of a bar mean: beside the buttons where there is room, and among the keys. */

import { h } from "../../core/dom";

const LEGEND = [
  [
    "pending",
    "waits",
    "Submitted, not started: striped while it waits for something, plain while it waits for a worker",
  ],
  ["run", "runs", "A worker runs the body; the colour says what became of it"],
  ["blocked", "blocked", "The body stands in a wait for the result of another task"],
] as const;

export const legend = (): HTMLElement =>
  h(
    "span",
    { class: "ipf-looks" },
    ...LEGEND.map(([look, text, title]) =>
      h("span", { class: "ipf-look", title }, h("i", { class: `ipf-look-${look}` }), text),
    ),
  );
