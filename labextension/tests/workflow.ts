import { byId, withPublished } from "../src/core/events";
import type { FlowEdge, FlowEvent, FlowNode, Payload, Workflow } from "../src/core/protocol";
import { example, payload, task } from "./helpers";

export const flowOf = (from: Payload, at = 0): Workflow => {
  const flow = from.workflows?.[at];
  if (flow === undefined) throw new Error("no workflow");
  return withPublished(flow);
};

export const named = (flow: Workflow, name: string): FlowNode => {
  const node = flow.nodes.find((one) => one.name === name);
  if (node === undefined) throw new Error(name);
  return node;
};

export const eventOf = (flow: Workflow, id: number): FlowEvent => {
  const event = byId(flow).get(id);
  if (event === undefined) throw new Error(`event ${id}`);
  return event;
};

/** A copy to change. */
export const copyOf = (name: Parameters<typeof example>[0]): Payload => structuredClone(example(name));

/** A small workflow by hand: `Begin` goes to `work`, which gives `End`. */
export function tiny(more: Partial<Workflow> = {}): Workflow {
  const node = (key: string, y: number, part: Partial<FlowNode> = {}): FlowNode => {
    const [kind, name = ""] = key.split(":");
    return {
      key,
      name,
      kind: kind as FlowNode["kind"],
      form: "",
      workers: kind === "step" ? 2 : null,
      x: 16,
      y,
      w: 180,
      h: kind === "step" ? 54 : 28,
      ...part,
    };
  };
  const edge = (from: string, to: string, y: number): FlowEdge => ({
    from,
    to,
    form: "",
    points: [
      [106, y],
      [106, y + 30],
    ],
    at: [106, y + 15],
    count: 0,
  });
  return {
    task: 1,
    name: "Tiny",
    nodes: [
      node("event:Begin", 16, { form: "start" }),
      node("step:work", 74),
      node("event:End", 158, { form: "stop" }),
    ],
    edges: [edge("event:Begin", "step:work", 44), edge("step:work", "event:End", 128)],
    width: 212,
    height: 202,
    steps: {},
    sent: {},
    unhandled: {},
    joins: [],
    awaited: [],
    events: [],
    total: 0,
    published: [],
    ...more,
  };
}

export const event = (id: number, type: string, more: Partial<FlowEvent> = {}): FlowEvent => ({
  id,
  type,
  text: "",
  time: 0,
  by: 0,
  from: [],
  to: [],
  taken: [],
  held: [],
  gave: [],
  ...more,
});

/** A run of one workflow. */
export function runOf(
  flow: Workflow,
  rows = [task(1, { role: "workflow", name: flow.name, state: "waiting" })],
): Payload {
  return { ...payload(rows), workflows: [flow] };
}
