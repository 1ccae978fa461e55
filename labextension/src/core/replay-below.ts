/** What stood below pipelines, groups and workflows at an instant, all of them in one pass. Pure. */

import type { Counts, TaskRow } from "./protocol";
import { isContainer } from "./roles";
import { isFinal } from "./status";

type Rows = ReadonlyMap<number, TaskRow>;

/** By container the entries below it by state, those of groups in it instead of the groups. */
export function countsBelow(then: Rows): Map<number, Counts> {
  const below = new Map<number, Counts>();
  for (const row of then.values()) {
    if (isContainer(row)) continue;
    let over = then.get(row.parent);
    // Parents are older than their children: this ends. What a body submits is its own business.
    for (let child = row.id; over !== undefined && over.id < child && isContainer(over); over = then.get(over.parent)) {
      child = over.id;
      const counts = below.get(child) ?? {};
      counts[row.state] = (counts[row.state] ?? 0) + 1;
      below.set(child, counts);
    }
  }
  return below;
}

/** By group how many of its branches had ended; `all` are the rows as they are now, `then` those of the instant. */
export function branchesEnded(all: Rows, then: Rows): Map<number, number> {
  const known = new Map<number, Set<number>>();
  const open = new Map<number, Set<number>>();
  const put = (to: Map<number, Set<number>>, row: TaskRow, branch: number) => {
    const branches = to.get(row.parent);
    if (branches === undefined) to.set(row.parent, new Set([branch]));
    else branches.add(branch);
  };
  for (const row of all.values()) {
    if (row.branch == null) continue;
    put(known, row, row.branch);
    const state = then.get(row.id)?.state;
    if (state === undefined || !isFinal(state)) put(open, row, row.branch);
  }
  return new Map([...known].map(([group, branches]) => [group, branches.size - (open.get(group)?.size ?? 0)]));
}
