/** What the events of a workflow say: where each stands, what it came from and what came of it, what joins wait for. Pure. */

import { count } from "./format";
import type { Awaited, FlowEvent, FlowJoin, FlowNode, State, StepCounts, TaskRow, Workflow } from "./protocol";
import { isFinal } from "./status";

/**
 * Where an event stands: nobody takes it; it waits in a join; for a worker; a step was run for it; it is for whoever
 * listens, and no step need take it: the end of the workflow, a question to a person.
 */
export type Standing = "unhandled" | "held" | "queued" | "taken" | "ended" | "asked";

export const STANDING_WORD: Record<Standing, string> = {
  unhandled: "unhandled",
  held: "held in a join",
  queued: "waiting for a worker",
  taken: "taken",
  ended: "ended the workflow",
  asked: "asks a person",
};

export const STANDING_MEANING: Record<Standing, string> = {
  unhandled: "no step takes it",
  held: "it waits for others that it is taken with",
  queued: "its step takes it when one of its workers is free",
  taken: "a step was run for it",
  ended: "the workflow ended with it",
  asked: "it was written to the stream, for a person to answer",
};

/** What an event type is in its workflow, where it is more than a message between steps. */
export const FORM_WORD: Record<FlowNode["form"], string> = {
  "": "",
  start: "start",
  stop: "stop",
  ask: "asks a person",
  answer: "from outside",
  failed: "a step failed",
  catch_error: "handler",
};

export const nodeOf = (flow: Workflow, key: string): FlowNode | undefined => flow.nodes.find((one) => one.key === key);

export const stepKey = (name: string): string => `step:${name}`;
export const typeKey = (name: string): string => `event:${name}`;

export function standing(event: FlowEvent, flow: Workflow): Standing {
  if (event.held.length > 0) return "held";
  if (event.taken.length > 0) return "taken";
  if (event.to.length > 0) return "queued";
  const form = nodeOf(flow, typeKey(event.type))?.form;
  if (form === "stop") return "ended";
  return form === "ask" ? "asked" : "unhandled";
}

const FIRST: Record<Standing, number> = { unhandled: 0, held: 1, queued: 2, taken: 2, ended: 2, asked: 2 };

/** Those that nobody takes and those that are held first; among these, and behind them, the newest first. */
export function inOrder(events: readonly FlowEvent[], flow: Workflow): FlowEvent[] {
  return [...events].sort(
    (a, b) => FIRST[standing(a, flow)] - FIRST[standing(b, flow)] || b.time - a.time || b.id - a.id,
  );
}

export const unhandledOf = (flow: Workflow, type: string): number => {
  const form = nodeOf(flow, typeKey(type))?.form;
  return form === "stop" || form === "ask" ? 0 : (flow.unhandled[type] ?? 0);
};

export const allUnhandled = (flow: Workflow): number =>
  Object.keys(flow.unhandled).reduce((sum, type) => sum + unhandledOf(flow, type), 0);

/** How many events wait in joins. */
export const allHeld = (flow: Workflow): number => flow.joins.reduce((sum, join) => sum + join.have, 0);

// --- Joins

/** `2 of 3`; `2 held` where nobody knows how many will come. */
export function joinCount({ have, needs }: FlowJoin): string {
  const missing = needs.reduce((sum, [, n]) => sum + n, 0);
  return missing === 0 ? `${count(have)} held` : `${count(have)} of ${count(have + missing)}`;
}

/** `needs 1 StepThreeEvent`; empty where nobody knows. */
export const joinNeeds = ({ needs }: FlowJoin): string =>
  needs.length === 0 ? "" : `needs ${needs.map(([type, n]) => `${count(n)} ${type}`).join(", ")}`;

export const joinsOf = (flow: Workflow, step: string): FlowJoin[] => flow.joins.filter((join) => join.step === step);

