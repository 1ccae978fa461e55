/** What the timeline takes from the store: rows, and the words at its foot. */

import type { WindowAnswer } from "../../core/protocol";
import { isContainer } from "../../core/roles";
import type { RunStore } from "../../core/store";
import { type Brush, brushWords, meanIn, tasksIn } from "./brush";
import { decidedWords, whyNoPath } from "./critical";
import type { RowSource } from "./rows";

/** The rows of the run, or in a replay of what it was, in the places of what it is. */
export function rowSource(store: RunStore, near: WindowAnswer | null): RowSource {
  const { order, tasks, edges, lanes } = store;
  const source: RowSource = { order, tasks, edges, lanes, near };
  if (!store.replaying) return source;
  return { ...source, present: store.present, at: store.now() };
}

/** What a marked stretch is, and what ran in it. */
export function stretchWords(brush: Brush, store: RunStore, near: WindowAnswer | null): string {
  const { run, lanes, lanesUntil } = store;
  if (!run.aggregated) return brushWords(brush, tasksIn(brush, store.tasks.values(), store.now()), false);
  if (near !== null && near.tasks !== null && near.from <= brush.from && near.to >= brush.to) {
    return brushWords(brush, tasksIn(brush, near.tasks, store.end()), false);
  }
  const work = (lanes ?? []).filter((lane) => !isContainer(lane));
  const mean = work.reduce((sum, lane) => sum + meanIn(brush, lane.bins, lanesUntil), 0);
  return brushWords(brush, mean, true);
}

/** What decided how long the run took, where that is known. */
export const pathWords = ({ present }: RunStore): string =>
  whyNoPath(present.run) === "" ? decidedWords(present.run, present.tasks) : "";
