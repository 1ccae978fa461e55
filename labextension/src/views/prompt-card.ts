/** One question to a person: its words, its form, its buttons. In the view of its run, and in the side panel. */

import { h, newId, setText } from "../core/dom";
import { duration } from "../core/format";
import type { OpenPrompt } from "../core/protocol";
import { type Form, mountForm } from "./forms/form";

/** How long, in ms, the buttons rest while the kernel looks at what was sent. */
const PATIENCE = 4000;
/** How long, in ms, a question that has taken another one's place takes no answer: a second click was for that one. */
const MOVED = 500;

export interface CardOptions {
  send: (action: string, values: Record<string, unknown>) => void;
  /** Goes to where the question comes from. */
  open: () => void;
  /** What stands on the button that does. */
  where: string;
  /** What was typed before, where it was on show already. */
  values?: Record<string, unknown> | undefined;
}

export class PromptCard {
  readonly element: HTMLElement;
  private readonly form: Form;
  private readonly since = h("span", { class: "ipf-quiet ipf-prompt-since" });
  private readonly away = h("p", { class: "ipf-quiet ipf-prompt-away" });
  private resting: ReturnType<typeof setTimeout> | undefined;
  /** Whether this page has sent it, and has not heard what came of it. */
  sent = false;

  constructor(
    readonly prompt: OpenPrompt,
    { send, open, where, values = {} }: CardOptions,
  ) {
    const name = newId("ipf-prompt");
    const title = prompt.title || prompt.name;
    const own = prompt.title !== "" || prompt.name !== "prompt";
    const group = h(
      "div",
      { role: "group", "aria-labelledby": own ? name : null, "aria-label": own ? null : "Question" },
      h(
        "div",
        { class: "ipf-prompt-head" },
        own && h("b", { id: name, class: "ipf-prompt-title", text: title }),
        this.since,
        h("button", {
          type: "button",
          class: "ipf-prompt-open",
          text: where,
          "aria-label": `${where}: ${title} #${prompt.task}`,
          click: open,
        }),
      ),
      h("p", { class: "ipf-prompt-text", text: prompt.text }),
    );
    this.element = h("li", { class: "ipf-prompt" }, group);
    this.form = mountForm(group, prompt.fields, {
      values,
      actions: prompt.actions,
      onSubmit: (action, typed) => {
        this.rest(true);
        send(action, typed);
      },
    });
    this.away.hidden = true;
    group.append(this.away);
  }

  /** Says what is wrong, if it was this page that sent it. */
  refuse(errors: Record<string, string>): void {
    if (!this.sent) return;
    this.rest(false);
    this.form.showErrors(errors);
  }

  /** `why` it cannot be answered here; empty where it can. */
  draw(why: string): void {
    this.away.hidden = why === "";
    setText(this.away, why);
    // What is being typed stays: the line may come back at once.
    this.form.element.hidden = why !== "" && !this.form.element.contains(document.activeElement);
    this.since.hidden = why !== "";
  }

  tick(now: number): void {
    const seconds = Math.max(0, Math.floor(now - this.prompt.since));
    setText(this.since, `for ${seconds < 60 ? `${seconds} s` : duration(seconds)}`);
  }

  /** Takes the keyboard; false where it cannot be answered. */
  focus(): boolean {
    if (!this.form.element.hidden) this.form.focus();
    return !this.form.element.hidden;
  }

  /** What stands in the form. */
  values(): Record<string, unknown> {
    return this.form.values();
  }

  /** Another question has gone, and this one stands where that stood. */
  moved(): void {
    if (this.sent) return;
    clearTimeout(this.resting);
    this.form.setBusy(true);
    this.resting = setTimeout(() => this.form.setBusy(false), MOVED);
  }

  dispose(): void {
    clearTimeout(this.resting);
    this.form.dispose();
    this.element.remove();
  }

  private rest(on: boolean): void {
    clearTimeout(this.resting);
    this.sent = on;
    this.form.setBusy(on);
    if (!on) return;
    this.form.showErrors({});
    this.resting = setTimeout(() => this.form.setBusy(false), PATIENCE);
  }
}
