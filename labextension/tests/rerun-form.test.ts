import { afterEach, describe, expect, it } from "vitest";
import type { Field } from "../src/core/fields";
import { failedBelow } from "../src/views/retry-below";
import { payload, task } from "./helpers";
import { closeAll, frame, open } from "./page";

afterEach(closeAll);

const field = (name: string, more: Partial<Field> = {}): Field => ({
  name,
  kind: "int",
  label: name,
  doc: "",
  required: false,
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
});

async function opened() {
  const ended = payload([task(1, { state: "succeeded", ended: 1 })], {
    state: "succeeded",
    closed: 1,
    again: true,
    form: true,
  });
  const page = open(ended);
  page.el.querySelector<HTMLElement>(".ipf-rerun-with")?.click();
  const asked = page.model.sent.filter((one) => one.type === "ask").at(-1);
  if (asked?.type !== "ask") throw new Error("nothing was asked");
  expect(asked.what).toBe("form");
  const answer = { name: "train", fields: [field("rate"), field("epochs")], values: { rate: 3, epochs: 4 } };
  page.model.say({ type: "answer", request: asked.request, answer, error: null });
  await frame();
  const place = page.el.querySelector<HTMLElement>(".ipf-rerun-form");
  if (place === null) throw new Error("no place");
  const inputs = [...place.querySelectorAll("input")];
  const button = (text: string) => [...place.querySelectorAll("button")].find((one) => one.textContent === text);
  return { ...page, ended, place, inputs, button };
}

describe("the form with other parameters", () => {
  it("holds those of the run, sends what is typed, and says what is wrong at its field", async () => {
    const { model, place, inputs, button, ended } = await opened();
    expect(inputs.map((one) => one.value)).toEqual(["3", "4"]);
    const [rate] = inputs;
    if (rate === undefined) throw new Error("no field");
    rate.value = "8";
    rate.dispatchEvent(new Event("input", { bubbles: true }));
    button("Run with these")?.click();
    expect(model.sent.at(-1)).toEqual({ type: "rerun", values: { rate: 8, epochs: 4 } });
    model.say({ type: "rerun_errors", errors: { rate: "is <b>too</b> large" } });
    expect(place.textContent).toContain("is <b>too</b> large");
    expect(rate.getAttribute("aria-invalid")).toBe("true");
    model.say({ type: "snapshot", seq: 1, payload: { ...ended, run: { ...ended.run, id: 2 } } });
    expect(place.hidden).toBe(true);
    expect(document.activeElement?.closest(".ipf-head"), "the keyboard stays in the view").not.toBeNull();
  });

  it("keeps what was typed while the line is away for a moment", async () => {
    const { model, place, inputs, ended } = await opened();
    const [rate] = inputs;
    if (rate === undefined) throw new Error("no field");
    rate.value = "8";
    rate.blur();
    model.lineChanged();
    expect(place.hidden).toBe(true);
    model.say({ type: "snapshot", seq: 1, payload: ended });
    expect([place.hidden, rate.isConnected, rate.value]).toEqual([false, true, "8"]);
  });

  it("is left alone by what another page has sent", async () => {
    const { model, place, inputs } = await opened();
    inputs[1]?.focus();
    model.say({ type: "rerun_errors", errors: { rate: "is too large" } });
    expect(place.querySelector("[aria-invalid]")).toBeNull();
    expect(document.activeElement).toBe(inputs[1]);
  });

  it("goes away when it is closed, and says why there is none", async () => {
    const { el, model, place, button } = await opened();
    button("Close")?.click();
    expect(place.hidden).toBe(true);
    el.querySelector<HTMLElement>(".ipf-rerun-with")?.click();
    const asked = model.sent.filter((one) => one.type === "ask").at(-1);
    if (asked?.type === "ask") model.say({ type: "answer", request: asked.request, answer: null, error: "no more" });
    await frame();
    expect(place.hidden).toBe(true);
    expect(el.querySelector(".ipf-said")?.textContent).toContain("no more");
  });
});

it("what failed below a task is counted through all that is between", () => {
  const rows = [
    task(1),
    task(2, { parent: 1 }),
    task(3, { parent: 2, state: "failed" }),
    task(4, { parent: 2, state: "cancelled" }),
    task(5, { state: "failed" }),
  ];
  const tasks = new Map(rows.map((row) => [row.id, row]));
  expect([1, 2, 3, 5].map((id) => failedBelow(id, tasks))).toEqual([2, 2, 0, 0]);
});