/** The join of a step that a reader should see first: one that holds events, the nearest to its end. */
export function openJoin(flow: Workflow, step: string): FlowJoin | null {
  const open = joinsOf(flow, step).filter((join) => join.have > 0);
  const missing = (join: FlowJoin) => join.needs.reduce((sum, [, n]) => sum + n, 0) || Number.POSITIVE_INFINITY;
  return open.sort((a, b) => missing(a) - missing(b))[0] ?? null;
}

// --- Steps

export const NO_COUNTS: StepCounts = {
  running: 0,
  blocked: 0,
  retrying: 0,
  waiting: 0,
  succeeded: 0,
  failed: 0,
  cancelled: 0,
};

export const countsOfStep = (flow: Workflow, step: string): StepCounts => flow.steps[step] ?? NO_COUNTS;

export const awaitedBy = (flow: Workflow, step: string): Awaited[] => flow.awaited.filter((one) => one.step === step);

/**
 * The state that a step's box shows, `null` for one that nothing has come to: what it is at, then what became of its runs.
 * Runs that failed are said in words besides: there may be others, and somebody may take the failure.
 */
export function stepState(flow: Workflow, step: string, ended: boolean): State | null {
  const { running, blocked, retrying, waiting, succeeded, failed, cancelled } = countsOfStep(flow, step);
  if (!ended) {
    if (awaitedBy(flow, step).length > 0) return "blocked";
    if (running > 0) return "running";
    if (blocked > 0) return "blocked";
    if (waiting > 0) return "queued";
    if (retrying > 0) return "waiting";
  }
  if (openJoin(flow, step) !== null) return "waiting";
  if (failed > 0) return "failed";
  if (succeeded > 0) return "succeeded";
  if (cancelled > 0) return "cancelled";
  return waiting > 0 ? "queued" : null;
}

export const failedWords = (n: number): string => `${count(n)} failed`;

/** How a step stands, the most telling first: `2/4 running`, `3 waiting`, `5 done`. */
export function stepWords(flow: Workflow, node: FlowNode, ended: boolean): string[] {
  const { running, blocked, retrying, waiting, succeeded, failed, cancelled } = countsOfStep(flow, node.name);
  const busy = running + blocked;
  const words: string[] = [];
  if (busy > 0) words.push(`${count(busy)}${node.workers === null ? "" : `/${count(node.workers)}`} running`);
  if (waiting > 0) words.push(`${count(waiting)} ${ended ? "not run" : "waiting"}`);
  if (retrying > 0) words.push(`${count(retrying)} to try again`);
  if (failed > 0) words.push(failedWords(failed));
  if (succeeded > 0) words.push(`${count(succeeded)} done`);
  if (cancelled > 0) words.push(`${count(cancelled)} cancelled`);
  return words;
}

/** True when nothing of the workflow can move any more. */
export function flowEnded(flow: Workflow, tasks: ReadonlyMap<number, TaskRow>, closed: number | null): boolean {
  const row = tasks.get(flow.task);
  return row === undefined ? closed !== null : isFinal(row.state);
}

// --- Lineage

export type ById = ReadonlyMap<number, FlowEvent>;

export const byId = (flow: Workflow): ById => new Map(flow.events.map((event) => [event.id, event]));

/** One stage on the way to an event: events, and the tasks of the steps that were run for them. */
export interface Stage {
  events: number[];
  tasks: number[];
}

const STAGES = 50;

/** How an event came about, from the start on. What is no longer at hand ends the way back. */
export function lineage(event: FlowEvent, known: ById): Stage[] {
  const stages: Stage[] = [];
  const seen = new Set([event.id]);
  let front = [event];
  while (front.length > 0 && stages.length < STAGES) {
    const tasks = unique(front.map((one) => one.by).filter((id) => id > 0));
    const events = unique(front.flatMap((one) => one.from)).filter((id) => !seen.has(id));
    if (tasks.length === 0 && events.length === 0) break;
    for (const id of events) seen.add(id);
    stages.unshift({ events, tasks });
    front = events.map((id) => known.get(id)).filter((one) => one !== undefined);
  }
  return stages;
}

