/** Events that are in no route: their pills stand below the picture, so that what nobody takes is seen too. Pure. */

import type { FlowNode, Workflow } from "../../core/protocol";

const HEIGHT = 28;
const GAP = 18;
/** Room around a name, below a pill, around the picture. */
const AROUND = 30;
const BELOW = 18;
const MARGIN = 16;
const NARROWEST = 340;

const made = new WeakMap<Workflow, Workflow>();

/** The same workflow with a node for each type that was sent and is not in the picture; nodes in the order of reading. */
export function withStrays(flow: Workflow): Workflow {
  let with_ = made.get(flow);
  if (with_ === undefined) {
    const known = new Set(flow.nodes.filter(({ kind }) => kind === "event").map(({ name }) => name));
    const names = Object.keys(flow.sent).filter((name) => !known.has(name));
    with_ = names.length === 0 ? { ...flow } : place(flow, names);
    with_.nodes = [...with_.nodes].sort((a, b) => a.y - b.y || a.x - b.x);
    made.set(flow, with_);
  }
  return with_;
}

function place(flow: Workflow, names: readonly string[]): Workflow {
  const right = Math.max(flow.width, NARROWEST) - MARGIN;
  const rows: FlowNode[][] = [[]];
  let y = flow.height - MARGIN + GAP;
  let x = MARGIN;
  for (const name of names) {
    const w = 2 * Math.ceil((Math.min(name.length, 30) * 7.3 + AROUND) / 2);
    if (x > MARGIN && x + w > right) {
      x = MARGIN;
      y += HEIGHT + BELOW + GAP;
      rows.push([]);
    }
    rows[rows.length - 1]?.push({
      key: `event:${name}`,
      name,
      kind: "event",
      form: "",
      workers: null,
      x,
      y,
      w,
      h: HEIGHT,
    });
    x += w + GAP;
  }
  const nodes = rows.flatMap((row) => centred(row, flow.width));
  const left = Math.min(0, ...nodes.map((node) => node.x - MARGIN));
  return {
    ...flow,
    nodes: [...flow.nodes, ...nodes.map((node) => ({ ...node, x: node.x - left }))],
    width: Math.max(flow.width, ...nodes.map((node) => node.x - left + node.w + MARGIN)),
    height: y + HEIGHT + BELOW + MARGIN,
  };
}

/** In the middle below the picture, or from its left edge where there is no room. */
function centred(row: readonly FlowNode[], width: number): FlowNode[] {
  const last = row[row.length - 1];
  if (last === undefined) return [];
  const by = Math.max(0, Math.round((width - 2 * MARGIN - (last.x + last.w - MARGIN)) / 2));
  return row.map((node) => ({ ...node, x: node.x + by }));
}
