import { afterEach, describe, expect, it } from "vitest";
import type { WhatIfAnswer } from "../src/core/protocol";
import { gain, merged } from "../src/views/timeline/what-if";
import { example } from "./helpers";
import { closeAll, frame, open } from "./page";

const answer: WhatIfAnswer = {
  unit: "threads",
  own: 2,
  enough: 8,
  measured: 0.41,
  sequential: 0.8,
  best: 0.1,
  forecasts: [
    [1, 0.8, 1],
    [2, 0.4, 1],
    [8, 0.1, 0.9],
  ],
  chain: [
    ["<b>load</b>", 1, 0.05, 2],
    ["score", 3, 0.05, 3],
  ],
  words: ["More than 8 threads change nothing: the longest chain takes 100 ms."],
};

afterEach(closeAll);

describe("what if", () => {
  it("says how many times as fast, and nothing of what hardly worked", () => {
    expect(gain(0.8, 0.1)).toBe("8.0×");
    expect(gain(900, 1)).toBe("900×");
    expect(gain(0.01, 1)).toBe("–");
  });

  it("puts one more number in its place", () => {
    const more = merged(answer, { ...answer, forecasts: [[4, 0.2, 1]] });
    expect(more.forecasts.map(([workers]) => workers)).toEqual([1, 2, 4, 8]);
    expect(merged(more, { ...answer, forecasts: [[4, 0.3, 1]] }).forecasts[2]).toEqual([4, 0.3, 1]);
  });

  it("asks when it is opened, shows names as text, and asks for the number that is typed", async () => {
    const { el, model } = open(example("small"));
    await frame();
    const button = el.querySelector<HTMLButtonElement>('[aria-label="What if"]');
    const pane = el.querySelector<HTMLElement>(".ipf-what");
    expect(pane?.hidden).toBe(true);
    button?.click();
    expect(pane?.hidden).toBe(false);
    expect(button?.getAttribute("aria-expanded")).toBe("true");
    const ask = model.sent.find((message) => message.type === "ask");
    expect(ask).toMatchObject({ what: "whatif", query: { workers: null } });
    model.say({ type: "answer", request: ask?.type === "ask" ? ask.request : 0, answer, error: null });
    await frame();
    const rows = [...(pane?.querySelectorAll("tbody tr") ?? [])].map((row) => row.textContent);
    expect(rows).toHaveLength(4);
    expect(rows[1]).toContain("as it ran: 410 ms");
    expect(rows[3]).toContain("best");
    expect(pane?.querySelector("ol")?.textContent).toContain("<b>load</b>");
    expect(pane?.querySelector("b")).toBeNull();

    const number = pane?.querySelector("input");
    if (number != null) number.value = "5";
    [...(pane?.querySelectorAll("button") ?? [])].find((one) => one.textContent === "Try")?.click();
    const second = model.sent.filter((message) => message.type === "ask")[1];
    expect(second).toMatchObject({ query: { workers: [5] } });
    model.say({
      type: "answer",
      request: second?.type === "ask" ? second.request : 0,
      answer: null,
      error: "ValueError: 5 workers",
    });
    await frame();
    expect(pane?.querySelector('[role="status"]')?.textContent).toBe("5 workers");
    expect(pane?.querySelectorAll("tbody tr")).toHaveLength(4);
    pane?.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
    expect(pane?.hidden).toBe(true);
  });

  it("is asked again when it is opened again, if it was not answered", async () => {
    const { el, model } = open(example("small"));
    await frame();
    const button = el.querySelector<HTMLButtonElement>('[aria-label="What if"]');
    const asked = () => model.sent.filter((message) => message.type === "ask" && message.what === "whatif");
    button?.click();
    const [first] = asked();
    const request = first?.type === "ask" ? first.request : 0;
    model.say({ type: "answer", request, answer: null, error: "the kernel is busy" });
    await frame();
    expect(el.querySelector('.ipf-what [role="status"]')?.textContent).toBe("the kernel is busy");
    button?.click();
    button?.click();
    expect(asked()).toHaveLength(2);
  });

  it("cannot be asked while the run goes on", async () => {
    const { el } = open(example("running"));
    await frame();
    const button = el.querySelector<HTMLButtonElement>('[aria-label="What if"]');
    expect(button?.title).toContain("when the run has ended");
    button?.click();
    expect(el.querySelector<HTMLElement>(".ipf-what")?.hidden).toBe(true);
  });
});
