/** One line of the log as elements, written again only where it differs. */

import { h, setAttr, setText } from "../../core/dom";
import { duration, title } from "../../core/format";
import { legible, stamp } from "../../core/log";
import type { LogLine } from "../../core/protocol";
import type { RunStore } from "../../core/store";
import { setStream, streamIcon, streamOf } from "./streams";

export class LineElement {
  readonly element = h("div", { class: "ipf-line", role: "option" });
  private readonly time = h("span", { class: "ipf-line-time" });
  private readonly mark = streamIcon("stdout", true);
  private readonly task = h("span", { class: "ipf-line-task" });
  private readonly text = h("span", { class: "ipf-line-text" });
  private drawn: LogLine | undefined;

  constructor(private readonly store: RunStore) {
    this.element.append(this.time, this.mark, this.task, this.text);
  }

  /** `undefined`: it has been asked for and is on its way. `again`: the line above is of the same task. */
  update(line: LogLine | undefined, again: boolean): void {
    this.element.classList.toggle("ipf-loading", line === undefined);
    this.element.classList.toggle("ipf-again", again);
    if (line === undefined || line === this.drawn) return;
    this.drawn = line;
    const [time, id, label, stream, text] = line;
    setText(this.time, stamp(time));
    setAttr(this.time, "title", `+${duration(time)}`);
    setStream(this.mark, stream, true);
    setAttr(this.element, "data-stream", streamOf(stream).name);
    setText(this.task, taskLabel(this.store, id, label));
    setAttr(this.task, "data-task", id > 0 ? String(id) : null);
    setAttr(this.task, "title", id > 0 ? `Open ${taskLabel(this.store, id, label)}` : null);
    setText(this.text, legible(text));
  }
}

export function taskLabel(store: RunStore, id: number, label: string): string {
  const task = store.tasks.get(id);
  if (task !== undefined) return title(task);
  // As the page calls tasks everywhere.
  return label.replace(/(\S)#(\d+)$/, "$1 #$2") || (id > 0 ? `#${id}` : "");
}
