/** The bar along the foot of a box: how many of its tasks, or of those below it, stand where. */

import { s } from "../../core/dom";
import type { Counts } from "../../core/protocol";
import { present } from "../../core/status";
import { stateColour } from "../../core/theme";

/** Two failures of ten thousand are to be seen: no part is narrower than this. */
const LEAST = 4;

/** Divides the room in proportion, but leaves each at least `LEAST`; as `shares` of box_svg.py. Pure. */
export function shares(counts: readonly number[], room: number): number[] {
  const least = Math.min(LEAST, room / Math.max(1, counts.length));
  const all = counts.reduce((sum, n) => sum + n, 0) || 1;
  const small = (n: number) => n * room < least * all;
  const rest = counts.reduce((sum, n) => sum + (small(n) ? 0 : n), 0) || 1;
  const left = room - least * counts.filter(small).length;
  return counts.map((n) => (small(n) ? least : (left * n) / rest));
}

/** Draws into `layer`, or leaves it as it is where nothing has changed. `null` is no bar. */
export function drawFoot(layer: Element, counts: Counts | null, width: number, height: number): void {
  const parts = counts === null ? [] : present(counts);
  const key = `${width}/${height}/${JSON.stringify(parts)}`;
  if (layer.getAttribute("data-parts") === key) return;
  layer.setAttribute("data-parts", key);
  const widths = shares(
    parts.map(([, n]) => n),
    width - 24,
  );
  let x = 12;
  layer.replaceChildren(
    ...parts.map(([state], i) => {
      const w = widths[i] ?? 0;
      const rect = s("rect", {
        x,
        y: height - 10,
        width: Math.max(1, w - 1),
        height: 4,
        rx: 1.5,
        class: `ipf-foot-${state}`,
        style: `--state:${stateColour(state)}`,
      });
      x += w;
      return rect;
    }),
  );
}
