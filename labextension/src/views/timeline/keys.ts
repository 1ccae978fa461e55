/** The keys of the timeline. */

export interface KeyActions {
  moveFocus(by: number): void;
  openFocus(): void;
  /** By a part of what is on show; more than 0 goes back in time. */
  panBy(part: number): void;
  zoomBy(factor: number): void;
  fit(): void;
  follow(): void;
  help(): void;
  path(): void;
  whatIf(): void;
  marked(): boolean;
  mark(): void;
  /** Moves both ends of the marked stretch by parts of what is on show. */
  moveMark(left: number, right: number): void;
  zoomToMark(): void;
  clearMark(): void;
}

/** How far an arrow moves the picture, and a marked stretch. */
const PAN = 0.15;
const NUDGE = 0.02;

export function onKey(act: KeyActions): (event: KeyboardEvent) => void {
  return (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { key } = event;
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -1e9, End: 1e9 }[key];
    const side = { ArrowLeft: -1, ArrowRight: 1 }[key];
    if (step !== undefined) act.moveFocus(step);
    else if (side !== undefined) {
      if (!act.marked()) act.panBy(-side * PAN);
      else act.moveMark(event.shiftKey ? 0 : side * NUDGE, side * NUDGE);
    } else if (key === "+" || key === "=") act.zoomBy(1.6);
    else if (key === "-") act.zoomBy(1 / 1.6);
    else if (key === "0") act.fit();
    else if (key === "f") act.follow();
    else if (key === "c") act.path();
    else if (key === "w") act.whatIf();
    else if (key === "b") act.mark();
    else if (key === "?") act.help();
    else if (key === "Enter" && act.marked()) act.zoomToMark();
    else if (key === "Enter" || key === " ") act.openFocus();
    else if (key === "Escape" && act.marked()) {
      // The next Escape closes the pane.
      event.stopPropagation();
      act.clearMark();
    } else return;
    event.preventDefault();
  };
}
