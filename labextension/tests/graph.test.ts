import { describe, expect, it } from "vitest";
import {
  bringIn,
  fitCamera,
  inSight,
  keepInSight,
  neighbour,
  nodeAt,
  roundedPath,
  shorten,
  toGraph,
  zoomAt,
} from "../src/views/graph/geometry";
import { nodeCounts, nodeFailure, nodeSpoken, nodeState, standsBack } from "../src/views/graph/look";
import { example, task } from "./helpers";

const { graph } = example("small");
if (graph === null) throw new Error("no graph");
const byName = (name: string) => {
  const node = graph.nodes.find((one) => one.name === name);
  if (node === undefined) throw new Error(name);
  return node;
};

describe("hitting", () => {
  it("finds the box under a point, also when zoomed and panned", () => {
    const node = byName("price");
    const camera = { x: 30, y: -12, k: 0.7 };
    const [x, y] = [(node.x + 5) * camera.k + camera.x, (node.y + 5) * camera.k + camera.y];
    expect(nodeAt(graph.nodes, ...toGraph(camera, x, y))?.key).toBe(node.key);
    expect(nodeAt(graph.nodes, node.x - 1, node.y)).toBeNull();
  });

  it("takes the upper of two", () => {
    const [a, b] = [
      { ...byName("price"), key: "a" },
      { ...byName("price"), key: "b" },
    ];
    expect(nodeAt([a, b], a.x + 1, a.y + 1)?.key).toBe("b");
  });
});

describe("camera", () => {
  it("fits all in the middle", () => {
    const camera = fitCamera({ width: 400, height: 100 }, { width: 840, height: 300 });
    expect(camera.k).toBe(1.1);
    expect(camera.x).toBeCloseTo((840 - 440) / 2);
  });

  it("begins at the left when all of it could not be read, or stands at the chosen node", () => {
    const wide = { width: 4000, height: 100 };
    const view = { width: 400, height: 300 };
    expect(fitCamera(wide, view).x).toBe(20);
    const at = fitCamera(wide, view, { x: 2000, y: 0, w: 100, h: 40 });
    expect(at.x + 2050 * at.k).toBeCloseTo(200);
    expect(fitCamera(wide, view, null, 0).k).toBeCloseTo(360 / 4000);
  });

  it("zooms about a point", () => {
    const camera = { x: 10, y: 20, k: 1 };
    const next = zoomAt(camera, 1.5, 100, 50);
    expect(toGraph(next, 100, 50)).toEqual(toGraph(camera, 100, 50));
    expect(zoomAt(camera, 1e9, 0, 0).k).toBe(2.5);
  });

  it("never loses the graph", () => {
    const view = { width: 400, height: 300 };
    expect(keepInSight({ x: 9999, y: -9999, k: 1 }, { width: 500, height: 200 }, view)).toEqual({
      x: 340,
      y: -140,
      k: 1,
    });
  });

  it("brings boxes into sight with as little motion as that takes", () => {
    const view = { width: 600, height: 300 };
    const box = (x: number, y: number) => ({ key: "", x, y, w: 120, h: 40 });
    const camera = { x: 30, y: 10, k: 1 };
    expect(bringIn(camera, [box(100, 50), box(100, 200)], view)).toEqual(camera);
    expect(bringIn(camera, [box(100, 150), box(100, 260)], view)).toEqual({ x: 30, y: -20, k: 1 });
    expect(bringIn(camera, [box(-40, 50), box(100, 100)], view)).toEqual({ x: 60, y: 10, k: 1 });
    // What does not fit is drawn smaller, about the first, down to what can be read; nothing is drawn larger.
    expect(bringIn(camera, [box(100, 50), box(100, 335)], view)).toEqual({ x: 50, y: -20, k: 0.8 });
    expect(bringIn(camera, [box(100, 50), box(100, 5000)], view)).toEqual({ x: 68, y: -11, k: 0.62 });
    expect(bringIn({ x: 20, y: 20, k: 0.3 }, [box(0, 0)], view)).toEqual({ x: 20, y: 20, k: 0.3 });
    // Of what is too large the first is still in sight, wherever it is.
    const last = bringIn({ x: 30, y: -4730, k: 1 }, [box(100, 5000), box(100, 50)], view);
    expect(last.y + 5040 * last.k).toBeLessThan(300);
    expect(bringIn(camera, [], view)).toBe(camera);
  });

  it("knows what is in sight", () => {
    const seen = inSight(graph.nodes, { x: -byName("process_order").x, y: 0, k: 1 }, { width: 200, height: 400 }, 0);
    expect(seen.map(({ name }) => name)).toEqual(["process_order"]);
  });
});

