/** The numbers of a run by state, each a way to its tasks, and the strip that shows how far it is. */

import { h, setAttr, setText } from "../core/dom";
import { count, plural } from "../core/format";
import { stateIcon } from "../core/icons";
import type { Counts, State } from "../core/protocol";
import { ALONG, isFinal, MEANING, word } from "../core/status";
import { stateColour } from "../core/theme";
import type { UiState } from "../core/ui-state";

export class Numbers {
  readonly element = h("div", { class: "ipf-counts" });
  readonly strip = h("div", {
    class: "ipf-strip-track",
    role: "progressbar",
    "aria-label": "Finished tasks",
    "aria-valuemin": 0,
  });
  private readonly chips = new Map<State, { element: HTMLElement; number: HTMLElement; part: HTMLElement }>();

  constructor(private readonly ui: UiState) {}

  draw(by: Counts, total: number): void {
    const all = Math.max(1, total);
    let done = 0;
    for (const one of ALONG) {
      const n = by[one] ?? 0;
      if (isFinal(one)) done += n;
      let chip = this.chips.get(one);
      if (chip === undefined) {
        if (n === 0) continue;
        chip = this.make(one);
        this.chips.set(one, chip);
      }
      chip.element.hidden = n === 0;
      chip.part.hidden = n === 0;
      chip.part.style.flexGrow = String(n / all);
      setText(chip.number, count(n));
      setAttr(chip.element, "aria-label", `${count(n)} ${word(one)}: show them in the table`);
    }
    const kinds = ALONG.filter((one) => (by[one] ?? 0) > 0).length;
    for (const n of [2, 3, 4]) this.element.classList.toggle(`ipf-over-${n}`, kinds > n);
    setAttr(this.strip, "aria-valuemax", String(total));
    setAttr(this.strip, "aria-valuenow", String(done));
    setAttr(this.strip, "aria-valuetext", `${count(done)} of ${plural(total, "task")} finished`);
    setAttr(this.strip, "title", `${count(done)} of ${plural(total, "task")} finished`);
  }

  /** A second click takes the filter away again. */
  private show(one: State): void {
    const { filter, tab, folded } = this.ui;
    const on = filter.value.states;
    const already = tab.value === "table" && !folded.value && on?.length === 1 && on[0] === one;
    filter.value = { text: "", states: already ? null : [one] };
    tab.value = "table";
    folded.value = false;
  }

  private make(one: State) {
    const number = h("b");
    const element = h(
      "button",
      {
        type: "button",
        class: "ipf-number",
        title: `${word(one)}: ${MEANING[one]}. Show them in the table`,
        "data-state": one,
        click: () => this.show(one),
      },
      stateIcon(one),
      number,
      " ",
      h("span", { class: "ipf-number-word", text: word(one) }),
    );
    const part = h("span", { style: `background:${stateColour(one)}`, "data-state": one });
    const order = ALONG.indexOf(one);
    element.style.order = String(order);
    part.style.order = String(order);
    this.element.append(element);
    this.strip.append(part);
    return { element, number, part };
  }
}
