/** Dragging: from the palette or the picture, to the place between two cards that is nearest to the pointer. */

/** What is dragged: something new, or (with `id`) something that stands in the plan. */
export interface Dragged {
  task?: string;
  kind?: string;
  role?: string;
  id?: number;
}

const MIME = "application/x-ipyflow-builder";
let dragged: Dragged | null = null;

/** What is dragged now: the browser tells a page only when it is dropped. */
export const now = (): Dragged | null => dragged;

export function dragSource(element: HTMLElement, what: () => Dragged): void {
  element.draggable = true;
  element.addEventListener("dragstart", (event) => {
    event.stopPropagation();
    dragged = what();
    event.dataTransfer?.setData(MIME, JSON.stringify(dragged));
    if (event.dataTransfer) event.dataTransfer.effectAllowed = dragged.id === undefined ? "copy" : "move";
    element.classList.add("ipb-dragged");
  });
  element.addEventListener("dragend", () => {
    dragged = null;
    element.classList.remove("ipb-dragged");
  });
}

export interface Target {
  element: HTMLElement;
  drop(what: Dragged): void;
}

/** Has `area` take what is dragged: `nearest` says where it would go, `aim` shows that. */
export function dropArea(
  area: HTMLElement,
  nearest: (what: Dragged, x: number, y: number) => Target | null,
  aim: (target: Target | null) => void,
): void {
  const over = (event: DragEvent) => {
    const what = dragged;
    if (what === null) return;
    const target = nearest(what, event.clientX, event.clientY);
    aim(target);
    if (target === null) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.dataTransfer) event.dataTransfer.dropEffect = what.id === undefined ? "copy" : "move";
  };
  area.addEventListener("dragenter", over);
  area.addEventListener("dragover", over);
  area.addEventListener("dragleave", (event) => {
    if (!area.contains(event.relatedTarget as Node | null)) aim(null);
  });
  area.addEventListener("drop", (event) => {
    const what = dragged;
    aim(null);
    if (what === null) return;
    event.preventDefault();
    event.stopPropagation();
    nearest(what, event.clientX, event.clientY)?.drop(what);
  });
}

/** How far a point is from a rectangle. */
export function distance(box: DOMRect, x: number, y: number): number {
  const dx = Math.max(box.left - x, 0, x - box.right);
  const dy = Math.max(box.top - y, 0, y - box.bottom);
  return Math.hypot(dx, dy);
}
