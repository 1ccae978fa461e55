/** How kinds of change look: a shape for each, and the colour of a state; and by how much something changed, in words. */

import type { ChangeKind } from "../../core/compare";
import { h, s } from "../../core/dom";
import { duration } from "../../core/format";
import type { State } from "../../core/protocol";
import { stateColour } from "../../core/theme";

const LOOKS: Record<ChangeKind, [State, string]> = {
  failing: ["failed", "M3 3 9 9M9 3 3 9"],
  otherwise: ["timed_out", "M2 4.4h8M2 7.6h8M8.4 1.8 3.6 10.2"],
  mended: ["succeeded", "M2 6.5 4.8 9.3 10 3.2"],
  slower: ["blocked", "M6 2 10.4 9.8H1.6Z"],
  faster: ["succeeded", "M6 10 1.6 2.2h8.8Z"],
  cached: ["cached", "M1.6 4.4c1.5-1.7 2.9-1.7 4.4 0s2.9 1.7 4.4 0M1.6 8.2c1.5-1.7 2.9-1.7 4.4 0s2.9 1.7 4.4 0"],
  computed: ["running", "M6 1.7a4.3 4.3 0 1 0 0 8.6a4.3 4.3 0 1 0 0-8.6"],
  new: ["running", "M6 2v8M2 6h8"],
  gone: ["cancelled", "M2 6h8"],
  retried: ["blocked", "M9.9 4.2A4.4 4.4 0 1 0 10.4 6.4M10.2 1.6v2.8H7.4"],
  result: ["cancelled", "M2 4.4h8M2 7.6h8M8.4 1.8 3.6 10.2"],
  unfinished: ["waiting", "M2.2 6h.01M6 6h.01M9.8 6h.01"],
  same: ["waiting", "M2 4.4h8M2 7.6h8"],
};
const FILLED: ReadonlySet<ChangeKind> = new Set(["slower", "faster"]);

export const kindColour = (kind: ChangeKind): string => stateColour((LOOKS[kind] ?? LOOKS.same)[0]);

/** The mark of a kind; silent, for a word always stands beside it. */
export function kindIcon(kind: ChangeKind): SVGSVGElement {
  const [, path] = LOOKS[kind] ?? LOOKS.same;
  return s(
    "svg",
    {
      class: "ipf-icon",
      viewBox: "0 0 12 12",
      width: 12,
      height: 12,
      style: `color:${kindColour(kind)}`,
      "aria-hidden": "true",
    },
    s("path", { d: path, fill: FILLED.has(kind) ? "currentColor" : "none" }),
  );
}

/** `+20 %`, `−75 %`, `3.1×` where it is more than double; nothing of nothing. */
export function times(before: number, after: number): string {
  if (before <= 0) return "";
  if (after > 2 * before) return `${(after / before).toFixed(after < 100 * before ? 1 : 0)}×`;
  const part = Math.max(Math.round(100 * (after / before - 1)), after > 0 ? -99 : -100);
  return part === 0 ? "" : `${part < 0 ? "−" : "+"}${Math.abs(part)} %`;
}

/** `+1.20 s`, `−300 ms`. */
export const more = (seconds: number): string => `${seconds < 0 ? "−" : "+"}${duration(Math.abs(seconds))}`;

export const seconds = (value: number | null): string => (value === null ? "" : duration(value));

/** Whether one length of time is longer than another by enough to speak of it: by 10 % and 10 ms. */
export const differ = (before: number, after: number): boolean =>
  Math.abs(after - before) > Math.max(0.1 * before, 0.01);

/** Before and after as two bars, pale and full, as parts of the longest; each with its colour. */
export function bars(longest: number, before: [number | null, string], after: [number | null, string]): HTMLElement {
  const bar = ([value, colour]: [number | null, string], look: string) => {
    if (value === null) return null;
    const one = h("span", { class: `ipf-vs-bar ${look}` });
    one.style.width = `${Math.max(0.5, (100 * value) / (longest || 1))}%`;
    one.style.setProperty("--ipf-vs-colour", colour);
    return one;
  };
  return h(
    "span",
    { class: "ipf-vs-bars", "aria-hidden": "true" },
    bar(before, "ipf-vs-before"),
    bar(after, "ipf-vs-after"),
  );
}
