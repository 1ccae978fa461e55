/** The streams a task writes to: their words, and a shape for each, so that colour never speaks alone. */

import { s, setAttr } from "../../core/dom";

export interface Stream {
  name: string;
  /** For the button that shows only these. */
  many: string;
  word: string;
  path: string;
}

export const STREAMS: readonly Stream[] = [
  { name: "stdout", many: "prints", word: "printed", path: "M4.2 2.6 7.8 6 4.2 9.4" },
  { name: "stderr", many: "stderr", word: "stderr", path: "M6 2v5M6 9.8v.1" },
  { name: "log", many: "log messages", word: "logged", path: "M2.6 3.2h6.8M2.6 6h6.8M2.6 8.8h4" },
  { name: "warning", many: "warnings", word: "warned", path: "M6 1.6 11 10.4H1ZM6 5v2.4M6 9h.01" },
];

const OTHER: Stream = { name: "", many: "", word: "wrote", path: "M6 6h.01" };

export const streamOf = (name: string): Stream => STREAMS.find((one) => one.name === name) ?? OTHER;

/** Silent unless `spoken`, where no word stands beside it. */
export function streamIcon(name: string, spoken: boolean): SVGSVGElement {
  const icon = s("svg", { class: "ipf-glyph ipf-stream", viewBox: "0 0 12 12", width: 12, height: 12 }, s("path"));
  setStream(icon, name, spoken);
  return icon;
}

export function setStream(icon: SVGElement, name: string, spoken: boolean): void {
  const stream = streamOf(name);
  if (icon.dataset.stream === name) return;
  icon.dataset.stream = name;
  const path = icon.querySelector("path");
  path?.setAttribute("d", stream.path);
  path?.setAttribute("fill", "none");
  setAttr(icon, "role", spoken ? "img" : null);
  setAttr(icon, "aria-label", spoken ? stream.word : null);
  setAttr(icon, "aria-hidden", spoken ? null : "true");
}
