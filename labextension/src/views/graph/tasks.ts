/** The graph of the tasks: boxes from left to right in the direction the data takes. */

import { h, newId, s } from "../../core/dom";
import type { Graph, GraphEdge, GraphNode } from "../../core/protocol";
import { disposeAll } from "../../core/signal";
import type { RunStore } from "../../core/store";
import { readTheme, watchTheme } from "../../core/theme";
import type { Selection, UiState } from "../../core/ui-state";
import { whyNoPath } from "../timeline/critical";
import { type Critical, criticalOf } from "./critical";
import { paintGraph } from "./draw";
import { makeFinder } from "./find";
import { inSight } from "./geometry";
import { successor, toggled } from "./handles";
import { makeLegend } from "./legend";
import { cut, type Line } from "./lines";
import { nodeOf, nodeSearched } from "./look";
import { Minimap } from "./minimap";
import { Motion } from "./motion";
import { SvgGraph } from "./nodes";
import { makeStage, type View } from "./stage";
import { toolButton } from "./tools";

/** More nodes in sight than this are painted on a canvas. */
const MOST_ELEMENTS = 300;

/** Draws into `element`, puts the buttons that zoom into `tools`; the result takes both away again. */
export function mountTasks(element: HTMLElement, tools: HTMLElement, store: RunStore, ui: UiState): () => void {
  const picture = new SvgGraph(newId("ipf-node"));
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
  const motion = new Motion();
  let cutOf: Graph | null = null;
  let whole: Line[] = [];
  const handles = (): boolean => store.heard && !store.replaying;
  const selectionOf = (node: GraphNode): NonNullable<Selection> =>
    node.task === null ? { node: node.key } : { task: node.task };

  function selectedKey(): string | null {
    const selection = ui.selection.value;
    if (selection === null) return null;
    if ("node" in selection) return selection.node;
    if (!("task" in selection)) return null;
    return nodeOf(nodes(), selection.task, store.tasks)?.key ?? null;
  }

  function paint({ camera, size, marks }: View): void {
    const graph = store.graph;
    empty.hidden = graph !== null && graph.nodes.length > 0;
    if (graph === null) return;
    minimap.draw(graph, store.tasks, camera, size, theme);
    const small = graph.nodes.length < MOST_ELEMENTS;
    if (small && graph !== cutOf) [cutOf, whole] = [graph, cut(graph.edges)];
    const [placed, moved] = small ? motion.placed(graph.nodes, whole) : [graph.nodes, []];
    const seen = inSight(placed, camera, size);
    const critical = criticalNow();
    const found = finder.found();
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
      for (const key of found) marked.add(key);
      paintGraph(context, seen, graph.edges, store.tasks, camera, size, theme, dpr, marked, critical);
      return;
    }
    const keys = new Set(seen.map((node) => node.key));
    const near = (edge: GraphEdge) => keys.has(edge.from) || keys.has(edge.to);
    const edges = small ? moved : cut(graph.edges.filter(near));
    const showing = { tasks: store.tasks, now: store.now(), handles: handles(), critical, found };
    picture.draw(seen, edges, showing, marks);
    picture.element.setAttribute("transform", `translate(${camera.x} ${camera.y}) scale(${camera.k})`);
    if (motion.moving) stage.redraw();
  }

  function criticalNow(): Critical | null {
    const graph = store.graph;
    return ui.critical.value && graph !== null ? criticalOf(graph, store.run.critical ?? []) : null;
  }

  // --- What is open

  /** The keys that the kernel was asked for and has not answered yet. */
  let asked: string[] | null = null;
  /** The box that was opened or closed, and by which key: what comes of it is to stand in its place. */
  let turned: { key: string; node: GraphNode; was: boolean } | null = null;
  let last = store.graph;

  function ask(open: string[]): void {
    asked = open;
    store.expand(open);
  }

  function press(node: GraphNode, key: string): void {
    if (!handles()) return;
    const open = asked ?? store.graph?.open ?? [];
    turned = { key, node, was: open.includes(key) };
    const selection = ui.selection.value;
    if (selection !== null && "node" in selection) ui.selection.value = null;
    ui.hover.value = null;
    ask(toggled(open, key));
  }

  function toggle(node: GraphNode, more: boolean): boolean {
    const key = more ? node.opens : node.closes;
    if (key === undefined || !handles()) return false;
    press(node, key);
    return true;
  }

  /** Another graph has come: boxes go to their new places, and what was opened or closed stays where it is. */
  function turn(): void {
    const graph = store.graph;
    if (graph === last) return;
    const open = graph?.open ?? [];
    if (asked !== null && JSON.stringify(asked) === JSON.stringify(open)) asked = null;
    const before = turned && (last?.nodes.find(({ key }) => key === turned?.node.key) ?? turned.node);
    const known = new Set(last?.nodes.map(({ key }) => key));
    last = graph;
    if (turned !== null && before !== null && graph !== null && open.includes(turned.key) !== turned.was) {
      const after = successor(graph.nodes, before, turned.key);
      turned = null;
      if (after !== null) {
        const fresh = graph.nodes.filter(({ key }) => !known.has(key));
        stage.hold(before, after, fresh);
        motion.turn(graph, [after.x - before.x, after.y - before.y], [after.x, after.y]);
        return;
      }
    }
    motion.turn(graph);
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
      toggle,
      press,
      find: () => finder.open(),
      point: (node, x, y) => (ui.hover.value = node === null ? null : { what: selectionOf(node), x, y }),
    },
    canvas,
    svg,
    empty,
  );
  const finder = makeFinder({
    nodes,
    said: (node) => nodeSearched(node, store.tasks),
    show: (key) => stage.show(key),
    changed: () => stage.redraw(),
    left: () => stage.ground.focus(),
  });
  const minimap = new Minimap((x, y) => stage.go(x, y));
  const legend = makeLegend();
  const closeAll = toolButton("Close all that was opened, and open what was folded", "closeAll", () => ask([]));
  const criticalButton = toolButton("Critical path", "critical", () => toggleCritical());
  const legendButton = toolButton("What the marks mean", "help", () => {
    legend.element.hidden = !legend.element.hidden;
    drawTools();
  });
  const ownTools = [
    closeAll,
    toolButton("Find tasks (/)", "find", () => finder.open()),
    criticalButton,
    legendButton,
    ...stage.buttons,
  ];

  function toggleCritical(): void {
    if (whyNoPath(store.run) === "") ui.critical.value = !ui.critical.value;
  }

  stage.ground.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "c" || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    toggleCritical();
  });

  function drawTools(): void {
    closeAll.hidden = !handles() || (store.graph?.open ?? []).length === 0;
    const why = whyNoPath(store.run);
    criticalButton.setAttribute("aria-disabled", String(why !== ""));
    criticalButton.setAttribute("aria-pressed", String(ui.critical.value && why === ""));
    criticalButton.title = why || "Critical path: the tasks that decided how long the run took (C)";
    legendButton.setAttribute("aria-pressed", String(!legend.element.hidden));
    legend.update(store);
  }

  element.append(stage.ground, minimap.element, finder.element, legend.element);
  tools.append(...ownTools);
  let theme = readTheme(element);
  motion.turn(store.graph);
  drawTools();
  stage.restart();

  return disposeAll(
    store.onChange((change) => {
      if (change.tasks === null) asked = null;
      turn();
      finder.update();
      drawTools();
      stage.redraw();
    }),
    ui.critical.on(() => {
      drawTools();
      stage.redraw();
    }),
    ui.selection.on(() => stage.redraw()),
    watchTheme(() => {
      theme = readTheme(element);
      stage.redraw();
    }),
    () => {
      stage.dispose();
      minimap.element.remove();
      finder.element.remove();
      legend.element.remove();
      for (const one of ownTools) one.remove();
    },
  );
}

export const arrowhead = (id: string): SVGMarkerElement =>
  s(
    "marker",
    { id, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 4.4, markerHeight: 4.4, orient: "auto" },
    s("path", { d: "M0 .6 7.6 4 0 7.4Z", class: "ipf-arrowhead" }),
  );
