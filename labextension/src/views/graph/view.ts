/** The graph: boxes from left to right in the direction the data takes, laid out by the kernel. */

import { h, onceAFrame, reducedMotion, s } from "../../core/dom";
import { glyph } from "../../core/icons";
import type { GraphNode } from "../../core/protocol";
import { disposeAll } from "../../core/signal";
import type { RunStore } from "../../core/store";
import { readTheme, watchTheme } from "../../core/theme";
import type { Selection, UiState } from "../../core/ui-state";
import { paintGraph } from "./draw";
import {
  type Camera,
  fitCamera,
  inSight,
  keepInSight,
  neighbour,
  nodeAt,
  type Size,
  toGraph,
  zoomAt,
} from "./geometry";
import { SvgGraph } from "./nodes";

/** More nodes in sight than this are painted on a canvas. */
const MOST_ELEMENTS = 300;
let views = 0;

export function mountGraph(element: HTMLElement, store: RunStore, ui: UiState): () => void {
  views += 1;
  const picture = new SvgGraph(`ipf-node-${views}`);
  const arrow = s(
    "marker",
    { id: picture.arrowId, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 4.4, markerHeight: 4.4, orient: "auto" },
    s("path", { d: "M0 .6 7.6 4 0 7.4Z", class: "ipf-arrowhead" }),
  );
  const svg = s("svg", { class: "ipf-svg", width: "100%", height: "100%" }, s("defs", {}, arrow), picture.element);
  const canvas = h("canvas", { class: "ipf-graph-canvas", "aria-hidden": "true" });
  const empty = h("p", { class: "ipf-empty", text: "No task yet." });
  const ground = h(
    "div",
    { class: "ipf-ground ipf-focusable", tabindex: 0, role: "listbox", "aria-label": "Graph of the tasks" },
    canvas,
    svg,
    empty,
  );
  const button = (label: string, icon: Parameters<typeof glyph>[0], click: () => void) =>
    h("button", { type: "button", class: "ipf-tool", "aria-label": label, title: label, click }, glyph(icon));
  const tools = h(
    "div",
    { class: "ipf-tools", role: "toolbar", "aria-label": "Graph" },
    button("Zoom out", "minus", () => zoomMiddle(1 / 1.3)),
    button("Zoom in", "plus", () => zoomMiddle(1.3)),
    button("Show all", "fit", () => fitAll()),
  );
  const root = h("div", { class: "ipf-graph" }, tools, ground);
  element.append(root);

  const context = canvas.getContext("2d");
  let theme = readTheme(root);
  let view: Size = { width: ground.clientWidth || 600, height: ground.clientHeight || 300 };
  let camera: Camera = { x: 0, y: 0, k: 1 };
  /** Until the reader moves the picture, it is kept in sight as it grows. */
  let touched = false;
  let glide = 0;
  let first = true;
  let hovered: string | null = null;
  let focused: string | null = null;
  const redraw = onceAFrame(draw);
  const nodes = (): readonly GraphNode[] => store.graph?.nodes ?? [];

  function selectedKey(): string | null {
    const selection = ui.selection.value;
    if (selection === null) return null;
    if ("node" in selection) return selection.node;
    return nodes().find((node) => node.tasks.includes(selection.task))?.key ?? null;
  }

  function selectedNode(): GraphNode | null {
    const key = selectedKey();
    return key === null ? null : (nodes().find((node) => node.key === key) ?? null);
  }

  function draw(): void {
    const graph = store.graph;
    empty.hidden = graph !== null && graph.nodes.length > 0;
    if (graph === null) return;
    if (!touched) settle(fitCamera(graph, view, selectedNode()));
    const seen = inSight(graph.nodes, camera, view);
    const marks = { selected: selectedKey(), hovered, focused };
    const plain = seen.length > MOST_ELEMENTS && context !== null;
    svg.style.display = plain ? "none" : "";
    canvas.style.display = plain ? "" : "none";
    ground.style.backgroundSize = `${20 * camera.k}px ${20 * camera.k}px`;
    ground.style.backgroundPosition = `${camera.x}px ${camera.y}px`;
    ground.classList.toggle("ipf-far", camera.k < 0.4);
    if (plain && context !== null) {
      picture.clear();
      const dpr = window.devicePixelRatio || 1;
      const [w, hgt] = [Math.round(view.width * dpr), Math.round(view.height * dpr)];
      if (canvas.width !== w || canvas.height !== hgt) {
        canvas.width = w;
        canvas.height = hgt;
      }
      const marked = new Set([marks.selected, hovered, focused].filter((key) => key !== null));
      paintGraph(context, seen, graph.edges, store.tasks, camera, view, theme, dpr, marked);
      return;
    }
    const keys = new Set(seen.map((node) => node.key));
    const edges = graph.edges.filter(
      (edge) => graph.nodes.length < MOST_ELEMENTS || keys.has(edge.from) || keys.has(edge.to),
    );
    picture.draw(seen, edges, { tasks: store.tasks, now: store.now() }, marks);
    picture.element.setAttribute("transform", `translate(${camera.x} ${camera.y}) scale(${camera.k})`);
  }

  /** Moves the camera to `goal` without a jump: a growing graph slides and shrinks. */
  function settle(goal: Camera): void {
    const far = Math.abs(goal.x - camera.x) + Math.abs(goal.y - camera.y) + Math.abs(goal.k - camera.k) * 400;
    if (first || reducedMotion() || far < 1) {
      camera = goal;
      first = false;
      return;
    }
    const part = 0.22;
    camera = {
      x: camera.x + (goal.x - camera.x) * part,
      y: camera.y + (goal.y - camera.y) * part,
      k: camera.k + (goal.k - camera.k) * part,
    };
    cancelAnimationFrame(glide);
    glide = requestAnimationFrame(draw);
  }

  function move(next: Camera): void {
    touched = true;
    camera = store.graph === null ? next : keepInSight(next, store.graph, view);
    redraw();
  }

  const zoomMiddle = (factor: number) => move(zoomAt(camera, factor, view.width / 2, view.height / 2));

  function fitAll(): void {
    if (store.graph === null) return;
    camera = fitCamera(store.graph, view, null, 0);
    // The whole of a large graph is smaller than what is kept in sight by itself.
    touched = camera.k < fitCamera(store.graph, view).k;
    first = true;
    redraw();
  }

  // --- Pointer and keys

  const local = (event: MouseEvent) => {
    const box = ground.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const nodeUnder = (event: MouseEvent): GraphNode | null => {
    const { x, y } = local(event);
    return nodeAt(nodes(), ...toGraph(camera, x, y));
  };
  const selectionOf = (node: GraphNode): NonNullable<Selection> =>
    node.task === null ? { node: node.key } : { task: node.task };

  let opened: string | null = null;
  let drag: { x: number; y: number; camera: Camera; moved: boolean } | null = null;

  function pointerMove(event: PointerEvent): void {
    if (drag !== null && event.buttons === 1) {
      const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
      if (!drag.moved && Math.hypot(dx, dy) > 4) {
        drag.moved = true;
        ground.setPointerCapture(event.pointerId);
        ground.classList.add("ipf-dragging");
        ui.hover.value = null;
      }
      if (drag.moved) move({ ...drag.camera, x: drag.camera.x + dx, y: drag.camera.y + dy });
      return;
    }
    const node = nodeUnder(event);
    // The card of what was just opened would only hide the pane.
    if (node?.key !== opened) opened = null;
    ui.hover.value =
      node === null || opened !== null ? null : { what: selectionOf(node), x: event.clientX, y: event.clientY };
    ground.classList.toggle("ipf-over", node !== null);
    if ((node?.key ?? null) === hovered) return;
    hovered = node?.key ?? null;
    redraw();
  }

  function endDrag(): void {
    ground.classList.remove("ipf-dragging");
    if (drag?.moved) setTimeout(() => (drag = null), 0);
    else drag = null;
  }

  function leave(): void {
    ui.hover.value = null;
    hovered = null;
    redraw();
  }

  function click(event: MouseEvent): void {
    if (drag?.moved) return;
    const node = nodeUnder(event);
    if (node === null) return;
    focused = node.key;
    ui.hover.value = null;
    opened = node.key;
    ui.selection.value = selectionOf(node);
  }

  function wheel(event: WheelEvent): void {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const { x, y } = local(event);
    move(zoomAt(camera, Math.exp(-event.deltaY * (event.deltaMode === 1 ? 0.05 : 0.0025)), x, y));
  }

  const ARROWS: Record<string, [number, number]> = {
    ArrowLeft: [-1, 0],
    ArrowRight: [1, 0],
    ArrowUp: [0, -1],
    ArrowDown: [0, 1],
  };

  function keyDown(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const arrow = ARROWS[event.key];
    const all = nodes();
    const at = all.find((node) => node.key === focused);
    if (arrow !== undefined) focus(at === undefined ? (all[0] ?? null) : neighbour(all, at, ...arrow));
    else if (event.key === "+" || event.key === "=") zoomMiddle(1.3);
    else if (event.key === "-") zoomMiddle(1 / 1.3);
    else if (event.key === "0") fitAll();
    else if ((event.key === "Enter" || event.key === " ") && at !== undefined) ui.selection.value = selectionOf(at);
    else return;
    event.preventDefault();
  }

  function focus(node: GraphNode | null): void {
    if (node === null) return;
    focused = node.key;
    const x = camera.x + node.x * camera.k;
    const y = camera.y + node.y * camera.k;
    const [w, hgt] = [node.w * camera.k, node.h * camera.k];
    const dx = x < 16 ? 16 - x : x + w > view.width - 16 ? view.width - 16 - x - w : 0;
    const dy = y < 16 ? 16 - y : y + hgt > view.height - 16 ? view.height - 16 - y - hgt : 0;
    if (dx !== 0 || dy !== 0) move({ ...camera, x: camera.x + dx, y: camera.y + dy });
    draw();
    ground.setAttribute("aria-activedescendant", picture.idOf(node.key));
    const box = ground.getBoundingClientRect();
    ui.hover.value = { what: selectionOf(node), x: box.left + x + dx + 20, y: box.top + y + dy + hgt };
  }

  const resized = new ResizeObserver(() => {
    view = { width: Math.max(1, ground.clientWidth), height: Math.max(1, ground.clientHeight) };
    redraw();
  });
  resized.observe(ground);
  ground.addEventListener("pointerdown", (event) => {
    if (event.button === 0) drag = { x: event.clientX, y: event.clientY, camera, moved: false };
  });
  ground.addEventListener("pointermove", pointerMove);
  ground.addEventListener("pointerup", endDrag);
  ground.addEventListener("pointercancel", endDrag);
  ground.addEventListener("pointerleave", leave);
  ground.addEventListener("click", click);
  ground.addEventListener("dblclick", (event) => nodeUnder(event) === null && fitAll());
  ground.addEventListener("wheel", wheel, { passive: false });
  ground.addEventListener("keydown", keyDown);
  ground.addEventListener("blur", () => (ui.hover.value = null));
  draw();

  return disposeAll(
    store.onChange(() => redraw()),
    ui.selection.on(() => redraw()),
    watchTheme(() => {
      theme = readTheme(root);
      redraw();
    }),
    () => {
      resized.disconnect();
      redraw.cancel();
      cancelAnimationFrame(glide);
      ui.hover.value = null;
      root.remove();
    },
  );
}
