// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from "vitest";
import type { Graph, GraphEdge, GraphNode, Payload } from "../src/core/protocol";
import { criticalOf } from "../src/views/graph/critical";
import { matching } from "../src/views/graph/find";
import { shares } from "../src/views/graph/foot";
import { successor, toggled } from "../src/views/graph/handles";
import { cut } from "../src/views/graph/lines";
import { nodeCaption, nodeOf, nodeSearched, nodeSpoken, nodeTimes, nodeTitle } from "../src/views/graph/look";
import { mapScale } from "../src/views/graph/minimap";
import { Motion } from "../src/views/graph/motion";
import { payload, run, task } from "./helpers";
import { closeAll, frame, open } from "./page";

function node(key: string, more: Partial<GraphNode> = {}): GraphNode {
  const id = Number.parseInt(key, 10);
  const place = { x: 20, y: 20 + id * 60, w: 120, h: 44 };
  return { key, task: id, tasks: [id], name: "leaf", module: "", group: null, count: 1, ...place, ...more };
}

function graph(nodes: GraphNode[], more: Partial<Graph> = {}): Graph {
  return { width: 600, height: 400, nodes, edges: [], open: [], ...more };
}

const FLOW = node("1", { name: "flow", x: 300, y: 20 });
const STACK = node("2+", { task: null, tasks: [2, 3, 4, 5, 6], count: 5, opens: "2+", x: 20, y: 20 });
const CLOSED = graph([FLOW, STACK]);
const OPEN = graph(
  [FLOW, ...[2, 3, 4, 5, 6].map((id) => node(String(id), { closes: "2+", part: true, y: 20 + (id - 2) * 60 }))],
  { open: ["2+"] },
);
const ROWS = [1, 2, 3, 4, 5, 6].map((id) => task(id, { name: id === 1 ? "flow" : "leaf", parent: id === 1 ? 0 : 1 }));

function live(first: Graph): ReturnType<typeof open> & { answer(next: Graph): Promise<unknown> } {
  const page = open(null, "graph");
  let seq = 1;
  page.model.say({ type: "snapshot", seq, payload: { ...payload(ROWS), graph: first } satisfies Payload });
  return {
    ...page,
    answer(next) {
      seq += 1;
      page.model.say({ type: "delta", seq, run: run(), tasks: [], edges: null, graph: next, lanes: null });
      return frame();
    },
  };
}

const expands = (page: ReturnType<typeof live>) =>
  page.model.sent.filter((message) => message.type === "expand").map((message) => message.nodes);
const keys = (el: Element) => [...el.querySelectorAll(".ipf-node")].map((one) => one.getAttribute("data-key"));
const ground = (el: Element) => el.querySelector(".ipf-ground") as HTMLElement;
const press = (el: Element, key: string, more: KeyboardEventInit = {}) =>
  ground(el).dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more }));
const click = (at: Element | null, more: MouseEventInit = {}) =>
  at?.dispatchEvent(new MouseEvent("click", { bubbles: true, detail: 1, ...more }));

afterEach(closeAll);

