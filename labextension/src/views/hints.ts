/**
 * What could be better in a run that has ended: a quiet button in its head, and the list that it opens below.
 *
 * The kernel is asked once the run has ended, a little later: what comes with the end is more urgent.
 */

import { h, setAttr, setText } from "../core/dom";
import { duration, plural } from "../core/format";
import { glyph } from "../core/icons";
import type { Hint } from "../core/protocol";
import type { RunStore } from "../core/store";
import type { UiState } from "../core/ui-state";
import { showIn } from "./detail-actions";

/** How long, in ms, the kernel is left in peace when a run has ended. */
const AFTER = 400;

export class Hints {
  readonly button: HTMLButtonElement;
  readonly list: HTMLElement;
  private readonly number = h("span");
  private readonly word = h("span", { class: "ipf-hints-word" });
  private hints: Hint[] = [];
  private open = false;
  /** The run, and its end, that was asked for. */
  private asked = "";
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly store: RunStore,
    private readonly ui: UiState,
    id: string,
  ) {
    this.button = h(
      "button",
      {
        type: "button",
        class: "ipf-button ipf-small ipf-hints-button",
        "aria-controls": id,
        title: "What could be better in this run",
        click: () => this.show(!this.open),
      },
      glyph("hint"),
      h("span", {}, this.number, this.word),
    );
    this.list = h("section", { class: "ipf-hints", id, "aria-label": "Hints" });
    this.list.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.show(false);
      this.button.focus();
    });
    this.draw();
  }

  /** Brings it up to date with the store: asks when a run has ended, and forgets when it goes on. */
  update(): void {
    const { run } = this.store;
    const ended = run.closed !== null && this.store.heard && !this.store.replaying;
    const key = ended ? `${run.id} ${run.closed}` : "";
    if (key === this.asked || this.store.replaying) return;
    this.asked = key;
    this.hints = [];
    this.draw();
    clearTimeout(this.timer);
    if (ended) this.timer = setTimeout(() => void this.ask(key), AFTER);
  }

  /** Only the button is in a head of one line. */
  fold(folded: boolean): void {
    this.list.hidden = folded || !this.open;
  }

  dispose(): void {
    clearTimeout(this.timer);
  }

  private async ask(key: string): Promise<void> {
    try {
      const { hints } = await this.store.ask("hints", {});
      if (this.asked !== key) return;
      this.hints = hints;
      this.draw();
    } catch {
      // A kernel that is busy, or older than this page: there are no hints, and nothing is wrong with the run.
      if (this.asked === key) this.asked = "";
    }
  }

  private show(open: boolean): void {
    this.open = open;
    this.draw();
    if (open) this.list.querySelector<HTMLElement>("button")?.focus();
  }

  private draw(): void {
    const some = this.hints.length > 0;
    this.button.hidden = !some;
    const all = plural(this.hints.length, "hint");
    const [number = "", word = ""] = all.split(" ");
    setText(this.number, number);
    setText(this.word, ` ${word}`);
    setAttr(this.button, "aria-label", all);
    this.open = this.open && some;
    setAttr(this.button, "aria-expanded", String(this.open));
    this.list.hidden = !this.open || this.ui.folded.value;
    this.list.replaceChildren(...(this.open ? [h("ol", {}, ...this.hints.map((hint) => this.item(hint)))] : []));
  }

  private item(hint: Hint): HTMLElement {
    const saves = hint.saves === null ? "" : `saves about ${duration(hint.saves)}`;
    return h(
      "li",
      { class: "ipf-hint" },
      h(
        "p",
        { class: "ipf-hint-head" },
        h("b", { text: hint.title }),
        saves === "" ? null : h("span", { class: "ipf-hint-saves", text: saves }),
      ),
      h("p", { text: `${hint.text}.` }),
      h("p", { class: "ipf-hint-advice" }, h("span", { "aria-hidden": "true", text: "→ " }), hint.advice),
      h("p", { class: "ipf-hint-tasks" }, ...hint.tasks.map(([id, name]) => this.link(id, name)), this.rest(hint)),
    );
  }

  private link(id: number, name: string): HTMLElement {
    const go = () => {
      this.ui.folded.value = false;
      this.ui.selection.value = { task: id };
    };
    return h("button", { type: "button", class: "ipf-link", text: `${name}#${id}`, click: go });
  }

  /** Of many tasks the others: the table shows all of the name. */
  private rest(hint: Hint): HTMLElement | null {
    const [first] = hint.tasks;
    if (hint.more === 0 || first === undefined) return null;
    const all = () => {
      showIn(this.store, this.ui, "table", first[0]);
      this.ui.filter.value = { states: null, text: first[1] };
    };
    return h("button", {
      type: "button",
      class: "ipf-link ipf-hint-rest",
      text: `and ${hint.more} more, in the table`,
      click: all,
    });
  }
}
