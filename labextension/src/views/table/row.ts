/** One row of the table as elements, written again only where it differs. */

import { h, setAttr, setText } from "../../core/dom";
import { began, branchWord, count, duration, oneLine, outcome, ran, waited, waits } from "../../core/format";
import { glyph, setRole, setStateIcon, stateIcon } from "../../core/icons";
import { placeNote, placeOf } from "../../core/places";
import type { TaskRow } from "../../core/protocol";
import { ageOf, howWord, isReplaced, reusedWords, sourceName } from "../../core/reused";
import { revisedWords } from "../../core/revised";
import { isQuiet, roleWord, rowRole } from "../../core/roles";
import { isFailure, word } from "../../core/status";
import type { RunStore } from "../../core/store";
import { TaskAction } from "../actions";
import { COLUMNS } from "./rows";

export class RowElement {
  readonly element = h("div", { class: "ipf-tr", role: "row" });
  private readonly cells = new Map<string, HTMLElement>();
  private readonly icon = stateIcon("planned");
  private readonly stateWord = h("span");
  private readonly name = h("span", { class: "ipf-name" });
  private readonly role = h("span", { class: "ipf-role" });
  private readonly branchNumber = h("b");
  private readonly branch = h("span", { class: "ipf-in-branch" }, h("span", { text: "branch " }), this.branchNumber);
  private readonly error = h("span", { class: "ipf-error-type" });
  private readonly value = h("span");
  private readonly tries = h("span");
  private readonly editedWord = h("span", { class: "ipf-unseen" });
  private readonly edited = h("span", { class: "ipf-edited" }, glyph("edited"), this.editedWord);
  private readonly worker = h("span");
  private readonly workerNote = h("span", { class: "ipf-quiet ipf-worker-note" });
  private readonly action: TaskAction;

  constructor(private readonly store: RunStore) {
    for (const { column } of COLUMNS) {
      const cell = h("div", { class: `ipf-td ipf-c-${column}`, role: "gridcell" });
      this.cells.set(column, cell);
      this.element.append(cell);
    }
    this.cell("name").append(this.name, this.role, this.branch);
    this.cell("state").append(this.icon, this.stateWord);
    this.cell("value").append(this.error, this.value);
    this.cell("attempts").append(this.tries, this.edited);
    this.cell("worker").append(this.worker, this.workerNote);
    this.action = new TaskAction(store);
    this.element.append(h("div", { class: "ipf-td ipf-c-action", role: "gridcell" }, this.action.element));
  }

  /** `undefined`: the row has been asked for and is on its way. */
  update(task: TaskRow | undefined, index: number, now: number): void {
    setAttr(this.element, "aria-rowindex", String(index + 2));
    this.element.classList.toggle("ipf-loading", task === undefined);
    if (task === undefined) return;
    setText(this.cell("id"), String(task.id));
    this.drawName(task);
    this.element.classList.toggle("ipf-dim", isQuiet(task));
    setStateIcon(this.icon, task.state);
    setText(this.stateWord, word(task.state));
    setAttr(this.cell("state"), "title", reusedWords(task, this.store.run) || null);
    this.put("args", oneLine(task.args));
    const failed = isFailure(task.state);
    setText(this.error, failed ? `${task.type}${task.text ? ": " : ""}` : "");
    setText(this.value, oneLine(failed ? task.text : outcome(task)));
    const value = this.cell("value");
    value.classList.toggle("ipf-error", failed);
    value.classList.toggle("ipf-quiet", task.state !== "succeeded" && !failed);
    setAttr(value, "title", outcome(task) || null);
    setText(this.tries, task.attempts > 1 ? `${task.attempts}×` : task.attempts === 1 ? "1" : "");
    const revised = revisedWords(task);
    this.edited.hidden = revised === "";
    setText(this.editedWord, revised);
    setAttr(this.cell("attempts"), "title", revised || null);
    this.drawWorker(task);
    const settled = task.started !== null || task.ended !== null;
    setText(this.cell("waited"), waits(task) ? short(waited(task, now), settled) : "");
    setText(this.cell("ran"), began(task) ? short(ran(task, now), task.ended !== null) : "");
    this.action.update(task);
  }

  /** Who ran it: of a value that was there already that is another run, or another call. */
  private drawWorker(task: TaskRow): void {
    const { run } = this.store;
    const newer = isReplaced(task) ? "a newer call" : "";
    const there = task.reused == null ? newer : sourceName(task.reused, run);
    const name = there || placeOf(task.worker).name;
    const note = there ? howWord(task) || ageOf(task, run) : task.worker === "" ? "" : placeNote(task);
    setText(this.worker, name);
    setText(this.workerNote, note);
    const words = there
      ? reusedWords(task, run) || `${newer} ran in its place`
      : [name, note].filter(Boolean).join(" · ");
    setAttr(this.cell("worker"), "title", words || null);
  }

  private drawName(task: TaskRow): void {
    const where = task.branch == null ? "" : branchWord(task.branch);
    setText(this.name, task.name);
    setRole(this.role, rowRole(task));
    setText(this.branchNumber, task.branch == null ? "" : count(task.branch));
    this.branch.hidden = where === "";
    const full = task.module ? `${task.module}.${task.name}` : task.name;
    const what = task.role == null ? "" : roleWord(task.role);
    setAttr(this.cell("name"), "title", [full, what, where].filter(Boolean).join(" · "));
  }

  dispose(): void {
    this.action.dispose();
    this.element.remove();
  }

  private put(column: string, text: string, title = text): void {
    const cell = this.cell(column);
    setText(cell, text);
    setAttr(cell, "title", title || null);
  }

  private cell(column: string): HTMLElement {
    return this.cells.get(column) ?? this.element;
  }
}

/** A time that still grows is shown in steps of a tenth of a second. */
const short = (seconds: number, settled: boolean): string =>
  settled || seconds >= 60 ? duration(seconds) : `${seconds.toFixed(1)} s`;
