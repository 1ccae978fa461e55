/** Which workflow of a run is on show, and what stands above and below one. */

import { title } from "../../core/format";
import type { Workflow } from "../../core/protocol";
import type { RunStore } from "../../core/store";
import type { UiState } from "../../core/ui-state";

/** The one that the reader chose, else the first. */
export function chosenFlow({ workflows }: RunStore, ui: UiState): Workflow | null {
  return workflows.find((one) => one.task === ui.flow.value) ?? workflows[0] ?? null;
}

export const flowOf = ({ workflows }: RunStore, task: number): Workflow | null =>
  workflows.find((one) => one.task === task) ?? null;

/** The workflows that runs of its steps have started, by the name of the step. */
export function childrenOf(flow: Workflow, { workflows, tasks }: RunStore): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const child of workflows) {
    const step = tasks.get(tasks.get(child.task)?.parent ?? 0);
    if (step?.parent !== flow.task) continue;
    found.set(step.name, [...(found.get(step.name) ?? []), title({ name: child.name, id: child.task })]);
  }
  return found;
}

/** `Training #4 in train_all`: a workflow that a step of another has started says which. */
export function flowTitle(flow: Workflow, { tasks }: RunStore): string {
  const above = tasks.get(tasks.get(flow.task)?.parent ?? 0);
  return `${title({ name: flow.name, id: flow.task })}${above?.role === "step" ? ` in ${above.name}` : ""}`;
}
