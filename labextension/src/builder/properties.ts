/** What is chosen, in its parts: a step's task, arguments and options, a block's, the pipeline's. */

import { h } from "../core/dom";
import { disposeAll } from "../core/signal";
import { button, mark } from "./button";
import type { Desk } from "./desk";
import { checkRow, handedRow, type Row, selectRow, textRow } from "./fields";
import { KEYS } from "./keys";
import type { Part } from "./palette";
import { type Block, blockName, type Found, type Offered, type Problem, type Step, unquoted } from "./state";

export interface Properties extends Part {
  /** Puts the focus on the row of a field, or on the first. */
  focusField(field: string): void;
}

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
const EXECUTORS = ["'threads'", "'processes'", "'dask'", "'inline'"];

export function mountProperties(desk: Desk): Properties {
  const names = h("datalist", { id: `ipb-names-${Math.random().toString(36).slice(2)}` });
  const inner = h("div", { class: "ipb-inner" });
  const element = h("aside", { class: "ipb-properties", "aria-label": "what is chosen" }, names, inner);
  let rows: Row[] = [];
  let drawn = "";
  let offered = "";
  const opened = new Map<string, boolean>();

  function draw(): void {
    const { variables } = desk.shown.value;
    const list = variables.join(" ");
    if (list !== offered) {
      offered = list;
      names.replaceChildren(...variables.map((value) => h("option", { value })));
    }
    const now = structure();
    if (now === drawn) {
      for (const row of rows) row.update();
      return;
    }
    for (const row of rows) row.flush();
    const held = rows.find((row) => row.element.contains(document.activeElement))?.field();
    drawn = now;
    rows = [];
    const { found } = desk;
    if (found?.branch) branch(found);
    else if (found?.entry?.kind === "group") block(found, found.entry);
    else if (found?.entry?.kind === "step") step(found, found.entry);
    else pipeline();
    if (held !== undefined) rows.find((row) => row.field() === held)?.focus();
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
        JSON.stringify(taskOf(task) ?? null),
        look?.open,
        spare(found.id),
      );
      parts.push(look?.slots.map((slot) => [slot.name, slot.source, slot.default]));
    } else if (found?.branch) parts.push(found.branch.entries.length);
    return JSON.stringify(parts);
  }

  const problem = (id: number, field: string): Problem | undefined => {
    const all = desk.shown.value.problems.filter((one) => one.id === id && one.field === field);
    return all.find((one) => !one.doubt) ?? all[0];
  };
  const taskOf = (name: string): Offered | undefined => desk.shown.value.palette.find((one) => one.name === name);
  const current = (id: number): Step | undefined => {
    const entry = desk.found?.id === id ? desk.found.entry : undefined;
    return entry?.kind === "step" ? entry : undefined;
  };
  /** Whether there are arguments that no row shows. */
  function spare(id: number): boolean {
    const look = desk.shown.value.looks[id];
    const keys = new Set(look?.slots.map((slot) => slot.key));
    const own = desk.shown.value.problems.filter((one) => one.id === id);
    return own.some((one) => one.field === "" || (/^(args|kwargs)\./.test(one.field) && !keys.has(one.field)));
  }

  function add(row: Row): HTMLElement {
    rows.push(row);
    return row.element;
  }

  function head(word: string, sign: Parameters<typeof mark>[0], doc = ""): HTMLElement {
    return h(
      "div",
      { class: "ipb-what" },
      h("h3", {}, mark(sign), h("span", { text: word })),
      doc === "" ? null : h("p", { class: "ipb-doc", text: doc }),
    );
  }

  function part(title: string, ...inside: (HTMLElement | null)[]): HTMLElement {
    return h("section", { class: "ipb-part" }, title === "" ? null : h("h4", { text: title }), ...inside);
  }

  function folded(title: string, open: boolean, ...inside: HTMLElement[]): HTMLElement {
    const one = h("details", { class: "ipb-part" }, h("summary", { text: title }), ...inside);
    one.open = opened.get(title) ?? open;
    one.addEventListener("toggle", () => opened.set(title, one.open));
    if (open) one.open = true;
    return one;
  }

  // A step.

  function step(found: Found, entry: Step): void {
    const id = found.id;
    const task = taskOf(entry.task);
    const look = desk.shown.value.looks[id];
    const choices: [string, string][] = desk.shown.value.palette.map((one) => [one.name, one.name]);
    if (task === undefined && entry.task !== "") choices.unshift([entry.task, `${entry.task} (not there)`]);
    const choose = selectRow({
      label: "Task",
      choices: [["", "choose a task"], ...choices],
      field: () => "task",
      value: () => ({ text: current(id)?.task ?? "", problem: problem(id, "task") }),
      commit: (value) => desk.edit({ do: "task", id, task: value }),
    });
    const when = selectRow({
      label: "Runs",
      choices: WHEN,
      field: () => "role",
      value: () => ({ text: current(id)?.role ?? "then", problem: problem(id, "role") }),
      commit: (value) => desk.edit({ do: "role", id, role: value }),
    });
    const slots = look?.slots ?? [];
    const args = slots.map((slot) => {
      if (slot.source !== "" && slot.text === "") return handedRow(slot.name, slot.source);
      const parameter = task?.parameters[slot.name];
      const now = () => desk.shown.value.looks[id]?.slots.find((one) => one.name === slot.name);
      return add(
        textRow({
          label: slot.name,
          hint: parameter?.hint ?? "",
          doc: parameter?.doc ?? "",
          placeholder: slot.default !== "" ? slot.default : "",
          choices: parameter?.choices ?? [],
          names: names.id,
          field: () => now()?.key ?? "",
          value: () => ({ text: now()?.text ?? "", problem: problem(id, now()?.key ?? "-") }),
          commit: (text) => {
            const key = now()?.key;
            if (key !== undefined && text.trim() !== now()?.text) {
              desk.edit({ do: "argument", id, key, text }, { merge: `${id} ${slot.name}`, stay: true });
            }
          },
        }),
      );
    });
    const all = textRow({
      label: "All of them, as in a call",
      placeholder: "3, size=2",
      field: () => "",
      value: () => ({
        text: desk.shown.value.looks[id]?.arguments ?? "",
        problem: desk.shown.value.problems.find((one) => one.id === id && spareField(id, one.field)),
      }),
      commit: (text, refuse) =>
        desk.edit({ do: "arguments", id, text }, { merge: `${id} arguments`, stay: true }, refuse),
    });
    const raw = look?.open === true || spare(id) || entry.task === "";
    const shown = Object.keys({ ...MORE, ...entry.options }).filter((one) => !["with_state", "fruitful"].includes(one));
    const more = shown.map((name) => option(id, name, MORE[name] ?? "", task));
    const isSet = shown.some((name) => entry.options[name] !== undefined);
    rows.unshift(choose, when);
    inner.replaceChildren(
      head(entry.task || "A step", entry.role === "then" ? "step" : entry.role, task?.doc ?? ""),
      part("", choose.element, when.element),
      slots.length > 0 || !raw ? part("Arguments", ...args, slots.length === 0 ? hint("It takes none.") : null) : "",
      ...(entry.task === "" ? [] : [folded("As in a call", raw, add(all))]),
      part(
        "",
        add(pause(id)),
        add(
          checkRow({
            label: "takes the state first",
            doc: "with_state=True: it gets the pipeline's state, and returns (state, value)",
            field: () => "option.with_state",
            value: () => desk.shown.value.looks[id]?.with_state ?? false,
            problem: () => problem(id, "option.with_state"),
            commit: (on) => flag(id, "with_state", on, task?.options.with_state === "True"),
          }),
        ),
        add(
          checkRow({
            label: "hands its value on",
            doc: "fruitful=False hands nothing on",
            field: () => "option.fruitful",
            value: () => desk.shown.value.looks[id]?.fruitful ?? true,
            problem: () => problem(id, "option.fruitful"),
            commit: (on) => flag(id, "fruitful", on, task?.options.fruitful !== "False"),
          }),
        ),
      ),
      folded("More options", isSet, ...more),
      acts(found),
    );
  }

  function spareField(id: number, field: string): boolean {
    const keys = new Set(desk.shown.value.looks[id]?.slots.map((slot) => slot.key));
    return field === "" || (/^(args|kwargs)\./.test(field) && !keys.has(field));
  }

  const hint = (text: string) => h("p", { class: "ipb-doc", text });

  /** What is as it would be anyway is not written. */
  function flag(id: number, name: string, on: boolean, usual: boolean): void {
    desk.edit({ do: "option", id, name, value: on === usual ? null : on });
  }

  function option(id: number, name: string, doc: string, task?: Offered): HTMLElement {
    const plain = name === "name";
    const text = () => {
      const found = desk.found?.id === id ? desk.found.entry?.options[name] : undefined;
      return found === undefined ? "" : plain ? unquoted(found) : found;
    };
    const usual = task?.options[name] ?? "";
    return add(
      textRow({
        label: name,
        doc,
        placeholder: plain ? unquoted(usual) : usual,
        choices: name === "executor" ? EXECUTORS : [],
        python: !plain,
        field: () => `option.${name}`,
        value: () => ({ text: text(), problem: problem(id, `option.${name}`) }),
        commit: (typed) => {
          if (typed.trim() === text()) return;
          const what = plain ? { value: typed.trim() === "" ? null : typed } : { text: typed };
          desk.edit({ do: "option", id, name, ...what }, { merge: `${id} ${name}`, stay: true });
        },
      }),
    );
  }

  function pause(id: number): Row {
    return checkRow({
      label: "then the pipeline pauses",
      doc: "pause_here(): future.resume() lets it go on",
      field: () => "pauses",
      value: () => (desk.found?.id === id ? (desk.found.entry?.pauses ?? false) : false),
      commit: (on) => desk.edit({ do: "pause", id, value: on }),
    });
  }

  // A block, a branch, the pipeline.

  function block(found: Found, entry: Block): void {
    const id = found.id;
    const box = (name: string, label: string, doc: string, usual = false) =>
      add(
        checkRow({
          label,
          doc,
          field: () => `option.${name}`,
          value: () => (shownBlock()?.options[name] ?? (usual ? "True" : "False")) === "True",
          problem: () => problem(id, `option.${name}`),
          commit: (on) => flag(id, name, on, usual),
        }),
      );
    const shownBlock = () => (desk.found?.entry?.kind === "group" ? desk.found.entry : undefined);
    const count = entry.branches.length;
    inner.replaceChildren(
      head(blockName(entry), "group", `${count} ${count === 1 ? "branch" : "branches"}, side by side`),
      part(
        "",
        number(id, "max_parallelism", "At once", "branches and tasks that run at most; empty: all"),
        number(id, "num_stages", "Stages", "pieces that views show apart"),
        option(id, "name", "in views"),
      ),
      part(
        "",
        box("fail_fast", "stops at the first failure", "fail_fast=True cancels the other branches"),
        box("return_exceptions", "keeps exceptions as values", "return_exceptions=True puts them into the list"),
        box("ordered", "values in the order of the branches", "ordered=False: in the order in which they end", true),
        add(pause(id)),
      ),
      folded(
        "More options",
        entry.options.merge_state !== undefined,
        option(id, "merge_state", "a function that makes one state of the branches'"),
      ),
      h(
        "div",
        { class: "ipb-acts" },
        button("plus", "Add a branch", () => desk.edit({ do: "branch", id }, { word: "added a branch" })),
      ),
      acts(found),
    );
  }

  function number(id: number, name: string, label: string, doc: string): HTMLElement {
    const text = () => (desk.found?.id === id ? (desk.found.entry?.options[name] ?? "") : "");
    return add(
      textRow({
        label,
        hint: name,
        doc,
        placeholder: name === "num_stages" ? "1" : "no limit",
        field: () => `option.${name}`,
        value: () => ({ text: text(), problem: problem(id, `option.${name}`) }),
        commit: (typed) => {
          if (typed.trim() !== text()) {
            desk.edit({ do: "option", id, name, text: typed }, { merge: `${id} ${name}`, stay: true });
          }
        },
      }),
    );
  }

  function branch(found: Found): void {
    const count = found.branch?.entries.length ?? 0;
    const words = count === 0 ? "It is empty: click a task at the side, or drag one in." : `${count} in it`;
    inner.replaceChildren(head(`Branch ${found.at + 1} of ${found.of}`, "group", words), acts(found));
  }

  function pipeline(): void {
    const text = (field: "args" | "kwargs" | "state", label: string, hintText: string, placeholder: string) =>
      add(
        textRow({
          label,
          doc: hintText,
          placeholder,
          names: names.id,
          field: () => `initial.${field}`,
          value: () => ({ text: desk.plan.initial[field], problem: problem(0, `initial.${field}`) }),
          commit: (typed) => {
            if (typed.trim() !== desk.plan.initial[field]) {
              desk.edit({ do: "initial", field, text: typed }, { merge: `initial ${field}`, stay: true });
            }
          },
        }),
      );
    const given = Object.values(desk.plan.initial).some((one) => one !== "") || desk.plan.inline;
    inner.replaceChildren(
      h("p", { class: "ipb-doc", text: "Choose a card to change it, or drag it to another place." }),
      h(
        "dl",
        { class: "ipb-keys" },
        ...KEYS.flatMap(([keys, what]) => [h("dt", { text: keys }), h("dd", { text: what })]),
      ),
      folded(
        "What it begins with",
        given,
        text("args", "Arguments", "in front of those of the first step", "(1, 2)"),
        text("kwargs", "By name", "the step's own win", "{'size': 3}"),
        text("state", "State", "what the first task with a state takes", "{}"),
        add(
          checkRow({
            label: "inline",
            doc: "for a pipeline that a task returns: it shares that task's arguments and state",
            field: () => "inline",
            value: () => desk.plan.inline,
            commit: (on) => desk.edit({ do: "inline", value: on }, { stay: true }),
          }),
        ),
      ),
    );
  }

  function acts(found: Found): HTMLElement {
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

  function focusField(field: string): void {
    const row = rows.find((one) => one.field() === field) ?? rows.find((one) => spareRow(one, field)) ?? rows[0];
    const folder = row?.element.closest("details");
    if (folder) folder.open = true;
    row?.focus();
  }

  const spareRow = (row: Row, field: string) => /^(args|kwargs)\./.test(field) && row.field() === "";

  draw();
  return {
    element,
    focusField,
    dispose: disposeAll(
      desk.shown.on(draw),
      desk.chosen.on(() => {
        for (const row of rows) row.flush();
        draw();
      }),
    ),
  };
}
