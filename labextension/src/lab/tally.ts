import type { ListedRun } from "./connection";
import { failures } from "./run-row";

/** Tasks that run, and tasks that have failed, in all runs of the list. */
export function tally(runs: readonly ListedRun[]): [running: number, failed: number] {
  let running = 0;
  let failed = 0;
  for (const run of runs) {
    if (!run.closed) running += run.counts.running ?? 0;
    failed += failures(run);
  }
  return [running, failed];
}

/** Questions that wait for an answer, in all runs of the list. */
export const asked = (runs: readonly ListedRun[]): number =>
  runs.reduce((sum, run) => sum + (run.prompts?.length ?? 0), 0);
