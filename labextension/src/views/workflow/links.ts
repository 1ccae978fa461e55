/** Events and the tasks of steps as the panes show them: as links and as rows. What they hold is foreign text, and stays text. */

import { h, s } from "../../core/dom";
import {
  byId,
  eventTitle,
  nodeOf,
  STANDING_MEANING,
  STANDING_WORD,
  type Standing,
  standing,
  stepOfTask,
  typeKey,
} from "../../core/events";
import { count, oneLine } from "../../core/format";
import { MARKS } from "../../core/icons";
import type { FlowEvent, FlowNode, Workflow } from "../../core/protocol";
import type { RunStore } from "../../core/store";
import { openInFlow, type UiState } from "../../core/ui-state";
import { taskLink } from "../detail-parts";

/** What panes need to make links of: the run, the page, the workflow. */
export interface Within {
  store: RunStore;
  ui: UiState;
  flow: Workflow;
}

const SHAPE: Record<Standing, string> = {
  unhandled: MARKS.warning,
  held: "M6 1.7a4.3 4.3 0 1 0 0 8.6a4.3 4.3 0 1 0 0-8.6M6 4v4M4 6h4",
  queued: "M6 1.7a4.3 4.3 0 1 0 0 8.6a4.3 4.3 0 1 0 0-8.6",
  taken: "M2 6.5 4.8 9.3 10 3.2",
  ended: MARKS.stop,
  asked: MARKS.ask,
};

const mark = (path: string, name: string): SVGSVGElement =>
  s(
    "svg",
    { class: `ipf-glyph ${name}`, viewBox: "0 0 12 12", width: 12, height: 12, "aria-hidden": "true" },
    s("path", { d: path, fill: "none" }),
  );

export const standingMark = (of: Standing): SVGSVGElement => mark(SHAPE[of], `ipf-is-${of}`);

export const standingPill = (of: Standing): HTMLElement =>
  h("span", { class: `ipf-pill ipf-is-${of}`, title: STANDING_MEANING[of] }, standingMark(of), STANDING_WORD[of]);

/** A way to an event; one that is no longer at hand is named and leads nowhere. */
export function eventLink({ ui, flow }: Within, id: number, known = byId(flow)): HTMLElement {
  const event = known.get(id);
  if (event === undefined) return h("span", { class: "ipf-link ipf-quiet", text: `event #${id}` });
  return h(
    "button",
    { type: "button", class: "ipf-link", click: () => openInFlow(ui, flow.task, { event: id }) },
    standingMark(standing(event, flow)),
    h("span", { text: eventTitle(event) }),
  );
}

/** An event as a row: its number, or its whole name where types are mixed; what it holds; where it stands. */
export function eventLine({ ui, flow }: Within, event: FlowEvent, named: boolean): HTMLElement {
  const at = standing(event, flow);
  return h(
    "button",
    {
      type: "button",
      class: "ipf-event-line",
      click: () => openInFlow(ui, flow.task, { event: event.id }),
    },
    standingMark(at),
    h("span", { class: "ipf-name", text: named || event.id < 0 ? eventTitle(event) : `#${event.id}` }),
    h("span", { class: "ipf-args", text: oneLine(event.text, 160) }),
    h("span", { class: "ipf-standing", text: STANDING_WORD[at] }),
  );
}

export const eventKey = (event: FlowEvent): unknown => [event.id, event.text, event.to, event.held, event.taken.length];

export const eventList = (within: Within, events: readonly FlowEvent[], named: boolean): HTMLElement =>
  h(
    "ul",
    { class: "ipf-stack-list ipf-event-list" },
    ...events.map((event) => h("li", {}, eventLine(within, event, named))),
  );

/** A way to the task that ran a step. */
export function stepTaskLink({ store, ui, flow }: Within, task: number): HTMLElement {
  const row = store.tasks.get(task);
  const name = stepOfTask(flow, task, store.tasks) ?? "task";
  return taskLink(ui, task, name, row?.state ?? null);
}

/** A way to a step or an event type in the picture. */
export function placeLink({ ui, flow }: Within, key: string): HTMLElement {
  const node = nodeOf(flow, key);
  return h(
    "button",
    { type: "button", class: "ipf-link", click: () => openInFlow(ui, flow.task, { place: key }) },
    kindMark(node?.kind ?? (key === typeKey(key.slice(6)) ? "event" : "step")),
    h("span", { text: node?.name ?? key }),
  );
}

/** The shape that a step or an event has in the picture, small. */
export const kindMark = (kind: FlowNode["kind"]): HTMLElement =>
  h("i", { class: `ipf-kind ipf-legend-${kind}`, "aria-hidden": "true" });

/** At most `most` of them, and how many are left out. */
export function few<T>(items: readonly T[], most: number, make: (item: T) => HTMLElement): HTMLElement[] {
  const shown = items.slice(0, most).map(make);
  const left = items.length - shown.length;
  if (left > 0) shown.push(h("span", { class: "ipf-quiet ipf-more", text: `and ${count(left)} more` }));
  return shown;
}
