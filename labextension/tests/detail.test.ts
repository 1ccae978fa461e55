import { afterEach, describe, expect, it, vi } from "vitest";
import { failedTries } from "../src/core/format";
import type { Payload, TaskDetail, TaskRow } from "../src/core/protocol";
import { taskAt } from "../src/core/replay";
import { beginnings, codeOf } from "../src/core/revised";
import { codeFor } from "../src/views/detail-actions";
import { taskBars } from "../src/views/timeline/bars";
import { example, payload, task } from "./helpers";
import { closeAll, frame, open } from "./page";

afterEach(() => {
  closeAll();
  vi.unstubAllGlobals();
});

async function opened(first: Payload, id: number) {
  const page = open(first, "table");
  await frame();
  [...page.el.querySelectorAll<HTMLElement>(".ipf-tr")]
    .find((row) => row.querySelector(".ipf-c-id")?.textContent === String(id))
    ?.click();
  const pane = page.el.querySelector<HTMLElement>(".ipf-detail");
  if (pane === null) throw new Error("no pane");
  const say = (more: Partial<TaskDetail>) =>
    page.model.say({ type: "detail", task: id, detail: { ...nothing, id, ...more } });
  const button = (text: string) => [...pane.querySelectorAll("button")].find((one) => one.textContent === text);
  return { ...page, pane, say, button };
}

const nothing: TaskDetail = {
  id: 1,
  name: "load_user",
  args: "17",
  result: null,
  html: null,
  type: "",
  text: "",
  traceback: null,
  attempts: [],
  output: [],
  reason: "",
  on: [],
  notes: [],
};

