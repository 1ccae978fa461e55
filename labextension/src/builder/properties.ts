/** What is chosen, in its parts: a step's task, arguments and options, a block's, the pipeline's. */

import { h, newId } from "../core/dom";
import { disposeAll } from "../core/signal";
import { blockSheet, branchSheet, pipelineSheet } from "./block-sheet";
import type { Desk } from "./desk";
import type { Part } from "./palette";
import { Sheet } from "./sheet";
import { ALL, spare, stepSheet, taskOf } from "./step-sheet";

export interface Properties extends Part {
  /** Puts the focus on the row of a field, or on the first. */
  focusField(field: string): void;
}

const ARGUMENT = /^(args|kwargs)\./;

export function mountProperties(desk: Desk): Properties {
  const names = h("datalist", { id: newId("ipb-names") });
  const inner = h("div", { class: "ipb-inner" });
  const element = h("aside", { class: "ipb-properties", "aria-label": "what is chosen" }, names, inner);
  const opened = new Map<string, boolean>();
  let sheet = new Sheet(desk, names.id, opened);
  let drawn = "";
  let offered = "";

  function draw(): void {
    const { variables } = desk.shown.value;
    const list = variables.join(" ");
    if (list !== offered) {
      offered = list;
      names.replaceChildren(...variables.map((value) => h("option", { value })));
    }
    const now = structure();
    if (now === drawn) {
      for (const row of sheet.rows) row.update();
      return;
    }
    for (const row of sheet.rows) row.flush();
    const held = sheet.rows.find((row) => row.element.contains(document.activeElement))?.field();
    drawn = now;
    sheet = new Sheet(desk, names.id, opened);
    const { found } = desk;
    const entry = found?.entry;
    if (found?.branch) inner.replaceChildren(...branchSheet(sheet, found));
    else if (found && entry?.kind === "group") inner.replaceChildren(...blockSheet(sheet, found, entry));
    else if (found && entry?.kind === "step") inner.replaceChildren(...stepSheet(sheet, found, entry));
    else inner.replaceChildren(...pipelineSheet(sheet));
    if (held !== undefined) sheet.rows.find((row) => row.field() === held)?.focus();
  }

  /** As long as this stays the same, rows stay and only their values change: what is being typed is not disturbed. */
  function structure(): string {
    const { found } = desk;
    const parts: unknown[] = [desk.chosen.value, found?.at, found?.of];
    if (found?.entry?.kind === "step") {
      const { task, role, options } = found.entry;
      const look = desk.shown.value.looks[found.id];
      const offers = desk.shown.value.palette.map((one) => one.name);
      parts.push(
        task,
        role,
        Object.keys(options),
        offers,
        JSON.stringify(taskOf(desk, task) ?? null),
        look?.open,
        spare(desk, found.id),
      );
      parts.push(look?.slots.map((slot) => [slot.name, slot.source, slot.default]));
    } else if (found?.branch) parts.push(found.branch.entries.length);
    else if (found?.entry) parts.push(found.entry.branches.length);
    return JSON.stringify(parts);
  }

  function focusField(field: string): void {
    const { rows } = sheet;
    const of = (test: (field: string) => boolean) => rows.find((row) => test(row.field()));
    // What has no row of its own stands among all arguments; where nothing is asked for, one begins with the first.
    const row = of((one) => one === field) ?? of((one) => (field === "" ? ARGUMENT.test(one) : one === ALL)) ?? rows[0];
    const folder = row?.element.closest("details");
    if (folder) folder.open = true;
    row?.focus();
  }

  draw();
  return {
    element,
    focusField,
    dispose: disposeAll(
      desk.shown.on(draw),
      desk.chosen.on(() => {
        for (const row of sheet.rows) row.flush();
        draw();
      }),
    ),
  };
}
