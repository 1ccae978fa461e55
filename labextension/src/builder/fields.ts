/** The rows of the properties: each says what it changes, shows what there is, and what is wrong with it. */

import { h, newId, setAttr, setText } from "../core/dom";
import type { Problem } from "./state";

/** What a row shows now. */
export interface Value {
  text: string;
  problem?: Problem | undefined;
}

export interface Row {
  element: HTMLElement;
  /** What the kernel calls it in a problem. */
  field(): string;
  update(): void;
  focus(): void;
  /** Sends what was typed and not sent yet. */
  flush(): void;
}

const PAUSE = 200;

interface TextOptions {
  label: string;
  hint?: string;
  doc?: string;
  placeholder?: string;
  choices?: string[];
  /** The id of a list of names to choose from, where there are no choices. */
  names?: string;
  field: () => string;
  value: () => Value;
  /** `refuse` says why it was not taken. */
  commit: (text: string, refuse: (why: string) => void) => void;
  /** Whether it is Python, and not plain words. */
  python?: boolean;
}

export function textRow(o: TextOptions): Row {
  const id = newId("ipb");
  const input = h("input", {
    class: o.python === false ? "ipb-input" : "ipb-input ipb-python",
    id,
    type: "text",
    placeholder: o.placeholder ?? "",
    spellcheck: "false",
    autocomplete: "off",
    "aria-describedby": `${id}-wrong ${id}-doc`,
  });
  const choices = h("datalist", { id: `${id}-list` });
  if (o.choices && o.choices.length > 0) {
    choices.append(...o.choices.map((value) => h("option", { value })));
    input.setAttribute("list", choices.id);
  } else if (o.names) input.setAttribute("list", o.names);
  const wrong = problemRow(`${id}-wrong`, (text) => {
    input.value = text;
    o.commit(text, refuse);
    input.focus();
  });
  const element = h(
    "div",
    { class: "ipb-row" },
    h(
      "label",
      { for: id },
      h("span", { class: "ipb-label", text: o.label }),
      o.hint ? h("span", { class: "ipb-type", text: o.hint }) : null,
    ),
    input,
    choices,
    wrong.element,
    h("div", { class: "ipb-doc", id: `${id}-doc`, text: o.doc ?? "" }),
  );
  let timer: ReturnType<typeof setTimeout> | undefined;
  let refused = "";
  const send = () => {
    if (timer === undefined) return;
    clearTimeout(timer);
    timer = undefined;
    refused = "";
    o.commit(input.value, refuse);
  };
  const refuse = (why: string) => {
    refused = why;
    update();
  };
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(send, PAUSE);
  });
  input.addEventListener("change", send);
  input.addEventListener("blur", () => {
    send();
    update();
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") send();
  });
  function update(): void {
    const { text, problem: found } = o.value();
    const problem = refused === "" ? found : { id: 0, field: "", text: refused, doubt: false, fix: "" };
    const own = document.activeElement === input || timer !== undefined || refused !== "";
    if (!own && input.value !== text) input.value = text;
    setAttr(input, "aria-invalid", problem && !problem.doubt ? "true" : null);
    wrong.show(problem);
  }
  update();
  return { element, field: o.field, update, focus: () => input.focus(), flush: send };
}

export function checkRow(o: {
  label: string;
  doc?: string;
  field: () => string;
  value: () => boolean;
  problem?: () => Problem | undefined;
  commit: (on: boolean) => void;
}): Row {
  const id = newId("ipb");
  const input = h("input", { id, type: "checkbox", "aria-describedby": `${id}-wrong` });
  const wrong = problemRow(`${id}-wrong`, () => undefined);
  const element = h(
    "div",
    { class: "ipb-row ipb-check", title: o.doc ?? "" },
    h("label", { for: id }, input, h("span", { text: o.label })),
    wrong.element,
  );
  input.addEventListener("change", () => o.commit(input.checked));
  function update(): void {
    input.checked = o.value();
    wrong.show(o.problem?.());
  }
  update();
  return { element, field: o.field, update, focus: () => input.focus(), flush: () => undefined };
}

export function selectRow(o: {
  label: string;
  choices: [string, string][];
  field: () => string;
  value: () => Value;
  commit: (value: string) => void;
}): Row {
  const id = newId("ipb");
  const select = h("select", { id, class: "ipb-input", "aria-describedby": `${id}-wrong` });
  select.append(...o.choices.map(([value, text]) => h("option", { value, text })));
  const wrong = problemRow(`${id}-wrong`, (value) => o.commit(value));
  const element = h(
    "div",
    { class: "ipb-row" },
    h("label", { for: id }, h("span", { class: "ipb-label", text: o.label })),
    select,
    wrong.element,
  );
  select.addEventListener("change", () => o.commit(select.value));
  function update(): void {
    const { text, problem } = o.value();
    select.value = text;
    setAttr(select, "aria-invalid", problem && !problem.doubt ? "true" : null);
    wrong.show(problem);
  }
  update();
  return { element, field: o.field, update, focus: () => select.focus(), flush: () => undefined };
}

/** A parameter that is handed its value by what stands before. */
export function handedRow(name: string, source: string): HTMLElement {
  return h(
    "div",
    { class: "ipb-row ipb-handed" },
    h("span", { class: "ipb-label", text: name }),
    h("span", { class: "ipb-from" }, h("span", { "aria-hidden": "true", text: "← " }), source),
  );
}

function problemRow(id: string, fix: (text: string) => void) {
  const text = h("span");
  const mend = h("button", { class: "ipb-fix", type: "button" });
  const sign = h("span", { "aria-hidden": "true" });
  const element = h("div", { class: "ipb-wrong", id }, sign, text, mend);
  let put = "";
  mend.addEventListener("click", () => fix(put));
  return {
    element,
    show(problem: Problem | undefined): void {
      element.hidden = problem === undefined;
      if (problem === undefined) return;
      element.dataset.doubt = problem.doubt ? "yes" : "no";
      setText(sign, problem.doubt ? "△ " : "▲ ");
      setText(text, problem.text);
      put = problem.fix;
      mend.hidden = put === "";
      setText(mend, `use ${put}`);
    },
  };
}
