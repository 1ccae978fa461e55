import { afterEach, expect, it, vi } from "vitest";
import { example } from "./helpers";

const opened: (() => void)[] = [];
afterEach(() => {
  for (const close of opened.splice(0)) close();
});

/** A widget as the page gets it: each brings its own copy of all modules. */
async function widget(): Promise<HTMLElement> {
  vi.resetModules();
  const { open, closeAll } = await import("./page");
  const first = example("running");
  const prompt = { task: 4, name: "trip", title: "Trip", text: "?", actions: ["Send", "Dismiss"], since: 0 };
  const whole = { item: null, fields: null, min: null, max: null, step: null, choices: null, default: null };
  const field = { ...whole, name: "n", kind: "int" as const, label: "n", doc: "", required: true };
  const fields = [{ ...field, optional: false, has_default: false }];
  opened.push(closeAll);
  return open({ ...first, run: { ...first.run, prompts: [{ ...prompt, fields }] } }).el;
}

it("two widgets on a page share no id: a label, or a word about a field, is of its own", {
  timeout: 60_000,
}, async () => {
  const [one, two] = [await widget(), await widget()];
  const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
  expect(ids.length).toBeGreaterThan(10);
  expect(ids.length).toBe(new Set(ids).size);
  const label = two.querySelector<HTMLLabelElement>(".ipf-prompt label");
  expect(two.contains(document.getElementById(label?.htmlFor ?? ""))).toBe(true);
  expect(one.contains(document.getElementById(label?.htmlFor ?? ""))).toBe(false);
});
