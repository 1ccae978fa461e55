/** The time axis: marks at round times, the wall clock at the start, the total at now. Text, so it can be read aloud and copied. */

import { h, setText } from "../../core/dom";
import { duration, elapsed, wallTime } from "../../core/format";
import { type Scale, tickLabel, ticks, toX } from "./scale";

export class Axis {
  readonly element = h("div", { class: "ipf-axis", "aria-hidden": "true" });
  private readonly start = h("span", { class: "ipf-axis-start", title: "When the run began" });
  private readonly area = h("div", { class: "ipf-axis-area" });
  private readonly total = h("span", { class: "ipf-axis-total" });
  /** In a replay the instant on show. */
  private readonly instant = h("span", { class: "ipf-axis-instant" });
  private readonly marks: HTMLElement[] = [];

  constructor() {
    this.area.append(this.total, this.instant);
    this.element.append(this.start, this.area);
  }

  /** `end` is how far the run has come; in a replay `now` lies before it. */
  draw(scale: Scale, now: number, end: number, wall: number, live: boolean): void {
    setText(this.start, wall > 0 ? wallTime(wall) : "");
    this.area.style.width = `${scale.width}px`;
    const last = toX(scale, end);
    const text = `+${live ? elapsed(end) : duration(end)}`;
    setText(this.total, text);
    const half = (text.length * 6.6) / 2 + 4;
    const total = Math.min(scale.width - half, Math.max(half, last));
    const inSight = last >= -1 && last <= scale.width + 1;
    this.total.style.display = inSight ? "" : "none";
    this.total.style.transform = `translateX(${total}px) translateX(-50%)`;
    const { times, step } = ticks(scale, 90);
    let used = 0;
    for (const time of times) {
      const x = toX(scale, time);
      const label = tickLabel(time, step);
      if (time > end || (inSight && x + label.length * 6.2 + 12 > total - half)) continue;
      let mark = this.marks[used];
      if (mark === undefined) {
        mark = h("span", { class: "ipf-axis-mark" });
        this.marks.push(mark);
        this.area.append(mark);
      }
      mark.style.display = "";
      mark.style.transform = `translateX(${x}px)`;
      setText(mark, label);
      used += 1;
    }
    this.drawInstant(scale, now, now < end);
    for (let i = used; i < this.marks.length; i++) {
      const mark = this.marks[i];
      if (mark !== undefined) mark.style.display = "none";
    }
  }

  private drawInstant(scale: Scale, now: number, past: boolean): void {
    const x = toX(scale, now);
    const shown = past && x >= 0 && x <= scale.width;
    this.instant.style.display = shown ? "" : "none";
    if (!shown) return;
    const text = `+${duration(now)}`;
    setText(this.instant, text);
    const half = (text.length * 6.6) / 2 + 7;
    const at = Math.min(scale.width - half, Math.max(half, x));
    this.instant.style.transform = `translateX(${at}px) translateX(-50%)`;
  }
}
