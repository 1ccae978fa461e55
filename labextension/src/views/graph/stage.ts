/**
 * The ground that pictures of boxes stand on: camera, panning and zooming, pointer and keys. What stands there, how it is
 * painted and what a click means is the scene's. Until the reader moves the picture it is kept in sight as it grows.
 */

import { h, onceAFrame, reducedMotion } from "../../core/dom";
import { glyph } from "../../core/icons";
import {
  type Box,
  type Camera,
  fitCamera,
  keepInSight,
  neighbour,
  nodeAt,
  type Size,
  toGraph,
  zoomAt,
} from "./geometry";
import { handleAt } from "./handles";

export interface Marks {
  selected: string | null;
  hovered: string | null;
  focused: string | null;
}

export interface View {
  camera: Camera;
  size: Size;
  marks: Marks;
}

export interface Scene<N extends Box> {
  /** What the picture is, for those who do not see it. */
  label: string;
  /** By itself a picture is made smaller down to this, where it does not fit. */
  least?: number;
  /** How large the picture is; `null` while there is none. */
  extent(): Size | null;
  nodes(): readonly N[];
  selected(): string | null;
  /** The id of a node's element. */
  idOf(key: string): string;
  paint(view: View): void;
  open(node: N): void;
  /** Shows more or less of a node; false where it has no more or no less. */
  toggle?(node: N, more: boolean): boolean;
  /** A button of a node was pressed. */
  press?(node: N, key: string): void;
  /** The reader looks for something. */
  find?(): void;
  /** The pointer or the keyboard rests on a node, or on none: `x` and `y` are where its card belongs. */
  point(node: N | null, x: number, y: number): void;
}

export interface Stage {
  readonly ground: HTMLElement;
  /** The buttons that zoom. */
  readonly buttons: readonly HTMLElement[];
  redraw(): void;
  /** What stood where `before` says stands where `after` says now: the ground moves along, so that it stays in its place. */
  hold(before: Box, after: Box): void;
  /** Brings a node into sight, as the arrow keys do. */
  show(key: string): void;
  /** Puts a point of the picture into the middle. */
  go(x: number, y: number): void;
  /** Another picture stands there now: the camera begins anew. */
  restart(): void;
  dispose(): void;
}

const ARROWS: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

