/** Beside the timeline of an ended run: how long it would have taken with other numbers of workers, played by the kernel. */

import { h, setText } from "../../core/dom";
import { count, duration } from "../../core/format";
import type { WhatIfAnswer } from "../../core/protocol";
import type { RunStore } from "../../core/store";
import type { UiState } from "../../core/ui-state";

const MOST = 1_000_000;

/** Why it cannot be asked, in words; empty where it can. */
export function whyNoWhatIf(store: RunStore): string {
  if (store.present.run.closed === null) return "What if: known when the run has ended";
  if (!store.heard) return "What if: the kernel that has the run is not there";
  return "";
}

/** `2.9×`: how many times as fast as one after another; of what hardly worked there is nothing to say. */
export function gain(sequential: number, seconds: number): string {
  const times = seconds > 0 ? sequential / seconds : 1;
  return times < 0.095 ? "–" : `${times < 99.95 ? times.toFixed(1) : count(Math.round(times))}×`;
}

/** The rows of an earlier answer with those of one more number of workers, in order. */
export function merged(before: WhatIfAnswer | null, more: WhatIfAnswer): WhatIfAnswer {
  const rows = new Map([...(before?.forecasts ?? []), ...more.forecasts].map((row) => [row[0], row]));
  return { ...(before ?? more), forecasts: [...rows.values()].sort((a, b) => a[0] - b[0]) };
}

export class WhatIf {
  private readonly rows = h("tbody");
  private readonly unit = h("th", { scope: "col", text: "workers" });
  private readonly table = h(
    "table",
    { class: "ipf-what-rows" },
    h(
      "thead",
      {},
      h("tr", {}, this.unit, h("th", { scope: "col", text: "time" }), h("th", { scope: "col", text: "gain" }), h("td")),
    ),
    this.rows,
  );
  private readonly chain = h("ol", { class: "ipf-what-chain", "aria-label": "The longest chain" });
  private readonly first = h("p", { class: "ipf-what-first" });
  private readonly words = h("ul", { class: "ipf-what-words" });
  private readonly said = h("p", { class: "ipf-what-said", role: "status" });
  private readonly number = h("input", {
    type: "number",
    class: "ipf-what-number",
    min: 1,
    max: MOST,
    required: true,
    "aria-label": "Another number of workers",
    placeholder: "32",
    keydown: (event: KeyboardEvent) => {
      // The page around it may take Enter for itself.
      if (event.key === "Enter") this.more(event);
    },
  });
  // No form element: in frames that may not send forms the browser would swallow what is pressed.
  private readonly form = h(
    "div",
    { class: "ipf-what-form" },
    h("span", { text: "And with" }),
    this.number,
    h("button", {
      type: "button",
      class: "ipf-button ipf-small",
      text: "Try",
      click: (event: Event) => this.more(event),
    }),
  );
  readonly element = h(
    "section",
    { class: "ipf-what", "aria-label": "What if", tabindex: -1 },
    h(
      "header",
      { class: "ipf-what-head" },
      h("h3", { text: "What if: more workers, or fewer" }),
      h("button", {
        type: "button",
        class: "ipf-tool ipf-what-close",
        "aria-label": "Close what if",
        title: "Close",
        text: "×",
        click: () => this.close(),
      }),
    ),
    this.said,
    this.table,
    this.form,
    this.first,
    this.chain,
    this.words,
  );
  private answer: WhatIfAnswer | null = null;
  private asked = "";
  private tried = 0;

  constructor(
    private readonly store: RunStore,
    private readonly ui: UiState,
  ) {
    this.element.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.close();
    });
    this.update();
  }

  /** Asks when it has come on show, and anew when the run has ended again. */
  update(): void {
    const open = this.ui.whatIf.value;
    this.element.hidden = !open;
    if (!open) return;
    const { run } = this.store.present;
    const key = `${run.id} ${run.closed}`;
    if (key === this.asked) return;
    const why = whyNoWhatIf(this.store);
    if (why !== "") {
      this.answer = null;
      this.say(why.replace("What if: k", "K").replace("What if: t", "T"));
      return;
    }
    this.asked = key;
    this.answer = null;
    this.ask(null, "Plays the run again …");
  }

  private more(event: Event): void {
    event.preventDefault();
    const number = this.number.valueAsNumber;
    if (!Number.isInteger(number) || number < 1 || number > MOST) {
      this.say(`A number of workers is a whole number from 1 to ${count(MOST)}.`);
      return;
    }
    this.tried = number;
    this.ask([number], "");
  }

  private ask(workers: number[] | null, meanwhile: string): void {
    const of = this.asked;
    this.say(meanwhile);
    this.store.ask("whatif", { workers }).then(
      (answer) => {
        if (of !== this.asked) return;
        this.answer = merged(this.answer, answer);
        this.say("");
        this.draw(this.answer);
      },
      (error: unknown) => {
        if (of !== this.asked) return;
        this.say(error instanceof Error ? error.message.replace(/^\w+Error: /, "") : String(error));
        if (this.answer === null) this.asked = ""; // a kernel that was busy: asked again when it is opened again
      },
    );
  }

  private say(text: string): void {
    setText(this.said, text);
    this.said.hidden = text === "";
    const bare = this.answer === null;
    for (const part of [this.table, this.form, this.first, this.chain, this.words]) part.hidden = bare;
  }

  private draw(answer: WhatIfAnswer): void {
    const longest = Math.max(answer.best, answer.measured, ...answer.forecasts.map((row) => row[1])) || 1;
    setText(this.unit, answer.unit);
    const line = (name: string, look: string, seconds: number, note: string) => {
      const bar = h("span", { class: `ipf-what-bar ${look}` });
      bar.style.width = `${Math.max(1, (100 * seconds) / longest)}%`;
      return h(
        "tr",
        { class: look, title: note },
        h("th", { scope: "row", text: name }),
        h("td", { text: duration(seconds) }),
        h("td", { text: gain(answer.sequential, seconds) }),
        h("td", { class: "ipf-what-track" }, bar, look === "" ? "" : h("small", { text: note })),
      );
    };
    const rows = answer.forecasts.map(([workers, seconds, busy]) => {
      const own = workers === answer.own;
      const look = own ? "ipf-what-own" : workers === this.tried ? "ipf-what-tried" : "";
      const note = own ? `as it ran: ${duration(answer.measured)}` : `${Math.round(100 * busy)} % busy`;
      return line(count(workers), look, seconds, note);
    });
    const with_ = answer.own > 0 ? `with ${count(answer.enough)}` : "";
    this.rows.replaceChildren(...rows, line("best", "ipf-what-best", answer.best, with_));
    this.form.hidden = answer.own === 0;
    setText(this.first, answer.words[0] ?? "");
    this.words.replaceChildren(...answer.words.slice(1).map((text) => h("li", { text })));
    this.chain.replaceChildren(
      ...answer.chain.map(([name, tasks, seconds, first]) =>
        h(
          "li",
          {},
          h("button", {
            type: "button",
            class: "ipf-link",
            text: `${tasks > 1 ? `${count(tasks)} × ` : ""}${name}`,
            title: "Open the first of them",
            click: () => (this.ui.selection.value = { task: first }),
          }),
          h("span", { text: ` ${duration(seconds)}` }),
        ),
      ),
    );
  }

  private close(): void {
    this.ui.whatIf.value = false;
  }
}