describe("on a live page a stack", () => {
  it("is opened by its button, and closed by that of any task that came out of it", async () => {
    const page = live(CLOSED);
    await frame();
    click(page.el.querySelector(".ipf-handle-opens"));
    expect(expands(page)).toEqual([["2+"]]);
    await page.answer(OPEN);
    expect(keys(page.el).sort()).toEqual(["1", "2", "3", "4", "5", "6"]);
    click(page.el.querySelector('[data-key="4"] .ipf-handle-closes'));
    expect(expands(page)).toEqual([["2+"], []]);
    await page.answer(CLOSED);
    expect(keys(page.el).sort()).toEqual(["1", "2+"]);
  });

  it("is not closed by the second click of two", async () => {
    const page = live(CLOSED);
    await frame();
    const button = page.el.querySelector(".ipf-handle-opens");
    click(button);
    click(button, { detail: 2 });
    expect(expands(page)).toEqual([["2+"]]);
  });

  it("is opened and closed by the keyboard, and the focus goes along", async () => {
    const page = live(graph([STACK, FLOW]));
    await frame();
    press(page.el, "ArrowRight");
    press(page.el, "+");
    await page.answer(OPEN);
    expect(ground(page.el).getAttribute("aria-activedescendant")).toMatch(/-2$/);
    press(page.el, " ");
    press(page.el, " ");
    expect(expands(page)).toEqual([["2+"], [], ["2+"]]);
  });

  it("stays where it was on the screen", async () => {
    const page = live(CLOSED);
    await frame();
    const at = (key: string) => {
      const shift = (element: Element | null) =>
        /translate\(([-\d.]+) ([-\d.]+)\)/
          .exec(element?.getAttribute("transform") ?? "")
          ?.slice(1)
          .map(Number) ?? [];
      const own = page.el.querySelector(`[data-key="${key}"]`);
      const [cx = 0, cy = 0] = shift(own?.parentElement?.parentElement ?? null);
      const k = Number(
        /scale\(([-\d.]+)\)/.exec(own?.parentElement?.parentElement?.getAttribute("transform") ?? "")?.[1],
      );
      const [x = 0, y = 0] = shift(own);
      return [cx + x * k, cy + y * k].map((n) => Math.round(n));
    };
    const before = at("2+");
    click(page.el.querySelector(".ipf-handle-opens"));
    const moved = OPEN.nodes.map((one) => ({ ...one, x: one.x + 90, y: one.y + 200 }));
    await page.answer({ ...OPEN, height: 900, nodes: moved });
    expect(at("2")).toEqual(before);
  });

  it("is brought into sight with all that came out of it, unless the reader moves the picture meanwhile", async () => {
    const drawn = ({ el }: ReturnType<typeof live>) => el.querySelector(".ipf-svg > g") as Element;
    const camera = (page: ReturnType<typeof live>) => drawn(page).getAttribute("transform");
    const settled = async (page: ReturnType<typeof live>) => {
      for (let was = ""; was !== drawn(page).outerHTML; await frame()) was = drawn(page).outerHTML;
    };
    const low = { ...OPEN, height: 900, nodes: OPEN.nodes.map((one) => ({ ...one, y: one.y * 1.2 })) };
    const page = live(graph([FLOW, { ...STACK, y: 340 }]));
    await frame();
    click(page.el.querySelector(".ipf-handle-opens"));
    await page.answer(low);
    await settled(page);
    expect(keys(page.el)).toEqual(expect.arrayContaining(["2", "3", "4", "5", "6"]));

    const other = live(graph([FLOW, { ...STACK, y: 340 }]));
    await frame();
    click(other.el.querySelector(".ipf-handle-opens"));
    await other.answer(low);
    (other.el.querySelector('[aria-label="Zoom in"]') as HTMLElement).click();
    await frame();
    const put = camera(other);
    await settled(other);
    expect(camera(other)).toBe(put);
    expect(put).not.toBe(camera(page));
  });

  it("has no button in a saved picture, nor while the past is on show", async () => {
    const page = open({ ...payload(ROWS), graph: CLOSED }, "graph", false);
    await frame();
    expect(page.el.querySelector(".ipf-node")).not.toBeNull();
    expect(page.el.querySelector(".ipf-handle")).toBeNull();
    press(page.el, "ArrowRight");
    press(page.el, "+");
    expect(page.model.kinds()).not.toContain("expand");
  });

  it("and all others are closed by one button, which is there only when something is open", async () => {
    const page = live(CLOSED);
    await frame();
    const button = page.el.querySelector('[aria-label^="Close all"]') as HTMLButtonElement;
    expect(button.hidden).toBe(true);
    await page.answer(OPEN);
    expect(button.hidden).toBe(false);
    button.click();
    expect(expands(page)).toEqual([[]]);
  });
});

it("toggling takes away all that was opened further", () => {
  expect(toggled(["2+", "2+/1", "2+/2", "22+", "4-"], "2+")).toEqual(["22+", "4-"]);
  expect(toggled(["2+"], "2+/1")).toEqual(["2+", "2+/1"]);
});

it("what is left says how much, and a task which one it is", () => {
  const rest = node("2+/1", { task: null, count: 340, rest: true, part: true, module: "shop", tasks: [70] });
  expect([nodeTitle(rest), nodeTimes(rest), nodeCaption(rest)]).toEqual(["+340 more", "", "leaf"]);
  expect(nodeSpoken(rest, new Map(), 0)).toMatch(/^leaf, 340 more/);
  expect(nodeTimes(node("7", { part: true }))).toBe("#7");
  expect(nodeCaption(node("7", { inside: 12 }))).toBe("12 tasks inside");
});

