import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, vi } from "vitest";
import { asComparison, type CompareAnswer } from "../src/core/compare";
import { more, times } from "../src/views/compare/kinds";
import { marks } from "../src/views/compare/lanes";
import { type CompareHost, CompareView } from "../src/views/compare/view";

/** What Python made of two runs (tests/views/compare/test_golden.py). */
const FILE = join(dirname(fileURLToPath(import.meta.url)), "../../tests/fixtures/compare/nightly.json");
const nightly = (): CompareAnswer => asComparison(JSON.parse(readFileSync(FILE, "utf8")));

const draw = (answer: CompareAnswer, host: CompareHost = {}) => new CompareView(answer, host).element;
const texts = (element: Element, selector: string) =>
  [...element.querySelectorAll(selector)].map((one) => one.textContent?.trim() ?? "");

describe("a comparison", () => {
  it("says what both runs are, what changed in words, and lists what changed most first", () => {
    const answer = nightly();
    const element = draw(answer);
    expect(element.getAttribute("aria-label")).toBe("Compared: nightly: a3f9c1-2 before, a3f9c1-3 after");
    expect(texts(element, ".ipf-vs-side > b")).toEqual(["before", "after"]);
    expect(texts(element, ".ipf-vs-side > code")).toEqual(["a3f9c1-2", "a3f9c1-3"]);
    expect(texts(element, ".ipf-vs-words li")).toEqual(answer.words.map((text) => `${text}.`));
    const kinds = [...element.querySelectorAll<HTMLElement>(".ipf-vs-row")].map((row) => row.dataset.kind);
    expect(kinds.slice(0, 3)).toEqual(["failing", "failing", "failing"]);
    expect(kinds.slice(3)).toEqual(["new", "slower", "faster", "cached"]);
    // Colour and mark never stand alone.
    expect(texts(element, ".ipf-vs-kind").every((text) => text !== "")).toBe(true);
  });

  it("draws both runs on one axis, the longer one to its end", () => {
    const element = draw(nightly());
    const ends = [...element.querySelectorAll<HTMLElement>(".ipf-vs-end")].map((end) => end.style.left);
    expect(ends).toContain("100.000%");
    expect(ends.every((end) => Number.parseFloat(end) <= 100)).toBe(true);
    const lanes = element.querySelectorAll(".ipf-vs-lane");
    expect(lanes.length).toBe(nightly().lanes.length);
    expect(lanes[0]?.querySelector(":scope > svg")?.getAttribute("aria-label")).toMatch(
      /^before from \+0 s to .*, after from /,
    );
  });

  it("opens a row task by task, and leads to the tasks where its host can open them", () => {
    const answer = nightly();
    const row = answer.rows.find((one) => one.kind === "slower");
    if (row === undefined) throw new Error("no such row");
    const twin = row.changes[0];
    if (twin === undefined) throw new Error("no such task");
    row.tasks = 9;
    row.changes = [twin, twin];
    const openTask = vi.fn();
    const element = draw(answer, { openTask });
    const line = element.querySelector('.ipf-vs-row[data-kind="slower"]');
    const button = line?.querySelector<HTMLButtonElement>(".ipf-vs-open");
    const below = line?.nextElementSibling as HTMLElement;
    expect([below.hidden, button?.getAttribute("aria-expanded")]).toEqual([true, "false"]);
    button?.click();
    expect([below.hidden, button?.getAttribute("aria-expanded")]).toEqual([false, "true"]);
    expect(button?.getAttribute("aria-controls")).toBe(below.id);
    expect(texts(below, "li")).toHaveLength(3);
    expect(below.textContent).toContain("… and 7 more");
    const links = below.querySelectorAll<HTMLButtonElement>(".ipf-link");
    links[1]?.click();
    expect(openTask).toHaveBeenCalledWith("after", twin.after?.[0]);
    expect(links[1]?.getAttribute("aria-label")).toBe(`320 ms: #${twin.after?.[0]}, after`);
  });

  it("has no buttons that lead nowhere", () => {
    const element = draw(nightly());
    expect(element.querySelectorAll(".ipf-link")).toHaveLength(0);
    const openRun = vi.fn();
    const opening = draw(nightly(), { openRun });
    opening.querySelectorAll<HTMLButtonElement>(".ipf-vs-side .ipf-link")[1]?.click();
    expect(openRun).toHaveBeenCalledWith("after");
    const nowhere = nightly();
    nowhere.before.key = nowhere.after.key = "";
    expect(draw(nowhere, { openRun, openTask: vi.fn() }).querySelectorAll(".ipf-link")).toHaveLength(0);
  });

  it("shows one kind of change alone, and all again", () => {
    const element = draw(nightly());
    const all = element.querySelectorAll(".ipf-vs-row").length;
    const chip = element.querySelector<HTMLButtonElement>('.ipf-chip[data-kind="faster"]');
    chip?.click();
    expect(chip?.getAttribute("aria-pressed")).toBe("true");
    expect(element.querySelectorAll(".ipf-vs-row")).toHaveLength(1);
    chip?.click();
    expect(element.querySelectorAll(".ipf-vs-row")).toHaveLength(all);
  });

  it("shows changed code with words besides its colours", () => {
    const element = draw(nightly());
    expect(element.querySelector(".ipf-vs-code summary")?.textContent).toBe("Code of load changed +1 −0 lines");
    expect(element.querySelector(".ipf-added .ipf-unseen")?.textContent).toBe("added: ");
  });

  it("takes what tasks say for text", () => {
    const answer = nightly();
    const evil = "<img src=x onerror=alert(1)>";
    answer.title = answer.words[0] = evil;
    for (const row of answer.rows) {
      row.name = row.said = evil;
      for (const change of row.changes) change.args = change.said = change.was = evil;
    }
    for (const lane of answer.lanes) lane.name = lane.args = evil;
    for (const one of answer.code) one.lines = [["+", evil]];
    const element = draw(answer);
    for (const button of element.querySelectorAll<HTMLButtonElement>(".ipf-vs-open")) button.click();
    expect(element.querySelector("img")).toBeNull();
    expect(element.textContent).toContain(evil);
  });

  it("stands without rows, lanes or code, and says what is no comparison", () => {
    const empty: CompareAnswer = { ...nightly(), rows: [], lanes: [], code: [], counts: {} };
    expect(draw(empty).querySelector("table")).toBeNull();
    for (const wrong of [null, 3, {}, { ...empty, rows: 1 }, { ...empty, before: null }]) {
      expect(() => asComparison(wrong)).toThrow("not a comparison");
    }
  });

  it("says by how much as the texts of Python do", () => {
    expect([times(1, 1.2), times(1, 0.25), times(1, 0.001), times(1, 3.1), times(0, 1), times(1, 1)]).toEqual([
      "+20 %",
      "−75 %",
      "−99 %",
      "3.1×",
      "",
      "",
    ]);
    expect([more(1.2), more(-0.3)]).toEqual(["+1.20 s", "−300 ms"]);
    expect(marks(1)).toEqual([0.2, 0.4, 0.6000000000000001, 0.8]);
    expect(marks(0)).toEqual([]);
  });
});
