/**
 * One shape for each state and each role, so that colour never speaks alone: those of the letters that stand for them in
 * texts and saved pictures (ipyflow/views/palette.py). Drawn in a box of 12 by 12, in SVG and on canvas.
 */

import { h, s } from "./dom";
import type { FlowNode, Role, State } from "./protocol";
import { ROLE_MEANING, roleWord } from "./roles";
import { word } from "./status";
import { stateColour } from "./theme";

interface Shape {
  path: string;
  filled?: true;
}

const CIRCLE = "M6 1.7a4.3 4.3 0 1 0 0 8.6a4.3 4.3 0 1 0 0-8.6";

const SHAPES: Record<State, Shape> = {
  planned: { path: "M6 1.7h.01M9 3h.01M10.3 6h.01M9 9h.01M6 10.3h.01M3 9h.01M1.7 6h.01M3 3h.01" },
  waiting: { path: "M2.2 6h.01M6 6h.01M9.8 6h.01" },
  queued: { path: CIRCLE },
  running: { path: "M3.4 2.1 10 6 3.4 9.9Z", filled: true },
  blocked: { path: "M4 2.6v6.8M8 2.6v6.8" },
  cancelling: { path: `${CIRCLE}M3.9 6h4.2` },
  succeeded: { path: "M2 6.5 4.8 9.3 10 3.2" },
  failed: { path: "M3 3 9 9M9 3 3 9" },
  timed_out: { path: `${CIRCLE}M6 3.6V6l1.7 1.3` },
  cancelled: { path: `${CIRCLE}M3.1 8.9 8.9 3.1` },
  skipped: { path: "M1.3 9V6.4a3.6 3.6 0 0 1 7.2 0V9M5.8 6.8 8.5 9.5 11.2 6.8" },
  cached: { path: "M1.6 4.4c1.5-1.7 2.9-1.7 4.4 0s2.9 1.7 4.4 0M1.6 8.2c1.5-1.7 2.9-1.7 4.4 0s2.9 1.7 4.4 0" },
};

/** An SVG picture of a state, in its colour. Silent unless `spoken`, where no word stands beside it. */
export function stateIcon(state: State, spoken = false): SVGSVGElement {
  const icon = s("svg", { class: "ipf-icon", viewBox: "0 0 12 12", width: 12, height: 12 }, s("path"));
  setStateIcon(icon, state, spoken);
  return icon;
}

/** Turns an icon made by `stateIcon` into that of another state; does nothing when it is that already. */
export function setStateIcon(icon: SVGElement, state: State, spoken = false): void {
  if (icon.dataset.state === state) return;
  icon.dataset.state = state;
  const { path, filled } = SHAPES[state];
  const shape = icon.querySelector("path");
  shape?.setAttribute("d", path);
  icon.setAttribute("style", `color:${stateColour(state)}`);
  shape?.setAttribute("fill", filled ? "currentColor" : "none");
  if (spoken) {
    icon.setAttribute("role", "img");
    icon.setAttribute("aria-label", word(state));
  } else {
    icon.setAttribute("aria-hidden", "true");
  }
}

const paths = new Map<State, Path2D>();

/** The same shape on a canvas, centred on `(x, y)`. */
export function drawIcon(g: CanvasRenderingContext2D, state: State, x: number, y: number, size: number): void {
  let path = paths.get(state);
  if (path === undefined) {
    path = new Path2D(SHAPES[state].path);
    paths.set(state, path);
  }
  g.save();
  g.translate(x - size / 2, y - size / 2);
  g.scale(size / 12, size / 12);
  g.lineWidth = 2;
  g.lineCap = "round";
  g.lineJoin = "round";
  g.stroke(path);
  if (SHAPES[state].filled) g.fill(path);
  g.restore();
}

/** A pencil: the code was changed. */
const EDITED = "M1.6 10.4 2.3 7.5 8.1 1.7l2.2 2.2-5.8 5.8ZM6.7 3.1l2.2 2.2";

