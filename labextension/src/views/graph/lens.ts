/**
 * Where the reader looks from: the camera, as a growing picture or the reader moves it. Until the reader does, all of the
 * picture is kept in sight as it grows.
 */

import { reducedMotion } from "../../core/dom";
import { type Box, bringIn, type Camera, fitCamera, keepInSight, type Size, zoomAt } from "./geometry";

/** How much of the way to where it should be the camera goes in each frame. */
const PART = 0.22;

export class Lens {
  camera: Camera = { x: 0, y: 0, k: 1 };
  view: Size = { width: 600, height: 300 };
  private touched = false;
  private first = true;
  /** What the camera is on its way to bring into sight. */
  private wanted: readonly Box[] = [];

  /** `redraw` asks for another frame, `extent` says how large the picture is. */
  constructor(
    private readonly extent: () => Size | null,
    private readonly redraw: () => void,
    private readonly least: number | undefined,
  ) {}

  /** A frame is drawn: the camera goes on towards where all, or the chosen node, or what it was told, is in sight. */
  step(extent: Size, chosen: Box | null): void {
    if (!this.touched) this.settle(fitCamera(extent, this.view, chosen, this.least));
    else if (this.wanted.length > 0 && this.settle(bringIn(this.camera, this.wanted, this.view, this.least))) {
      this.wanted = [];
    }
  }

  /** Moves to `goal` without a jump: a growing graph slides and shrinks. True once it is there. */
  private settle(goal: Camera): boolean {
    const { camera } = this;
    const far = Math.abs(goal.x - camera.x) + Math.abs(goal.y - camera.y) + Math.abs(goal.k - camera.k) * 400;
    if (this.first || reducedMotion() || far < 1) {
      this.camera = goal;
      this.first = false;
      return true;
    }
    this.camera = {
      x: camera.x + (goal.x - camera.x) * PART,
      y: camera.y + (goal.y - camera.y) * PART,
      k: camera.k + (goal.k - camera.k) * PART,
    };
    this.redraw();
    return false;
  }

  /** The reader moves it: from now on it stays where it is put. */
  move(next: Camera): void {
    const extent = this.extent();
    this.touched = true;
    this.wanted = [];
    this.camera = extent === null ? next : keepInSight(next, extent, this.view);
    this.redraw();
  }

  zoom(factor: number): void {
    this.move(zoomAt(this.camera, factor, this.view.width / 2, this.view.height / 2));
  }

  /** Puts a point of the picture into the middle. */
  go(x: number, y: number): void {
    const { k } = this.camera;
    this.move({ k, x: this.view.width / 2 - x * k, y: this.view.height / 2 - y * k });
  }

  fitAll(): void {
    const extent = this.extent();
    if (extent === null) return;
    this.camera = fitCamera(extent, this.view, null, 0);
    // The whole of a large graph is smaller than what is kept in sight by itself.
    this.touched = this.camera.k < fitCamera(extent, this.view, null, this.least).k;
    this.first = true;
    this.wanted = [];
    this.redraw();
  }

  /**
   * What stood at one place of the picture stands at another: the camera goes along. Then it moves no more than it takes to
   * bring `fresh`, what came with it, into sight.
   */
  hold(before: Box, after: Box, fresh: readonly Box[]): void {
    const { camera } = this;
    const [x, y] = [camera.x - (after.x - before.x) * camera.k, camera.y - (after.y - before.y) * camera.k];
    this.camera = { ...camera, x, y };
    this.touched = true;
    this.wanted = [after, ...fresh];
  }

  /** Brings a node into sight, with some room around it. */
  reveal(node: Box, room = 16): void {
    const { camera, view } = this;
    const into = (at: number, size: number, whole: number) =>
      at < room ? room - at : at + size > whole - room ? whole - room - at - size : 0;
    const dx = into(camera.x + node.x * camera.k, node.w * camera.k, view.width);
    const dy = into(camera.y + node.y * camera.k, node.h * camera.k, view.height);
    if (dx !== 0 || dy !== 0) this.move({ ...camera, x: camera.x + dx, y: camera.y + dy });
  }

  restart(): void {
    this.touched = false;
    this.wanted = [];
    this.first = true;
  }
}
