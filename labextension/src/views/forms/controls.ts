/** What is typed into, ticked or chosen from: one element for one value. */

import { h } from "../../core/dom";
import { type Field, type Given, literal, numberOf } from "./fields";

export interface Control {
  /** What stands in the form. */
  readonly element: HTMLElement;
  /** What has the focus, the label and the error. */
  readonly input: HTMLElement;
  value(): Given;
}

/** What the browser's own fields for dates can show. */
const DATES: Partial<Record<Field["kind"], { type: string; shape: RegExp }>> = {
  date: { type: "date", shape: /^\d{4}-\d\d-\d\d$/ },
  time: { type: "time", shape: /^\d\d:\d\d(:\d\d(\.\d{1,3})?)?$/ },
  datetime: { type: "datetime-local", shape: /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?$/ },
};

export function makeControl(field: Field, value: Given): Control {
  if (field.choices !== null) return choice(field, field.choices, value);
  if (field.kind === "bool") {
    const words: [string, unknown][] = [
      ["yes", true],
      ["no", false],
    ];
    return field.optional ? choice(field, words, value) : tick(value);
  }
  return typed(field, value);
}

function tick(value: Given): Control {
  const input = h("input", { type: "checkbox", class: "ipf-tick" });
  input.checked = value === true;
  return { element: input, input, value: () => input.checked };
}

function choice(field: Field, choices: [string, unknown][], value: Given): Control {
  const at = choices.findIndex(([, one]) => JSON.stringify(one) === JSON.stringify(value));
  const free = field.optional || at < 0;
  const first = field.optional ? "none" : "choose …";
  const input = h(
    "select",
    { class: "ipf-input" },
    free && h("option", { value: "", text: first }),
    ...choices.map(([label], i) => h("option", { value: i, text: label })),
  );
  input.value = at < 0 ? "" : String(at);
  const read = () => (input.value === "" ? (field.optional ? null : undefined) : choices[Number(input.value)]?.[1]);
  return { element: input, input, value: read };
}

function typed(field: Field, value: Given): Control {
  const { kind } = field;
  const first = textOf(field, value);
  const input = kind === "text" ? h("textarea", { class: "ipf-input", rows: 3 }) : h("input", lineOf(field, first));
  input.value = first;
  const read = (): Given => {
    const text = kind === "str" || kind === "text" || kind === "secret" ? input.value : input.value.trim();
    if (text === "") return empty(field);
    return kind === "int" || kind === "float" ? numberOf(text, kind) : text;
  };
  return { element: input, input, value: read };
}

function lineOf(field: Field, first: string) {
  const { kind } = field;
  const date = DATES[kind];
  const fits = date !== undefined && (first === "" || date.shape.test(first));
  const numeric = kind === "int" ? "numeric" : kind === "float" ? "decimal" : null;
  return {
    type: kind === "secret" ? "password" : fits ? date.type : "text",
    class: `ipf-input${["value", "path"].includes(kind) ? " ipf-input-code" : ""}${numeric === null ? "" : " ipf-input-number"}`,
    // What was typed into one form is nobody's business in another.
    autocomplete: kind === "secret" ? "new-password" : "off",
    spellcheck: kind === "str" ? null : "false",
    inputmode: numeric,
    step: fits && kind !== "date" ? "any" : null,
  };
}

function textOf({ kind }: Field, value: Given): string {
  if (value === null || value === undefined) return "";
  // The kernel writes what it cannot say in JSON as text, which is Python already.
  return typeof value === "string" ? value : kind === "value" ? literal(value) : String(value);
}

/** A line left empty is none where that may be; an empty text where the field has a default, which was wiped out. */
function empty(field: Field): Given {
  if (field.optional) return null;
  const words = field.kind === "str" || field.kind === "text";
  return words && field.has_default ? "" : undefined;
}
