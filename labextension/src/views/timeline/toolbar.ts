/** The buttons of the timeline: rows, critical path, marking, zoom. */

import { h, setAttr } from "../../core/dom";
import { glyph } from "../../core/icons";
import type { RunStore } from "../../core/store";
import type { UiState } from "../../core/ui-state";
import { whyNoPath } from "./critical";
import { legend } from "./legend";
import { whyNoWhatIf } from "./what-if";

const PATH = "Critical path: the tasks that decided how long the run took (C)";
const WHAT_IF = "What if: how long with more workers, or fewer (W)";

export interface Actions {
  zoomIn(): void;
  zoomOut(): void;
  fit(): void;
  follow(): void;
  /** Whether dragging marks a stretch instead of moving the picture. */
  mark(on: boolean): void;
  help(): void;
}

export interface Toolbar {
  element: HTMLElement;
  update(store: RunStore, marking: boolean): void;
}

export function toolbar(ui: UiState, act: Actions): Toolbar {
  const button = (label: string, key: string, sign: SVGElement, click: () => void) =>
    h("button", { type: "button", class: "ipf-tool", "aria-label": label, title: `${label} (${key})`, click }, sign);
  const by = (["task", "worker"] as const).map((which) =>
    h("button", {
      type: "button",
      class: "ipf-choice",
      "aria-pressed": ui.rowsBy.value === which,
      "aria-label": `A row for each ${which}`,
      text: which === "task" ? "Tasks" : "Workers",
      click: () => {
        ui.rowsBy.value = which;
        for (const one of by) one.setAttribute("aria-pressed", String(one === by[which === "task" ? 0 : 1]));
      },
    }),
  );
  const path = h(
    "button",
    {
      type: "button",
      class: "ipf-tool ipf-path",
      "aria-label": "Critical path",
      click: () => {
        if (path.getAttribute("aria-disabled") !== "true") ui.critical.value = !ui.critical.value;
      },
    },
    glyph("critical"),
    h("span", { text: "Critical path" }),
  );
  const whatIf = h(
    "button",
    {
      type: "button",
      class: "ipf-tool ipf-what-tool",
      "aria-label": "What if",
      click: () => {
        if (whatIf.getAttribute("aria-disabled") !== "true") ui.whatIf.value = !ui.whatIf.value;
      },
    },
    glyph("whatIf"),
    h("span", { text: "What if" }),
  );
  const brush = button("Mark a stretch", "Shift and drag, or B", glyph("brush"), () =>
    act.mark(brush.getAttribute("aria-pressed") !== "true"),
  );
  const live = button("Follow the run", "F", glyph("live"), act.follow);
  const help = button("Keys", "?", glyph("help"), act.help);
  help.classList.add("ipf-help");
  const element = h(
    "div",
    { class: "ipf-tools", role: "toolbar", "aria-label": "Timeline" },
    legend(),
    h("span", { class: "ipf-choices", role: "group", "aria-label": "Rows" }, ...by),
    path,
    whatIf,
    live,
    brush,
    button("Zoom out", "−", glyph("minus"), act.zoomOut),
    button("Zoom in", "+", glyph("plus"), act.zoomIn),
    button("Show all", "0", glyph("fit"), act.fit),
    help,
  );
  return {
    element,
    update(store, marking) {
      live.hidden = !store.live || ui.timeWindow.value === null;
      live.setAttribute("aria-pressed", String(ui.follow.value));
      brush.setAttribute("aria-pressed", String(marking));
      const why = whyNoPath(store.present.run);
      // Not `disabled`: why it cannot be pressed must be found by those who use the keyboard.
      setAttr(path, "aria-disabled", why === "" ? null : "true");
      setAttr(path, "title", why || PATH);
      path.setAttribute("aria-pressed", String(ui.critical.value && why === ""));
      const whyNot = whyNoWhatIf(store);
      setAttr(whatIf, "aria-disabled", whyNot === "" || ui.whatIf.value ? null : "true");
      setAttr(whatIf, "title", whyNot || WHAT_IF);
      whatIf.hidden = !store.heard && !ui.whatIf.value;
      whatIf.setAttribute("aria-expanded", String(ui.whatIf.value));
    },
  };
}
