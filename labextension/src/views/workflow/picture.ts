/** The picture of a workflow as SVG: steps as boxes, events as pills; what is kept is written again only where it differs. */

import { reducedMotion, s, setAttr, setText } from "../../core/dom";
import { withSeen } from "../../core/format";
import { MARKS, setStateIcon, stateIcon } from "../../core/icons";
import type { FlowEdge, FlowNode, Workflow } from "../../core/protocol";
import { present } from "../../core/status";
import { stateColour } from "../../core/theme";
import { drawFoot } from "../graph/foot";
import { roundedPath, shorten } from "../graph/geometry";
import type { Marks } from "../graph/stage";
import { sync } from "../graph/sync";
import { labelSides, type Side } from "./labels";
import { type Around, edgeWords, fitting, type Look, lookOf, shorter, spokenNode } from "./look";

/** Width of a letter of a name, and of the small lines, in pixels. */
const LETTER = 7.3;
const SMALL = 5.8;
const BOLD = 6.4;
/** More places for workers than this are said in words only. */
const MOST_SLOTS = 8;
const MOST_PIPS = 6;

const keyOf = (edge: FlowEdge): string => `${edge.from}>${edge.to}`;

export class FlowPicture {
  readonly element: SVGGElement;
  private readonly ways = s("g", { class: "ipf-edges" });
  private readonly taken = s("g", { class: "ipf-edges" });
  private readonly beads = s("g", { class: "ipf-beads" });
  private readonly labels = s("g", { class: "ipf-way-labels" });
  private readonly nodeLayer = s("g", { class: "ipf-nodes" });
  private readonly kept = {
    ways: new Map<string, SVGPathElement>(),
    taken: new Map<string, SVGPathElement>(),
    labels: new Map<string, SVGGElement>(),
    nodes: new Map<string, SVGGElement>(),
  };
  private counted: Map<string, number> | null = null;
  private drawn: number | null = null;
  private sides = { key: "", of: new Map<string, Side>() };

  constructor(private readonly prefix: string) {
    const under = s("g", { "aria-hidden": "true" }, this.ways, this.taken, this.beads, this.labels);
    this.element = s("g", {}, under, this.nodeLayer);
  }

  get arrowId(): string {
    return `${this.prefix}-arrow`;
  }

  idOf(key: string): string {
    return `${this.prefix}-${key.replace(/[^\w-]/g, "_")}`;
  }

  /** `way` are the edges on the way to the event that is open. */
  draw(flow: Workflow, around: Around, marks: Marks, way: ReadonlySet<string>): void {
    if (this.drawn !== flow.task) {
      this.drawn = flow.task;
      this.counted = null;
      this.beads.replaceChildren();
    }
    this.drawEdges(flow, marks, way);
    sync(
      this.kept.nodes,
      this.nodeLayer,
      flow.nodes,
      ({ key }) => key,
      makeNode,
      (group, node) => {
        setAttr(group, "id", this.idOf(node.key));
        updateNode(group, node, lookOf(node, flow, around));
        const seen = [...group.querySelectorAll(":scope > text")].map(({ textContent }) => textContent);
        setAttr(group, "aria-label", withSeen(spokenNode(node, flow, around), seen));
        group.classList.toggle("ipf-on", node.key === marks.hovered);
        group.classList.toggle("ipf-focus", node.key === marks.focused);
        setAttr(group, "aria-selected", String(node.key === marks.selected));
      },
    );
  }

  private drawEdges(flow: Workflow, marks: Marks, way: ReadonlySet<string>): void {
    const lit = marks.hovered ?? (way.size > 0 ? null : marks.selected);
    const make = (name: string) => () =>
      s("path", { class: `ipf-way ${name}`, fill: "none", "marker-end": `url(#${this.arrowId})` });
    const update = (path: SVGPathElement, edge: FlowEdge) => {
      setAttr(path, "d", roundedPath(edge.points));
      setAttr(path, "data-form", edge.form || null);
      path.classList.toggle("ipf-lit", way.has(keyOf(edge)) || edge.from === lit || edge.to === lit);
    };
    const taken = flow.edges.filter((edge) => edge.count > 0);
    sync(this.kept.ways, this.ways, flow.edges, keyOf, make("ipf-untaken"), update);
    sync(this.kept.taken, this.taken, taken, keyOf, make("ipf-taken"), update);
    const said = flow.edges.filter((edge) => edge.at !== null && edgeWords(edge.form, edge.count) !== "");
    const sides = this.sidesOf(flow);
    sync(this.kept.labels, this.labels, said, keyOf, makeLabel, (group, edge) =>
      updateLabel(group, edge, sides.get(keyOf(edge)) ?? 0),
    );
    this.ways.parentElement?.classList.toggle("ipf-way-open", way.size > 0);
    this.sendBeads(taken);
  }

