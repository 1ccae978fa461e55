import { afterEach, describe, expect, it, vi } from "vitest";
import { type Field, literal, numberOf } from "../src/views/forms/fields";
import { type FormOptions, mountForm } from "../src/views/forms/form";

const opened: (() => void)[] = [];
afterEach(() => {
  for (const close of opened.splice(0)) close();
});

function field(name: string, kind: Field["kind"], more: Partial<Field> = {}): Field {
  return {
    name,
    kind,
    label: name,
    doc: "",
    required: more.has_default !== true,
    optional: false,
    default: null,
    has_default: false,
    choices: null,
    min: null,
    max: null,
    step: null,
    item: null,
    fields: null,
    ...more,
  };
}

function open(fields: Field[], options: FormOptions = {}) {
  const el = document.createElement("div");
  document.body.append(el);
  const form = mountForm(el, fields, options);
  opened.push(() => {
    form.dispose();
    el.remove();
  });
  const input = (label: string) => {
    const found = [...el.querySelectorAll("label")].find((one) => one.textContent?.startsWith(label));
    return el.querySelector<HTMLInputElement>(`#${found?.htmlFor}`) as HTMLInputElement;
  };
  const button = (text: string) =>
    [...el.querySelectorAll("button")].find((one) => one.textContent === text) as HTMLButtonElement;
  const type = (label: string, text: string) => {
    input(label).value = text;
    input(label).dispatchEvent(new Event("input", { bubbles: true }));
  };
  return { el, form, input, button, type };
}

const press = (on: Element, key: string, more: KeyboardEventInit = {}) =>
  on.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more }));

