/** The button that holds a run or a pipeline back and lets it go on: quiet from the click until the answer shows. */

import { h, setAttr, setText } from "../core/dom";
import { titleWith } from "../core/hears";
import { glyph } from "../core/icons";
import type { Run } from "../core/protocol";
import { isPaused } from "../core/roles";
import type { RunStore } from "../core/store";

/** How long, in ms, a pressed button waits for an answer before it may be pressed again. */
const PATIENCE = 3000;

export class PauseButton {
  readonly element: HTMLButtonElement;
  private readonly word = h("span");
  private readonly marks = { Pause: glyph("pause"), Resume: glyph("resume") };
  private paused: boolean | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** `act` is called with what to do now. */
  constructor(
    private readonly act: (what: "pause" | "resume") => void,
    look = "",
  ) {
    const { Pause, Resume } = this.marks;
    this.element = h(
      "button",
      { type: "button", class: `ipf-button ipf-pause ${look}`, click: () => this.press() },
      Pause,
      Resume,
      this.word,
    );
  }

  /** `of` names what is paused, for those who hear the button alone. */
  update(paused: boolean, shown: boolean, of: string, run: Run): void {
    if (!shown && document.activeElement === this.element) this.element.closest<HTMLElement>(".ipf-detail")?.focus();
    this.element.hidden = !shown;
    if (paused !== this.paused) this.release();
    this.paused = paused;
    const word = paused ? "Resume" : "Pause";
    setText(this.word, word);
    for (const name of ["Pause", "Resume"] as const) {
      this.marks[name].style.display = name === word ? "" : "none";
    }
    setAttr(this.element, "aria-label", of === "" ? word : `${word} ${of}`);
    const meaning = paused ? "Let it go on" : "Start nothing new; what runs goes on";
    setAttr(this.element, "title", titleWith(run, meaning));
  }

  dispose(): void {
    clearTimeout(this.timer);
  }

  private press(): void {
    if (this.element.getAttribute("aria-disabled") === "true") return;
    this.act(this.paused ? "resume" : "pause");
    // Not `disabled`: whoever pressed it by keyboard stays on it.
    setAttr(this.element, "aria-disabled", "true");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.release(), PATIENCE);
  }

  private release(): void {
    clearTimeout(this.timer);
    setAttr(this.element, "aria-disabled", null);
  }
}

/** Held back as a whole: the run itself, or the pipeline that it is the run of. */
export function runPaused({ run, order, tasks }: RunStore): boolean {
  if (run.closed !== null) return false;
  if (run.paused) return true;
  const root = run.kind === "pipeline" ? tasks.get(order[0] ?? 0) : undefined;
  return root !== undefined && root.parent === 0 && root.role === "pipeline" && isPaused(root);
}
