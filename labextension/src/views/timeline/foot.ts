/** The line at the foot of the timeline: what is marked, what decided the length of the run, or the keys. */

import { h, setAttr, setText } from "../../core/dom";
import { legend } from "./legend";

const KEYS = [
  ["Ctrl + wheel, + −", "zoom"],
  ["drag, ← →", "move"],
  ["Shift + drag, B", "mark a stretch"],
  ["0", "show all"],
  ["C", "critical path"],
  ["W", "what if"],
  ["↑ ↓ Enter", "go to a task, open it"],
] as const;

export class Foot {
  private readonly words = h("span", { class: "ipf-time-words", role: "status" });
  private readonly keys = h(
    "span",
    { class: "ipf-time-keys" },
    legend(),
    ...KEYS.map(([key, what]) => h("span", {}, h("kbd", { text: key }), ` ${what}`)),
  );
  private readonly zoom: HTMLButtonElement;
  private readonly clear: HTMLButtonElement;
  readonly element: HTMLElement;

  constructor(zoomIn: () => void, clear: () => void) {
    this.zoom = h("button", {
      type: "button",
      class: "ipf-button ipf-small",
      text: "Zoom in",
      title: "Zoom in to what is marked (Enter)",
      click: zoomIn,
    });
    this.clear = h("button", {
      type: "button",
      class: "ipf-button ipf-small",
      text: "Clear",
      title: "Take the mark away (Esc)",
      click: clear,
    });
    this.element = h("div", { class: "ipf-time-foot" }, this.words, this.keys, this.zoom, this.clear);
  }

  /** True when the line has come or gone: the picture has more or less room. */
  draw(brush: string, path: string, keys: boolean): boolean {
    const text = brush || (keys ? "" : path);
    const hidden = text === "" && !keys;
    const moved = hidden !== this.element.hidden;
    this.element.hidden = hidden;
    setText(this.words, text);
    setAttr(this.words, "title", text || null);
    this.words.hidden = text === "";
    this.keys.hidden = !keys || brush !== "";
    this.zoom.hidden = this.clear.hidden = brush === "";
    return moved;
  }
}
