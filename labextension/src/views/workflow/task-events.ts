/** Sections of a task's pane: the events that a step was given and gave, the stream that a workflow wrote. */

import { h } from "../../core/dom";
import { type ById, byId, eventTitle, givenBy } from "../../core/events";
import { count, duration, oneLine } from "../../core/format";
import type { TaskDetail, TaskRow, Workflow } from "../../core/protocol";
import type { RunStore } from "../../core/store";
import type { UiState } from "../../core/ui-state";
import { type Parts, section } from "../detail-parts";
import { flowOf } from "./chosen";
import { eventKey, eventLine, type Within } from "./links";

const MOST = 50;

type Named = NonNullable<TaskDetail["given"]>;

export function drawTaskEvents(
  parts: Parts,
  store: RunStore,
  ui: UiState,
  task: TaskRow,
  detail: TaskDetail | undefined,
): void {
  drawStream(parts, flowOf(store, task.id));
  const flow = flowOf(store, task.parent);
  const known: ById = flow === null ? new Map() : byId(flow);
  const within = flow === null ? null : { store, ui, flow };
  const name = (id: number): Named[number] => [id, known.get(id)?.type ?? "event", known.get(id)?.text ?? ""];
  const gave = flow === null ? [] : givenBy(flow, task.id).map(({ id }) => id);
  // What the page has may be newer than the detail, the detail may be more whole.
  const longer = (told: Named | undefined, ids: readonly number[]) =>
    told !== undefined && told.length >= ids.length ? told : ids.map(name);
  drawList(parts, "given", "Run for", within, known, longer(detail?.given, task.takes ?? []));
  drawList(parts, "gave", "Gave", within, known, longer(detail?.gave, gave));
}

function drawList(parts: Parts, part: string, name: string, within: Within | null, known: ById, events: Named): void {
  const shown = events.slice(0, MOST);
  const keys = shown.map(([id, ...rest]) => {
    const event = known.get(id);
    return event === undefined ? [id, ...rest] : eventKey(event);
  });
  const left = events.length - shown.length;
  parts.put(part, [keys, events.length], () =>
    shown.length === 0
      ? null
      : section(
          name,
          h(
            "ul",
            { class: "ipf-stack-list ipf-event-list" },
            ...shown.map((one) => {
              const event = known.get(one[0]);
              if (event !== undefined && within !== null) return h("li", {}, eventLine(within, event, true));
              return plainLine(one);
            }),
          ),
          left > 0 ? h("p", { class: "ipf-quiet", text: `and ${count(left)} more` }) : null,
        ),
  );
}

/** An event of which only this is at hand. */
const plainLine = ([id, type, text]: Named[number]): HTMLElement =>
  h(
    "li",
    { class: "ipf-event-line" },
    h("span", { class: "ipf-name", text: eventTitle({ type, id }) }),
    h("span", { class: "ipf-args", text: oneLine(text, 160) }),
  );

/** What the workflow wrote for whoever listens, the newest first. */
function drawStream(parts: Parts, flow: Workflow | null): void {
  const lines = flow === null ? [] : [...flow.published].reverse().slice(0, MOST);
  parts.put("stream", lines, () =>
    lines.length === 0
      ? null
      : section(
          "Stream",
          h(
            "ul",
            { class: "ipf-stack-list ipf-event-list" },
            ...lines.map(({ time, type, text }) =>
              h(
                "li",
                { class: "ipf-event-line" },
                h("span", { class: "ipf-quiet", text: `+${duration(time)}` }),
                h("span", { class: "ipf-name", text: type }),
                h("span", { class: "ipf-args", text: oneLine(text, 160) }),
              ),
            ),
          ),
        ),
  );
}
