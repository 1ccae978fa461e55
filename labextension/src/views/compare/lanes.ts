/** Two runs on one axis of time: for each name when it was at work before (pale, above) and after (full, below). */

import type { CompareAnswer, CompareLane, CompareStretch } from "../../core/compare";
import { h, s } from "../../core/dom";
import { count, duration, oneLine } from "../../core/format";
import type { State } from "../../core/protocol";
import { stateColour } from "../../core/theme";
import { kindIcon } from "./kinds";

/** The width that a track is drawn in, whatever its width on the page. */
const WIDE = 1000;
const TALL = 22;
/** Where the bars of both lie, and how high they are. */
const PLACES = { before: [2, 6], after: [10, 9] } as const;
const THIN: ReadonlySet<string> = new Set(["waiting", "queued", "blocked", "around"]);

/** A stretch is at least so wide that it can be seen. */
const LEAST = 4;

/** Round times on an axis of so many seconds, without its beginning. */
export function marks(length: number, most = 6): number[] {
  if (!(length > 0)) return [];
  const raw = length / most;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= raw * 0.999) ?? raw;
  const found: number[] = [];
  for (let at = step; at < length * 0.96; at += step) found.push(at);
  return found;
}

export function lanes(answer: CompareAnswer): HTMLElement | null {
  if (answer.lanes.length === 0) return null;
  const longest = Math.max(answer.before.seconds, answer.after.seconds, 1e-9);
  const percent = (at: number) => `${(100 * Math.min(Math.max(at / longest, 0), 1)).toFixed(3)}%`;
  const ticks = marks(longest).map((at) => {
    const tick = h("span", { class: "ipf-vs-tick", text: `+${duration(at)}` });
    tick.style.left = percent(at);
    return tick;
  });
  const ends = (["before", "after"] as const).map((side) => {
    const end = h("span", { class: `ipf-vs-end ipf-vs-end-${side}` });
    end.style.left = percent(answer[side].seconds);
    return end;
  });
  const axis = h("div", { class: "ipf-vs-axis", "aria-hidden": "true" }, h("span"), h("div", {}, ...ticks));
  const rows = h("ul", { "aria-label": "When each was at work" }, ...answer.lanes.map((lane) => row(lane, longest)));
  const ground = h("div", { class: "ipf-vs-ends", "aria-hidden": "true" }, h("span"), h("div", {}, ...ends));
  return h(
    "div",
    { class: "ipf-vs-lanes" },
    axis,
    h("div", { class: "ipf-vs-rows" }, ground, rows),
    answer.lanes_more > 0
      ? h("p", { class: "ipf-quiet ipf-vs-left", text: `… and ${count(answer.lanes_more)} more names` })
      : null,
    legend(),
  );
}

function row(lane: CompareLane, longest: number): HTMLElement {
  const called = lane.tasks > 1 ? `${lane.name} ×${count(lane.tasks)}` : lane.name;
  const args = lane.args ? `(${oneLine(lane.args, 60)})` : "";
  const same = lane.kind === "same" || lane.kind === "unfinished";
  const told = (["before", "after"] as const).map((side) => `${side} ${span(lane[side])}`).join(", ");
  const picture = s("svg", {
    viewBox: `0 0 ${WIDE} ${TALL}`,
    preserveAspectRatio: "none",
    role: "img",
    "aria-label": told,
  });
  picture.append(s("title", { text: told }));
  for (const side of ["before", "after"] as const) picture.append(...bars(lane[side], side, longest));
  return h(
    "li",
    { class: "ipf-vs-lane" },
    h(
      "span",
      { class: "ipf-vs-label", title: called + args },
      h("span", { class: "ipf-vs-mark" }, same ? null : kindIcon(lane.kind)),
      h("code", { text: called }),
      args ? h("span", { class: "ipf-quiet", text: args }) : null,
    ),
    picture,
  );
}

/** All stretches of one look are one path. */
function bars(stretches: CompareStretch[], side: "before" | "after", longest: number): SVGElement[] {
  const [top, tall] = PLACES[side];
  const x = (at: number) => (WIDE * at) / longest;
  const paths = new Map<string, string>();
  for (const [begin, end, look] of stretches) {
    const left = x(begin).toFixed(1);
    const right = Math.max(x(end), x(begin) + (THIN.has(look) ? 0 : LEAST)).toFixed(1);
    const drawn = THIN.has(look) ? `M${left} ${top + tall / 2}H${right}` : `M${left} ${top}H${right}v${tall}H${left}z`;
    paths.set(look, (paths.get(look) ?? "") + drawn);
  }
  // What waits is drawn first: what ran stands over it.
  const order = [...paths].sort(([a], [b]) => Number(THIN.has(b)) - Number(THIN.has(a)));
  return order.map(([look, d]) => {
    const thin = THIN.has(look) ? (look === "blocked" ? "ipf-vs-blocked" : "ipf-vs-waits") : "ipf-vs-ran";
    const colour = stateColour(look === "around" ? "waiting" : (look as State));
    const path = s("path", { class: `${thin} ipf-vs-${side}`, d });
    path.style.setProperty("--ipf-vs-colour", colour); // a file may say anything for a state
    return path;
  });
}

function span(stretches: CompareStretch[]): string {
  if (stretches.length === 0) return "not there";
  const begin = Math.min(...stretches.map((one) => one[0]));
  const end = Math.max(...stretches.map((one) => one[1]));
  return `from +${duration(begin)} to +${duration(end)}`;
}

function legend(): HTMLElement {
  const looks: [string, string][] = [
    ["ipf-vs-key-before", "before"],
    ["ipf-vs-key-after", "after"],
    ["ipf-vs-key-blocked", "blocked"],
    ["ipf-vs-key-waits", "waiting"],
    ["ipf-vs-key-end-before", "end before"],
    ["ipf-vs-key-end-after", "end after"],
  ];
  const keys = looks.map(([look, text]) => h("span", {}, h("i", { class: look }), text));
  return h("p", { class: "ipf-vs-legend", "aria-hidden": "true" }, ...keys);
}
