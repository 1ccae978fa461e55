/** What changed, most first: a row for the tasks of one name to which the same happened, which opens task by task. */

import type { ChangeKind, CompareAnswer, CompareChange, CompareRow, CompareTask, SideName } from "../../core/compare";
import { h, newId } from "../../core/dom";
import { count, oneLine } from "../../core/format";
import { glyph } from "../../core/icons";
import { word } from "../../core/status";
import { stateColour } from "../../core/theme";
import { bars, differ, kindColour, kindIcon, more, seconds, times } from "./kinds";

/** Opens a task of one of the two runs, where whoever shows the comparison can. */
export type Open = (side: SideName, task: number) => void;

const HEAD = ["", "task", "before", "after", "change"];
/** So many columns has a row. */
const COLUMNS = HEAD.length + 1;

export class CompareTable {
  readonly element = h("div", { class: "ipf-vs-changes" });
  private readonly body = h("tbody");
  private readonly left = h("p", { class: "ipf-quiet ipf-vs-left" });
  private readonly chips: HTMLButtonElement[] = [];
  private only: ChangeKind | null = null;
  private readonly longest: number;

  constructor(
    private readonly answer: CompareAnswer,
    private readonly open: Open | null,
  ) {
    this.longest = Math.max(0, ...answer.rows.flatMap((row) => [row.before ?? 0, row.after ?? 0]));
    const kinds = new Map<ChangeKind, string>(answer.rows.map((row) => [row.kind, row.word]));
    for (const [kind, name] of kinds) this.chips.push(this.chip(kind, name));
    const filters = h("div", { class: "ipf-chips", role: "group", "aria-label": "Only one kind of change" });
    filters.append(...this.chips);
    const head = h("tr", {}, ...HEAD.map((text) => h("th", { scope: "col" }, text || unseen("what happened"))));
    head.append(h("td", { class: "ipf-vs-track" }));
    const table = h("table", { class: "ipf-vs-table", "aria-label": "What changed" }, h("thead", {}, head), this.body);
    this.element.append(filters, table, this.left);
    filters.hidden = kinds.size < 2;
    this.draw();
  }

  private chip(kind: ChangeKind, name: string): HTMLButtonElement {
    const number = this.answer.counts[kind] ?? 0;
    return h(
      "button",
      {
        type: "button",
        class: "ipf-chip",
        "data-kind": kind,
        "aria-pressed": "false",
        click: () => {
          this.only = this.only === kind ? null : kind;
          for (const chip of this.chips) chip.setAttribute("aria-pressed", String(chip.dataset.kind === this.only));
          this.draw();
        },
      },
      kindIcon(kind),
      h("b", { text: count(number) }),
      h("span", { text: name }),
    );
  }

  private draw(): void {
    const rows = this.answer.rows.filter((row) => this.only === null || row.kind === this.only);
    this.body.replaceChildren(...rows.flatMap((row) => this.row(row)));
    this.left.textContent = this.answer.more > 0 ? `… and ${count(this.answer.more)} more rows` : "";
    this.left.hidden = this.answer.more === 0;
  }

  private row(row: CompareRow): HTMLTableRowElement[] {
    const [one] = row.changes;
    if (row.tasks > 1 || one === undefined) return this.several(row);
    const args = one.args ? h("span", { class: "ipf-quiet", text: `(${oneLine(one.args, 60)})` }) : null;
    const name = h("span", { class: "ipf-vs-name" }, h("code", { text: row.name }), args);
    return [this.line(row, name, tale(one, row.said), one)];
  }

  /** A row of several tasks, and the one below it, which tells of each. */
  private several(row: CompareRow): HTMLTableRowElement[] {
    const id = newId("ipf-vs");
    const below = h("tr", { class: "ipf-vs-more", id, hidden: true });
    const button = h(
      "button",
      {
        type: "button",
        class: "ipf-vs-open",
        "aria-expanded": "false",
        "aria-controls": id,
        click: () => {
          below.hidden = !below.hidden;
          button.setAttribute("aria-expanded", String(!below.hidden));
          if (below.cells.length === 0) below.append(h("td"), h("td", { colspan: COLUMNS - 1 }, this.each(row)));
        },
      },
      h("code", { text: `${row.name} ×${count(row.tasks)}` }),
      glyph("fold"),
    );
    return [this.line(row, button, row.said, null), below];
  }

  private line(row: CompareRow, name: HTMLElement, said: string, one: CompareChange | null): HTMLTableRowElement {
    const { before, after } = row;
    const gain =
      before !== null && after !== null && differ(before, after)
        ? `${more(after - before)} ${times(before, after)}`.trim()
        : "";
    const colours = [stateColour("succeeded"), kindColour(row.kind)] as const;
    return h(
      "tr",
      { class: "ipf-vs-row", "data-kind": row.kind },
      h("td", { class: "ipf-vs-kind" }, kindIcon(row.kind), h("span", { text: row.word })),
      h("th", { scope: "row" }, name, said ? h("span", { class: "ipf-vs-said", text: oneLine(said, 300) }) : null),
      h("td", { class: "ipf-vs-number" }, one ? this.task("before", one.before) : seconds(before)),
      h("td", { class: "ipf-vs-number" }, one ? this.task("after", one.after) : seconds(after)),
      h("td", { class: "ipf-vs-number", text: gain }),
      h("td", { class: "ipf-vs-track" }, bars(this.longest, [before, colours[0]], [after, colours[1]])),
    );
  }

  private each(row: CompareRow): HTMLElement {
    const items = row.changes.map((change) => this.change(change));
    const left = row.tasks - row.changes.length;
    if (left > 0) items.push(h("li", { class: "ipf-quiet", text: `… and ${count(left)} more` }));
    return h("ul", {}, ...items);
  }

  private change(change: CompareChange): HTMLElement {
    const said = tale(change, "");
    return h(
      "li",
      {},
      h("code", { text: `(${oneLine(change.args, 80)})` }),
      h(
        "span",
        { class: "ipf-vs-times" },
        this.task("before", change.before),
        change.before && change.after ? " → " : "",
        this.task("after", change.after),
      ),
      said ? h("span", { class: "ipf-vs-said", text: said }) : null,
    );
  }

  private task(side: SideName, task: CompareTask | null): HTMLElement | null {
    if (task === null) return null;
    const [id, state, ran] = task;
    const text = ran === null ? word(state) : seconds(ran);
    const { open } = this;
    if (open === null) return h("span", { text });
    const label = `${text}: #${id}, ${side}`;
    return h("button", { type: "button", class: "ipf-link", text, "aria-label": label, click: () => open(side, id) });
  }
}

/** What is to be known of one task besides its seconds. */
const tale = (change: CompareChange, first: string): string =>
  [first, change.was ? `was called with (${oneLine(change.was, 80)})` : "", change.said].filter(Boolean).join("; ");

const unseen = (text: string): HTMLElement => h("span", { class: "ipf-unseen", text });
