/** The parts of a form: a line with label, control, words and error; a list of such; a model, which has parts of its own. */

import { h, newId, setText } from "../../core/dom";
import { glyph } from "../../core/icons";
import { makeControl } from "./controls";
import { bounds, type Field, type Given } from "./fields";

export interface Part {
  readonly element: HTMLElement;
  value(): Given;
  /** The innermost part that a path leads to: "1" of a list, "street" of a model. */
  at(path: readonly string[]): Part;
  fail(text: string): void;
  clear(): void;
  focus(): void;
}

/** Short forms of one line: as narrow as what is typed into them. */
const WIDE = new Set<Field["kind"]>(["list", "model", "text"]);

export function makePart(field: Field, value: Given): Part {
  if (field.kind === "list" && field.item !== null) return new ListPart(field, field.item, value);
  if (field.kind === "model" && field.fields !== null) return new ModelPart(field, field.fields, value);
  return new Line(field, value);
}

/** The words about a part, and what is wrong with it. */
class Words {
  readonly doc: HTMLElement;
  readonly error: HTMLElement;
  private readonly id: string;

  constructor(field: Field) {
    this.id = newId("ipf-field");
    const words = [field.doc, bounds(field)].filter((one) => one !== "").join(" · ");
    this.doc = h("p", { class: "ipf-field-doc", id: `${this.id}-doc`, text: words });
    this.doc.hidden = words === "";
    this.error = h("p", { class: "ipf-field-error", id: `${this.id}-error` });
    this.error.hidden = true;
  }

  get name(): string {
    return this.id;
  }

  /** Says of `input` what it is for and, with a text, what is wrong. */
  say(input: HTMLElement, text: string): void {
    setText(this.error, text);
    this.error.hidden = text === "";
    const about = [this.error, this.doc].filter((one) => !one.hidden).map((one) => one.id);
    if (about.length > 0) input.setAttribute("aria-describedby", about.join(" "));
    else input.removeAttribute("aria-describedby");
    if (text === "") input.removeAttribute("aria-invalid");
    else input.setAttribute("aria-invalid", "true");
  }
}

/** A label of a field that has to be given has a star behind it. */
const labelClass = (field: Field): string =>
  `ipf-field-label${field.required && !field.optional ? " ipf-field-needed" : ""}`;

const mayBeLeft = (field: Field): HTMLElement | false =>
  !field.required && field.optional && h("span", { class: "ipf-field-may", text: "optional" });

class Line implements Part {
  readonly element: HTMLElement;
  private readonly control;
  private readonly words: Words;

  constructor(field: Field, value: Given) {
    this.words = new Words(field);
    this.control = makeControl(field, value);
    const { input } = this.control;
    input.id = this.words.name;
    if (field.required) input.setAttribute("aria-required", "true");
    const label = h("label", { class: labelClass(field), for: input.id }, field.label, mayBeLeft(field));
    const ticked = input.classList.contains("ipf-tick");
    this.element = h(
      "div",
      { class: `ipf-field${WIDE.has(field.kind) ? " ipf-field-wide" : ""}` },
      ...(ticked
        ? [h("div", { class: "ipf-field-tick" }, this.control.element, label)]
        : [label, this.control.element]),
      this.words.doc,
      this.words.error,
    );
    this.words.say(input, "");
  }

  value(): Given {
    return this.control.value();
  }

  at(): Part {
    return this;
  }

  fail(text: string): void {
    this.words.say(this.control.input, text);
  }

  clear(): void {
    this.fail("");
  }

  focus(): void {
    this.control.input.focus();
  }
}

class ModelPart implements Part {
  readonly element: HTMLElement;
  private readonly inner = new Map<string, Part>();
  private readonly words: Words;
  /** Of a model that may be none: whether it is given. */
  private readonly given: HTMLInputElement | null = null;

  constructor(field: Field, fields: readonly Field[], value: Given) {
    this.words = new Words(field);
    const values = typeof value === "object" && value !== null ? (value as Record<string, Given>) : {};
    const grid = h("div", { class: "ipf-fields" });
    for (const one of fields) {
      const part = makePart(one, one.name in values ? values[one.name] : one.default);
      this.inner.set(one.name, part);
      grid.append(part.element);
    }
    let legend: HTMLElement = h("legend", { class: "ipf-field-label", text: field.label });
    if (field.optional) {
      const given = h("input", { type: "checkbox", class: "ipf-tick" });
      given.checked = value !== null && value !== undefined;
      grid.hidden = !given.checked;
      given.addEventListener("change", () => (grid.hidden = !given.checked));
      legend = h("legend", { class: "ipf-field-label" }, h("label", {}, given, field.label, mayBeLeft(field)));
      this.given = given;
    }
    this.element = h(
      "fieldset",
      { class: "ipf-field-set ipf-field-wide" },
      legend,
      this.words.doc,
      this.words.error,
      grid,
    );
    this.words.say(this.element, "");
  }

