/** The graph of the tasks: boxes from left to right in the direction the data takes. */

import { h, s } from "../../core/dom";
import type { GraphNode } from "../../core/protocol";
import { disposeAll } from "../../core/signal";
import type { RunStore } from "../../core/store";
import { readTheme, watchTheme } from "../../core/theme";
import type { Selection, UiState } from "../../core/ui-state";
import { paintGraph } from "./draw";
import { inSight } from "./geometry";
import { SvgGraph } from "./nodes";
import { makeStage, type View } from "./stage";

/** More nodes in sight than this are painted on a canvas. */
const MOST_ELEMENTS = 300;
let views = 0;

/** Draws into `element`, puts the buttons that zoom into `tools`; the result takes both away again. */
export function mountTasks(element: HTMLElement, tools: HTMLElement, store: RunStore, ui: UiState): () => void {
  views += 1;
  const picture = new SvgGraph(`ipf-node-${views}`);
  const svg = s(
    "svg",
    { class: "ipf-svg", width: "100%", height: "100%" },
    s("defs", {}, arrowhead(picture.arrowId)),
    picture.element,
  );
  const canvas = h("canvas", { class: "ipf-graph-canvas", "aria-hidden": "true" });
  const empty = h("p", { class: "ipf-empty", text: "No task yet." });
  const context = canvas.getContext("2d");
  const nodes = (): readonly GraphNode[] => store.graph?.nodes ?? [];
  const selectionOf = (node: GraphNode): NonNullable<Selection> =>
    node.task === null ? { node: node.key } : { task: node.task };

  function selectedKey(): string | null {
    const selection = ui.selection.value;
    if (selection === null) return null;
    if ("node" in selection) return selection.node;
    if (!("task" in selection)) return null;
    return nodes().find((node) => node.tasks.includes(selection.task))?.key ?? null;
  }

  function paint({ camera, size, marks }: View): void {
    const graph = store.graph;
    empty.hidden = graph !== null && graph.nodes.length > 0;
    if (graph === null) return;
    const seen = inSight(graph.nodes, camera, size);
    const plain = seen.length > MOST_ELEMENTS && context !== null;
    svg.style.display = plain ? "none" : "";
    canvas.style.display = plain ? "" : "none";
    if (plain && context !== null) {
      picture.clear();
      const dpr = window.devicePixelRatio || 1;
      const [w, hgt] = [Math.round(size.width * dpr), Math.round(size.height * dpr)];
      if (canvas.width !== w || canvas.height !== hgt) {
        canvas.width = w;
        canvas.height = hgt;
      }
      const marked = new Set([marks.selected, marks.hovered, marks.focused].filter((key) => key !== null));
      paintGraph(context, seen, graph.edges, store.tasks, camera, size, theme, dpr, marked);
      return;
    }
    const keys = new Set(seen.map((node) => node.key));
    const edges = graph.edges.filter(
      (edge) => graph.nodes.length < MOST_ELEMENTS || keys.has(edge.from) || keys.has(edge.to),
    );
    picture.draw(seen, edges, { tasks: store.tasks, now: store.now() }, marks);
    picture.element.setAttribute("transform", `translate(${camera.x} ${camera.y}) scale(${camera.k})`);
  }

  const stage = makeStage<GraphNode>(
    {
      label: "Graph of the tasks",
      extent: () => store.graph,
      nodes,
      selected: selectedKey,
      idOf: (key) => picture.idOf(key),
      paint,
      open: (node) => (ui.selection.value = selectionOf(node)),
      point: (node, x, y) => (ui.hover.value = node === null ? null : { what: selectionOf(node), x, y }),
    },
    canvas,
    svg,
    empty,
  );
  element.append(stage.ground);
  tools.append(...stage.buttons);
  let theme = readTheme(element);
  stage.restart();

  return disposeAll(
    store.onChange(() => stage.redraw()),
    ui.selection.on(() => stage.redraw()),
    watchTheme(() => {
      theme = readTheme(element);
      stage.redraw();
    }),
    () => stage.dispose(),
  );
}

export const arrowhead = (id: string): SVGMarkerElement =>
  s(
    "marker",
    { id, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 4.4, markerHeight: 4.4, orient: "auto" },
    s("path", { d: "M0 .6 7.6 4 0 7.4Z", class: "ipf-arrowhead" }),
  );
