/** The properties of a step. */

import { h } from "../core/dom";
import type { Desk } from "./desk";
import { checkRow, handedRow, selectRow, textRow } from "./fields";
import type { Sheet } from "./sheet";
import type { Found, Offered, Slot, Step } from "./state";

const WHEN: [string, string][] = [
  ["then", "after what stands before it"],
  ["exceptionally", "if something before it fails"],
  ["finally", "in the end, whatever happened"],
];
const MORE: Record<string, string> = {
  name: "in views, in place of the task's own",
  retries: "times it is tried again",
  timeout: "seconds for an attempt",
  executor: "where it runs",
  limit: "so many of them at once",
  delay: "seconds before it starts",
};

/** The field of the row with all arguments. */
export const ALL = "arguments";

export const taskOf = (desk: Desk, name: string): Offered | undefined =>
  desk.shown.value.palette.find((one) => one.name === name);

/** Whether what is wrong at a field is wrong with an argument that has no row of its own. */
function isSpare(slots: Slot[] | undefined, field: string): boolean {
  return field === "" || (/^(args|kwargs)\./.test(field) && !slots?.some((slot) => slot.key === field));
}

/** Whether a step has such arguments. */
export function spare(desk: Desk, id: number): boolean {
  const slots = desk.shown.value.looks[id]?.slots;
  return desk.shown.value.problems.some((one) => one.id === id && isSpare(slots, one.field));
}

/** Rows for a step: its task, when it runs, its arguments by the names of their parameters, its options. */
export function stepSheet(sheet: Sheet, found: Found, entry: Step): (HTMLElement | string)[] {
  const { desk } = sheet;
  const { id } = found;
  const current = () => (desk.found?.id === id && desk.found.entry?.kind === "step" ? desk.found.entry : undefined);
  const problem = (field: string) => sheet.problem(id, field);
  const task = taskOf(desk, entry.task);
  const look = desk.shown.value.looks[id];
  const choices: [string, string][] = desk.shown.value.palette.map((one) => [one.name, one.name]);
  if (task === undefined && entry.task !== "") choices.unshift([entry.task, `${entry.task} (not there)`]);
  const choose = sheet.add(
    selectRow({
      label: "Task",
      choices: [["", "choose a task"], ...choices],
      field: () => "task",
      value: () => ({ text: current()?.task ?? "", problem: problem("task") }),
      commit: (value) => desk.edit({ do: "task", id, task: value }),
    }),
  );
  const when = sheet.add(
    selectRow({
      label: "Runs",
      choices: WHEN,
      field: () => "role",
      value: () => ({ text: current()?.role ?? "then", problem: problem("role") }),
      commit: (value) => desk.edit({ do: "role", id, role: value }),
    }),
  );
  const slots = look?.slots ?? [];
  const args = slots.map((slot) => {
    if (slot.source !== "" && slot.text === "") return handedRow(slot.name, slot.source);
    const parameter = task?.parameters[slot.name];
    const now = () => desk.shown.value.looks[id]?.slots.find((one) => one.name === slot.name);
    return sheet.add(
      textRow({
        label: slot.name,
        hint: parameter?.hint ?? "",
        doc: parameter?.doc ?? "",
        placeholder: slot.default !== "" ? slot.default : "",
        choices: parameter?.choices ?? [],
        names: sheet.names,
        field: () => now()?.key ?? "",
        value: () => ({ text: now()?.text ?? "", problem: problem(now()?.key ?? "-") }),
        commit: (text) => {
          const key = now()?.key;
          if (key === undefined) return;
          desk.edit({ do: "argument", id, key, text }, { merge: `${id} ${slot.name}`, stay: true });
        },
      }),
    );
  });
  const all = textRow({
    label: "All of them, as in a call",
    placeholder: "3, size=2",
    field: () => ALL,
    value: () => ({
      text: desk.shown.value.looks[id]?.arguments ?? "",
      problem: desk.shown.value.problems.find(
        (one) => one.id === id && isSpare(desk.shown.value.looks[id]?.slots, one.field),
      ),
    }),
    commit: (text, refuse) =>
      desk.edit({ do: "arguments", id, text }, { merge: `${id} arguments`, stay: true }, refuse),
  });
  const raw = look?.open === true || spare(desk, id) || entry.task === "";
  const shown = Object.keys({ ...MORE, ...entry.options }).filter((one) => !["with_state", "fruitful"].includes(one));
  const more = shown.map((name) => sheet.option(id, name, MORE[name] ?? "", { task }));
  const isSet = shown.some((name) => entry.options[name] !== undefined);
  return [
    sheet.head(entry.task || "A step", entry.role === "then" ? "step" : entry.role, task?.doc ?? ""),
    sheet.part("", choose, when),
    slots.length > 0 || !raw
      ? sheet.part(
          "Arguments",
          ...args,
          slots.length === 0 ? h("p", { class: "ipb-doc", text: "It takes none." }) : null,
        )
      : "",
    ...(entry.task === "" ? [] : [sheet.folded("As in a call", raw, sheet.add(all))]),
    sheet.part(
      "",
      sheet.pause(id),
      sheet.add(
        checkRow({
          label: "takes the state first",
          doc: "with_state=True: it gets the pipeline's state, and returns (state, value)",
          field: () => "option.with_state",
          value: () => desk.shown.value.looks[id]?.with_state ?? false,
          problem: () => problem("option.with_state"),
          commit: (on) => sheet.flag(id, "with_state", on, task?.options.with_state === "True"),
        }),
      ),
      sheet.add(
        checkRow({
          label: "hands its value on",
          doc: "fruitful=False hands nothing on",
          field: () => "option.fruitful",
          value: () => desk.shown.value.looks[id]?.fruitful ?? true,
          problem: () => problem("option.fruitful"),
          commit: (on) => sheet.flag(id, "fruitful", on, task?.options.fruitful !== "False"),
        }),
      ),
    ),
    sheet.folded("More options", isSet, ...more),
    sheet.acts(found),
  ];
}
