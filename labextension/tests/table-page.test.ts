import { afterEach, describe, expect, it } from "vitest";
import { example, payload, task } from "./helpers";
import { closeAll, frame, open } from "./page";

afterEach(closeAll);

const names = (el: Element) =>
  [...el.querySelectorAll<HTMLElement>(".ipf-tr")]
    .sort((a, b) => Number(a.dataset.index) - Number(b.dataset.index))
    .map((row) => row.querySelector(".ipf-c-id")?.textContent);
const click = (el: Element, selector: string) => el.querySelector<HTMLElement>(selector)?.click();

describe("the table", () => {
  it("is a grid whose children are rows, with words for what is empty outside of it", async () => {
    const { el } = open(example("failing"), "table");
    await frame();
    const grid = el.querySelector("[role=grid]");
    expect([...(grid?.children ?? [])].map((one) => one.getAttribute("role"))).toEqual(["row", "rowgroup"]);
    expect(grid?.getAttribute("aria-rowcount")).toBe("10");
    expect([...(grid?.querySelectorAll("[role=rowgroup] > *") ?? [])].every((one) => one.role === "row")).toBe(true);
    expect(el.querySelectorAll("[role=columnheader][aria-sort=ascending]").length).toBe(1);
  });

  it("sorts by a heading, the longest first, and turns round at the second click", async () => {
    const { el } = open(example("failing"), "table");
    await frame();
    click(el, ".ipf-th.ipf-c-ran button");
    await frame();
    const down = names(el);
    expect(down[0]).toBe("1");
    click(el, ".ipf-th.ipf-c-ran button");
    await frame();
    expect(names(el)[0]).toBe("8");
    expect(el.querySelector(".ipf-th.ipf-c-ran")?.getAttribute("aria-sort")).toBe("ascending");
  });

  it("shows the tasks of a state that is clicked in the head, and all of them again", async () => {
    const { el } = open(example("failing"));
    click(el, '.ipf-number[data-state="failed"]');
    await frame();
    expect(names(el)).toEqual(["1", "7", "8"]);
    expect(el.querySelector(".ipf-found")?.textContent).toBe("3 of 9 tasks");
    click(el, ".ipf-every");
    await frame();
    const rows = () => el.querySelector("[role=grid]")?.getAttribute("aria-rowcount");
    expect(rows()).toBe("10");
    expect(document.activeElement?.getAttribute("role")).toBe("grid");
    click(el, '.ipf-number[data-state="failed"]');
    click(el, '.ipf-number[data-state="failed"]');
    await frame();
    expect(rows()).toBe("10");
  });

  it("says so where no task passes the filter", async () => {
    const { el } = open(example("failing"), "table");
    const search = el.querySelector<HTMLInputElement>(".ipf-table-filters input");
    if (search === null) throw new Error("no filter");
    search.value = "nothing like it";
    search.dispatchEvent(new Event("input"));
    await expect
      .poll(() => el.querySelector(".ipf-grid-frame .ipf-empty")?.textContent)
      .toBe("No task passes the filter.");
  });

  it("asks the kernel for the rows of a large run, with order and filter", async () => {
    const { el, model } = open(example("aggregated"), "table");
    await frame();
    click(el, ".ipf-th.ipf-c-ran button");
    click(el, '.ipf-chip[data-state="failed"]');
    await frame();
    expect(model.sent.filter((one) => one.type === "rows").at(-1)).toMatchObject({
      sort: ["ran", false],
      states: ["failed"],
      offset: 0,
    });
  });

  it("keeps the keyboard's place where the row that had it goes", async () => {
    const rows = [task(1, { state: "running", started: 0 }), task(2, { state: "running", started: 0 })];
    const { el, model } = open(payload(rows), "table");
    await frame();
    el.querySelector<HTMLButtonElement>('button[aria-label="Cancel work #2"]')?.focus();
    const done = payload([rows[0] as (typeof rows)[0]]);
    model.say({ type: "snapshot", seq: 3, payload: done });
    await frame();
    expect(names(el)).toEqual(["1"]);
    expect(document.activeElement?.getAttribute("role")).toBe("grid");
  });

  it("keeps it too where the button that had it has nothing more to do", async () => {
    const rows = [task(1, { state: "running", started: 0 })];
    const { el, model } = open(payload(rows), "table");
    await frame();
    el.querySelector<HTMLButtonElement>('button[aria-label="Cancel work #1"]')?.focus();
    model.say({ type: "snapshot", seq: 3, payload: payload([task(1, { state: "succeeded", started: 0, ended: 1 })]) });
    await frame();
    expect(document.activeElement?.getAttribute("role")).toBe("grid");
  });
});
