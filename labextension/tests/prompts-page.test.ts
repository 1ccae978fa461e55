import { afterEach, describe, expect, it } from "vitest";
import type { OpenPrompt, Payload } from "../src/core/protocol";
import type { Field } from "../src/views/forms/fields";
import { example } from "./helpers";
import { closeAll, open } from "./page";

afterEach(closeAll);

const field = (name: string, kind: Field["kind"]): Field => ({
  name,
  kind,
  label: name,
  doc: "",
  required: true,
  optional: false,
  default: null,
  has_default: false,
  choices: null,
  min: null,
  max: null,
  step: null,
  item: null,
  fields: null,
});

const question = (task: number, more: Partial<OpenPrompt> = {}): OpenPrompt => ({
  task,
  name: "trip",
  title: "Trip",
  text: "Where to?\nAnd <b>when</b>?",
  fields: [field("city", "str"), field("days", "int")],
  actions: ["Send", "Dismiss"],
  since: 0,
  ...more,
});

function asked(...prompts: OpenPrompt[]): Payload {
  const first = example("running");
  return { ...first, run: { ...first.run, prompts } };
}

function page(...prompts: OpenPrompt[]) {
  const { el, model } = open(asked(...prompts));
  let seq = 0;
  const say = (payload: Payload) => model.say({ type: "snapshot", seq: ++seq, payload });
  const region = el.querySelector<HTMLElement>(".ipf-prompts") as HTMLElement;
  const inputs = () => [...region.querySelectorAll("input")];
  const button = (text: string) =>
    [...region.querySelectorAll("button")].find((one) => one.textContent === text) as HTMLButtonElement;
  return { el, model, say, region, inputs, button };
}

describe("questions of a run", () => {
  it("stand above the tabs with their form, and are sent by Enter", () => {
    const { model, region, inputs } = page(question(4));
    expect(region.hidden).toBe(false);
    expect(region.querySelector("h2")?.textContent).toBe("A question waits for your answer");
    expect(region.querySelector("[role=group]")?.getAttribute("aria-labelledby")).toBe(region.querySelector("b")?.id);
    expect(region.querySelector(".ipf-prompt-text")?.textContent).toBe("Where to?\nAnd <b>when</b>?");
    expect(region.querySelector(".ipf-prompt-text b")).toBeNull();
    for (const input of inputs()) input.value = "3";
    inputs()[0]?.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
    const values = { city: "3", days: 3 };
    expect(model.sent.at(-1)).toEqual({ type: "answer_prompt", task: 4, action: "Send", values });
  });

  it("keep what is being typed while the run goes on, and say what is wrong", () => {
    const { model, say, inputs, button, region } = page(question(4));
    const [city, days] = inputs() as [HTMLInputElement, HTMLInputElement];
    city.value = "Rome";
    city.focus();
    say(asked(question(4)));
    expect(inputs()[0]).toBe(city);
    expect([city.value, document.activeElement]).toEqual(["Rome", city]);
    // Somebody else's form was wrong, who watches through the same link.
    model.say({ type: "prompt_errors", task: 4, errors: { days: "needs a value" } });
    expect(region.querySelector("[aria-invalid]")).toBeNull();
    button("Send").click();
    button("Send").click();
    expect(model.kinds().filter((kind) => kind === "answer_prompt").length).toBe(1);
    model.say({ type: "prompt_errors", task: 4, errors: { days: "needs a value" } });
    expect([days.getAttribute("aria-invalid"), document.activeElement]).toEqual(["true", days]);
    button("Dismiss").click();
    expect(model.sent.at(-1)).toMatchObject({ action: "Dismiss", values: { city: "Rome" } });
  });

  it("give the keyboard to the next one when they are answered, and to the tabs after the last", () => {
    const { model, say, button, inputs, region, el } = page(question(4), question(5));
    expect(region.querySelector("h2")?.textContent).toBe("2 questions wait for your answers");
    button("Send").focus();
    say(asked(question(5)));
    expect(document.activeElement).toBe(inputs()[0]);
    // A second click was meant for the question that stood there.
    expect(button("Send").getAttribute("aria-disabled")).toBe("true");
    button("Send").click();
    expect(model.kinds()).not.toContain("answer_prompt");
    say(example("running"));
    expect(region.hidden).toBe(true);
    expect(document.activeElement?.getAttribute("role")).toBe("tab");
    expect(el.querySelectorAll(".ipf-prompt").length).toBe(0);
  });

  it("keep what was typed while one looks at the past", () => {
    const { el, model, region, inputs } = page(question(4));
    const [city] = inputs() as [HTMLInputElement];
    city.value = "Rome";
    const replay = el.querySelector<HTMLElement>("[aria-label=Replay]") as HTMLElement;
    const slider = el.querySelector<HTMLInputElement>(".ipf-replay-slider") as HTMLInputElement;
    replay.click();
    slider.value = "0.3";
    slider.dispatchEvent(new Event("input"));
    expect(region.hidden).toBe(true);
    slider.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
    expect(region.hidden).toBe(false);
    expect([inputs()[0] === city, city.value]).toEqual([true, "Rome"]);
    expect(model.kinds()).not.toContain("answer_prompt");
  });

  it("leave the keyboard in the form while the line is away for a moment", () => {
    const { model, say, region, inputs } = page(question(4));
    const [city] = inputs() as [HTMLInputElement];
    city.focus();
    const form = region.querySelector<HTMLElement>(".ipf-form") as HTMLElement;
    model.lineChanged();
    expect(region.textContent).toContain("Nobody has answered yet");
    expect([form.hidden, document.activeElement]).toEqual([false, city]);
    say(asked(question(4)));
    expect([form.hidden, document.activeElement]).toEqual([false, city]);
    city.blur();
    model.lineChanged();
    expect(form.hidden).toBe(true);
  });

  it("asked again are another question, and many stand behind a line", () => {
    const { say, region, inputs } = page(question(4));
    const before = inputs()[0];
    say(asked(question(4, { since: 9 })));
    expect(inputs()[0]).not.toBe(before);
    say(asked(...[1, 2, 3, 4, 5].map((task) => question(task, { fields: [], actions: ["Approve", "Dismiss"] }))));
    expect(region.querySelectorAll(".ipf-prompt").length).toBe(3);
    expect(region.textContent).toContain("and 2 more questions");
  });

  it("lead to their task", () => {
    const { el, region } = page(question(example("running").tasks[1]?.id ?? 0));
    region.querySelector<HTMLButtonElement>(".ipf-prompt-open")?.click();
    expect(el.querySelector(".ipf-detail-title")).not.toBeNull();
  });

  it("in a saved file say that they were open, without buttons", () => {
    const kept = { tracebacks: {}, log: [], lines: 0 };
    const { el } = open({ ...asked(question(4)), kept });
    const region = el.querySelector<HTMLElement>(".ipf-prompts");
    expect(region?.textContent).toContain("Nobody has answered yet");
    expect(region?.querySelector<HTMLElement>(".ipf-form")?.hidden).toBe(true);
  });
});