export function makeStage<N extends Box>(scene: Scene<N>, ...content: Element[]): Stage {
  const ground = h(
    "div",
    { class: "ipf-ground ipf-focusable", tabindex: 0, role: "listbox", "aria-label": scene.label },
    ...content,
  );
  const button = (label: string, icon: Parameters<typeof glyph>[0], click: () => void) =>
    h("button", { type: "button", class: "ipf-tool", "aria-label": label, title: label, click }, glyph(icon));
  const buttons = [
    button("Zoom out", "minus", () => zoomMiddle(1 / 1.3)),
    button("Zoom in", "plus", () => zoomMiddle(1.3)),
    button("Show all", "fit", () => fitAll()),
  ];

  let view: Size = { width: 600, height: 300 };
  let camera: Camera = { x: 0, y: 0, k: 1 };
  let touched = false;
  let glide = 0;
  let first = true;
  let hovered: string | null = null;
  let focused: string | null = null;
  const redraw = onceAFrame(draw);

  function draw(): void {
    const extent = scene.extent();
    if (extent !== null) {
      const selected = scene.selected();
      const node = selected === null ? null : (scene.nodes().find(({ key }) => key === selected) ?? null);
      if (!touched) settle(fitCamera(extent, view, node, scene.least));
      ground.style.backgroundSize = `${20 * camera.k}px ${20 * camera.k}px`;
      ground.style.backgroundPosition = `${camera.x}px ${camera.y}px`;
      ground.classList.toggle("ipf-far", camera.k < 0.4);
    }
    scene.paint({ camera, size: view, marks: { selected: scene.selected(), hovered, focused } });
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
    const extent = scene.extent();
    touched = true;
    camera = extent === null ? next : keepInSight(next, extent, view);
    redraw();
  }

  const zoomMiddle = (factor: number) => move(zoomAt(camera, factor, view.width / 2, view.height / 2));

  function fitAll(): void {
    const extent = scene.extent();
    if (extent === null) return;
    camera = fitCamera(extent, view, null, 0);
    // The whole of a large graph is smaller than what is kept in sight by itself.
    touched = camera.k < fitCamera(extent, view, null, scene.least).k;
    first = true;
    redraw();
  }

  // --- Pointer and keys

  const nodeUnder = (event: MouseEvent): N | null => {
    const box = ground.getBoundingClientRect();
    return nodeAt(scene.nodes(), ...toGraph(camera, event.clientX - box.left, event.clientY - box.top));
  };

  let opened: string | null = null;
  let drag: { x: number; y: number; camera: Camera; moved: boolean } | null = null;

  function pointerMove(event: PointerEvent): void {
    if (drag !== null && event.buttons === 1) {
      const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
      if (!drag.moved && Math.hypot(dx, dy) > 4) {
        drag.moved = true;
        ground.setPointerCapture(event.pointerId);
        ground.classList.add("ipf-dragging");
        scene.point(null, 0, 0);
      }
      if (drag.moved) move({ ...drag.camera, x: drag.camera.x + dx, y: drag.camera.y + dy });
      return;
    }
    const node = nodeUnder(event);
    // The card of what was just opened would only hide the pane.
    if (node?.key !== opened) opened = null;
    scene.point(opened !== null ? null : node, event.clientX, event.clientY);
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
    scene.point(null, 0, 0);
    hovered = null;
    redraw();
  }

  function click(event: MouseEvent): void {
    if (drag?.moved) return;
    const handle = handleAt(event);
    if (handle !== null) {
      const of = pressedNode(event);
      // The second click of two would undo the first.
      if (of !== null && event.detail < 2) scene.press?.(of, handle);
      return;
    }
    if (event.detail > 1) return;
    const node = nodeUnder(event);
    if (node === null) return;
    focused = node.key;
    scene.point(null, 0, 0);
    opened = node.key;
    scene.open(node);
  }

  function doubleClick(event: MouseEvent): void {
    if (handleAt(event) !== null) return;
    // The pane that the first click opened may have moved the picture.
    const node = scene.nodes().find(({ key }) => key === opened) ?? nodeUnder(event);
    if (node === null) fitAll();
    else scene.toggle?.(node, true);
  }

  function pressedNode(event: Event): N | null {
    const key = event.target instanceof Element ? event.target.closest("[data-key]")?.getAttribute("data-key") : null;
    return scene.nodes().find((node) => node.key === key) ?? null;
  }

  function wheel(event: WheelEvent): void {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const box = ground.getBoundingClientRect();
    const by = Math.exp(-event.deltaY * (event.deltaMode === 1 ? 0.05 : 0.0025));
    move(zoomAt(camera, by, event.clientX - box.left, event.clientY - box.top));
  }

  function keyDown(event: KeyboardEvent): void {
    const seeks = event.key === "/" || ((event.ctrlKey || event.metaKey) && event.key === "f");
    if (seeks && scene.find !== undefined) {
      event.preventDefault();
      event.stopPropagation();
      scene.find();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const arrow = ARROWS[event.key];
    const all = scene.nodes();
    const at = all.find((node) => node.key === focused);
    const toggle = (more: boolean) => at !== undefined && (scene.toggle?.(at, more) ?? false);
    if (arrow !== undefined) focus(at === undefined ? (all[0] ?? null) : neighbour(all, at, ...arrow));
    else if (event.key === "+" || event.key === "=") toggle(true) || zoomMiddle(1.3);
    else if (event.key === "-") toggle(false) || zoomMiddle(1 / 1.3);
    else if (event.key === "0") fitAll();
    else if (event.key === " " && (toggle(true) || toggle(false))) focused = at?.key ?? null;
    else if ((event.key === "Enter" || event.key === " ") && at !== undefined) scene.open(at);
    else return;
    event.preventDefault();
  }

  function focus(node: N | null): void {
    if (node === null) return;
    focused = node.key;
    const x = camera.x + node.x * camera.k;
    const y = camera.y + node.y * camera.k;
    const [w, hgt] = [node.w * camera.k, node.h * camera.k];
    const dx = x < 16 ? 16 - x : x + w > view.width - 16 ? view.width - 16 - x - w : 0;
    const dy = y < 16 ? 16 - y : y + hgt > view.height - 16 ? view.height - 16 - y - hgt : 0;
    if (dx !== 0 || dy !== 0) move({ ...camera, x: camera.x + dx, y: camera.y + dy });
    draw();
    ground.setAttribute("aria-activedescendant", scene.idOf(node.key));
    const box = ground.getBoundingClientRect();
    scene.point(node, box.left + x + dx + 20, box.top + y + dy + hgt);
  }

  function measure(): void {
    view = { width: Math.max(1, ground.clientWidth || 600), height: Math.max(1, ground.clientHeight || 300) };
  }

  const resized = new ResizeObserver(() => {
    measure();
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
  ground.addEventListener("dblclick", doubleClick);
  ground.addEventListener("wheel", wheel, { passive: false });
  ground.addEventListener("keydown", keyDown);
  ground.addEventListener("blur", () => scene.point(null, 0, 0));

  return {
    ground,
    buttons,
    redraw,
    hold(before, after) {
      camera = {
        ...camera,
        x: camera.x - (after.x - before.x) * camera.k,
        y: camera.y - (after.y - before.y) * camera.k,
      };
      touched = true;
      if (focused === before.key) {
        focused = after.key;
        ground.setAttribute("aria-activedescendant", scene.idOf(after.key));
      }
      redraw();
    },
    go: (x, y) => move({ ...camera, x: view.width / 2 - x * camera.k, y: view.height / 2 - y * camera.k }),
    show(key) {
      const node = scene.nodes().find((one) => one.key === key);
      if (node !== undefined) focus(node);
    },
    restart() {
      touched = false;
      first = true;
      hovered = focused = null;
      ground.removeAttribute("aria-activedescendant");
      measure();
      draw();
    },
    dispose() {
      resized.disconnect();
      redraw.cancel();
      cancelAnimationFrame(glide);
      scene.point(null, 0, 0);
      ground.remove();
      for (const one of buttons) one.remove();
    },
  };
}
