/**
 * The ground that pictures of boxes stand on: camera, panning and zooming, pointer and keys. What stands there, how it is
 * painted and what a click means is the scene's. Until the reader moves the picture it is kept in sight as it grows.
 */

import { h, onceAFrame } from "../../core/dom";
import { glyph } from "../../core/icons";
import { type Box, type Camera, neighbour, nodeAt, type Size, toGraph, zoomAt } from "./geometry";
import { handleAt } from "./handles";
import { Lens } from "./lens";

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
  /**
   * What stood where `before` says stands where `after` says now: the ground moves along, so that it stays in its place,
   * as far as `fresh`, what came with it, can be seen too.
   */
  hold(before: Box, after: Box, fresh: readonly Box[]): void;
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
    button("Zoom out", "minus", () => lens.zoom(1 / 1.3)),
    button("Zoom in", "plus", () => lens.zoom(1.3)),
    button("Show all", "fit", () => lens.fitAll()),
  ];

  let hovered: string | null = null;
  let focused: string | null = null;
  const redraw = onceAFrame(draw);
  const lens = new Lens(scene.extent, () => redraw(), scene.least);

  function draw(): void {
    const extent = scene.extent();
    const selected = scene.selected();
    if (extent !== null) {
      lens.step(extent, selected === null ? null : (scene.nodes().find(({ key }) => key === selected) ?? null));
      const { x, y, k } = lens.camera;
      ground.style.backgroundSize = `${20 * k}px ${20 * k}px`;
      ground.style.backgroundPosition = `${x}px ${y}px`;
      ground.classList.toggle("ipf-far", k < 0.4);
    }
    scene.paint({ camera: lens.camera, size: lens.view, marks: { selected, hovered, focused } });
  }

  // --- Pointer and keys

  const nodeUnder = (event: MouseEvent): N | null => {
    const box = ground.getBoundingClientRect();
    return nodeAt(scene.nodes(), ...toGraph(lens.camera, event.clientX - box.left, event.clientY - box.top));
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
      if (drag.moved) lens.move({ ...drag.camera, x: drag.camera.x + dx, y: drag.camera.y + dy });
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
    if (node === null) lens.fitAll();
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
    lens.move(zoomAt(lens.camera, by, event.clientX - box.left, event.clientY - box.top));
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
    else if (event.key === "+" || event.key === "=") toggle(true) || lens.zoom(1.3);
    else if (event.key === "-") toggle(false) || lens.zoom(1 / 1.3);
    else if (event.key === "0") lens.fitAll();
    else if (event.key === " " && (toggle(true) || toggle(false))) focused = at?.key ?? null;
    else if ((event.key === "Enter" || event.key === " ") && at !== undefined) scene.open(at);
    else return;
    event.preventDefault();
  }

  function focus(node: N | null): void {
    if (node === null) return;
    focused = node.key;
    lens.reveal(node);
    const { x, y, k } = lens.camera;
    draw();
    ground.setAttribute("aria-activedescendant", scene.idOf(node.key));
    const box = ground.getBoundingClientRect();
    scene.point(node, box.left + x + node.x * k + 20, box.top + y + (node.y + node.h) * k);
  }

  function measure(): void {
    lens.view = { width: Math.max(1, ground.clientWidth || 600), height: Math.max(1, ground.clientHeight || 300) };
  }

  const resized = new ResizeObserver(() => {
    measure();
    redraw();
  });
  resized.observe(ground);
  ground.addEventListener("pointerdown", (event) => {
    if (event.button === 0) drag = { x: event.clientX, y: event.clientY, camera: lens.camera, moved: false };
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
    hold(before, after, fresh) {
      lens.hold(before, after, fresh);
      if (focused === before.key) {
        focused = after.key;
        ground.setAttribute("aria-activedescendant", scene.idOf(after.key));
      }
      redraw();
    },
    go: (x, y) => lens.go(x, y),
    show(key) {
      const node = scene.nodes().find((one) => one.key === key);
      if (node !== undefined) focus(node);
    },
    restart() {
      lens.restart();
      hovered = focused = null;
      ground.removeAttribute("aria-activedescendant");
      measure();
      draw();
    },
    dispose() {
      resized.disconnect();
      redraw.cancel();
      scene.point(null, 0, 0);
      ground.remove();
      for (const one of buttons) one.remove();
    },
  };
}