describe("a form", () => {
  it("marks what has to be given", () => {
    const { el, input } = open([
      field("user", "str"),
      field("note", "str", { optional: true }),
      field("count", "int", { has_default: true, default: 3 }),
      field("sizes", "list", { item: field("item", "int") }),
    ]);
    expect([...el.querySelectorAll(".ipf-field-needed")].map((one) => one.textContent)).toEqual(["user", "sizes"]);
    expect(input("user").getAttribute("aria-required")).toBe("true");
    expect(input("count").hasAttribute("aria-required")).toBe(false);
  });

  it("shows each kind of field with what it holds, and gives JSON back", () => {
    const { form, input } = open(
      [
        field("count", "int", { has_default: true, default: 3, min: 1, max: 9, doc: "How many." }),
        field("rate", "float"),
        field("loud", "bool", { has_default: true, default: true }),
        field("maybe", "bool", { optional: true }),
        field("note", "text", { has_default: true, default: "a\nb" }),
        field("key", "secret"),
        field("size", "choice", {
          choices: [
            ["small", "s"],
            ["large", 7],
          ],
          has_default: true,
          default: 7,
        }),
        field("day", "date", { has_default: true, default: "2026-11-22" }),
        field("odd", "datetime", { has_default: true, default: "2026-11-22T10:00:00+00:00" }),
        field("any", "value", { has_default: true, default: [1, null, true] }),
      ],
      { values: { rate: 0.5 } },
    );
    expect(input("key").type).toBe("password");
    expect(input("day").type).toBe("date");
    expect(input("odd").value).toBe("2026-11-22T10:00:00+00:00");
    const doc = document.getElementById(input("count").getAttribute("aria-describedby") ?? "");
    expect(doc?.textContent).toBe("How many. · 1 to 9");
    expect(form.values()).toEqual({
      count: 3,
      rate: 0.5,
      loud: true,
      maybe: null,
      note: "a\nb",
      size: 7,
      day: "2026-11-22",
      odd: "2026-11-22T10:00:00+00:00",
      any: "[1, None, True]",
    });
  });

  it("leaves out what is empty, and gives none where that may be", () => {
    const { form, type } = open([
      field("n", "int", { has_default: true, default: 1 }),
      field("name", "str"),
      field("nick", "str", { optional: true, has_default: true, default: "x" }),
      field("title", "str", { has_default: true, default: "Dr" }),
      field("size", "choice", { choices: [["s", "s"]] }),
    ]);
    for (const name of ["n", "nick", "title"]) type(name, "");
    expect(form.values()).toEqual({ nick: null, title: "" });
    type("n", " 12 ");
    type("name", " a ");
    expect(form.values()).toMatchObject({ n: 12, name: " a " });
    type("n", "twelve");
    expect(form.values().n).toBe("twelve");
  });

  it("has lists that grow and shrink, and models in them", () => {
    const point = field("", "model", {
      fields: [field("x", "int"), field("y", "int", { has_default: true, default: 0 })],
    });
    const { el, form, type, button } = open(
      [field("sizes", "list", { item: field("", "int") }), field("points", "list", { item: point })],
      {
        values: { sizes: [1, 2, 3], points: [{ x: 4, y: 5 }] },
      },
    );
    expect(form.values()).toEqual({ sizes: [1, 2, 3], points: [{ x: 4, y: 5 }] });
    button("Remove sizes 1").click();
    expect(document.activeElement).toBe(el.querySelector("input"));
    expect([...el.querySelectorAll(".ipf-field-item label")].map((one) => one.textContent)).toEqual([
      "sizes 1",
      "sizes 2",
      "x",
      "y",
    ]);
    button("Add to points").click();
    expect(form.values()).toEqual({ sizes: [2, 3], points: [{ x: 4, y: 5 }, { y: 0 }] });
    type("sizes 2", "9");
    form.showErrors({ "sizes.1": "too large", "points.1.x": "needed" });
    const wrong = [...el.querySelectorAll("[aria-invalid=true]")];
    expect(
      wrong.map((one) => document.getElementById(one.getAttribute("aria-describedby") ?? "")?.textContent),
    ).toEqual(["too large", "needed"]);
    expect(document.activeElement).toBe(wrong[0]);
  });

  it("gives a model that may be none only where it is ticked", () => {
    const { el, form } = open([field("home", "model", { optional: true, fields: [field("street", "str")] })]);
    const tick = el.querySelector<HTMLInputElement>("input[type=checkbox]") as HTMLInputElement;
    expect(form.values()).toEqual({ home: null });
    tick.click();
    expect(form.values()).toEqual({ home: {} });
    expect(el.querySelector<HTMLElement>("fieldset .ipf-fields")?.hidden).toBe(false);
  });

  it("says what is wrong at the fields, the rest above them, and takes it away", () => {
    const { el, form, input } = open([field("a", "str"), field("b", "int", { doc: "A number." })]);
    form.showErrors({ "b.nowhere": "not an int", "": "a and b clash", gone: "what" });
    expect(input("b").getAttribute("aria-invalid")).toBe("true");
    const about = input("b").getAttribute("aria-describedby")?.split(" ") ?? [];
    expect(about.map((id) => document.getElementById(id)?.textContent)).toEqual(["not an int", "A number."]);
    expect(el.querySelector("[role=alert]")?.textContent).toBe("a and b clash\ngone: what");
    expect(document.activeElement).toBe(input("b"));
    form.showErrors({});
    expect(el.querySelector("[aria-invalid]")).toBeNull();
    expect(el.querySelector<HTMLElement>("[role=alert]")?.hidden).toBe(true);
  });

  it("is sent by Enter and by its buttons, and once only while it is looked at", () => {
    const onSubmit = vi.fn();
    const onChange = vi.fn();
    const { form, input, button, type } = open([field("a", "str"), field("b", "text")], {
      actions: ["Send", "Dismiss"],
      onSubmit,
      onChange,
    });
    type("a", "x");
    expect(onChange).toHaveBeenLastCalledWith({ a: "x" });
    press(input("b"), "Enter");
    expect(onSubmit).not.toHaveBeenCalled();
    press(input("b"), "Enter", { ctrlKey: true });
    press(input("a"), "Enter");
    button("Dismiss").click();
    expect(onSubmit.mock.calls.map(([action]) => action)).toEqual(["Send", "Send", "Dismiss"]);
    form.setBusy(true);
    press(input("a"), "Enter");
    button("Send").click();
    expect(onSubmit).toHaveBeenCalledTimes(3);
    expect(button("Send").getAttribute("aria-disabled")).toBe("true");
  });

  it("writes labels, words and errors as text", () => {
    const { el, form } = open([
      field("a", "str", { label: "<img src=x>", doc: "<b>", has_default: true, default: "<i>" }),
    ]);
    form.showErrors({ a: "<script>" });
    expect(el.querySelector("img, b, i, script")).toBeNull();
    expect(el.textContent).toContain("<script>");
  });
});

describe("texts", () => {
  it("are numbers where they say one", () => {
    expect(
      ["3", "-4", "3.5", "1e3", "0x10", "Infinity", "9007199254740993", ""].map((one) => numberOf(one, "int")),
    ).toEqual([3, -4, "3.5", 1000, "0x10", "Infinity", "9007199254740993", ""]);
    expect([".5", "2", "nan", "1_000"].map((one) => numberOf(one, "float"))).toEqual([0.5, 2, "nan", "1_000"]);
  });

  it("are Python where they stand for values", () => {
    expect(literal({ a: [true, null, "x\"'", 1.5] })).toBe(`{"a": [True, None, "x\\"'", 1.5]}`);
  });
});
