import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { Payload } from "../src/core/protocol";
import { example } from "./helpers";
import { closeAll, frame, type MockModel, open } from "./page";

// Nothing is laid out here: a height, so that all rows are in sight.
beforeAll(() => {
  vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(900);
});
afterEach(closeAll);

const press = (el: HTMLElement, label: string) =>
  el.querySelector<HTMLButtonElement>(`button[aria-label="${label}"]`)?.click();
const button = (el: HTMLElement, label: string) => el.querySelector<HTMLButtonElement>(`button[aria-label="${label}"]`);
const choose = (el: HTMLElement, text: string) =>
  [...el.querySelectorAll<HTMLElement>(".ipf-tr")]
    .find((row) => [".ipf-name", ".ipf-c-args"].some((part) => row.querySelector(part)?.textContent === text))
    ?.click();
const line = (el: HTMLElement, name: string) =>
  [...el.querySelectorAll<HTMLElement>(".ipf-label")].find(
    (label) => label.querySelector(".ipf-name")?.textContent === name,
  );

function delta(model: MockModel, seq: number, run: Partial<Payload["run"]>, from: Payload): void {
  model.say({
    type: "delta",
    seq,
    run: { ...from.run, ...run },
    tasks: [],
    edges: null,
    graph: null,
    lanes: null,
  });
}

const detailOf = (id: number, more: object) => ({
  id,
  name: "aggregate",
  args: "",
  result: "1",
  html: null,
  type: "int",
  text: "1",
  traceback: null,
  attempts: [],
  output: [],
  reason: "",
  on: [],
  notes: [["state", "{'seen': 3}"]],
  ...more,
});

describe("pausing", () => {
  it("a run: asks, is quiet until the run says so, then offers to resume", () => {
    const first = example("pipeline_running");
    const { el, model } = open(first);
    press(el, "Pause");
    expect(model.sent).toContainEqual({ type: "pause", task: null });
    expect(button(el, "Pause")?.getAttribute("aria-disabled")).toBe("true");
    press(el, "Pause");
    expect(model.kinds().filter((kind) => kind === "pause").length).toBe(1);
    delta(model, first.seq + 1, { paused: true }, first);
    expect(button(el, "Pause")).toBeNull();
    expect(el.querySelector(".ipf-pill")?.textContent).toBe("running, paused");
    expect(button(el, "Resume")?.getAttribute("aria-disabled")).toBeNull();
    press(el, "Resume");
    expect(model.sent).toContainEqual({ type: "resume", task: null });
    delta(model, first.seq + 2, { paused: false }, first);
    expect(el.querySelector(".ipf-pill")?.textContent).toBe("running");
  });

  it("a pipeline: from its details; a run of one that is paused is paused", async () => {
    const { el, model } = open(example("pipeline_running"), "table");
    await frame();
    choose(el, "pipeline");
    press(el, "Pause pipeline #1");
    expect(model.sent).toContainEqual({ type: "pause", task: 1 });
    closeAll();
    const other = open(example("pipeline_paused"), "table");
    await frame();
    expect(button(other.el, "Resume")).not.toBeNull();
    choose(other.el, "nightly");
    press(other.el, "Resume nightly #1");
    expect(other.model.sent).toContainEqual({ type: "resume", task: 1 });
  });

  it("is not offered where nothing goes on", () => {
    expect(button(open(example("pipeline")).el, "Pause")?.hidden).toBe(true);
    expect(button(open(example("plan")).el, "Pause")?.hidden).toBe(true);
  });
});

describe("the pane", () => {
  it("says the branch, with the way to its group, and who holds the slots", async () => {
    const { el } = open(example("pipeline_running"), "table");
    await frame();
    choose(el, "feed=3");
    expect(el.querySelector(".ipf-place")?.textContent).toBe("branch 3 ofparse_all #3");
    expect(el.querySelector(".ipf-part-why")?.textContent).toContain("branch slot of parse_all#3 (2 at once)");
    expect(el.querySelector(".ipf-part-slots")?.textContent).toContain("check #7");
    el.querySelector<HTMLElement>(".ipf-place button")?.click();
    expect(el.querySelector(".ipf-detail-title")?.textContent).toBe("parse_all #3");
    expect(el.querySelector(".ipf-part-below-counts")?.textContent).toContain("1 of 5 branches");
    expect(el.querySelectorAll(".ipf-part-below .ipf-stack-line").length).toBe(11);
  });

  it("says why an entry was skipped, and what it is", async () => {
    const { el } = open(example("pipeline"), "table");
    await frame();
    choose(el, "recover");
    expect(el.querySelector(".ipf-part-skipped")?.textContent).toContain("nothing failed before it");
    expect(el.querySelector(".ipf-detail .ipf-role")?.textContent).toBe("handler");
  });

  it("shows the state that was passed on as a part of its own, not as a note", async () => {
    const { el, model } = open(example("pipeline"), "table");
    await frame();
    choose(el, "aggregate");
    model.say({ type: "detail", task: 12, detail: detailOf(12, { passed_state: "{'seen': 3}" }) });
    expect(el.querySelector(".ipf-part-state")?.textContent).toBe("State passed on{'seen': 3}");
    expect(el.querySelector<HTMLElement>(".ipf-part-notes")?.hidden).toBe(true);
    model.say({ type: "detail", task: 12, detail: detailOf(12, { passed_state: null }) });
    expect(el.querySelector<HTMLElement>(".ipf-part-state")?.hidden).toBe(true);
  });
});

describe("marks", () => {
  it("of a role stand beside the name with their word, and are gone where there is none", async () => {
    const { el } = open(example("pipeline"), "table");
    await frame();
    const cells = [...el.querySelectorAll(".ipf-td.ipf-c-name")].map((cell) =>
      [...cell.children]
        .filter((part) => !(part as HTMLElement).hidden)
        .map((part) => part.textContent)
        .join(" "),
    );
    expect(cells).toContain("in_parallel group");
    expect(cells).toContain("repair handler branch 1");
    expect(cells).toContain("load");
  });

  it("of a plan: rows stand back, boxes are dashed", async () => {
    const { el } = open(example("pipeline_running"), "graph");
    await frame();
    expect(el.querySelectorAll('.ipf-node[data-back="planned"]').length).toBe(4);
    expect(el.querySelector('.ipf-node[data-role="group"]')?.getAttribute("aria-label")).toContain("1 of 5 branches");
    closeAll();
    const rows = open(example("pipeline_running"));
    await frame();
    expect(line(rows.el, "report")?.classList.contains("ipf-dim")).toBe(true);
    expect(line(rows.el, "fetch")?.classList.contains("ipf-dim")).toBe(false);
  });

  it("of planned tasks: a number of their own", () => {
    const { el } = open(example("pipeline_running"));
    const planned = el.querySelector('.ipf-number[data-state="planned"]');
    expect(planned?.textContent).toBe("7 planned");
    expect(el.querySelector("[role=progressbar]")?.getAttribute("aria-valuetext")).toBe("4 of 17 tasks finished");
  });
});
