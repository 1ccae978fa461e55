/**
 * A workflow's events as they were at an instant. Pure.
 *
 * Of many events a page knows only some, the newest ones among them: so numbers are what they are now, less what came
 * later. At the end nothing is taken away, and they are those of the kernel.
 */

import { NO_COUNTS } from "./events";
import type { FlowEvent, FlowJoin, StepCounts, TaskRow, Workflow } from "./protocol";

type Rows = ReadonlyMap<number, TaskRow>;

export function flowAt(flow: Workflow, tasks: Rows, at: number): Workflow {
  const gone = flow.events.filter((event) => event.time > at);
  const ids = new Set(gone.map((event) => event.id));
  const events = flow.events
    .filter((event) => event.time <= at)
    .map((event) => ({
      ...event,
      taken: event.taken.filter((id) => tasks.has(id)),
      gave: event.gave.filter((id) => !ids.has(id)),
    }));
  const joins = joinsAt(flow, events, tasks);
  for (const event of events) {
    event.held = joins.filter((join) => join.events.includes(event.id)).map((join) => join.step);
  }
  return {
    ...flow,
    events,
    joins,
    total: flow.total - gone.length,
    steps: stepsAt(flow, events, tasks),
    sent: less(flow.sent, gone),
    unhandled: less(
      flow.unhandled,
      gone.filter((event) => event.to.length === 0),
    ),
    edges: flow.edges.map((edge) => ({ ...edge, count: Math.max(0, edge.count - laterOn(edge, flow, gone)) })),
    awaited: flow.awaited.filter((one) => one.since <= at && tasks.get(one.task)?.state === "blocked"),
    published: flow.published.filter((one) => one.time <= at),
  };
}

function less(counts: Record<string, number>, gone: readonly FlowEvent[]): Record<string, number> {
  const then = { ...counts };
  for (const { type } of gone) if (type in then) then[type] = Math.max(0, (then[type] ?? 0) - 1);
  return then;
}

/** How many of the events that came later went along an edge. */
function laterOn(edge: Workflow["edges"][number], flow: Workflow, gone: readonly FlowEvent[]): number {
  const [kind, name] = [edge.from.slice(0, 5), edge.from.slice(edge.from.indexOf(":") + 1)];
  const other = edge.to.slice(edge.to.indexOf(":") + 1);
  if (kind === "event") return gone.filter((event) => event.type === name && event.to.includes(other)).length;
  const givers = new Set(flow.edges.filter((one) => one.to === edge.to).map((one) => one.from));
  // Where one step alone gives the type, its events need no giver at hand.
  return gone.filter(
    (event) => event.type === other && event.by > 0 && (givers.size === 1 || gaveIt(flow, event, name)),
  ).length;
}

/** Whether a step gave an event: known by the step that took what the giver was run for. */
function gaveIt(flow: Workflow, event: FlowEvent, step: string): boolean {
  const takes = new Set(flow.edges.filter((one) => one.to === `step:${step}`).map((one) => one.from));
  const led = flow.events.filter((one) => event.from.includes(one.id));
  return led.some((one) => one.to.includes(step) && takes.has(`event:${one.type}`));
}

function stepsAt(flow: Workflow, events: readonly FlowEvent[], tasks: Rows): Record<string, StepCounts> {
  const steps: Record<string, StepCounts> = {};
  for (const name of Object.keys(flow.steps)) steps[name] = { ...NO_COUNTS };
  const begun = new Map<string, Set<number>>();
  for (const row of stepRows(flow, tasks)) {
    const counts = steps[row.name];
    if (counts === undefined) continue;
    counts[kindOf(row)] += 1;
    const taken = begun.get(row.name) ?? new Set();
    begun.set(row.name, taken);
    for (const id of row.takes ?? []) taken.add(id);
  }
  const joined = joiningSteps(flow);
  for (const event of events) {
    for (const step of event.to) {
      const counts = steps[step];
      if (counts === undefined || joined.has(step) || begun.get(step)?.has(event.id)) continue;
      if (!event.taken.some((id) => tasks.get(id)?.name === step)) counts.waiting += 1;
    }
  }
  return steps;
}

function kindOf({ state, spans }: TaskRow): keyof StepCounts {
  if (state === "succeeded" || state === "cached") return "succeeded";
  if (state === "failed" || state === "timed_out") return "failed";
  if (state === "cancelled" || state === "skipped") return "cancelled";
  if (state === "blocked") return "blocked";
  const note = spans[spans.length - 1]?.[2] ?? "";
  return note.startsWith("retry") ? "retrying" : "running";
}

const stepRows = (flow: Workflow, tasks: Rows): TaskRow[] =>
  [...tasks.values()].filter((row) => row.role === "step" && row.parent === flow.task);

/** Steps that take several events at once: an event for them waits in a join, not for a worker. */
const joiningSteps = (flow: Workflow): Set<string> =>
  new Set(
    flow.edges
      .filter((edge) => edge.to.startsWith("step:") && edge.form !== "")
      .map((edge) => edge.to.slice("step:".length)),
  );

function joinsAt(flow: Workflow, events: readonly FlowEvent[], tasks: Rows): FlowJoin[] {
  const joins: FlowJoin[] = [];
  const whole = joiningSteps(flow);
  for (const join of flow.joins) {
    const held = events.filter((event) => {
      if (!event.to.includes(join.step)) return false;
      const taken = event.taken.some((id) => tasks.get(id)?.name === join.step);
      return whole.has(join.step) ? !taken : taken && join.events.includes(event.id);
    });
    const later = join.events.filter((id) => !held.some((event) => event.id === id));
    const needs = later.length === 0 ? join.needs : withThese(join.needs, later, flow);
    const filled = stepRows(flow, tasks).filter((row) => row.name === join.step).length;
    if (held.length === 0) {
      if (join.filled > 0) joins.push({ ...join, have: 0, needs, filled: Math.min(filled, join.filled), events: [] });
      continue;
    }
    const times = held.map((event) => event.time);
    joins.push({
      ...join,
      have: held.length,
      needs,
      since: Math.min(...times),
      last: Math.max(...times),
      filled: Math.min(filled, join.filled),
      events: held.map((event) => event.id),
    });
  }
  return joins;
}

/** What a join lacked, and besides what has come to it since. */
function withThese(needs: FlowJoin["needs"], ids: readonly number[], flow: Workflow): FlowJoin["needs"] {
  if (needs.length === 0) return needs;
  const then = new Map(needs);
  for (const id of ids) {
    const type = flow.events.find((event) => event.id === id)?.type;
    if (type !== undefined) then.set(type, (then.get(type) ?? 0) + 1);
  }
  return [...then];
}
