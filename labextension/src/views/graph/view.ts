/** The tab of the graph: that of the tasks, or, of a run with workflows, the picture of one with its events. */

import { h, setAttr, setText } from "../../core/dom";
import { disposeAll } from "../../core/signal";
import type { RunStore } from "../../core/store";
import type { UiState } from "../../core/ui-state";
import { chosenFlow, flowTitle } from "../workflow/chosen";
import { mountWorkflow } from "../workflow/view";
import { mountTasks } from "./tasks";

const KINDS = ["events", "tasks"] as const;
type Kind = (typeof KINDS)[number];

const KIND: Record<Kind, { name: string; title: string; mount: typeof mountTasks }> = {
  events: { name: "Events", title: "The steps of a workflow and the events between them", mount: mountWorkflow },
  tasks: { name: "Tasks", title: "Every run of a step as a task, and who gave data to whom", mount: mountTasks },
};

export function mountGraph(element: HTMLElement, store: RunStore, ui: UiState): () => void {
  const choices = KINDS.map((kind) =>
    h("button", {
      type: "button",
      class: "ipf-choice",
      title: KIND[kind].title,
      text: KIND[kind].name,
      click: () => (ui.graphOf.value = kind),
    }),
  );
  const choice = h("div", { class: "ipf-choices ipf-graph-of", role: "group", "aria-label": "Graph of" }, ...choices);
  const which = h("select", {
    class: "ipf-select",
    "aria-label": "Workflow",
    title: "The workflow on show",
    change: () => (ui.flow.value = Number(which.value)),
  });
  const tools = h("div", { class: "ipf-tools", role: "toolbar", "aria-label": "Graph" }, which, choice);
  const place = h("div", { class: "ipf-graph-place" });
  const root = h("div", { class: "ipf-graph" }, tools, place);
  element.append(root);

  let shown: Kind | null = null;
  let unmount: () => void = () => undefined;

  function draw(): void {
    const some = store.workflows.length > 0;
    const kind: Kind = some ? (ui.graphOf.value ?? "events") : "tasks";
    choice.hidden = !some;
    which.hidden = kind !== "events" || store.workflows.length < 2;
    KINDS.forEach((one, i) => {
      choices[i]?.setAttribute("aria-pressed", String(one === kind));
    });
    if (!which.hidden) drawWhich();
    if (kind === shown) return;
    shown = kind;
    unmount();
    unmount = KIND[kind].mount(place, tools, store, ui);
  }

  function drawWhich(): void {
    const flows = store.workflows;
    if (which.options.length !== flows.length) {
      which.replaceChildren(...flows.map(() => h("option")));
    }
    flows.forEach((flow, i) => {
      const option = which.options[i];
      if (option === undefined) return;
      setAttr(option, "value", String(flow.task));
      setText(option, flowTitle(flow, store));
    });
    const chosen = String(chosenFlow(store, ui)?.task ?? "");
    if (which.value !== chosen) which.value = chosen;
  }

  draw();
  return disposeAll(
    store.onChange((change) => change.workflows && draw()),
    ui.graphOf.on(draw),
    ui.flow.on(draw),
    () => {
      unmount();
      root.remove();
    },
  );
}
