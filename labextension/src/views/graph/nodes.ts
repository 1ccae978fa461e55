/** The graph as SVG: elements are kept by key and only what differs is written, so nothing flickers while a run is live. */

import { s, setAttr, setText } from "../../core/dom";
import { withSeen } from "../../core/format";
import { editedPath, rolePath, setStateIcon, stateIcon } from "../../core/icons";
import type { GraphEdge, GraphNode, Role } from "../../core/protocol";
import { isContainer } from "../../core/roles";
import type { RunStore } from "../../core/store";
import { stateColour } from "../../core/theme";
import { type Critical, edgeKey } from "./critical";
import { drawFoot } from "./foot";
import { roundedPath, shorten } from "./geometry";
import { drawHandles, ROOM } from "./handles";
import type { Line } from "./lines";
import {
  footCounts,
  nodeCaption,
  nodeFailure,
  nodeRevised,
  nodeSpoken,
  nodeState,
  nodeTimes,
  nodeTitle,
  standsBack,
} from "./look";
import type { Marks } from "./stage";
import { sync } from "./sync";

const NONE: ReadonlySet<string> = new Set();

/** What is on show besides the boxes and lines themselves. */
export interface Showing {
  tasks: RunStore["tasks"];
  now: number;
  /** Whether boxes can be opened and closed. */
  handles: boolean;
  /** What decided how long the run took, where that is to stand out. */
  critical: Critical | null;
  /** The boxes that were looked for. */
  found: ReadonlySet<string>;
}

export class SvgGraph {
  readonly element: SVGGElement;
  private readonly edgeLayer = s("g", { class: "ipf-edges", "aria-hidden": "true" });
  private readonly nodeLayer = s("g", { class: "ipf-nodes" });
  private readonly nodes = new Map<string, SVGGElement>();
  private readonly edges = new Map<string, SVGPathElement>();

  constructor(private readonly prefix: string) {
    this.element = s("g", {}, this.edgeLayer, this.nodeLayer);
  }

  /** The id of the arrowhead; one for each picture, since an id counts for the whole page. */
  get arrowId(): string {
    return `${this.prefix}-arrow`;
  }

  idOf(key: string): string {
    return `${this.prefix}-${key.replace(/[^\w-]/g, "_")}`;
  }

  clear(): void {
    const nothing: Showing = { tasks: new Map(), now: 0, handles: false, critical: null, found: NONE };
    this.draw([], [], nothing, { selected: null, hovered: null, focused: null });
  }

  draw(nodes: readonly GraphNode[], edges: readonly Line[], from: Showing, marks: Marks): void {
    const lit = marks.hovered ?? marks.selected;
    this.element.classList.toggle("ipf-only-critical", from.critical !== null);
    const arrow = `url(#${this.arrowId})`;
    const quiet = new Set(nodes.filter((node) => standsBack(node, from.tasks)).map(({ key }) => key));
    sync(
      this.edges,
      this.edgeLayer,
      edges,
      edgeKey,
      (edge) => makeEdge(edge, arrow),
      (path, edge) => {
        const bright = lit !== null && (edge.from === lit || edge.to === lit);
        const critical = from.critical?.edges.has(edgeKey(edge)) ?? false;
        setAttr(path, "d", roundedPath(bright || critical ? edge.points : edge.own));
        path.classList.toggle("ipf-edge-quiet", quiet.has(edge.from) || quiet.has(edge.to));
        path.classList.toggle("ipf-lit", bright);
        path.classList.toggle("ipf-critical", critical);
      },
    );
    sync(
      this.nodes,
      this.nodeLayer,
      nodes,
      (node) => node.key,
      makeNode,
      (group, node) => {
        setAttr(group, "id", this.idOf(node.key));
        updateNode(group, node, from);
        group.classList.toggle("ipf-on", node.key === marks.hovered);
        group.classList.toggle("ipf-focus", node.key === marks.focused);
        group.classList.toggle("ipf-critical", from.critical?.nodes.has(node.key) ?? false);
        group.classList.toggle("ipf-found", from.found.has(node.key));
        setAttr(group, "aria-selected", String(node.key === marks.selected));
      },
    );
  }
}

function makeEdge(edge: GraphEdge, arrow: string): SVGPathElement {
  return s("path", {
    class: `ipf-edge ipf-edge-${edge.kind}`,
    fill: "none",
    "marker-end": edge.kind === "data" ? arrow : null,
  });
}