const GLYPHS = {
  plus: "M6 2v8M2 6h8",
  minus: "M2 6h8",
  fit: "M1.5 4.5v-3h3M10.5 4.5v-3h-3M1.5 7.5v3h3M10.5 7.5v3h-3",
  close: "M2.5 2.5 9.5 9.5M9.5 2.5 2.5 9.5",
  fold: "M2.5 4.2 6 7.8 9.5 4.2",
  copy: "M4 4h6.5v6.5H4ZM2 8H1.5V1.5H8V2",
  note: "M6 1.6 11 10.4H1ZM6 5v2.4M6 9h.01",
  more: "M2.4 6h.01M6 6h.01M9.6 6h.01",
  export: "M6 1.5v6M3.6 5.2 6 7.6 8.4 5.2M1.8 8.2v2.3h8.4V8.2",
  find: "M5 1.6a3.4 3.4 0 1 0 0 6.8a3.4 3.4 0 1 0 0-6.8M7.5 7.5 10.6 10.6",
  closeAll: "M2 3.2 4.6 5.8M4.6 3.4v2.4H2.2M10 8.8 7.4 6.2M7.4 8.6V6.2h2.4",
  brush: "M2.2 1.6v8.8M9.8 1.6v8.8M3.8 6h4.4M5.2 4.6 3.8 6l1.4 1.4M6.8 4.6 8.2 6 6.8 7.4",
  rerun: "M9.9 4.2A4.4 4.4 0 1 0 10.4 6.4M10.2 1.6v2.8H7.4",
  retry: "M2.1 4.2A4.4 4.4 0 1 1 1.6 6.4M1.8 1.6v2.8h2.8",
  sliders: "M1.6 3.4h5M9.2 3.4h1.2M6.6 2v2.8M1.6 8.6h1.2M5.4 8.6h5M5.4 7.2V10",
  popOut: "M5 2H1.8v8.2H10V7M6.8 1.6h3.6v3.6M10.2 1.8 5.8 6.2",
  pause: "M4 2.6v6.8M8 2.6v6.8",
  resume: "M3.6 2.2 10 6 3.6 9.8Z",
  critical: "M1.5 2.6h4v2.6h-4ZM6.5 6.8h4v2.6h-4ZM3.5 5.2v2.9h3",
  whatIf: "M1.8 2.6h8.4M1.8 6h5M1.8 9.4h2.6",
  hint: "M4.4 8.4C2.6 7.4 2.2 4.6 3.6 3A3.2 3.2 0 0 1 8.4 3c1.4 1.6 1 4.4-.8 5.4M4.4 8.4h3.2M4.8 10.4h2.4",
  ask: "M3.6 4.2A2.4 2.4 0 1 1 6.9 6.4Q6 6.8 6 8M6 9.7v1",
  help: "M4 4.2a2 2 0 1 1 3 1.7q-1 .6-1 1.7M6 9.9v.1",
  edited: EDITED,
  compare: "M1.8 3h5.4M1.8 5.2h3M4.8 7.6h5.4M4.8 9.8h3.6",
  trash: "M2.2 3.2h7.6M4.6 3V1.8h2.8V3M3.2 3.4l.5 7h4.6l.5-7",
  live: "M6 4.4a1.6 1.6 0 1 0 0 3.2a1.6 1.6 0 1 0 0-3.2M2.6 2.6a4.8 4.8 0 0 0 0 6.8M9.4 2.6a4.8 4.8 0 0 1 0 6.8",
};

export type Glyph = keyof typeof GLYPHS;

export function glyph(name: Glyph): SVGSVGElement {
  return s(
    "svg",
    { class: "ipf-glyph", viewBox: "0 0 12 12", width: 12, height: 12, "aria-hidden": "true" },
    s("path", { d: GLYPHS[name], fill: "none" }),
  );
}

/** The mark of changed code, for pictures that are put together of paths. */
export const editedPath = (): string => EDITED;

/** The same on a canvas, centred on `(x, y)`, on a ground that keeps it apart from what it stands on. */
export function drawEdited(g: CanvasRenderingContext2D, x: number, y: number, colour: string, ground: string): void {
  edited ??= new Path2D(EDITED);
  g.save();
  g.translate(x - 6, y - 6);
  g.lineJoin = "round";
  g.strokeStyle = g.fillStyle = ground;
  g.lineWidth = 5;
  g.stroke(edited);
  g.fill(edited);
  g.strokeStyle = colour;
  g.lineWidth = 1.3;
  g.stroke(edited);
  g.restore();
}

let edited: Path2D | undefined;

/** The same paths as in ROLES of ipyflow/views/palette.py. */
const ROLES: Record<Role, string> = {
  pipeline: "M2.2 2.4 5.8 6 2.2 9.6M6.4 2.4 10 6 6.4 9.6",
  group: "M1.8 2.7h8.4M1.8 6h8.4M1.8 9.3h8.4",
  exceptionally: "M7.9 1 3.5 6.3h5L4.1 11",
  finally: "M1.2 6h7.3M5.5 3 8.5 6 5.5 9M10.7 2.2v7.6",
  merge: "M1.7 2.6v6.8L10.3 2.6v6.8Z",
  workflow: "M1.5 2.2h4v3h-4ZM6.5 6.8h4v3h-4ZM3.5 5.2v3.1h3",
  step: "M2 3.2h8v5.6H2Z",
  prompt: "M3.6 4.2A2.4 2.4 0 1 1 6.9 6.4Q6 6.8 6 8M6 9.7v1",
};

/** What a node of a workflow's picture is, where it is more than a step or an event: as in EVENTS of palette.py. */
export const MARKS: Record<FlowNode["form"] | "warning", string> = {
  "": "",
  start: "M3 1.8 10 6 3 10.2Z",
  stop: "M2.4 2.4h7.2v7.2H2.4Z",
  ask: "M3.6 4.2A2.4 2.4 0 1 1 6.9 6.4Q6 6.8 6 8M6 9.7v1",
  answer: "M2 1.8V7h7M6.4 4.2 9.2 7 6.4 9.8",
  failed: ROLES.exceptionally,
  catch_error: ROLES.exceptionally,
  warning: "M6 1.2 11.2 10.4H.8ZM6 4.4v3M6 8.4v.8",
};

/** The path of a role's mark, in a box of 12 by 12. */
export const rolePath = (role: Role): string => ROLES[role] ?? "";

/** What a task is in a pipeline, as a mark with its word. */
export function roleTag(role: Role): HTMLElement {
  const tag = h("span", { class: "ipf-role" });
  setRole(tag, role);
  return tag;
}

/** Turns a tag into that of another role; `null` leaves it empty and hidden. The word stands in it for those who do not see. */
export function setRole(tag: HTMLElement, role: Role | null): void {
  tag.hidden = role === null;
  if (role === null || tag.dataset.role === role) return;
  tag.dataset.role = role;
  tag.title = `${roleWord(role)}: ${ROLE_MEANING[role]}`;
  const mark = s(
    "svg",
    { class: "ipf-glyph", viewBox: "0 0 12 12", width: 11, height: 11, "aria-hidden": "true" },
    s("path", { d: rolePath(role), fill: "none" }),
  );
  tag.replaceChildren(mark, h("span", { text: roleWord(role) }));
}