it("the place of what was toggled is taken by itself, its first part, or what it went into", () => {
  expect(successor(OPEN.nodes, STACK, "2+")?.key).toBe("2");
  expect(successor(CLOSED.nodes, node("4", { closes: "2+" }), "2+")?.key).toBe("2+");
  expect(successor(CLOSED.nodes, FLOW, "1-")?.key).toBe("1");
});

describe("lines", () => {
  const edge = (from: string, points: [number, number][], kind: "data" | "child" = "child"): GraphEdge => ({
    from,
    to: "1",
    kind,
    count: 1,
    points,
  });
  const [first, second, third] = [0, 60, 120].map((y) =>
    edge(String(y), [
      [0, y],
      [40, y],
      [40, -20],
      [90, -20],
    ]),
  );
  if (first === undefined || second === undefined || third === undefined) throw new Error();

  it("that share a stretch are drawn there once", () => {
    const [a, b, c] = cut([first, second, third]).map(({ own }) => own);
    expect(a).toEqual(first.points);
    expect(b?.at(-1)).toEqual([40, 0]);
    expect(c?.at(-1)).toEqual([40, 60]);
  });

  it("with data lie on each other: they have no gaps", () => {
    const data = [first, second].map((one) => ({ ...one, kind: "data" as const }));
    expect(cut(data).map(({ own }) => own)).toEqual(data.map(({ points }) => points));
  });

  it("that are drawn already need nothing of their own", () => {
    const again = cut([first, { ...first, from: "9" }])[1];
    expect(again?.own.length).toBeLessThan(2);
    expect(again?.points).toEqual(first.points);
  });
});

describe("boxes on their way", () => {
  it("go from where they stood to where they stand", () => {
    let now = 0;
    const motion = new Motion(() => now);
    motion.turn(CLOSED);
    expect(motion.moving).toBe(false);
    motion.turn(graph([{ ...FLOW, y: 220 }, STACK]));
    const y = () => motion.placed([{ ...FLOW, y: 220 }], [])[0][0]?.y;
    expect(y()).toBe(20);
    now = 100;
    expect(y()).toBeGreaterThan(20);
    now = 1000;
    expect(y()).toBe(220);
    expect(motion.moving).toBe(false);
  });

  it("stand still when only their numbers are new", () => {
    const motion = new Motion(() => 0);
    motion.turn(CLOSED);
    motion.turn(graph(CLOSED.nodes.map((one) => ({ ...one }))));
    expect(motion.moving).toBe(false);
  });
});

describe("the critical path", () => {
  const edge = (from: string, to: string, more: Partial<GraphEdge> = {}): GraphEdge => ({
    from,
    to,
    kind: "data",
    count: 1,
    points: [],
    ...more,
  });

  it("is in the boxes of its tasks and the lines between them, also of stacks that do not name them", () => {
    const far = node("50+", { critical: 1, tasks: [50], count: 900, task: null });
    const edges = [edge("2+", "1"), edge("50+", "1", { critical: true }), edge("9", "1")];
    const found = criticalOf(graph([FLOW, STACK, far, node("9")], { edges }), [3, 1]);
    expect([...(found?.nodes ?? [])]).toEqual(["1", "2+", "50+"]);
    expect([...(found?.edges ?? [])]).toEqual(["2+>1:data", "50+>1:data"]);
    expect(criticalOf(CLOSED, [])).toBeNull();
  });

  it("stands out when it is asked for, and can be asked for when the run has ended", async () => {
    const page = open(null, "graph");
    const whole = { ...payload(ROWS, { critical: [3, 1], closed: 1 }), graph: CLOSED };
    page.model.say({ type: "snapshot", seq: 1, payload: whole });
    const button = page.el.querySelector('[aria-label="Critical path"]') as HTMLButtonElement;
    await frame();
    expect(page.el.querySelector(".ipf-critical")).toBeNull();
    button.click();
    await frame();
    expect(page.el.querySelectorAll(".ipf-node.ipf-critical").length).toBe(2);
    expect(button.getAttribute("aria-pressed")).toBe("true");
    page.model.say({ type: "snapshot", seq: 2, payload: { ...payload(ROWS), graph: CLOSED } });
    await frame();
    expect(button.getAttribute("aria-disabled")).toBe("true");
    expect(button.title).toContain("known when the run has ended");
    expect(page.el.querySelector(".ipf-critical")).toBeNull();
  });
});