  value(): Given {
    return this.given?.checked === false ? null : valuesOf(this.inner);
  }

  at([name, ...rest]: readonly string[]): Part {
    const part = name === undefined ? undefined : this.inner.get(name);
    return part === undefined ? this : part.at(rest);
  }

  fail(text: string): void {
    this.words.say(this.element, text);
  }

  clear(): void {
    this.fail("");
    for (const part of this.inner.values()) part.clear();
  }

  focus(): void {
    if (this.given !== null) this.given.focus();
    else this.inner.values().next().value?.focus();
  }
}

class ListPart implements Part {
  readonly element: HTMLElement;
  private readonly items: { part: Part; row: HTMLElement }[] = [];
  private readonly rows = h("div", { class: "ipf-field-items" });
  private readonly add: HTMLButtonElement;
  private readonly words: Words;

  constructor(
    private readonly field: Field,
    private readonly item: Field,
    value: Given,
  ) {
    this.words = new Words(field);
    this.add = h(
      "button",
      { type: "button", class: "ipf-button ipf-small", click: () => this.append(item.default).focus() },
      glyph("plus"),
      h("span", { text: "Add" }),
      h("span", { class: "ipf-unseen", text: ` to ${field.label}` }),
    );
    this.element = h(
      "fieldset",
      { class: "ipf-field-set ipf-field-wide" },
      h("legend", { class: labelClass(field) }, field.label, mayBeLeft(field)),
      this.words.doc,
      this.words.error,
      this.rows,
      this.add,
    );
    for (const one of Array.isArray(value) ? value : []) this.append(one);
    this.words.say(this.element, "");
  }

  value(): Given {
    // A list that nobody touched is as it was: its default, none, or still to be filled.
    if (this.items.length === 0 && this.field.optional) return null;
    return this.items.map(({ part }) => part.value() ?? null);
  }

  at([place, ...rest]: readonly string[]): Part {
    const item = place === undefined ? undefined : this.items[Number(place)];
    return item === undefined ? this : item.part.at(rest);
  }

  fail(text: string): void {
    this.words.say(this.element, text);
  }

  clear(): void {
    this.fail("");
    for (const { part } of this.items) part.clear();
  }

  focus(): void {
    (this.items[0]?.part ?? this.add).focus();
  }

  private append(value: Given): Part {
    const part = makePart({ ...this.item, label: `${this.field.label} ${this.items.length + 1}` }, value);
    const remove = h(
      "button",
      { type: "button", class: "ipf-tool", title: "Remove", click: () => this.remove(entry) },
      glyph("close"),
      h("span", { class: "ipf-unseen", text: `Remove ${this.field.label} ${this.items.length + 1}` }),
    );
    const row = h("div", { class: "ipf-field-item" }, part.element, remove);
    const entry = { part, row };
    this.items.push(entry);
    this.rows.append(row);
    return part;
  }

  private remove(entry: { part: Part; row: HTMLElement }): void {
    const place = this.items.indexOf(entry);
    this.items.splice(place, 1);
    entry.row.remove();
    this.items.forEach(({ row }, i) => {
      const name = `${this.field.label} ${i + 1}`;
      const label = row.querySelector(":scope > :first-child > :is(label, legend)");
      if (label?.firstChild) setText(label.firstChild, name);
      const words = row.querySelector(":scope > .ipf-tool > .ipf-unseen");
      if (words) setText(words, `Remove ${name}`);
    });
    (this.items[Math.min(place, this.items.length - 1)]?.part ?? this.add).focus();
    this.rows.dispatchEvent(new Event("change", { bubbles: true }));
  }
}

/** What is given, by name; what is left to its default is not there. */
export function valuesOf(inner: ReadonlyMap<string, Part>): Record<string, Given> {
  const values: Record<string, Given> = {};
  for (const [name, part] of inner) {
    const value = part.value();
    if (value !== undefined) values[name] = value;
  }
  return values;
}
