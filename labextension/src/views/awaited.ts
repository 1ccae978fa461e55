/** A step of a workflow whose body waits for an event from outside: which one, since when, and a form to send it. */

import { h, s, setAttr, setText } from "../core/dom";
import { duration, messageOf, oneLine } from "../core/format";
import { MARKS } from "../core/icons";
import type { Awaited } from "../core/protocol";
import type { RunStore } from "../core/store";
import { type Form, mountForm } from "./forms/form";
import { say } from "./say";

export interface Wait extends Awaited {
  flow: string;
}

export class WaitRow {
  readonly element: HTMLElement;
  private readonly since = h("span", { class: "ipf-quiet ipf-prompt-since" });
  private readonly button: HTMLButtonElement;
  private readonly place = h("div", { class: "ipf-awaited-form" });
  private form: Form | null = null;
  private sent = false;

  constructor(
    readonly wait: Wait,
    private readonly store: RunStore,
    open: () => void,
  ) {
    const what = wait.text === "" ? wait.type : `${wait.type}(${oneLine(wait.text, 120)})`;
    this.button = h("button", {
      type: "button",
      class: "ipf-button ipf-small",
      text: "Answer …",
      "aria-label": `Answer the step ${wait.step} #${wait.task}`,
      "aria-expanded": false,
      click: () => void this.toggle(),
    });
    const words = h(
      "span",
      { class: "ipf-awaited-text" },
      asks(),
      h("b", { text: wait.step }),
      " waits for ",
      h("code", { text: what }),
      " from outside",
    );
    const step = h("button", {
      type: "button",
      class: "ipf-button ipf-small",
      text: "Open the step",
      "aria-label": `Open the step ${wait.step} #${wait.task}`,
      click: open,
    });
    this.element = h("li", { class: "ipf-awaited" }, words, this.since, this.button, step, this.place);
  }

  /** Whether it can be answered here. */
  draw(can: boolean): void {
    this.button.hidden = !can;
    // What is being typed stays: the line may come back at once.
    this.place.hidden = !can && !this.place.contains(document.activeElement);
  }

  tick(now: number): void {
    const seconds = Math.max(0, Math.floor(now - this.wait.since));
    setText(this.since, `for ${seconds < 60 ? `${seconds} s` : duration(seconds)}`);
  }

  /** What is wrong, if it was this page that sent it. */
  refuse(errors: Record<string, string>): void {
    if (this.sent) this.form?.showErrors(errors);
    this.sent = false;
  }

  /** Takes the keyboard when what had it has gone; false where nothing can be done. */
  focus(): boolean {
    this.button.focus();
    return !this.button.hidden;
  }

  dispose(): void {
    this.form?.dispose();
    this.element.remove();
  }

  private async toggle(): Promise<void> {
    const { task } = this.wait;
    if (this.form === null) {
      try {
        const { fields } = await this.store.ask("awaited", { task });
        this.place.replaceChildren(); // it may have been pressed twice
        this.form = mountForm(this.place, fields, {
          actions: ["Send"],
          onSubmit: (_, values) => {
            this.sent = true;
            this.store.sendEvent(task, values);
          },
        });
        this.form.focus();
      } catch (error) {
        say(this.store, messageOf(error));
      }
    } else {
      this.form.dispose();
      this.form = null;
    }
    setAttr(this.button, "aria-expanded", String(this.form !== null));
  }
}

/** The mark of an event that asks a person. */
const asks = (): SVGSVGElement =>
  s(
    "svg",
    { class: "ipf-glyph", viewBox: "0 0 12 12", width: 12, height: 12, "aria-hidden": "true" },
    s("path", { d: MARKS.ask, fill: "none" }),
  );