describe("the pane about a task", () => {
  it("gives code that gets at its future", async () => {
    const written: string[] = [];
    vi.stubGlobal("navigator", { clipboard: { writeText: async (text: string) => void written.push(text) } });
    const { button } = await opened(example("failing"), 7);
    button("Copy as code")?.click();
    expect(written).toEqual([
      "import ipyflow\nfuture = next(run for run in ipyflow.runs() if run.id == 3).find(7)  # load_user\n",
    ]);
    await expect.poll(() => button("Copied")).toBeDefined();
  });

  it("lets no name of a task get out of the comment", () => {
    const code = codeFor(1, { id: 2, name: "f\nimport os\r\u2028os.abort()" });
    expect(code.split(/[\n\r\u2028]/).filter(Boolean).length).toBe(2);
  });

  it("shows the task's lines in the log, and the task in the other tabs", async () => {
    const { el, model, say, pane, button } = await opened(example("failing"), 7);
    say({ output: [[0.1, "stdout", "hello\n"]] });
    button("Show in the log")?.click();
    expect(el.querySelector("[role=tab][aria-selected=true]")?.textContent).toBe("Log");
    expect(el.querySelector<HTMLInputElement>(".ipf-log-task")?.value).toBe("load_user #7");
    await frame();
    expect(model.sent.filter((one) => one.type === "ask").at(-1)).toMatchObject({ what: "log", query: { task: 7 } });
    button("Show in …")?.click();
    const items = [...pane.querySelectorAll<HTMLElement>("[role=menuitem]")];
    expect(items.map((one) => one.textContent)).toEqual(["Timeline", "Graph", "Table"]);
    items[1]?.click();
    expect(el.querySelector("[role=tab][aria-selected=true]")?.textContent).toBe("Graph");
  });

  it("is found in the table again, whatever the table was filtered by", async () => {
    const { el, button, pane } = await opened(example("failing"), 7);
    el.querySelector<HTMLElement>('[aria-label^="Only succeeded"]')?.click();
    el.querySelector<HTMLElement>("[role=tab]")?.click();
    button("Show in …")?.click();
    [...pane.querySelectorAll<HTMLElement>("[role=menuitem]")].at(-2)?.click();
    await frame();
    expect(el.querySelector(".ipf-tr[aria-selected=true] .ipf-c-id")?.textContent).toBe("7");
  });

  it("is brought into sight in the timeline, however far down it stands", async () => {
    const { el, pane, button } = await opened(example("many"), 1);
    const scroller = () => el.querySelector<HTMLElement>(".ipf-timeline .ipf-scroll");
    const toTimeline = () => {
      button("Show in …")?.click();
      pane.querySelector<HTMLElement>("[role=menuitem]")?.click();
      return scroller()?.scrollTop ?? -1;
    };
    expect(toTimeline()).toBe(0);
    el.querySelectorAll<HTMLElement>("[role=tab]")[2]?.click();
    const search = el.querySelector<HTMLInputElement>(".ipf-table-filters input");
    if (search === null) throw new Error("no filter");
    search.value = "#150";
    search.dispatchEvent(new Event("input"));
    await expect.poll(() => el.querySelector("[role=grid]")?.getAttribute("aria-rowcount")).toBe("2");
    await frame();
    el.querySelector<HTMLElement>(".ipf-tr")?.click();
    expect(toTimeline()).toBeGreaterThan(1000);
  });

  it("says of a retry that it is with the code of now", async () => {
    const { button, model } = await opened(example("failing"), 7);
    const retry = button("Retry");
    expect(retry?.title).toContain("with the code of now");
    retry?.click();
    expect(model.sent).toContainEqual({ type: "retry", task: 7 });
  });

  it("keeps the keyboard's place in it from task to task, and gives it back when it closes", async () => {
    const { el, pane } = await opened(example("running"), 1);
    const link = pane.querySelector<HTMLElement>(".ipf-links .ipf-link");
    link?.focus();
    link?.click();
    expect(pane.querySelector(".ipf-detail-title")?.textContent).toBe("price #4");
    expect(document.activeElement).toBe(pane);
    el.querySelector<HTMLElement>(".ipf-close")?.focus();
    el.querySelector<HTMLElement>(".ipf-close")?.click();
    await frame();
    expect(document.activeElement?.getAttribute("role")).toBe("grid");
  });

  it("keeps it on a button whose row changes, and in the pane where the button goes", async () => {
    const failed = task(1, { state: "failed", type: "ValueError", text: "no", started: 0, ended: 1 });
    const { model, pane, button } = await opened(payload([failed]), 1);
    const retry = button("Retry");
    retry?.focus();
    retry?.click();
    model.say({ type: "snapshot", seq: 1, payload: payload([task(1, { state: "running", started: 2 })]) });
    expect(document.activeElement).toBe(retry);
    expect(retry?.textContent).toBe("Cancel");
    model.say({ type: "snapshot", seq: 2, payload: payload([task(1, { state: "succeeded", started: 2, ended: 3 })]) });
    expect(document.activeElement).toBe(pane);
  });

  it("without a kernel shows what the file kept, and says what it did not", async () => {
    const rows = [1, 2].map((id) =>
      task(id, { state: "failed", type: "ValueError", text: "no", started: 0, ended: 1 }),
    );
    const kept: Payload["kept"] = {
      tracebacks: { 1: "Traceback:\n  Cell In[4], line 7\n" },
      log: [[0.2, 1, "work#1", "stderr", "oops\n"]],
      lines: 9,
    };
    const { el, pane, model, button } = await opened({ ...payload(rows, { closed: 1 }), ...(kept && { kept }) }, 1);
    expect(pane.querySelector(".ipf-traceback")?.textContent).toContain("Cell In[4], line 7");
    expect(pane.querySelector(".ipf-output")?.textContent).toBe("oops\n");
    expect([button("Copy as code")?.hidden, button("Retry")?.hidden]).toEqual([true, true]);
    el.querySelectorAll<HTMLElement>(".ipf-tr")[1]?.click();
    expect(pane.querySelector(".ipf-traceback")).toBeNull();
    expect(pane.textContent).toContain("The saved file had no room for its traceback.");
    expect(model.kinds()).not.toContain("retry");
  });
});

