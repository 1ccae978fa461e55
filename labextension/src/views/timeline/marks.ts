/** Signs of the timeline's own buttons, in a box of 12 by 12. */

import { s } from "../../core/dom";

const MARKS = {
  critical: "M1.5 2.6h4v2.6h-4ZM6.5 6.8h4v2.6h-4ZM3.5 5.2v2.9h3",
  brush: "M2.2 1.6v8.8M9.8 1.6v8.8M3.8 6h4.4M5.2 4.6 3.8 6l1.4 1.4M6.8 4.6 8.2 6 6.8 7.4",
  help: "M4 4.2a2 2 0 1 1 3 1.7q-1 .6-1 1.7M6 9.9v.1",
};

export const sign = (name: keyof typeof MARKS): SVGSVGElement =>
  s(
    "svg",
    { class: "ipf-glyph", viewBox: "0 0 12 12", width: 12, height: 12, "aria-hidden": "true" },
    s("path", { d: MARKS[name], fill: "none" }),
  );
