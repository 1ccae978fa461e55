/** What every sheet of properties is made of: its rows, what is wrong at them, and the buttons at its end. */

import { h } from "../core/dom";
import { button, mark } from "./button";
import type { Desk } from "./desk";
import { checkRow, type Row, textRow } from "./fields";
import { type Found, type Offered, type Problem, unquoted } from "./state";

const EXECUTORS = ["'threads'", "'processes'", "'dask'", "'inline'"];

export class Sheet {
  readonly rows: Row[] = [];

  /**
   * `names` is the id of the list of the notebook's names; `opened` says which folds the reader has opened or closed.
   */
  constructor(
    readonly desk: Desk,
    readonly names: string,
    private readonly opened: Map<string, boolean>,
  ) {}

  add(row: Row): HTMLElement {
    this.rows.push(row);
    return row.element;
  }

  problem(id: number, field: string): Problem | undefined {
    const all = this.desk.shown.value.problems.filter((one) => one.id === id && one.field === field);
    return all.find((one) => !one.doubt) ?? all[0];
  }

  head(word: string, sign: Parameters<typeof mark>[0], doc = ""): HTMLElement {
    return h(
      "div",
      { class: "ipb-what" },
      h("h3", {}, mark(sign), h("span", { text: word })),
      doc === "" ? null : h("p", { class: "ipb-doc", text: doc }),
    );
  }

  part(title: string, ...inside: (HTMLElement | null)[]): HTMLElement {
    return h("section", { class: "ipb-part" }, title === "" ? null : h("h4", { text: title }), ...inside);
  }

  /** Open where there is something to see, and where the reader has opened one like it. */
  folded(title: string, open: boolean, ...inside: HTMLElement[]): HTMLElement {
    const summary = h("summary", { text: title });
    const one = h("details", { class: "ipb-part" }, summary, ...inside);
    one.open = open || (this.opened.get(title) ?? false);
    summary.addEventListener("click", () => this.opened.set(title, !one.open));
    return one;
  }

  /** What is as it would be anyway is not written. */
  flag(id: number, name: string, on: boolean, usual: boolean): void {
    this.desk.edit({ do: "option", id, name, value: on === usual ? null : on });
  }

  /** An option that is text: Python, but for a name, which is written without quotes. */
  option(
    id: number,
    name: string,
    doc: string,
    more: { task?: Offered | undefined; label?: string; usual?: string } = {},
  ) {
    const { desk } = this;
    const plain = name === "name";
    const text = () => {
      const found = desk.found?.id === id ? desk.found.entry?.options[name] : undefined;
      return found === undefined ? "" : plain ? unquoted(found) : found;
    };
    const usual = more.task?.options[name] ?? more.usual ?? "";
    return this.add(
      textRow({
        label: more.label ?? name,
        hint: more.label === undefined ? "" : name,
        doc,
        placeholder: plain ? unquoted(usual) : usual,
        choices: name === "executor" ? EXECUTORS : [],
        python: !plain,
        field: () => `option.${name}`,
        value: () => ({ text: text(), problem: this.problem(id, `option.${name}`) }),
        commit: (typed) => {
          const what = plain ? { value: typed.trim() === "" ? null : typed } : { text: typed };
          desk.edit({ do: "option", id, name, ...what }, { merge: `${id} ${name}`, stay: true });
        },
      }),
    );
  }

  pause(id: number): HTMLElement {
    const { desk } = this;
    return this.add(
      checkRow({
        label: "then the pipeline pauses",
        doc: "pause_here(): future.resume() lets it go on",
        field: () => "pauses",
        value: () => (desk.found?.id === id ? (desk.found.entry?.pauses ?? false) : false),
        commit: (on) => desk.edit({ do: "pause", id, value: on }),
      }),
    );
  }

  acts(found: Found): HTMLElement {
    const { desk } = this;
    const { id, at, of } = found;
    const beside = found.branch !== undefined;
    const to = (place: number) => desk.move(id, { to: found.holder, at: place });
    const back = button(beside ? "left" : "up", beside ? "Move left" : "Move up", () => to(at - 1), true);
    const on = button(beside ? "right" : "down", beside ? "Move right" : "Move down", () => to(at + 2), true);
    if (at === 0) back.setAttribute("aria-disabled", "true");
    if (at === of - 1) on.setAttribute("aria-disabled", "true");
    return h(
      "div",
      { class: "ipb-acts" },
      back,
      on,
      button("copy", "Double", () => desk.edit({ do: "copy", id }, { word: "doubled" }), true),
      h("span", { class: "ipb-space" }),
      button("remove", "Remove", () => desk.remove(id)),
    );
  }
}
