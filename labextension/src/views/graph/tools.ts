/** Buttons of the graph's own beside those that zoom. */

import { h, s } from "../../core/dom";

const PATHS = {
  find: "M5 1.6a3.4 3.4 0 1 0 0 6.8a3.4 3.4 0 1 0 0-6.8M7.5 7.5 10.6 10.6",
  critical: "M1 9.6h2.6V6h4.8V2.4H11M9 .8 11 2.4 9 4",
  legend: "M4.1 4.3A2 2 0 1 1 6.9 6Q6 6.5 6 7.5M6 9.6v.4",
  closeAll: "M2 3.2 4.6 5.8M4.6 3.4v2.4H2.2M10 8.8 7.4 6.2M7.4 8.6V6.2h2.4",
};

export function toolButton(label: string, icon: keyof typeof PATHS, click: () => void): HTMLButtonElement {
  const picture = s(
    "svg",
    { class: "ipf-glyph", viewBox: "0 0 12 12", width: 12, height: 12, "aria-hidden": "true" },
    s("path", { d: PATHS[icon], fill: "none" }),
  );
  return h(
    "button",
    { type: "button", class: "ipf-tool ipf-graph-tool", "aria-label": label, title: label, click },
    picture,
  );
}