/** White space parts the words for who asks what is seen here. */
function makeNode(node: GraphNode): SVGGElement {
  const group = s("g", { class: "ipf-node", role: "option", "data-key": node.key });
  if (node.count > 1) {
    group.append(s("rect", { class: "ipf-box ipf-behind" }), s("rect", { class: "ipf-box ipf-behind" }));
  }
  if (isContainer(node)) group.append(s("rect", { class: "ipf-frame" }));
  group.append(
    s("rect", { class: "ipf-ring" }),
    s("rect", { class: "ipf-box ipf-front" }),
    s("rect", { class: "ipf-strip" }),
    stateIcon("planned"),
    s("text", { class: "ipf-node-module" }),
    " ",
    s("text", { class: "ipf-node-name" }),
    " ",
    s("text", { class: "ipf-node-count", "text-anchor": "end" }),
    " ",
    s("g", { class: "ipf-node-states" }),
    s("path", { class: "ipf-node-role", fill: "none" }),
    s("path", { class: "ipf-node-edited", fill: "none" }),
    s("text", { class: "ipf-node-error" }),
    s("g", { class: "ipf-node-handles", "aria-hidden": "true" }),
    s("title"),
  );
  return group;
}

function place(element: Element | null | undefined, x: number, y: number, w?: number, h?: number): void {
  if (!element) return;
  setAttr(element, "x", String(x));
  setAttr(element, "y", String(y));
  if (w !== undefined) setAttr(element, "width", String(w));
  if (h !== undefined) setAttr(element, "height", String(h));
}

function updateNode(group: SVGGElement, node: GraphNode, from: Showing): void {
  const { w, h } = node;
  const state = nodeState(node, from.tasks);
  const corner = node.role === "pipeline" ? 14 : 7;
  const part = (name: string) => group.querySelector(`.ipf-${name}`);
  setAttr(group, "transform", `translate(${node.x} ${node.y})`);
  setAttr(group, "data-state", state);
  setAttr(group, "data-back", standsBack(node, from.tasks));
  setAttr(group, "data-rest", node.rest ? "" : null);
  setAttr(group, "style", `--state:${stateColour(state)}`);
  group.querySelectorAll(".ipf-behind").forEach((rect, i) => {
    place(rect, (2 - i) * 4, -(2 - i) * 4, w, h);
    setAttr(rect, "rx", "7");
  });
  for (const name of ["ring", "front"]) {
    place(part(name), 0, 0, w, h);
    setAttr(part(name) ?? group, "rx", String(corner));
  }
  place(part("frame"), -3.5, -3.5, w + 7, h + 7);
  setAttr(part("frame") ?? group, "rx", String(corner + 3.5));
  place(part("strip"), 0, 8, 3, h - 16);
  const icon = group.querySelector("svg");
  if (icon !== null) {
    setStateIcon(icon, state);
    place(icon, 11, h / 2 - 6.5, 13, 13);
  }
  const badge = nodeTimes(node);
  const room = w - 32 - (badge ? badge.length * 7 + 8 : 4);
  const bar = footCounts(node, from.tasks);
  const lift = bar === null ? 0 : 4;
  const wide = Math.round(node.role == null ? (w - 40) / 5.6 : (w - 52) / 5);
  const above = nodeCaption(node, wide);
  const drop = above ? 10 : 4;
  drawRole(part("node-role"), node.role ?? null, w);
  setAttr(group, "data-role", node.role ?? null);
  const edited = part("node-edited");
  if (edited !== null) {
    setAttr(edited, "d", nodeRevised(node, from.tasks) ? editedPath() : null);
    setAttr(edited, "transform", `translate(12 3.5) scale(0.82)`);
  }
  text(part("node-module"), 31, h / 2 - 6 - lift, shorten(above, wide, 1));
  text(part("node-name"), 31, h / 2 + drop - lift, shorten(nodeTitle(node), room, 7.25));
  text(part("node-count"), w - 9, h / 2 + drop - lift, badge);
  const buttons = from.handles ? Number(node.opens !== undefined) + Number(node.closes !== undefined) : 0;
  const wordsRoom = buttons > 0 ? w + 6 - ROOM * buttons : Math.max(w + 12, 120);
  text(part("node-error"), 4, h + 12, shorten(nodeFailure(node, from.tasks), wordsRoom, 5.7));
  drawHandles(part("node-handles"), from.handles ? node : {}, w, h);
  const foot = part("node-states");
  if (foot !== null) drawFoot(foot, bar, w, h);
  const more = from.handles && node.opens !== undefined ? ", plus opens it" : "";
  const seen = ["module", "name", "count", "error"].map((name) => part(`node-${name}`)?.textContent);
  setAttr(group, "aria-label", withSeen(`${nodeSpoken(node, from.tasks, from.now)}${more}`, seen));
}

/** The mark of a role in the upper right corner. */
function drawRole(mark: Element | null, role: Role | null, width: number): void {
  if (mark === null) return;
  setAttr(mark, "d", role === null ? null : rolePath(role));
  setAttr(mark, "transform", `translate(${width - 17} 5.5) scale(0.86)`);
}

function text(element: Element | null, x: number, y: number, words: string): void {
  if (element === null) return;
  place(element, x, y);
  setText(element, words);
}
