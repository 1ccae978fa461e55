/** The pane about a step or an event type of a workflow: its runs and its join, or its events one by one. */

import { h } from "../../core/dom";
import {
  awaitedBy,
  countsOfStep,
  eventTitle,
  FORM_WORD,
  givenBy,
  inOrder,
  joinCount,
  joinNeeds,
  joinsOf,
  neighbours,
  nodeOf,
  stepKey,
  typeKey,
  unhandledOf,
} from "../../core/events";
import { count, duration, outcome, plural, title } from "../../core/format";
import { stateIcon } from "../../core/icons";
import type { FlowJoin, FlowNode, StepCounts, TaskRow, Workflow } from "../../core/protocol";
import type { RunStore } from "../../core/store";
import type { UiState } from "../../core/ui-state";
import { Parts, section, stackLine, taskLink } from "../detail-parts";
import { type Fact, factList } from "../facts";
import { flowOf } from "./chosen";
import { eventKey, eventLink, eventList, few, kindMark, placeLink, type Within } from "./links";
import { openAsks } from "./look";

/** Rows of a list. */
const MOST = 100;

export function mountPlace(root: HTMLElement, store: RunStore, ui: UiState, task: number, key: string): () => void {
  const parts = new Parts(root);

  function draw(): void {
    const flow = flowOf(store, task);
    if (flow === null) {
      parts.put("head", "gone", () => h("p", { class: "ipf-quiet", text: "This workflow is not at hand any more." }));
      return;
    }
    const within: Within = { store, ui, flow };
    const node = nodeOf(flow, key);
    if (node?.kind === "step") drawStep(parts, within, node);
    else drawEvents(parts, within, key === "" ? null : (node ?? stray(key)));
  }

  draw();
  return store.onChange(draw);
}

/** An event type that is in no route. */
function stray(key: string): FlowNode {
  const name = key.slice(typeKey("").length);
  return { key, name, kind: "event", form: "", workers: null, x: 0, y: 0, w: 0, h: 0 };
}

const head = (name: string, what: string, kind: FlowNode["kind"] | null): HTMLElement =>
  h(
    "div",
    {},
    h("div", { class: "ipf-quiet ipf-detail-module" }, kind === null ? null : kindMark(kind), what),
    h("h2", { class: "ipf-detail-title", text: name }),
  );

function drawWays(parts: Parts, within: Within, node: FlowNode, from: string, to: string): void {
  const { flow } = within;
  const keyed = node.kind === "step" ? typeKey : stepKey;
  for (const [name, end, lead] of [
    ["from", "from", from],
    ["to", "to", to],
  ] as const) {
    const names = neighbours(flow, node.key, end);
    parts.put(`ways-${name}`, names, () =>
      names.length === 0
        ? null
        : h(
            "div",
            { class: "ipf-ways" },
            h("span", { class: "ipf-quiet", text: lead }),
            ...few(names, 12, (one) => placeLink(within, keyed(one))),
          ),
    );
  }
}

// --- An event type, or all events

function drawEvents(parts: Parts, within: Within, node: FlowNode | null): void {
  const { flow } = within;
  const type = node?.name ?? null;
  const what = ["event", FORM_WORD[node?.form ?? ""]].filter(Boolean).join(" · ");
  parts.put("head", [type, flow.name], () =>
    type === null ? head(`Events of ${flow.name}`, "workflow", null) : head(type, what, "event"),
  );
  if (node !== null) drawWays(parts, within, node, "given by", "taken by");
  const all = type === null ? flow.total : (flow.sent[type] ?? 0);
  const lost = type === null ? 0 : unhandledOf(flow, type);
  parts.put("lost", lost, () =>
    lost === 0
      ? null
      : section("Nobody takes it", h("p", { class: "ipf-note", text: `${plural(lost, "event")} went to no step.` })),
  );
  const waits = flow.awaited.filter((one) => one.type === type);
  parts.put("awaited", waits, () =>
    waits.length === 0
      ? null
      : section(
          "Who waits for it",
          h("div", { class: "ipf-links" }, ...waits.map((one) => taskLink(within.ui, one.task, one.step, "blocked"))),
        ),
  );
  const asked = node?.form === "ask" && openAsks(flow).includes(node.name);
  const answers = asked ? flow.nodes.filter(({ form }) => form === "answer").map(({ name }) => name) : [];
  parts.put("answers", answers, () =>
    answers.length === 0 ? null : section("Waits for an answer", answerHint(answers.map((name) => [name, ""]))),
  );
  const events = inOrder(
    flow.events.filter((event) => type === null || event.type === type),
    flow,
  ).slice(0, MOST);
  parts.put("events", [all, events.map(eventKey)], () =>
    section(
      events.length < all ? `${count(events.length)} of ${plural(all, "event")}` : plural(all, "event"),
      events.length === 0
        ? h("p", { class: "ipf-note ipf-quiet", text: "None has been sent." })
        : eventList(within, events, type === null),
    ),
  );
}

/** How a person answers, in code. */
function answerHint(answers: [type: string, holds: string][]): HTMLElement | null {
  const lines = new Set(
    answers.map(([type, holds]) => `future.send_event(${type}(${[holds, "..."].filter(Boolean).join(", ")}))`),
  );
  if (lines.size === 0) return null;
  return h(
    "div",
    { class: "ipf-hint" },
    h("p", { class: "ipf-note ipf-quiet", text: "Answer from another cell:" }),
    h("pre", { class: "ipf-pre", text: [...lines].join("\n") }),
  );
}

// --- A step

