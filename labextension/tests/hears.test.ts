import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { tellingUnheard, titleWith } from "../src/core/hears";
import { RunStore } from "../src/core/store";
import { FakeLink, payload, run, task } from "./helpers";
import { closeAll, open } from "./page";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  closeAll();
  vi.useRealTimers();
});

describe("a button where the kernel hears between cells", () => {
  it("says so in its title, after what it does", () => {
    expect(titleWith(run(), "Stop")).toBe("Stop");
    expect(titleWith(run({ hears: true }), null)).toBeNull();
    expect(titleWith(run({ hears: false }), null)).toContain("when the cell has ended");
    expect(titleWith(run({ hears: false }), "Stop")).toMatch(/^Stop\. While a cell runs/);
  });

  it.each([true, false])("on the page: hears is %s", (hears) => {
    const { el } = open(payload([task(1, { state: "running", started: 0 })], { hears }), "table");
    const titles = [".ipf-cancel", ".ipf-pause", ".ipf-tr button"].map((one) =>
      el.querySelector(one)?.getAttribute("title"),
    );
    for (const title of titles) expect(title?.includes("when the cell has ended") ?? false).toBe(!hears);
  });
});

describe("a question that is not heard", () => {
  it.each([
    [false, "the kernel hears a page only when the running cell has ended"],
    [undefined, "the kernel does not answer"],
  ])("where hears is %s, fails after a while and says why", async (hears, why) => {
    const store = new RunStore(new FakeLink());
    store.load(payload([], hears === undefined ? {} : { hears }));
    const answer = store.ask("export", { format: "svg" });
    vi.advanceTimersByTime(130_000);
    await expect(answer).rejects.toThrow(why);
    store.dispose();
  });

  it("is waited for in words", async () => {
    const { el } = open(payload([task(1)], { hears: false }), "log");
    await vi.advanceTimersByTimeAsync(100);
    expect(el.querySelector(".ipf-log-empty")?.textContent).toContain("only when the running cell has ended");
  });
});

describe("a command that is not heard", () => {
  function linked(late: boolean) {
    const kernel = new FakeLink();
    const link = tellingUnheard(kernel, () => late);
    const said: string[] = [];
    const stop = link.listen((message) => said.push((message as { text: string }).text));
    return { kernel, link, said, stop };
  }

  it("is told of, again and again, until the kernel says a word", () => {
    const { kernel, link, said } = linked(true);
    link.send({ type: "cancel", task: null });
    expect(kernel.kinds()).toEqual(["cancel"]);
    expect(said).toEqual([]);
    vi.advanceTimersByTime(600);
    expect(said).toHaveLength(1);
    expect(said[0]).toContain("Not heard yet");
    vi.advanceTimersByTime(5000);
    expect(said).toHaveLength(2);
    kernel.say({ type: "said", text: "order is told to stop" });
    vi.advanceTimersByTime(130_000);
    expect(said.slice(2)).toEqual(["order is told to stop"]);
  });

  it("is not where the kernel answers at once, hears at once, or was only asked something", () => {
    const answered = linked(true);
    answered.link.send({ type: "cancel", task: 1 });
    answered.kernel.say({ type: "said", text: "done" });
    const heard = linked(false);
    heard.link.send({ type: "cancel", task: 1 });
    const asked = linked(true);
    asked.link.send({ type: "detail", task: 1 });
    vi.advanceTimersByTime(130_000);
    expect(answered.said).toEqual(["done"]);
    expect([heard.said, asked.said]).toEqual([[], []]);
  });

  it("is forgotten with the view", () => {
    const { link, said, stop } = linked(true);
    link.send({ type: "rerun" });
    stop();
    vi.advanceTimersByTime(130_000);
    expect(said).toEqual([]);
  });
});
