/** The pane about one event: what it holds, how it came about back to the start, what came of it. */

import { h } from "../../core/dom";
import {
  byId,
  eventTitle,
  givenBy,
  joinCount,
  joinNeeds,
  joinsOf,
  lineage,
  neighbours,
  type Stage,
  standing,
  stepKey,
  stepOfTask,
  typeKey,
} from "../../core/events";
import { duration, oneLine, plain } from "../../core/format";
import type { FlowEvent } from "../../core/protocol";
import type { RunStore } from "../../core/store";
import { openInFlow, type UiState } from "../../core/ui-state";
import { copyButton, Parts, section } from "../detail-parts";
import { factList } from "../facts";
import { flowOf } from "./chosen";
import { eventLink, few, placeLink, standingPill, stepTaskLink, type Within } from "./links";

/** Links in one stage of a lineage. */
const MOST = 6;

export function mountEvent(root: HTMLElement, store: RunStore, ui: UiState, task: number, id: number): () => void {
  const parts = new Parts(root);

  function draw(): void {
    const flow = flowOf(store, task);
    const event = flow?.events.find((one) => one.id === id);
    if (flow === null || event === undefined) {
      parts.put("head", "gone", () => h("p", { class: "ipf-quiet", text: "This event is not at hand any more." }));
      for (const name of ["event", "held", "nobody", "before", "after", "facts"]) parts.put(name, null, () => null);
      return;
    }
    const within: Within = { store, ui, flow };
    const at = standing(event, flow);
    parts.put("head", [event.type, at, flow.name], () => head(within, event));
    drawWhy(parts, within, event);
    const text = plain(event.text);
    parts.put("event", text, () =>
      section(
        "Holds",
        text === ""
          ? h("p", { class: "ipf-note ipf-quiet", text: "nothing" })
          : h(
              "div",
              { class: "ipf-copyable" },
              h("pre", { class: "ipf-pre", text }),
              copyButton(text, "Copy the event"),
            ),
      ),
    );
    const known = byId(flow);
    const stages = lineage(event, known);
    const states = (ids: readonly number[]) => ids.map((one) => [one, store.tasks.get(one)?.state]);
    parts.put("before", [event.text, stages.map(({ events, tasks }) => [events, states(tasks)])], () =>
      section("How it came about", lineageList(within, event, stages)),
    );
    const given = event.taken.flatMap((one) => givenBy(flow, one)).map((one) => [one.id, standing(one, flow)]);
    parts.put(
      "after",
      [at, event.to, event.held, states(event.taken), given, joinsOf(flow, event.held[0] ?? "")],
      () => (event.to.length === 0 ? null : section("What came of it", afterList(within, event))),
    );
    parts.put("facts", event.time, () => factList([["sent", `+${duration(event.time)}`]]));
  }

  draw();
  return store.onChange(draw);
}

function head(within: Within, event: FlowEvent): HTMLElement {
  const { ui, flow } = within;
  return h(
    "div",
    {},
    h(
      "h2",
      { class: "ipf-detail-title" },
      h("span", { text: event.type }),
      event.id < 0 ? null : h("span", { class: "ipf-quiet", text: ` #${event.id}` }),
    ),
    h(
      "div",
      { class: "ipf-place" },
      h(
        "button",
        { type: "button", class: "ipf-link", click: () => openInFlow(ui, flow.task, { place: typeKey(event.type) }) },
        h("span", { text: `All ${event.type}` }),
      ),
    ),
    h("div", { class: "ipf-detail-state" }, standingPill(standing(event, flow))),
  );
}

/** Why it does not go on. */
function drawWhy(parts: Parts, within: Within, event: FlowEvent): void {
  const { flow } = within;
  const held = flow.joins.filter((join) => event.held.includes(join.step) && join.events.includes(event.id));
  parts.put("held", held, () =>
    held.length === 0
      ? null
      : section(
          "Why it waits",
          ...held.map((join) =>
            h(
              "div",
              { class: "ipf-links ipf-inline" },
              placeLink(within, stepKey(join.step)),
              h("span", { text: [joinCount(join), joinNeeds(join)].filter(Boolean).join(" · ") }),
            ),
          ),
        ),
  );
  const nobody = standing(event, flow) === "unhandled";
  const taken = [...new Set(flow.edges.filter((edge) => edge.from.startsWith("event:")).map((edge) => edge.from))];
  parts.put("nobody", nobody ? [event.type, taken] : null, () =>
    nobody
      ? section(
          "Nobody takes it",
          h("p", {
            class: "ipf-note",
            text:
              neighbours(flow, typeKey(event.type), "to").length === 0
                ? `No step of ${flow.name} takes ${event.type}. What its steps take:`
                : `${flow.name} sent it to no step. What its steps take:`,
          }),
          h("div", { class: "ipf-links" }, ...few(taken, 12, (key) => placeLink(within, key))),
        )
      : null,
  );
}

function lineageList(within: Within, event: FlowEvent, stages: readonly Stage[]): HTMLElement {
  const known = byId(within.flow);
  const lines = stages.flatMap(({ events, tasks }) => {
    const texts = events.length === 1 ? oneLine(known.get(events[0] ?? 0)?.text ?? "", 80) : "";
    return [
      events.length === 0
        ? null
        : h(
            "li",
            { class: "ipf-of-event" },
            ...few(events, MOST, (id) => eventLink(within, id, known)),
            texts === "" ? null : h("span", { class: "ipf-quiet ipf-text", text: texts }),
          ),
      tasks.length === 0
        ? null
        : h("li", { class: "ipf-of-step" }, ...few(tasks, MOST, (task) => stepTaskLink(within, task))),
    ];
  });
  const from = event.by === 0 && stages.length === 0;
  return h(
    "ol",
    { class: "ipf-lineage" },
    from ? h("li", { class: "ipf-of-outside ipf-quiet", text: "sent from outside of the steps" }) : null,
    ...lines,
    h("li", { class: "ipf-of-event ipf-here", "aria-current": "true", text: eventTitle(event) }),
  );
}

/** For each step that it went to: the run of the step, and what that gave; or what it waits for there. */
function afterList(within: Within, event: FlowEvent): HTMLElement {
  const { flow, store } = within;
  const known = byId(flow);
  const lines: HTMLElement[] = [];
  const steps = new Map<string, number[]>(event.to.map((step) => [step, []]));
  for (const task of event.taken) {
    const step = stepOfTask(flow, task, store.tasks) ?? event.to[0] ?? "";
    steps.set(step, [...(steps.get(step) ?? []), task]);
  }
  for (const [step, tasks] of steps) {
    const join = joinsOf(flow, step).find((one) => one.events.includes(event.id));
    const held = event.held.includes(step);
    for (const task of tasks.slice(0, MOST)) {
      lines.push(h("li", { class: "ipf-of-step" }, stepTaskLink(within, task)));
      const gave = givenBy(flow, task);
      if (gave.length > 0) {
        lines.push(h("li", { class: "ipf-of-event" }, ...few(gave, MOST, (one) => eventLink(within, one.id, known))));
      }
    }
    if (held || tasks.length === 0) {
      const why = held
        ? ["waits in its join", join === undefined ? "" : joinCount(join), join === undefined ? "" : joinNeeds(join)]
        : ["waits for a worker"];
      lines.push(
        h(
          "li",
          { class: "ipf-of-step" },
          tasks.length === 0 ? placeLink(within, stepKey(step)) : null,
          h("span", { class: "ipf-quiet ipf-text", text: why.filter(Boolean).join(" · ") }),
        ),
      );
    }
  }
  return h("ol", { class: "ipf-lineage" }, ...lines);
}
