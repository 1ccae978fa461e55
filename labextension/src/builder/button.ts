/** Buttons with a mark before their word. */

import { h, s } from "../core/dom";

const MARKS = {
  undo: "M4.5 1.8 1.8 4.5l2.7 2.7M2 4.5h5a3 3 0 0 1 0 6H4",
  redo: "M7.5 1.8l2.7 2.7-2.7 2.7M10 4.5H5a3 3 0 0 0 0 6h3",
  run: "M3.4 2.1 10 6 3.4 9.9Z",
  cell: "M1.5 2.5h9M1.5 5.5h5M9 6v5M6.5 8.5h5",
  copy: "M4 4h6.5v6.5H4ZM2 8H1.5V1.5H8V2",
  close: "M2.5 2.5 9.5 9.5M9.5 2.5 2.5 9.5",
  plus: "M6 2v8M2 6h8",
  remove: "M2 3.2h8M4.4 3.2V1.8h3.2v1.4M3 3.2l.5 7h5l.5-7",
  up: "M6 10V2.4M2.8 5.4 6 2.2l3.2 3.2",
  down: "M6 2v7.6M2.8 6.6 6 9.8l3.2-3.2",
  left: "M10 6H2.4M5.4 2.8 2.2 6l3.2 3.2",
  right: "M2 6h7.6M6.6 2.8 9.8 6 6.6 9.2",
  step: "M2 3.2h8v5.6H2Z",
  group: "M1.8 2.7h8.4M1.8 6h8.4M1.8 9.3h8.4",
  exceptionally: "M7.9 1 3.5 6.3h5L4.1 11",
  finally: "M1.2 6h7.3M5.5 3 8.5 6 5.5 9M10.7 2.2v7.6",
  pause: "M4 2.6v6.8M8 2.6v6.8",
};

export type Mark = keyof typeof MARKS;

export function mark(name: Mark): SVGSVGElement {
  return s(
    "svg",
    { class: "ipb-mark", viewBox: "0 0 12 12", width: 12, height: 12, "aria-hidden": "true" },
    s("path", { d: MARKS[name], fill: name === "run" ? "currentColor" : "none" }),
  );
}

/** With `bare` the word is only read out. */
export function button(name: Mark, word: string, act: () => void, bare = false): HTMLButtonElement {
  const one = h(
    "button",
    {
      class: bare ? "ipb-button ipb-bare" : "ipb-button",
      type: "button",
      title: word,
      "aria-label": bare ? word : null,
    },
    mark(name),
    bare ? null : h("span", { text: word }),
  );
  one.addEventListener("click", () => {
    if (one.getAttribute("aria-disabled") !== "true") act();
  });
  return one;
}
