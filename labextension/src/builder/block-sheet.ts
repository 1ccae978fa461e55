/** The properties of a block, a branch and the pipeline. */

import { h } from "../core/dom";
import { button } from "./button";
import { checkRow, textRow } from "./fields";
import { KEYS } from "./keys";
import type { Sheet } from "./sheet";
import { type Block, blockName, type Found } from "./state";

/** Rows for a block: how many at once, and what a failure does. */
export function blockSheet(sheet: Sheet, found: Found, entry: Block): HTMLElement[] {
  const { desk } = sheet;
  const id = found.id;
  const box = (name: string, label: string, doc: string, usual = false) =>
    sheet.add(
      checkRow({
        label,
        doc,
        field: () => `option.${name}`,
        value: () => (shownBlock()?.options[name] ?? (usual ? "True" : "False")) === "True",
        problem: () => sheet.problem(id, `option.${name}`),
        commit: (on) => sheet.flag(id, name, on, usual),
      }),
    );
  const shownBlock = () => (desk.found?.entry?.kind === "group" ? desk.found.entry : undefined);
  const count = entry.branches.length;
  return [
    sheet.head(blockName(entry), "group", `${count} ${count === 1 ? "branch" : "branches"}, side by side`),
    sheet.part(
      "",
      sheet.option(id, "max_parallelism", "branches and tasks that run at most; empty: all", {
        label: "At once",
        usual: "no limit",
      }),
      sheet.option(id, "num_stages", "pieces that views show apart", { label: "Stages", usual: "1" }),
      sheet.option(id, "name", "in views"),
    ),
    sheet.part(
      "",
      box("fail_fast", "stops at the first failure", "fail_fast=True cancels the other branches"),
      box("return_exceptions", "keeps exceptions as values", "return_exceptions=True puts them into the list"),
      box("ordered", "values in the order of the branches", "ordered=False: in the order in which they end", true),
      sheet.pause(id),
    ),
    sheet.folded(
      "More options",
      entry.options.merge_state !== undefined,
      sheet.option(id, "merge_state", "a function that makes one state of the branches'"),
    ),
    h(
      "div",
      { class: "ipb-acts" },
      button("plus", "Add a branch", () => desk.edit({ do: "branch", id }, { word: "added a branch" })),
    ),
    sheet.acts(found),
  ];
}

/** A branch has nothing of its own but its place. */
export function branchSheet(sheet: Sheet, found: Found): HTMLElement[] {
  const count = found.branch?.entries.length ?? 0;
  const words = count === 0 ? "It is empty: click a task in the list, or drag one in." : `${count} in it`;
  return [sheet.head(`Branch ${found.at + 1} of ${found.of}`, "group", words), sheet.acts(found)];
}

/** Rows for the pipeline itself, and the keys. */
export function pipelineSheet(sheet: Sheet): HTMLElement[] {
  const { desk } = sheet;
  const text = (field: "args" | "kwargs" | "state", label: string, hintText: string, placeholder: string) =>
    sheet.add(
      textRow({
        label,
        doc: hintText,
        placeholder,
        names: sheet.names,
        field: () => `initial.${field}`,
        value: () => ({ text: desk.plan.initial[field], problem: sheet.problem(0, `initial.${field}`) }),
        commit: (typed) => {
          desk.edit({ do: "initial", field, text: typed }, { merge: `initial ${field}`, stay: true });
        },
      }),
    );
  const given = Object.values(desk.plan.initial).some((one) => one !== "") || desk.plan.inline;
  return [
    h("p", { class: "ipb-doc", text: "Choose a card to change it, or drag it to another place." }),
    h(
      "dl",
      { class: "ipb-keys" },
      ...KEYS.flatMap(([keys, what]) => [h("dt", { text: keys }), h("dd", { text: what })]),
    ),
    sheet.folded(
      "What it begins with",
      given,
      text("args", "Arguments", "in front of those of the first step", "(1, 2)"),
      text("kwargs", "By name", "the step's own win", "{'size': 3}"),
      text("state", "State", "what the first task with a state takes", "{}"),
      sheet.add(
        checkRow({
          label: "inline",
          doc: "for a pipeline that a task returns: it shares that task's arguments and state",
          field: () => "inline",
          value: () => desk.plan.inline,
          commit: (on) => desk.edit({ do: "inline", value: on }, { stay: true }),
        }),
      ),
    ),
  ];
}