  private sidesOf(flow: Workflow): ReadonlyMap<string, Side> {
    const key = JSON.stringify([flow.task, flow.nodes.length, flow.width, flow.height, flow.edges.length]);
    if (this.sides.key !== key) {
      const sides = labelSides(flow);
      this.sides = { key, of: new Map(flow.edges.map((edge, i) => [keyOf(edge), sides[i] ?? 0])) };
    }
    return this.sides.of;
  }

  /** A bead runs along each edge that an event has gone since the last drawing: one at a time. */
  private sendBeads(edges: readonly FlowEdge[]): void {
    const before = this.counted;
    this.counted = new Map(edges.map((edge) => [keyOf(edge), edge.count]));
    if (before === null || reducedMotion()) return;
    const running = new Set([...this.beads.children].map((bead) => bead.getAttribute("data-key")));
    for (const edge of edges) {
      const key = keyOf(edge);
      if (edge.count <= (before.get(key) ?? 0) || running.has(key)) continue;
      const bead = s("path", { class: "ipf-bead", d: roundedPath(edge.points), pathLength: 100, "data-key": key });
      bead.addEventListener("animationend", () => bead.remove());
      bead.addEventListener("animationcancel", () => bead.remove());
      this.beads.append(bead);
    }
  }
}

function makeLabel(): SVGGElement {
  return s("g", { class: "ipf-way-label" }, s("rect", { rx: 6.5, height: 13 }), s("text"));
}

function updateLabel(group: SVGGElement, edge: FlowEdge, side: Side): void {
  const [x, y] = edge.at ?? [0, 0];
  const words = edgeWords(edge.form, edge.count);
  const w = words.length * 6 + 8;
  setAttr(group, "transform", `translate(${x} ${y})`);
  group.classList.toggle("ipf-taken", edge.count > 0);
  const rect = group.querySelector("rect");
  if (rect !== null) place(rect, -w / 2, -6.5, w);
  group.classList.toggle("ipf-beside", side !== 0);
  const text = group.querySelector("text");
  if (text === null) return;
  setAttr(text, "text-anchor", side === 0 ? "middle" : side === 1 ? "start" : "end");
  write(text, side * 6, 3.5, words);
}

function makeNode(node: FlowNode): SVGGElement {
  const step = node.kind === "step";
  const group = s(
    "g",
    { class: `ipf-node ipf-${step ? "step" : "event"}`, role: "option", "data-key": node.key, "data-form": node.form },
    s("rect", { class: "ipf-ring" }),
    s("rect", { class: "ipf-box ipf-front" }),
  );
  if (step)
    group.append(
      s("rect", { class: "ipf-strip" }),
      stateIcon("planned"),
      s("g", { class: "ipf-slots" }),
      s("g", { class: "ipf-node-states" }),
    );
  else if (node.form !== "") group.append(s("path", { class: "ipf-mark", d: MARKS[node.form] }));
  group.append(
    s("text", { class: "ipf-node-name" }),
    " ",
    step
      ? s("text", {}, s("tspan", { class: "ipf-node-line" }), s("tspan", { class: "ipf-node-extra" }))
      : s("text", { class: "ipf-node-extra" }),
    s("g", { class: "ipf-pips" }),
    s("path", { class: "ipf-warn", d: MARKS.warning }),
  );
  return group;
}

function updateNode(group: SVGGElement, node: FlowNode, look: Look): void {
  const { w, h } = node;
  const step = node.kind === "step";
  const part = (name: string) => group.querySelector<SVGGraphicsElement>(`.ipf-${name}`);
  setAttr(group, "transform", `translate(${node.x} ${node.y})`);
  setAttr(group, "data-untouched", look.untouched ? "" : null);
  setAttr(group, "data-awaited", look.awaited ? "" : null);
  setAttr(group, "data-stuck", look.stuck ? "" : null);
  setAttr(group, "data-tone", look.tone || null);
  setAttr(group, "data-state", look.state);
  setAttr(group, "style", look.state === null ? null : `--state:${stateColour(look.state)}`);
  for (const name of ["ring", "front"]) {
    const rect = part(name);
    if (rect === null) continue;
    place(rect, 0, 0, w, h);
    setAttr(rect, "rx", String(step ? 7 : h / 2));
  }
  if (step) updateStep(group, node, look, part);
  else updateEvent(node, look, part);
}

type Part = (name: string) => SVGGraphicsElement | null;