describe("what waits for a person", () => {
  it("stands above the tabs, with the way to the step, and goes when it is answered", async () => {
    const first = example("events-human");
    const { el, model } = open(null);
    model.say({ type: "snapshot", seq: 0, payload: first });
    const region = el.querySelector<HTMLElement>(".ipf-prompts");
    const { awaited } = first.workflows?.[0] ?? { awaited: [] };
    expect(awaited.length).toBeGreaterThan(0);
    expect(region?.getAttribute("role")).toBe("region");
    expect(region?.getAttribute("aria-label")).toContain("from outside");
    expect(region?.textContent).toContain(`${awaited[0]?.step} waits for ${awaited[0]?.type}(${awaited[0]?.text})`);
    const named = (text: string) => [...(region?.querySelectorAll("button") ?? [])].find((b) => b.textContent === text);
    // The kernel says what the event is made of, and hears what was typed.
    named("Answer …")?.click();
    const asked = model.sent.find((message) => message.type === "ask");
    expect(asked).toMatchObject({ what: "awaited", query: { task: awaited[0]?.task } });
    const field = { name: "response", kind: "str", label: "response", doc: "", required: true, optional: false };
    const rest = { default: null, has_default: false, choices: null, min: null, max: null, step: null };
    const answer = { fields: [{ ...field, ...rest, item: null, fields: null }] };
    model.say({ type: "answer", request: (asked as { request: number }).request, answer, error: null });
    await vi.waitFor(() => expect(region?.querySelector("input")).toBe(document.activeElement));
    const typed = region?.querySelector("input") as HTMLInputElement;
    typed.value = "Rome";
    typed.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
    expect(model.sent.at(-1)).toEqual({ type: "send_event", task: awaited[0]?.task, values: { response: "Rome" } });
    model.say({ type: "prompt_errors", task: awaited[0]?.task, errors: { response: "needs a value" } });
    expect(typed.getAttribute("aria-invalid")).toBe("true");
    const openStep = named("Open the step");
    openStep?.focus();
    openStep?.click();
    expect(el.querySelector(".ipf-detail-title")?.textContent).toBe(`${awaited[0]?.step} #${awaited[0]?.task}`);
    const answered = { ...first, workflows: first.workflows?.map((flow) => ({ ...flow, awaited: [] })) ?? [] };
    model.say({ type: "snapshot", seq: 1, payload: answered });
    expect(region?.hidden).toBe(true);
    expect(document.activeElement?.getAttribute("role")).toBe("tab");
  });

  it("is not there where nothing waits", () => {
    expect(open(example("small")).el.querySelector<HTMLElement>(".ipf-prompts")?.hidden).toBe(true);
  });
});

describe("a task whose code was changed between two tries", () => {
  it("says in the pane what went and what came, and which try ran which code", async () => {
    const { pane, say } = await opened(example("edited"), 5);
    const one = { worker: "thread-2", started: 0, ended: 1, traceback: null };
    say({
      id: 5,
      attempts: [
        { ...one, number: 1, type: "ZeroDivisionError", text: "division by zero" },
        { ...one, number: 2, type: "", text: "" },
      ],
      revisions: [
        [
          0.3,
          2,
          "",
          [
            [" ", "def load(page):"],
            ["-", "    return <b>rows</b> / 0"],
            ["+", "    return 0"],
            ["@", "…"],
          ],
        ],
      ],
    });
    const lines = [...pane.querySelectorAll(".ipf-diff-line")];
    expect(lines.map((line) => line.textContent)).toEqual([
      " def load(page):\n",
      "removed: −    return <b>rows</b> / 0\n",
      "added: +    return 0\n",
      " …\n",
    ]);
    expect(pane.querySelector(".ipf-revision-head")?.textContent).toBe("From try 2 on+1 −1");
    const tags = [...pane.querySelectorAll(".ipf-attempt")].map((li) => li.querySelector(".ipf-code-tag")?.textContent);
    expect(tags).toEqual(["old code", "new code"]);
    expect(pane.querySelector(".ipf-facts")?.textContent).toContain("changed between tries");
  });

  it("has a pencil in the table, and none in the past before the change", async () => {
    const { el } = await opened(example("edited"), 5);
    const marked = [...el.querySelectorAll<HTMLElement>(".ipf-tr .ipf-edited")].filter((mark) => !mark.hidden);
    expect(marked.map((mark) => mark.textContent)).toEqual(["changed code"]);
    const row = example("edited").tasks.find((one) => one.id === 5) as TaskRow;
    expect(beginnings(row)).toEqual([0.301]);
    expect(taskBars(row).filter(({ kind }) => kind === "run")).toMatchObject([
      { state: "failed", fails: true, error: "ZeroDivisionError" },
      { state: "succeeded", fails: false, error: "" },
    ]);
    expect(failedTries(row)).toBe("ZeroDivisionError");
    expect(taskAt(row, 0.2)?.revised).toEqual([]);
    expect(taskAt(row, 0.35)?.revised).toEqual([0.3]);
    expect(
      [1, 2, 3].map((attempt) =>
        codeOf(attempt, [
          [0, 2, "", []],
          [0, 3, "", []],
        ]),
      ),
    ).toEqual(["old code", "changed code", "new code"]);
  });
});