describe("looking for tasks", () => {
  it("finds boxes by all the words, and tasks by their number", () => {
    const nodes = [node("1", { name: "load_user", module: "shop" }), node("2", { name: "load_cart" }), STACK];
    expect(matching(nodes, "load")).toEqual(["1", "2"]);
    expect(matching(nodes, "LOAD shop")).toEqual(["1"]);
    expect(matching(nodes, "#4")).toEqual(["2+"]);
    expect(matching(nodes, "  ")).toEqual([]);
    const rows = new Map([task(1, { state: "failed", args: "user=17" }), task(2)].map((row) => [row.id, row]));
    const said = (one: GraphNode) => nodeSearched(one, rows);
    expect(matching(nodes, "failed", said)).toEqual(["1"]);
    expect(matching(nodes, "user=17 load", said)).toEqual(["1"]);
  });

  it("begins with a slash, marks what it finds and ends with Escape", async () => {
    const page = live(CLOSED);
    await frame();
    press(page.el, "/");
    const field = page.el.querySelector(".ipf-find-field") as HTMLInputElement;
    expect((page.el.querySelector(".ipf-find") as HTMLElement).hidden).toBe(false);
    field.value = "leaf";
    field.dispatchEvent(new Event("input", { bubbles: true }));
    await frame();
    expect(page.el.querySelector(".ipf-found")?.getAttribute("data-key")).toBe("2+");
    expect(page.el.querySelector(".ipf-find-said")?.textContent).toBe("1 of 1");
    field.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
    await frame();
    expect(page.el.querySelector(".ipf-found")).toBeNull();
  });
});

it("the legend names the states and lines that are there, on demand", async () => {
  const page = live(CLOSED);
  await frame();
  const legend = page.el.querySelector(".ipf-graph-legend") as HTMLElement;
  expect(legend.hidden).toBe(true);
  (page.el.querySelector('[aria-label="What the marks mean"]') as HTMLElement).click();
  expect(legend.hidden).toBe(false);
  expect(legend.textContent).toContain("queued");
  expect(legend.textContent).not.toContain("timed out");
  expect(legend.textContent).toContain("equal tasks");
});

it("a small picture is there only where the large one does not show enough", () => {
  const view = { width: 800, height: 400 };
  const camera = { x: 0, y: 0, k: 1 };
  expect(mapScale({ width: 900, height: 500 }, camera, view)).toBe(0);
  expect(mapScale({ width: 3000, height: 1000 }, camera, view)).toBeCloseTo(0.05);
  expect(mapScale({ width: 3000, height: 1000 }, { ...camera, k: 0.2 }, view)).toBe(0);
  expect(mapScale({ width: 3000, height: 1000 }, camera, { width: 380, height: 300 })).toBe(0);
});

it("a bar shows also what is two of ten thousand", () => {
  expect(shares([2, 9998], 100)).toEqual([4, 96]);
  expect(shares([50, 50], 100)).toEqual([50, 50]);
  expect(shares([1, 1, 1], 6).reduce((sum, n) => sum + n, 0)).toBeCloseTo(6);
  expect(shares([], 100)).toEqual([]);
});

it("a task is looked for in what names it, in what it is folded into, and in the only stack of its kind", () => {
  const rows = new Map(
    [...ROWS, task(9, { name: "leaf", parent: 4 }), task(80, { name: "far" })].map((row) => [row.id, row]),
  );
  const folded = node("4", { inside: 1 });
  const far = node("50+", { name: "far", module: "__main__", tasks: [50], count: 90, task: null });
  const nodes = [FLOW, folded, far];
  expect([1, 9, 80, 3].map((id) => nodeOf(nodes, id, rows)?.key)).toEqual(["1", "4", "50+", undefined]);
});
