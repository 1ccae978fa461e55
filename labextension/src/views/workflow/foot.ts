/** One line below the picture: why a workflow does not go on, what nobody takes, what is held. Trouble first; never two lines. */

import { h, setAttr, setText } from "../../core/dom";
import { allHeld, allUnhandled, joinCount, joinNeeds, unhandledOf } from "../../core/events";
import { count, oneLine, outcome, plural } from "../../core/format";
import { glyph, setStateIcon, stateIcon } from "../../core/icons";
import type { TaskRow, Workflow } from "../../core/protocol";
import { isFailure, isFinal, word } from "../../core/status";
import type { UiState } from "../../core/ui-state";
import { openAsks } from "./look";

export class Foot {
  readonly element: HTMLElement;
  private readonly icon = stateIcon("planned");
  private readonly state = h("span", { class: "ipf-foot-words" });
  private readonly parts: Record<"unhandled" | "held" | "all", { button: HTMLButtonElement; word: HTMLElement }>;
  private flow: Workflow | null = null;

  constructor(private readonly ui: UiState) {
    const part = (label: string, ...before: Element[]) => {
      const text = h("span");
      const open = () => this.open("");
      const button = h(
        "button",
        { type: "button", class: "ipf-foot-part", title: label, click: open },
        ...before,
        text,
      );
      return { button, word: text };
    };
    this.parts = {
      unhandled: part("Events that no step takes: show them", glyph("note")),
      held: part("Events that wait in a join for others: show them"),
      all: part("All events: show them"),
    };
    this.parts.unhandled.button.classList.add("ipf-warned");
    const whole = h(
      "button",
      { type: "button", class: "ipf-foot-part ipf-foot-state", title: "About the workflow", click: () => this.whole() },
      this.icon,
      this.state,
    );
    const legend = h(
      "span",
      { class: "ipf-legend", "aria-hidden": "true" },
      h("i", { class: "ipf-legend-step" }),
      "step",
      h("i", { class: "ipf-legend-event" }),
      "event",
    );
    const { unhandled, held, all } = this.parts;
    const space = h("span", { class: "ipf-foot-space" });
    this.element = h(
      "div",
      { class: "ipf-flow-foot" },
      whole,
      space,
      unhandled.button,
      held.button,
      all.button,
      legend,
    );
  }

  draw(flow: Workflow, ended: boolean, task: TaskRow | undefined): void {
    this.flow = flow;
    const said = standingOf(flow, ended, task);
    setStateIcon(this.icon, said.state);
    setText(this.state, said.words);
    setAttr(this.state, "title", said.words);
    this.state.classList.toggle("ipf-error", said.failed);
    const lost = Object.keys(flow.unhandled).filter((type) => unhandledOf(flow, type) > 0);
    this.put("unhandled", allUnhandled(flow), (n) => `${count(n)} unhandled: ${lost.join(", ")}`);
    this.put("held", allHeld(flow), (n) => `${count(n)} held`);
    this.put("all", flow.total, (n) => plural(n, "event"));
  }

  private put(name: keyof Foot["parts"], n: number, words: (n: number) => string): void {
    const { button, word } = this.parts[name];
    button.hidden = n === 0;
    setText(word, words(n));
  }

  private open(place: string): void {
    if (this.flow !== null) this.ui.selection.value = { flow: this.flow.task, place };
  }

  private whole(): void {
    if (this.flow !== null) this.ui.selection.value = { task: this.flow.task };
  }
}

interface Said {
  state: TaskRow["state"];
  words: string;
  failed: boolean;
}

/** What nothing could come for any more, in few words; the whole reason is in the pane about the workflow. */
function stalledOn(flow: Workflow): string {
  const joins = flow.joins.filter(({ have, needs }) => have > 0 && needs.length > 0);
  const lost = Object.keys(flow.unhandled).filter((type) => unhandledOf(flow, type) > 0);
  const parts = joins.map((join) => `${join.step} has ${joinCount(join)}, ${joinNeeds(join)}`);
  if (lost.length > 0) parts.push(`no step takes ${lost.join(", ")}`);
  return parts.join("; ");
}

/** `step_two ×3, step_three`: the steps at work, and how many of each. */
function runningWords(busy: readonly [name: string, n: number][]): string {
  const most = 3;
  const names = busy.slice(0, most).map(([name, n]) => (n > 1 ? `${name} ×${count(n)}` : name));
  if (busy.length > most) names.push(`${count(busy.length - most)} more`);
  return names.join(", ");
}

/** How the workflow stands, in one line. */
export function standingOf(flow: Workflow, ended: boolean, task: TaskRow | undefined): Said {
  const state = task?.state ?? "running";
  if (task !== undefined && isFinal(state)) {
    const failed = isFailure(state);
    const stalled = task.type === "WorkflowStalled" ? stalledOn(flow) : "";
    const what = stalled === "" ? oneLine(outcome(task), 300) : `${task.type}: ${stalled}`;
    if (state === "succeeded") return { state, words: what === "" ? "succeeded" : `gave ${what}`, failed };
    return { state, words: what === "" ? word(state) : failed ? what : `${word(state)}: ${what}`, failed };
  }
  if (ended) return { state, words: "ended", failed: false };
  const waits = flow.awaited.map(({ step, type }) => `${step} waits for ${type}`);
  if (waits.length > 0) return { state: "blocked", words: waits.join(", "), failed: false };
  const busy = Object.entries(flow.steps)
    .map(([name, { running, blocked }]): [string, number] => [name, running + blocked])
    .filter(([, n]) => n > 0);
  const asked = openAsks(flow);
  if (busy.length === 0 && asked.length > 0) {
    return { state: "blocked", words: `${asked.join(", ")}: waits for an answer`, failed: false };
  }
  const waiting = Object.values(flow.steps).reduce((sum, one) => sum + one.waiting, 0);
  const queue = waiting === 0 ? "" : `, ${plural(waiting, "event waits", "events wait")} for a worker`;
  const reason = task !== undefined && task.state === "waiting" && busy.length === 0 ? task.reason : "";
  return busy.length > 0
    ? { state: "running", words: `${runningWords(busy)} running${queue}`, failed: false }
    : {
        state: "waiting",
        words: reason === "" || reason === "its steps" ? "waits for its steps" : reason,
        failed: false,
      };
}