function updateStep(group: SVGGElement, node: FlowNode, look: Look, part: Part): void {
  const { w, h } = node;
  const strip = part("strip");
  if (strip !== null) place(strip, 0, 8, 3, h - 16);
  const icon = group.querySelector("svg");
  if (icon !== null) {
    setStateIcon(icon, look.state ?? "planned");
    place(icon, 11, 8, 12, 12);
  }
  const name = 29;
  const slots = look.slots !== null && look.slots[2] <= MOST_SLOTS ? look.slots : null;
  const beside = w - name - 8 - (slots === null ? 0 : slots[2] * 7 + 5);
  write(part("node-name"), name, 18, shorten(node.name, beside, LETTER));
  drawSlots(part("slots"), slots, w);
  const foot = part("node-states");
  // Where all is in one state its colour has said so.
  const mixed = look.runs !== null && present(look.runs).length > 1;
  if (foot !== null) drawFoot(foot, mixed ? look.runs : null, w, h);
  const pips = look.join !== null && look.join[1] <= MOST_PIPS ? look.join : null;
  drawPips(part("pips"), pips, name, 28.5);
  const behind = name + (pips === null ? 0 : pips[1] * 9 + 4);
  const from = behind + (look.stuck ? 15 : 0);
  const [words, extra] = secondLine(look, w - from - 6, pips !== null);
  const line = part("node-line");
  if (line?.parentElement instanceof SVGElement) place(line.parentElement, from, 32);
  if (line !== null) setText(line, words);
  const said = part("node-extra");
  if (said !== null) setText(said, extra);
  const warn = part("warn");
  if (warn === null) return;
  setAttr(warn, "display", look.stuck ? null : "none");
  setAttr(warn, "transform", `translate(${behind} 22.5) scale(0.92)`);
}

/** A box has two lines. What a reader must see stands behind the first words, or in their place where there is no room. */
function secondLine(look: Look, room: number, dotted: boolean): [words: string, extra: string] {
  const letters = Math.floor(room / SMALL);
  if (look.extra === "") return [shorten(fitting(look.words, letters), letters, 1), ""];
  const first = look.awaited ? "" : (look.words[0] ?? "");
  const extra = look.extra.length * BOLD > room ? shorter(look.extra) : look.extra;
  const both = first !== "" && (first.length + 3) * SMALL + extra.length * BOLD <= room;
  if (both) return [`${first} \u00b7 `, extra];
  // How many have come is said in words beside the dots; of what, the event above the arrow says.
  const count = dotted && first !== "" ? /^(needs \d+) \S+$/.exec(extra)?.[1] : undefined;
  if (count !== undefined) return [`${first} \u00b7 `, count];
  return dotted || first === "" || look.tone !== ""
    ? ["", shorten(extra, room, BOLD)]
    : [shorten(first, room, SMALL), ""];
}

function updateEvent(node: FlowNode, look: Look, part: Part): void {
  const { w, h } = node;
  const mark = part("mark");
  const lead = mark === null ? 0 : 16;
  if (mark !== null) setAttr(mark, "transform", `translate(10 ${h / 2 - 6})`);
  const name = shorten(node.name, w - 18 - lead, LETTER);
  const middle = (w + lead - name.length * LETTER) / 2;
  write(part("node-name"), Math.max(9 + lead, middle), h / 2 + 4, name);
  const extra = part("node-extra");
  const warn = part("warn");
  if (warn !== null) {
    setAttr(warn, "display", look.extra === "" ? "none" : null);
    setAttr(warn, "transform", `translate(${w / 2 - 39} ${h + 4}) scale(0.92)`);
  }
  write(extra, w / 2 - 24, h + 13.5, look.extra);
}

/** The places for workers, those at work filled. */
function drawSlots(layer: Element | null, slots: Look["slots"], w: number): void {
  if (layer === null) return;
  const key = JSON.stringify([slots, w]);
  if (layer.getAttribute("data-key") === key) return;
  layer.setAttribute("data-key", key);
  const [running, blocked, all] = slots ?? [0, 0, 0];
  layer.replaceChildren(
    ...Array.from({ length: all }, (_, i) =>
      s("rect", {
        class: i < running ? "ipf-slot-running" : i < running + blocked ? "ipf-slot-blocked" : "ipf-slot",
        x: w - 9 - (all - i) * 7,
        y: 9,
        width: 5,
        height: 9,
        rx: 1.5,
      }),
    ),
  );
}

/** What has come to a join, and what is still to come. */
function drawPips(layer: Element | null, join: Look["join"], x: number, y: number): void {
  if (layer === null) return;
  const key = JSON.stringify(join);
  if (layer.getAttribute("data-key") === key) return;
  layer.setAttribute("data-key", key);
  const [filled, all] = join ?? [0, 0];
  layer.replaceChildren(
    ...Array.from({ length: all }, (_, i) =>
      s("circle", { class: i < filled ? "ipf-pip-in" : "ipf-pip", cx: x + 3.5 + i * 9, cy: y, r: 3.2 }),
    ),
  );
}

function place(element: Element, x: number, y: number, w?: number, h?: number): void {
  setAttr(element, "x", String(x));
  setAttr(element, "y", String(y));
  if (w !== undefined) setAttr(element, "width", String(w));
  if (h !== undefined) setAttr(element, "height", String(h));
}

function write(element: Element | null, x: number, y: number, words: string): void {
  if (element === null) return;
  place(element, x, y);
  setText(element, words);
}
