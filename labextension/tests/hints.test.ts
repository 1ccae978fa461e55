import { afterEach, describe, expect, it, vi } from "vitest";
import type { HintsAnswer } from "../src/core/protocol";
import { debugFor } from "../src/views/detail-actions";
import { CELL } from "../src/views/to-cell";
import { payload, task } from "./helpers";
import { closeAll, frame, open } from "./page";

afterEach(closeAll);

const answer: HintsAnswer = {
  ended: true,
  hints: [
    {
      kind: "sequential",
      title: "one after the other",
      text: "order#1 waits for <b>load</b>#2 and price#3 one after another",
      advice: "submit them first",
      saves: 0.4,
      tasks: [
        [2, "<b>load</b>"],
        [3, "price"],
      ],
      more: 7,
    },
    { kind: "leak", title: "read by nobody", text: "order#1", advice: "read it", saves: null, tasks: [], more: 0 },
  ],
};

async function ended() {
  const first = payload([task(1, { state: "succeeded", ended: 1 }), task(2, { parent: 1 }), task(3, { parent: 1 })], {
    state: "succeeded",
    closed: 1,
  });
  const page = open(first);
  const ask = await vi.waitFor(() => {
    const found = page.model.sent.find((one) => one.type === "ask" && one.what === "hints");
    if (found?.type !== "ask") throw new Error("not asked yet");
    return found;
  });
  const button = page.el.querySelector<HTMLButtonElement>(".ipf-hints-button");
  const list = page.el.querySelector<HTMLElement>(".ipf-hints");
  if (button === null || list === null) throw new Error("no place");
  return { ...page, first, ask, button, list };
}

describe("hints", () => {
  it("are asked for when the run has ended, are as many as the button says, and lead to their tasks", async () => {
    const { model, ask, button, list, el } = await ended();
    expect(button.hidden).toBe(true);
    model.say({ type: "answer", request: ask.request, answer, error: null });
    await frame();
    expect([button.hidden, button.textContent, button.getAttribute("aria-expanded")]).toEqual([
      false,
      "2 hints",
      "false",
    ]);
    expect(list.hidden).toBe(true);
    button.click();
    expect([list.hidden, button.getAttribute("aria-expanded")]).toEqual([false, "true"]);
    expect(list.textContent).toContain("waits for <b>load</b>#2");
    expect(list.textContent).toContain("saves about 400 ms");
    expect(list.querySelectorAll("b").length).toBe(2);
    const links = [...list.querySelectorAll<HTMLButtonElement>(".ipf-link")];
    expect(links.map((one) => one.textContent)).toEqual(["<b>load</b>#2", "price#3", "and 7 more, in the table"]);
    expect(document.activeElement).toBe(links[0]);
    links[1]?.click();
    expect(el.querySelector(".ipf-detail")?.textContent).toContain("#3");
    links[2]?.click();
    expect(el.querySelector('[role="tab"][aria-selected="true"]')?.textContent).toBe("Table");
    list.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
    expect([list.hidden, document.activeElement === button]).toEqual([true, true]);
  });

  it("go when the run goes on, and a kernel that has none to give is no failure", async () => {
    const { model, ask, button, first } = await ended();
    model.say({ type: "answer", request: ask.request, answer: null, error: "no question 'hints'" });
    await frame();
    expect(button.hidden).toBe(true);
    const again = { ...first, seq: first.seq + 1, run: { ...first.run, closed: null, state: "running" as const } };
    model.say({ type: "snapshot", seq: again.seq, payload: again });
    await frame();
    expect(button.hidden).toBe(true);
  });
});

it("hints that go while the keyboard is in them leave it in the head", async () => {
  const { model, ask, button, first, el } = await ended();
  model.say({ type: "answer", request: ask.request, answer, error: null });
  await frame();
  button.click();
  const again = { ...first, seq: first.seq + 1, run: { ...first.run, closed: null, state: "running" as const } };
  model.say({ type: "snapshot", seq: again.seq, payload: again });
  expect(document.activeElement).toBe(el.querySelector(".ipf-fold"));
});

describe("Open in %debug", () => {
  it("asks for a cell that opens the debugger, of what failed in the kernel's own process", async () => {
    expect(debugFor({ id: 4, name: "load" })).toBe("%flow debug load#4");
    expect(debugFor({ id: 4, name: "two words\nimport os" })).toBe("%flow debug #4");
    const rows = [
      task(1, { state: "failed", executor: "threads", ended: 1 }),
      task(2, { state: "failed", executor: "processes", ended: 1 }),
    ];
    const { el } = open(payload(rows, { state: "failed", closed: 1 }), "table");
    const asked: unknown[] = [];
    el.addEventListener(CELL, (event) => {
      asked.push((event as CustomEvent).detail);
      event.preventDefault();
    });
    const look = () => el.querySelector<HTMLButtonElement>(".ipf-debug");
    const row = (id: number) =>
      [...el.querySelectorAll<HTMLElement>(".ipf-tr")].find((one) => one.textContent?.startsWith(`${id}`));
    await frame();
    row(1)?.click();
    await frame();
    look()?.click();
    expect(asked).toEqual([{ code: `%flow debug ${rows[0]?.name}#1`, run: true }]);
    row(2)?.click();
    await frame();
    expect(look()?.hidden).toBe(true);
  });
});
