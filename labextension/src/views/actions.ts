/** The buttons that cancel or retry one task: shown only where they mean something, quiet while an answer is awaited. */

import { h, setAttr, setText } from "../core/dom";
import { title } from "../core/format";
import { titleWith } from "../core/hears";
import type { TaskRow } from "../core/protocol";
import { isFinal, RESTARTABLE } from "../core/status";
import type { RunStore } from "../core/store";
import { waitsForSlot } from "./below";

/** How long, in ms, a pressed button waits for the row to change before it may be pressed again. */
const PATIENCE = 3000;

type Word = "Cancel" | "Retry" | "Run anew";
const MEANING: Record<Word, (task: string) => string> = {
  Cancel: (task) => `Cancel ${task}`,
  Retry: (task) => `Run ${task} again, with the code of now`,
  "Run anew": (task) => `Run ${task} all the same, with the code of now`,
};

export class TaskAction {
  readonly element: HTMLButtonElement;
  private task: TaskRow | null = null;
  private word: Word | null = null;
  private pressed: TaskRow["state"] | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly store: RunStore) {
    this.element = h("button", { type: "button", class: "ipf-button ipf-small", click: (e: Event) => this.press(e) });
  }

  /** `again`: whether its value, which was there already, can be made anew. */
  update(task: TaskRow, again = false): void {
    if (task.state !== this.pressed || task.id !== this.task?.id) this.release();
    this.task = task;
    const word = again && task.state === "cached" ? "Run anew" : actionOf(task);
    this.word = word;
    // Without a kernel nobody could, and nothing can be done to the past.
    const shown = word !== null && this.store.steers;
    if (!shown && document.activeElement === this.element) this.leave();
    this.element.hidden = !shown;
    if (word === null) return;
    setText(this.element, word);
    setAttr(this.element, "aria-label", `${word} ${title(task)}`);
    setAttr(this.element, "title", titleWith(this.store.run, MEANING[word](title(task))));
  }

  dispose(): void {
    clearTimeout(this.timer);
  }

  private press(event: Event): void {
    event.stopPropagation();
    if (this.task === null || this.word === null || this.pressed !== null) return;
    if (this.word === "Cancel") this.store.cancel(this.task.id);
    else this.store.retry(this.task.id);
    // Nobody may hold its future by now, and then nothing changes but this.
    if (this.word === "Run anew") this.store.askDetail(this.task.id);
    this.pressed = this.task.state;
    // Not `disabled`: whoever pressed it by keyboard stays on it.
    setAttr(this.element, "aria-disabled", "true");
    this.timer = setTimeout(() => this.release(), PATIENCE);
  }

  private release(): void {
    clearTimeout(this.timer);
    this.pressed = null;
    setAttr(this.element, "aria-disabled", null);
  }

  /** A button that goes away leaves the reader at what it stood in. */
  private leave(): void {
    this.element.closest<HTMLElement>(".ipf-focusable, .ipf-detail")?.focus();
  }
}

export function actionOf(task: TaskRow): "Cancel" | "Retry" | null {
  if (RESTARTABLE.has(task.state)) return "Retry";
  // What waits for its branch's turn is still a plan: there is nothing to cancel but the group.
  if (task.state === "planned" || waitsForSlot(task)) return null;
  return isFinal(task.state) || task.state === "cancelling" ? null : "Cancel";
}
