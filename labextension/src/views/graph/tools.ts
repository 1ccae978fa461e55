/** Buttons of the graph's own beside those that zoom. */

import { h } from "../../core/dom";
import { type Glyph, glyph } from "../../core/icons";

export const toolButton = (label: string, icon: Glyph, click: () => void): HTMLButtonElement =>
  h(
    "button",
    { type: "button", class: "ipf-tool ipf-graph-tool", "aria-label": label, title: label, click },
    glyph(icon),
  );
