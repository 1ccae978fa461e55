/** One run of the history: what it was, when, and what can be done with it. */

import { h, setAttr } from "../core/dom";
import { count, dateTime, duration, plural, wallTime } from "../core/format";
import { glyph, stateIcon } from "../core/icons";
import type { State } from "../core/protocol";
import { word } from "../core/status";
import type { PastLine } from "./library";
import type { Walked } from "./walk";

export type PastAction = "open" | "resume" | "compare" | "delete";

export class PastRow implements Walked {
  readonly element: HTMLLIElement;
  readonly main: HTMLButtonElement;
  private readonly buttons: HTMLButtonElement[];

  constructor(
    readonly line: PastLine,
    /** The notebook in front: only of others the name is told. */
    where: string,
    act: (action: PastAction, row: PastRow) => void,
  ) {
    const { name, state, key } = line;
    const words = pastWords(line, where);
    this.main = h(
      "button",
      { type: "button", class: "ipf-lab-main", tabindex: -1, click: () => act("open", this) },
      h(
        "span",
        { class: "ipf-lab-first" },
        state === "lost" ? lostIcon() : stateIcon(state),
        h("span", { class: "ipf-lab-name", title: name, text: name || "run" }),
        h("span", { class: "ipf-lab-clock", text: duration(line.elapsed) }),
      ),
      h("span", { class: "ipf-lab-line" }, ...wrapped(words)),
    );
    const said = pastState(state);
    setAttr(this.main, "aria-label", `${name}, ${said}, ${words}. Open in a tab`);
    setAttr(this.main, "title", `${said} · ${dateTime(line.wall)} · ${key}${line.notebook && ` · ${line.notebook}`}`);
    const button = (action: PastAction, label: string, picture: SVGSVGElement) =>
      h(
        "button",
        {
          type: "button",
          class: "ipf-lab-act",
          tabindex: -1,
          title: label,
          "aria-label": label,
          click: () => act(action, this),
        },
        picture,
      );
    this.buttons = [
      ...(line.resumable
        ? [button("resume", `Go on with ${name}: what it had done is not run again`, glyph("resume"))]
        : []),
      button("compare", `Compare ${name} with another run`, glyph("compare")),
      ...(state === "running" ? [] : [button("delete", `Delete ${name} from the history`, glyph("trash"))]),
    ];
    this.element = h("li", { class: "ipf-lab-past", "data-state": state }, this.main);
    this.element.append(h("div", { class: "ipf-lab-actions" }, ...this.buttons));
  }

  stops(): HTMLElement[] {
    return [this.main, ...this.buttons];
  }
}

export const pastState = (state: State | "lost"): string => (state === "lost" ? "lost with its kernel" : word(state));

/** `14:05 · 12 tasks · 2 failed`. */
export function pastWords(line: PastLine, where = ""): string {
  const { state, wall, total, failed, cached, resumes, resumed } = line;
  const parts = [wallTime(wall).slice(0, 5), plural(total, "task")];
  if (state === "lost") parts.unshift("lost");
  if (state === "running") parts.unshift("goes on elsewhere");
  if (failed > 0) parts.push(`${count(failed)} failed`);
  if (cached > 0) parts.push(`${count(cached)} cached`);
  if (resumes !== "") parts.push(`goes on from ${resumes}`);
  if (resumed !== "") parts.push(`went on as ${resumed}`);
  const notebook = line.notebook.split("/").pop() ?? "";
  if (notebook !== "" && notebook !== where) parts.push(notebook);
  return parts.join(" · ");
}

/** Lines break between the parts, and in one only where it is too long for a line. */
const wrapped = (words: string): (HTMLElement | string)[] =>
  words.split(" · ").flatMap((text, i) => (i === 0 ? [h("span", { text })] : [" · ", h("span", { text })]));

function lostIcon(): SVGSVGElement {
  const icon = glyph("note");
  icon.classList.add("ipf-lab-lost");
  return icon;
}
