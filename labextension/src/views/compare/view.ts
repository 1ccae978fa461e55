/** Two runs beside each other: how long both took, a few sentences, one axis of time, what changed most, changed code. */

import { asComparison, type CompareAnswer, type CompareSide, called, SIDES, type SideName } from "../../core/compare";
import { h } from "../../core/dom";
import { count, duration } from "../../core/format";
import { stateIcon } from "../../core/icons";
import { word } from "../../core/status";
import { stateColour } from "../../core/theme";
import { diffBlock } from "../detail-code";
import { bars } from "./kinds";
import { lanes } from "./lanes";
import { CompareTable } from "./table";

/** What whoever shows a comparison can do with it. */
export interface CompareHost {
  /** Opens one of the two runs. */
  openRun?(side: SideName): void;
  /** Opens a task of one of them. */
  openTask?(side: SideName, task: number): void;
}

/** Puts a comparison into a place, as a kernel or a file gives it; the result takes it away again. */
export function mountCompare(element: HTMLElement, comparison: unknown, host: CompareHost = {}): () => void {
  const view = new CompareView(asComparison(comparison), host);
  element.append(view.element);
  return () => view.element.remove();
}

export class CompareView {
  readonly element: HTMLElement;

  constructor(answer: CompareAnswer, host: CompareHost = {}) {
    const longest = Math.max(answer.before.seconds, answer.after.seconds);
    // What no history keeps has no key to open it by.
    const kept = answer.before.key !== "" && answer.after.key !== "";
    const open = kept ? (host.openTask?.bind(host) ?? null) : null;
    const inner = h(
      "div",
      { class: "ipf-run ipf-compare" },
      h("h2", { class: "ipf-vs-title", text: answer.title }),
      h("ul", { class: "ipf-vs-sides", "aria-label": "The two runs" }, ...SIDES.map((side) => both(side))),
      h("ul", { class: "ipf-vs-words" }, ...answer.words.map((text) => h("li", { text: `${text}.` }))),
      lanes(answer),
      answer.rows.length > 0 ? new CompareTable(answer, open).element : null,
      ...answer.code.map((one) => code(one, answer.code.length === 1)),
    );
    this.element = h("section", { class: "ipf ipf-comparing", "aria-label": `Compared: ${answer.title}` }, inner);

    function both(name: SideName): HTMLElement {
      return sideLine(name, answer[name], longest, kept && host.openRun ? () => host.openRun?.(name) : null);
    }
  }
}

function sideLine(name: SideName, side: CompareSide, longest: number, open: (() => void) | null): HTMLElement {
  const text = called(side);
  const facts = [
    side.when,
    side.lost ? "lost" : word(side.state),
    `${count(side.tasks)} ${side.tasks === 1 ? "task" : "tasks"}`,
  ];
  return h(
    "li",
    { class: "ipf-vs-side" },
    h("b", { text: name }),
    open === null
      ? h("code", { text })
      : h("button", { type: "button", class: "ipf-link", text, "aria-label": `Open ${text}`, click: open }),
    h("span", { class: "ipf-vs-facts" }, stateIcon(side.state), facts.filter(Boolean).join(" · ")),
    h("span", { class: "ipf-vs-took", text: `${duration(side.seconds)}${side.ended ? "" : " so far"}` }),
    bars(
      longest,
      [name === "before" ? side.seconds : null, stateColour(side.state)],
      [name === "after" ? side.seconds : null, stateColour(side.state)],
    ),
  );
}

function code(one: CompareAnswer["code"][number], open: boolean): HTMLElement {
  const number = (sign: string) => one.lines.filter(([mark]) => mark === sign).length;
  return h(
    "details",
    { class: "ipf-vs-code", open },
    h(
      "summary",
      {},
      "Code of ",
      h("code", { text: one.name }),
      " changed ",
      h("span", { class: "ipf-quiet", text: `+${number("+")} −${number("-")} lines` }),
    ),
    diffBlock(one.lines, `Changed lines of ${one.name}`),
  );
}
