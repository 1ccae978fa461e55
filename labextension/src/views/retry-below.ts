/** The button that runs again what failed below a task which has not failed itself: of a flow, a pipeline, a group. */

import { h, setAttr, setText } from "../core/dom";
import { plural, title } from "../core/format";
import { titleWith } from "../core/hears";
import type { TaskRow } from "../core/protocol";
import { RESTARTABLE } from "../core/status";
import type { RunStore } from "../core/store";

/** How many tasks below `id` could be run again, as far as their rows are here. */
export function failedBelow(id: number, tasks: RunStore["tasks"]): number {
  let count = 0;
  for (const task of tasks.values()) {
    if (!RESTARTABLE.has(task.state)) continue;
    let over = tasks.get(task.parent);
    // Parents are older than their children: this ends.
    while (over !== undefined && over.id > id) over = tasks.get(over.parent);
    if (over?.id === id) count += 1;
  }
  return count;
}

export class RetryBelow {
  readonly element: HTMLButtonElement;

  constructor(
    private readonly store: RunStore,
    private readonly id: number,
  ) {
    const press = () => this.element.hidden || this.store.retryBelow(this.id);
    this.element = h("button", { type: "button", class: "ipf-button ipf-small", click: press });
  }

  update(task: TaskRow): void {
    const { store } = this;
    // One that has failed itself is run again, and asks for what it needs.
    const count = RESTARTABLE.has(task.state) || !store.steers ? 0 : failedBelow(this.id, store.tasks);
    this.element.hidden = count === 0;
    setText(this.element, "Retry all below");
    const words = `Run ${plural(count, "task")} below ${title(task)} again, with the code of now`;
    setAttr(this.element, "title", titleWith(store.run, words));
  }
}
