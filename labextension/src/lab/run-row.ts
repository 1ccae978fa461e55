/** One run in the list: its state, how far it is, and what can be done with it. */

import { h, s, setAttr, setText } from "../core/dom";
import { count, duration, elapsed, plural } from "../core/format";
import { glyph, setStateIcon, stateIcon } from "../core/icons";
import { ALONG, begun, FINAL, isFailure, present, word } from "../core/status";
import { stateColour } from "../core/theme";
import type { ListedRun } from "./connection";

export type RowAction = "open" | "reveal" | "pause" | "resume" | "retry" | "compare" | "cancel";

const CELL = "M1.6 2.6h8.8v6.8H1.6ZM1.6 5h8.8";

export class RunRow {
  readonly element: HTMLLIElement;
  readonly main: HTMLButtonElement;
  private readonly icon = stateIcon("planned");
  private readonly name = h("span", { class: "ipf-lab-name" });
  private readonly clock = h("span", { class: "ipf-lab-clock" });
  private readonly line = h("span", { class: "ipf-lab-line" });
  private readonly strip = h("span", { class: "ipf-lab-strip", "aria-hidden": "true" });
  private readonly actions = h("div", { class: "ipf-lab-actions" });
  private readonly buttons = new Map<RowAction, HTMLButtonElement>();
  private key = "";

  constructor(
    public run: ListedRun,
    private readonly act: (action: RowAction, row: RunRow) => void,
  ) {
    this.main = h(
      "button",
      { type: "button", class: "ipf-lab-main", tabindex: -1, click: () => this.act("open", this) },
      h("span", { class: "ipf-lab-first" }, this.icon, this.name, this.clock),
      this.strip,
      this.line,
    );
    const labels: [RowAction, SVGSVGElement][] = [
      ["reveal", cellGlyph()],
      ["retry", glyph("rerun")],
      ["pause", glyph("pause")],
      ["resume", glyph("resume")],
      ["compare", glyph("compare")],
      ["cancel", glyph("close")],
    ];
    for (const [action, picture] of labels) this.actions.append(this.button(action, picture));
    this.element = h("li", { class: "ipf-lab-run" }, this.main, this.actions);
  }

  /** The things to stand on with the arrows, from left to right. */
  stops(): HTMLElement[] {
    return [this.main, ...[...this.buttons.values()].filter((button) => !button.hidden)];
  }

  draw(run: ListedRun, revealable: boolean): void {
    const key = JSON.stringify([run.state, run.name, run.counts, run.paused, run.closed, run.total, revealable]);
    this.run = run;
    if (key === this.key) return;
    this.key = key;
    setAttr(this.element, "data-state", run.state);
    setStateIcon(this.icon, run.state);
    setText(this.name, run.name || "run");
    setAttr(this.name, "title", run.name);
    setText(this.line, summary(run));
    this.drawStrip();
    const failed = failures(run);
    const can: Record<string, [boolean, string]> = {
      reveal: [revealable, `Show the cell of ${run.name}`],
      retry: [failed > 0, `Run ${plural(failed, "failed task")} of ${run.name} again`],
      pause: [!run.closed && !run.paused && begun(run.counts) > 0, `Pause ${run.name}: start nothing new`],
      resume: [!run.closed && run.paused, `Let ${run.name} go on`],
      compare: [run.closed && (run.key ?? "") !== "", `Compare ${run.name} with another run`],
      cancel: [!run.closed && run.state !== "cancelling", `Cancel ${run.name}`],
    };
    for (const [action, button] of this.buttons) {
      const [on, text] = can[action] ?? [false, ""];
      // What has been done to the run may leave nothing more to do: the keyboard stays at the run.
      if (!on && document.activeElement === button) this.main.focus();
      button.hidden = !on;
      setAttr(button, "aria-label", text);
      setAttr(button, "title", text);
    }
    const state = run.paused ? `${word(run.state)}, paused` : word(run.state);
    setAttr(this.main, "aria-label", `${run.name}, ${state}, ${summary(run)}. Open in a tab`);
    setAttr(this.main, "title", `${state}. Open in a tab`);
  }

  /** `since` is how long ago, in seconds, the list came. */
  tick(since: number): void {
    const { closed } = this.run;
    setText(this.clock, closed ? duration(this.run.elapsed) : elapsed(this.run.elapsed + since));
  }

  private button(action: RowAction, picture: SVGSVGElement): HTMLButtonElement {
    const click = () => this.act(action, this);
    const button = h("button", { type: "button", class: "ipf-lab-act", tabindex: -1, click }, picture);
    this.buttons.set(action, button);
    return button;
  }

  private drawStrip(): void {
    const { counts } = this.run;
    this.strip.replaceChildren(
      ...ALONG.filter((state) => (counts[state] ?? 0) > 0).map((state) =>
        h("span", { "data-state": state, style: `flex-grow:${counts[state]};background:${stateColour(state)}` }),
      ),
    );
  }
}

export const failures = (run: ListedRun): number =>
  present(run.counts).reduce((sum, [state, number]) => sum + (isFailure(state) ? number : 0), 0);

/** "3 of 4 finished · 1 failed". */
export function summary(run: ListedRun): string {
  const done = present(run.counts).reduce((sum, [state, number]) => sum + (FINAL.has(state) ? number : 0), 0);
  const failed = failures(run);
  const parts = [run.closed ? plural(run.total, "task") : `${count(done)} of ${count(run.total)} finished`];
  if (run.paused) parts.push("paused");
  if (failed > 0) parts.push(`${count(failed)} failed`);
  return parts.join(" · ");
}

function cellGlyph(): SVGSVGElement {
  return s(
    "svg",
    { class: "ipf-glyph", viewBox: "0 0 12 12", width: 12, height: 12, "aria-hidden": "true" },
    s("path", { d: CELL, fill: "none" }),
  );
}