const unique = (ids: readonly number[]): number[] => [...new Set(ids)].sort((a, b) => a - b);

/** The events that a task gave, as far as they are at hand. */
export const givenBy = (flow: Workflow, task: number): FlowEvent[] =>
  flow.events.filter((event) => event.by === task).sort((a, b) => a.time - b.time || a.id - b.id);

/** All edges that an event and those it came from took: `from>to`. */
export function wayOf(event: FlowEvent, known: ById, stepOf: (task: number) => string | null): Set<string> {
  const way = new Set<string>();
  const leads = [event, ...lineage(event, known).flatMap(({ events }) => events.map((id) => known.get(id)))];
  const givers = new Set(leads.map((one) => one?.by));
  for (const one of leads) {
    if (one === undefined) continue;
    const giver = one.by > 0 ? stepOf(one.by) : null;
    if (giver !== null) way.add(`${stepKey(giver)}>${typeKey(one.type)}`);
    for (const task of one.taken) {
      const step = stepOf(task);
      // Of an event before it only the way that led here; of the event itself all.
      const leadsHere = one === event || givers.has(task);
      if (step !== null && leadsHere) way.add(`${typeKey(one.type)}>${stepKey(step)}`);
    }
    if (one === event) for (const step of [...one.held, ...one.to]) way.add(`${typeKey(one.type)}>${stepKey(step)}`);
  }
  return way;
}

/** The names at the other ends of the edges that lead to a node (`from`) or away from it (`to`). */
export function neighbours(flow: Workflow, key: string, end: "from" | "to"): string[] {
  const other = end === "from" ? "to" : "from";
  const keys = flow.edges.filter((edge) => edge[other] === key).map((edge) => edge[end]);
  return [...new Set(keys)].map((one) => nodeOf(flow, one)?.name ?? one);
}

/** The step of a task: from its row, else from what the events it is named in leave open. */
export function stepOfTask(flow: Workflow, task: number, tasks: ReadonlyMap<number, TaskRow>): string | null {
  const row = tasks.get(task);
  if (row !== undefined) return row.name;
  const taken = flow.events.find((event) => event.taken.includes(task) && event.to.length === 1);
  if (taken !== undefined) return taken.to[0] ?? null;
  const type = flow.events.find((event) => event.by === task)?.type;
  const givers = flow.edges.filter((edge) => type !== undefined && edge.to === typeKey(type));
  return givers.length === 1 ? (givers[0]?.from.slice("step:".length) ?? null) : null;
}

/** `StepThreeEvent #4`: how an event is called everywhere; what was only published has no number. */
export const eventTitle = ({ type, id }: Pick<FlowEvent, "type" | "id">): string => (id < 0 ? type : `${type} #${id}`);

/**
 * The same workflow with what was only published among its events: the end and questions to a person, which no step
 * need take. Their ids are below zero, made of the time, so that one is known again in the next message.
 */
export function withPublished(flow: Workflow): Workflow {
  const meant = new Set(flow.nodes.filter(({ form }) => form === "stop" || form === "ask").map(({ name }) => name));
  const published = flow.published.filter(({ type }) => meant.has(type));
  if (published.length === 0) return flow;
  const sent = flow.events.filter(({ type }) => meant.has(type));
  const more: FlowEvent[] = [];
  for (const { time, by, type, text } of published) {
    const at = sent.findIndex((event) => event.type === type && event.by === by);
    if (at >= 0) sent.splice(at, 1);
    else
      more.push({
        id: publishedId(time),
        type,
        text,
        time,
        by,
        from: runFor(flow, by),
        to: [],
        taken: [],
        held: [],
        gave: [],
      });
  }
  return { ...flow, events: [...flow.events, ...more], total: flow.total + more.length };
}

const publishedId = (time: number): number => -1 - Math.round(time * 1e6);

const runFor = (flow: Workflow, task: number): number[] =>
  task === 0 ? [] : flow.events.filter((event) => event.taken.includes(task)).map(({ id }) => id);