it("walks with the arrow keys", () => {
  expect(neighbour(graph.nodes, byName("load_cart"), 1, 0)?.name).toMatch(/price|load_user|send_email/);
  expect(neighbour(graph.nodes, byName("process_order"), 1, 0)).toBeNull();
});

it("goes to the next column with an arrow to the side, however the boxes of one column differ in width", () => {
  const box = (key: string, x: number, y: number, w: number) => ({ key, x, y, w, h: 44 });
  const boxes = [
    box("load", 16, 16, 110),
    box("score", 16, 84, 90),
    box("check", 190, 45, 138),
    box("after", 190, 140, 96),
  ];
  const to = (key: string, dx: number, dy: number) =>
    neighbour(boxes, boxes.find((one) => one.key === key) ?? box("", 0, 0, 0), dx, dy)?.key;
  expect(to("check", -1, 0)).toBe("load");
  expect(to("score", 1, 0)).toBe("check");
  expect(to("check", 0, 1)).toBe("after");
  expect(to("score", 0, -1)).toBe("load");
  expect(to("after", 1, 0)).toBeUndefined();
});

it("rounds the corners of an edge, less where there is no room", () => {
  expect(
    roundedPath(
      [
        [0, 0],
        [20, 0],
        [20, 30],
      ],
      5,
    ),
  ).toBe("M0 0L15 0Q20 0 20 5L20 30");
  expect(
    roundedPath(
      [
        [0, 0],
        [4, 0],
        [4, 30],
      ],
      5,
    ),
  ).toBe("M0 0L2 0Q4 0 4 2L4 30");
  expect(roundedPath([])).toBe("");
});

it("shortens names to the box", () => {
  expect(shorten("process_order", 70, 7)).toBe("process_o…");
  expect(shorten("f", 3, 7)).toBe("");
});

describe("stacks", () => {
  const stack = { ...byName("price"), task: null, tasks: [1, 2], count: 2, counts: { queued: 2 } };

  it("count from the rows where the page has all of them", () => {
    const tasks = new Map(
      [1, 2].map((id) => [id, task(id, { state: id === 1 ? "failed" : "running", type: "KeyError" })]),
    );
    expect(nodeCounts(stack, tasks)).toEqual({ failed: 1, running: 1 });
    expect(nodeState(stack, tasks)).toBe("failed");
    expect(nodeFailure(stack, tasks)).toBe("KeyError");
  });

  it("else believe the kernel", () => {
    expect(nodeCounts(stack, new Map())).toEqual({ queued: 2 });
    expect(nodeCounts({ ...stack, count: 900, counts: { running: 900 } }, new Map())).toEqual({ running: 900 });
  });
});

describe("a box of one task whose row is not here, as in a large run", () => {
  const box = { ...byName("price"), task: 7, tasks: [7], count: 1, counts: { succeeded: 1 } };

  it("has the state that the kernel counted, and is no plan", () => {
    expect(nodeState(box, new Map())).toBe("succeeded");
    expect(standsBack(box, new Map())).toBeNull();
    expect(nodeSpoken(box, new Map(), 1)).toBe("price #7, succeeded");
  });

  it("believes its row where there is one: it is newer", () => {
    expect(nodeState(box, new Map([[7, task(7, { state: "failed" })]]))).toBe("failed");
  });
});