function drawStep(parts: Parts, within: Within, node: FlowNode): void {
  const { store, ui, flow } = within;
  const counts = countsOfStep(flow, node.name);
  const workers = node.workers === null ? "" : plural(node.workers, "worker");
  const form = node.form === "catch_error" ? "handler of failures" : "step";
  parts.put("head", [node.name, form, workers], () =>
    head(node.name, [form, workers].filter(Boolean).join(" · "), "step"),
  );
  drawWays(parts, within, node, "takes", "gives");
  const waits = awaitedBy(flow, node.name);
  parts.put("awaited", waits, () =>
    waits.length === 0
      ? null
      : section(
          "Waits for an answer",
          ...waits.map((one) =>
            h(
              "div",
              { class: "ipf-links ipf-inline" },
              taskLink(ui, one.task, one.step, "blocked"),
              h("span", { text: `waits for ${one.type}${one.text === "" ? "" : ` with ${one.text}`}` }),
            ),
          ),
          answerHint(waits.map(({ type, text }) => [type, text])),
        ),
  );
  const joins = joinsOf(flow, node.name);
  parts.put("joins", joins, () =>
    joins.length === 0
      ? null
      : section(joins.length === 1 ? "Join" : "Joins", ...joins.map((join) => joinBlock(within, join))),
  );
  const below = store.workflows.filter((one) => {
    const above = store.tasks.get(store.tasks.get(one.task)?.parent ?? 0);
    return above?.parent === flow.task && above.name === node.name;
  });
  parts.put(
    "below",
    below.map(({ task }) => [task, store.tasks.get(task)?.state]),
    () =>
      below.length === 0
        ? null
        : section(
            "Workflows that it runs",
            h("div", { class: "ipf-links" }, ...below.map((one) => flowLink(within, one))),
          ),
  );
  const facts: Fact[] = [];
  const busy = counts.running + counts.blocked;
  if (busy > 0) facts.push(["running", node.workers === null ? count(busy) : `${count(busy)} of ${workers}`]);
  if (counts.waiting > 0) facts.push(["waiting for a worker", plural(counts.waiting, "event")]);
  if (counts.retrying > 0) facts.push(["to try again", count(counts.retrying)]);
  parts.put("facts", facts, () => (facts.length === 0 ? null : factList(facts)));
  const runs = runsOf(store, flow.task, node.name);
  const shown = runs.slice(0, MOST);
  const said = shown.map((row) => runSaid(within, row));
  // Of a large run not every row is here.
  const all = Math.max(runs.length, allRuns(counts));
  parts.put("runs", [all, said, shown.map((row) => [row.id, row.state, row.args])], () =>
    runs.length === 0
      ? section("Runs", h("p", { class: "ipf-note ipf-quiet", text: "It has not run." }))
      : section(
          shown.length < all ? `${count(shown.length)} of ${plural(all, "run")}` : plural(all, "run"),
          h("div", { class: "ipf-stack-list" }, ...shown.map((row, i) => stackLine(ui, row, node.name, said[i]))),
          tableButton(ui, node.name),
        ),
  );
}

/** A way to the picture of another workflow. */
function flowLink({ store, ui }: Within, flow: Workflow): HTMLElement {
  const state = store.tasks.get(flow.task)?.state;
  const open = () => {
    ui.flow.value = flow.task;
    ui.graphOf.value = "events";
    ui.tab.value = "graph";
    ui.selection.value = { task: flow.task };
  };
  return h(
    "button",
    { type: "button", class: "ipf-link", click: open },
    state === undefined ? null : stateIcon(state, true),
    h("span", { text: title({ name: flow.name, id: flow.task }) }),
  );
}

const allRuns = ({ running, blocked, retrying, succeeded, failed, cancelled }: StepCounts): number =>
  running + blocked + retrying + succeeded + failed + cancelled;

/** What came of one run of a step: the events it gave, or why it failed or waits. */
function runSaid({ flow }: Within, row: TaskRow): string {
  if (row.state !== "succeeded" && row.state !== "cached") return outcome(row);
  const gave = givenBy(flow, row.id);
  const names = gave.slice(0, 3).map(eventTitle);
  if (gave.length > 3) names.push(`and ${count(gave.length - 3)} more`);
  if (names.length > 0) return `gave ${names.join(", ")}`;
  // What it gave may be among the events that are not sent.
  return flow.events.length < flow.total ? "" : "gave nothing";
}

/** The tasks of a step, the newest first. */
function runsOf(store: RunStore, flow: number, step: string): TaskRow[] {
  const rows: TaskRow[] = [];
  for (const row of store.tasks.values()) if (row.parent === flow && row.name === step) rows.push(row);
  return rows.sort((a, b) => b.id - a.id);
}

function joinBlock(within: Within, join: FlowJoin): HTMLElement {
  const filled = join.filled === 0 ? "" : `complete ${join.filled === 1 ? "once" : `${count(join.filled)} times`}`;
  const since = join.have === 0 ? "" : `since +${duration(join.since)}`;
  const lead = [join.have === 0 ? "" : joinCount(join), joinNeeds(join), since, filled].filter(Boolean).join(" · ");
  return h(
    "div",
    { class: "ipf-join" },
    h("p", { class: "ipf-note" }, join.join === "" ? null : h("b", { text: `${join.join}: ` }), lead),
    h("div", { class: "ipf-links" }, ...few(join.events, 20, (id) => eventLink(within, id))),
  );
}

const tableButton = (ui: UiState, name: string): HTMLElement =>
  h("button", {
    type: "button",
    class: "ipf-button ipf-small ipf-to-table",
    text: "Show in the table",
    click: () => {
      ui.filter.value = { states: null, text: name };
      ui.tab.value = "table";
    },
  });
