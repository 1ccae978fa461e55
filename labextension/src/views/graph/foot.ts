/** The bar along the foot of a box: how many of its tasks, or of those below it, stand where. */

import { s } from "../../core/dom";
import type { Counts } from "../../core/protocol";
import { present } from "../../core/status";
import { stateColour } from "../../core/theme";

/** Draws into `layer`, or leaves it as it is where nothing has changed. `null` is no bar. */
export function drawFoot(layer: Element, counts: Counts | null, width: number, height: number): void {
  const parts = counts === null ? [] : present(counts);
  const key = `${width}/${height}/${JSON.stringify(parts)}`;
  if (layer.getAttribute("data-parts") === key) return;
  layer.setAttribute("data-parts", key);
  const all = parts.reduce((sum, [, n]) => sum + n, 0) || 1;
  let x = 12;
  layer.replaceChildren(
    ...parts.map(([state, n]) => {
      const w = (n / all) * (width - 24);
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
