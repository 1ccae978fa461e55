/** Pointer and wheel on the timeline: dragging moves it or marks a stretch, the wheel zooms to the pointer. */

import type { TimeWindow } from "../../core/ui-state";
import { type Brush, brushed } from "./brush";
import { panned, type Scale, toTime } from "./scale";

export interface Ground {
  scale(): Scale;
  /** How far the run has come. */
  end(): number;
  /** True while no part of the run is chosen: there is nothing to move. */
  whole(): boolean;
  place(event: MouseEvent): { x: number; y: number };
  show(window: TimeWindow, follow: boolean): void;
  zoomBy(factor: number, x: number): void;
  /** Whether a drag marks a stretch, also without Shift. */
  marking(): boolean;
  mark(brush: Brush | null, done: boolean): void;
  point(event: PointerEvent): void;
  leave(): void;
  open(event: MouseEvent): void;
}

interface Drag {
  x: number;
  scale: Scale;
  /** Where the mark begins; `null` where the picture is moved. */
  mark: number | null;
  moved: boolean;
}

/** From here on a press is a drag, in pixels. */
const SLIP = 4;

export function listen(
  sheet: HTMLElement,
  scroller: HTMLElement,
  canvas: HTMLElement,
  root: HTMLElement,
  on: Ground,
): void {
  let drag: Drag | null = null;

  function down(event: PointerEvent): void {
    if (event.button !== 0 || event.pointerType === "touch") return;
    const { x } = on.place(event);
    const marks = (event.shiftKey || on.marking()) && x >= 0;
    drag = { x: event.clientX, scale: on.scale(), mark: marks ? toTime(on.scale(), x) : null, moved: false };
    // Shift and a press would select the text between here and where the reader last clicked.
    if (marks) event.preventDefault();
  }

  function move(event: PointerEvent): void {
    if (drag === null || event.buttons !== 1) {
      on.point(event);
      return;
    }
    const by = event.clientX - drag.x;
    if (!drag.moved && Math.abs(by) > SLIP) {
      drag.moved = true;
      canvas.setPointerCapture(event.pointerId);
      root.classList.add(drag.mark === null ? "ipf-dragging" : "ipf-marking");
    }
    if (!drag.moved) return;
    on.leave();
    if (drag.mark === null) on.show(panned(drag.scale, by, on.end()), false);
    else on.mark(brushed(drag.mark, toTime(drag.scale, on.place(event).x), on.end()), false);
  }

  function up(event: PointerEvent): void {
    root.classList.remove("ipf-dragging", "ipf-marking");
    const ended = drag;
    if (ended?.moved && ended.mark !== null) {
      on.mark(brushed(ended.mark, toTime(ended.scale, on.place(event).x), on.end()), true);
    }
    // The click that ends a drag comes after this.
    if (ended?.moved) setTimeout(() => (drag = null), 0);
    else drag = null;
  }

  function wheel(event: WheelEvent): void {
    const { x } = on.place(event);
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      on.zoomBy(Math.exp(-event.deltaY * (event.deltaMode === 1 ? 0.05 : 0.0025)), Math.max(0, x));
    } else if (Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey) {
      if (on.whole()) return;
      event.preventDefault();
      on.show(panned(on.scale(), -(event.deltaX || event.deltaY), on.end()), false);
    }
  }

  sheet.addEventListener("pointerdown", down);
  sheet.addEventListener("pointermove", move);
  sheet.addEventListener("pointerleave", () => on.leave());
  sheet.addEventListener("pointerup", up);
  sheet.addEventListener("pointercancel", up);
  sheet.addEventListener("click", (event) => drag?.moved || on.open(event));
  sheet.addEventListener("dblclick", () => on.show(null, true));
  scroller.addEventListener("wheel", wheel, { passive: false });
}
