/** The picture of a workflow and, below it, a line that says how its events stand. */

import { h, newId, s, setAttr } from "../../core/dom";
import { byId, flowEnded, stepKey, stepOfTask, typeKey, wayOf } from "../../core/events";
import type { FlowNode, Workflow } from "../../core/protocol";
import { disposeAll } from "../../core/signal";
import { isFailure } from "../../core/status";
import type { RunStore } from "../../core/store";
import type { UiState } from "../../core/ui-state";
import { makeStage, type View } from "../graph/stage";
import { arrowhead } from "../graph/tasks";
import { childrenOf, chosenFlow } from "./chosen";
import { Foot } from "./foot";
import type { Around } from "./look";
import { FlowPicture } from "./picture";
import { withStrays } from "./strays";

const NONE: ReadonlySet<string> = new Set();
/** The height of the picture's frame besides the picture, and the most and the least it takes, in pixels. */
const BESIDES = 74;
const LOWEST = 384;
const HIGHEST = 600;
/** All ways at a glance are worth smaller letters than a graph's. */
const LEAST = 0.5;

export function mountWorkflow(element: HTMLElement, tools: HTMLElement, store: RunStore, ui: UiState): () => void {
  const picture = new FlowPicture(newId("ipf-flow"));
  const arrow = arrowhead(picture.arrowId);
  // The same head on thin and thick edges.
  setAttr(arrow, "markerUnits", "userSpaceOnUse");
  setAttr(arrow, "markerWidth", "9");
  setAttr(arrow, "markerHeight", "9");
  const defs = s("defs", {}, arrow);
  const svg = s("svg", { class: "ipf-svg", width: "100%", height: "100%" }, defs, picture.element);
  const foot = new Foot(ui);
  const outer = element.closest<HTMLElement>(".ipf");
  let height = 0;
  let shown: number | null = null;

  const flow = () => {
    const chosen = chosenFlow(store, ui);
    return chosen === null ? null : withStrays(chosen);
  };
  const around = (of: Workflow): Around => {
    const state = store.tasks.get(of.task)?.state;
    return {
      ended: flowEnded(of, store.tasks, store.run.closed),
      failed: state !== undefined && isFailure(state),
      children: childrenOf(of, store),
    };
  };
  const stepOf = (of: Workflow) => (task: number) => stepOfTask(of, task, store.tasks);

  function selectedKey(): string | null {
    const selection = ui.selection.value;
    const at = flow();
    if (selection === null || at === null) return null;
    if ("task" in selection) {
      const row = store.tasks.get(selection.task);
      return row?.parent === at.task ? stepKey(row.name) : null;
    }
    if (!("flow" in selection) || selection.flow !== at.task) return null;
    if ("place" in selection) return selection.place;
    const type = at.events.find(({ id }) => id === selection.event)?.type;
    return type === undefined ? null : typeKey(type);
  }

  function way(of: Workflow): ReadonlySet<string> {
    const selection = ui.selection.value;
    if (selection === null || !("event" in selection) || selection.flow !== of.task) return NONE;
    const known = byId(of);
    const event = known.get(selection.event);
    return event === undefined ? NONE : wayOf(event, known, stepOf(of));
  }

  function paint({ camera, marks }: View): void {
    const at = flow();
    if (at === null) return;
    picture.draw(at, around(at), marks, way(at));
    picture.element.setAttribute("transform", `translate(${camera.x} ${camera.y}) scale(${camera.k})`);
  }

  const stage = makeStage<FlowNode>(
    {
      label: "Picture of the workflow",
      least: LEAST,
      extent: flow,
      nodes: () => flow()?.nodes ?? [],
      selected: selectedKey,
      idOf: (key) => picture.idOf(key),
      paint,
      open(node) {
        const at = flow();
        if (at !== null) ui.selection.value = { flow: at.task, place: node.key };
      },
      point(node, x, y) {
        const at = flow();
        ui.hover.value = node === null || at === null ? null : { what: { flow: at.task, place: node.key }, x, y };
      },
    },
    svg,
  );
  const root = h("div", { class: "ipf-flow" }, stage.ground, foot.element);
  element.append(root);
  tools.append(...stage.buttons);

  function update(): void {
    const at = flow();
    if (at === null) return;
    setAttr(stage.ground, "aria-label", `Picture of the workflow ${at.name}: steps and events`);
    foot.draw(at, around(at).ended, store.tasks.get(at.task));
    // As high as the picture needs; it never shrinks under the reader's eyes.
    const k = Math.min(1, Math.max(LEAST, ((stage.ground.clientWidth || 600) - 40) / at.width));
    height = Math.max(height, Math.min(HIGHEST, Math.max(LOWEST, Math.round(at.height * k) + BESIDES)));
    outer?.style.setProperty("--ipf-flow-height", `${height}px`);
    if (shown !== at.task) {
      shown = at.task;
      stage.restart();
    } else stage.redraw();
  }

  outer?.classList.add("ipf-with-flow");
  update();
  return disposeAll(
    store.onChange(update),
    ui.flow.on(update),
    ui.selection.on(() => stage.redraw()),
    () => {
      outer?.classList.remove("ipf-with-flow");
      stage.dispose();
      root.remove();
    },
  );
}
