/** A small picture of all of the graph with a frame around what is in sight; a click or a drag on it goes there. */

import { h } from "../../core/dom";
import type { Graph } from "../../core/protocol";
import type { RunStore } from "../../core/store";
import type { Theme } from "../../core/theme";
import type { Camera, Size } from "./geometry";
import { nodeState } from "./look";

const MOST: Size = { width: 150, height: 100 };
/** It is there when the graph takes so many times the room there is. */
const LARGE = 2.2;

/** The scale of the small picture; 0 where the large one shows enough by itself. Pure. */
export function mapScale(graph: Size, camera: Camera, view: Size): number {
  const area = (graph.width * graph.height * camera.k * camera.k) / (view.width * view.height);
  const room = view.width > 3 * MOST.width && view.height > 2 * MOST.height;
  return area < LARGE || !room ? 0 : Math.min(MOST.width / graph.width, MOST.height / graph.height);
}

export class Minimap {
  readonly element = h("canvas", { class: "ipf-minimap", hidden: true, "aria-hidden": "true" });
  private scale = 0;

  /** `go` puts a point of the graph into the middle of the view. */
  constructor(go: (x: number, y: number) => void) {
    const follow = (event: PointerEvent) => {
      if (event.buttons !== 1 || this.scale === 0) return;
      const box = this.element.getBoundingClientRect();
      go((event.clientX - box.left) / this.scale, (event.clientY - box.top) / this.scale);
      event.preventDefault();
    };
    this.element.addEventListener("pointerdown", (event) => {
      this.element.setPointerCapture(event.pointerId);
      follow(event);
    });
    this.element.addEventListener("pointermove", follow);
  }

  draw(graph: Graph, tasks: RunStore["tasks"], camera: Camera, view: Size, theme: Theme): void {
    this.scale = mapScale(graph, camera, view);
    this.element.hidden = this.scale === 0;
    const g = this.scale === 0 ? null : this.element.getContext("2d");
    if (g === null) return;
    const dpr = window.devicePixelRatio || 1;
    const size = { width: Math.max(12, graph.width * this.scale), height: Math.max(12, graph.height * this.scale) };
    this.element.style.width = `${size.width}px`;
    this.element.style.height = `${size.height}px`;
    this.element.width = Math.round(size.width * dpr);
    this.element.height = Math.round(size.height * dpr);
    g.scale(dpr, dpr);
    for (const node of graph.nodes) {
      g.fillStyle = theme.state[nodeState(node, tasks)];
      g.fillRect(
        node.x * this.scale,
        node.y * this.scale,
        Math.max(1.2, node.w * this.scale),
        Math.max(1.2, node.h * this.scale),
      );
    }
    g.strokeStyle = theme.accent;
    g.lineWidth = 1.5;
    g.strokeRect(
      (-camera.x / camera.k) * this.scale,
      (-camera.y / camera.k) * this.scale,
      (view.width / camera.k) * this.scale,
      (view.height / camera.k) * this.scale,
    );
  }
}
