/** What changed, most first: a row for the tasks of one name to which the same happened, which opens task by task. */

import type { ChangeKind, CompareAnswer, CompareChange, CompareRow, CompareTask, SideName } from "../../core/compare";
import { h, newId } from "../../core/dom";
import { count, oneLine } from "../../core/format";
import { glyph } from "../../core/icons";
import { word } from "../../core/status";
import { bars, kindColour, kindIcon, more, seconds, times } from "./kinds";

/** Opens a task of one of the two runs, where whoever shows the comparison can. */
export type Open = (side: SideName, task: number) => void;

const HEAD = ["", "task", "before", "after", "change"];
/** So many columns has a row. */
const COLUMNS = HEAD.length + 1;

export class CompareTable {
  readonly element = h("div", { class: "ipf-c-changes" });
  private readonly body = h("tbody");
  private readonly left = h("p", { class: "ipf-quiet ipf-c-left" });
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
    head.append(h("td", { class: "ipf-c-track" }));
    const table = h("table", { class: "ipf-c-table", "aria-label": "What changed" }, h("thead", {}, head), this.body);
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
    const many = row.tasks > 1;
    const [one] = row.changes;
    const called = many ? `${row.name} ×${count(row.tasks)}` : row.name;
    const args = many || !one?.args ? null : h("span", { class: "ipf-quiet", text: `(${oneLine(one.args, 60)})` });
    const told = many || (one && (one.said || one.was || this.open !== null));
    const id = newId("ipf-c");
    const name = h("span", { class: "ipf-c-name" }, h("code", { text: called }), args);
    const below = h("tr", { class: "ipf-c-more", id, hidden: true });
    const button = h(
      "button",
      {
        type: "button",
        class: "ipf-c-open",
        "aria-expanded": "false",
        "aria-controls": id,
        click: () => {
          below.hidden = !below.hidden;
          button.setAttribute("aria-expanded", String(!below.hidden));
          if (below.cells.length === 0) below.append(h("td", { colspan: COLUMNS }, this.each(row)));
        },
      },
      glyph("fold"),
      name,
    );
    const both = row.before !== null && row.after !== null;
    const gain = both ? `${more((row.after ?? 0) - (row.before ?? 0))} ${times(row.before ?? 0, row.after ?? 0)}` : "";
    const said = [row.said, many ? "" : (one?.said ?? "")].filter(Boolean).join("; ");
    const line = h(
      "tr",
      { class: "ipf-c-row", "data-kind": row.kind },
      h("td", { class: "ipf-c-kind" }, kindIcon(row.kind), h("span", { text: row.word })),
      h(
        "th",
        { scope: "row" },
        told ? button : name,
        said ? h("span", { class: "ipf-c-said", text: oneLine(said, 200) }) : null,
      ),
      h("td", { class: "ipf-c-number", text: seconds(row.before) }),
      h("td", { class: "ipf-c-number", text: seconds(row.after) }),
      h("td", { class: "ipf-c-number", text: gain.trim() }),
      h("td", { class: "ipf-c-track" }, bars(row.before, row.after, this.longest, kindColour(row.kind))),
    );
    return told ? [line, below] : [line];
  }

  private each(row: CompareRow): HTMLElement {
    const items = row.changes.map((change) => this.change(change));
    const left = row.tasks - row.changes.length;
    if (left > 0) items.push(h("li", { class: "ipf-quiet", text: `… and ${count(left)} more` }));
    return h("ul", {}, ...items);
  }

  private change(change: CompareChange): HTMLElement {
    const parts = [change.was ? `was called with (${oneLine(change.was, 80)})` : "", change.said].filter(Boolean);
    return h(
      "li",
      {},
      h("code", { text: `(${oneLine(change.args, 80)})` }),
      h(
        "span",
        { class: "ipf-c-times" },
        this.task("before", change.before),
        change.before && change.after ? " → " : "",
        this.task("after", change.after),
      ),
      parts.length > 0 ? h("span", { class: "ipf-c-said", text: parts.join("; ") }) : null,
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

const unseen = (text: string): HTMLElement => h("span", { class: "ipf-unseen", text });
