/** What the nodes of a workflow's picture say, as marks, as short lines and as a sentence. Pure. */

import {
  awaitedBy,
  countsOfStep,
  FORM_WORD,
  failedWords,
  joinCount,
  joinNeeds,
  neighbours,
  openJoin,
  stepState,
  stepWords,
  unhandledOf,
} from "../../core/events";
import { count, plural } from "../../core/format";
import type { Counts, FlowNode, State, StepCounts, Workflow } from "../../core/protocol";
import { word } from "../../core/status";

/** How a node stands back or stands out. */
export interface Look {
  /** Of a step; `null` where nothing has come to it. */
  state: State | null;
  /** Nothing has come here yet. */
  untouched: boolean;
  /** Somebody waits for it: a step whose body waits for an answer, the event that it waits for. */
  awaited: boolean;
  /** It stood in the way when the workflow failed: a join that was never complete. */
  stuck: boolean;
  /** The words below the name, the most telling first. */
  words: string[];
  /** What a reader must see besides: what a join lacks, what a body waits for, what failed, what nobody takes. */
  extra: string;
  tone: "" | "warning" | "error";
  /** Filled and all places: of a join what has come, of a step its workers at work. */
  join: [filled: number, all: number] | null;
  slots: [running: number, blocked: number, all: number] | null;
  /** Of a step: its runs and what waits for one, by state. */
  runs: Counts | null;
}

const AWAITS = "waits for ";

/** What is said instead where there is no room for the names. */
export const shorter = (extra: string): string => (extra.startsWith(AWAITS) ? `${AWAITS}an answer` : extra);

const times = (n: number): string => (n > 1 ? `×${count(n)}` : "");

/** What the picture is drawn from besides the workflow. */
export interface Around {
  ended: boolean;
  failed: boolean;
  /** The workflows that runs of a step have started, by the step's name. */
  children: ReadonlyMap<string, readonly string[]>;
}

export function lookOf(node: FlowNode, flow: Workflow, around: Around): Look {
  return node.kind === "step" ? stepLook(node, flow, around) : eventLook(node, flow, around);
}

function stepLook(node: FlowNode, flow: Workflow, { ended, failed, children }: Around): Look {
  const state = stepState(flow, node.name, ended);
  const waits = ended ? [] : awaitedBy(flow, node.name);
  const join = openJoin(flow, node.name);
  const counts = countsOfStep(flow, node.name);
  const missing = join?.needs.reduce((sum, [, n]) => sum + n, 0) ?? 0;
  const below = children.get(node.name) ?? [];
  const words = stepWords(flow, node, ended);
  if (join !== null) words.unshift(joinCount(join));
  if (words.length === 0 && node.workers !== null) words.push(plural(node.workers, "worker"));
  const stuck = failed && join !== null && missing > 0;
  let extra = "";
  let tone: Look["tone"] = "";
  if (waits.length > 0) {
    extra = `${AWAITS}${[...new Set(waits.map(({ type }) => type))].join(", ")}`;
    tone = "warning";
  } else if (join !== null && missing > 0) {
    extra = joinNeeds(join);
    tone = stuck ? "warning" : "";
  } else if (counts.failed > 0) {
    extra = failedWords(counts.failed);
    tone = "error";
  } else if (below.length > 0) extra = `runs ${below.join(", ")}`;
  return {
    state,
    untouched: state === null,
    awaited: waits.length > 0,
    stuck,
    words: words.filter((one) => one !== extra),
    extra,
    tone,
    join: join === null || missing === 0 ? null : [join.have, join.have + missing],
    slots: node.workers === null ? null : [counts.running, counts.blocked, node.workers],
    runs: runsOf(counts),
  };
}

function runsOf({ running, blocked, retrying, waiting, succeeded, failed, cancelled }: StepCounts): Counts {
  return { running, blocked, waiting: waiting + retrying, succeeded, failed, cancelled };
}

function eventLook(node: FlowNode, flow: Workflow, { ended }: Around): Look {
  const sent = flow.sent[node.name] ?? 0;
  const lost = unhandledOf(flow, node.name);
  const awaited = !ended && flow.awaited.some(({ type }) => type === node.name);
  return {
    state: null,
    untouched: sent === 0 && !awaited,
    awaited,
    stuck: false,
    words: [],
    extra: lost > 0 ? `${count(lost)} unhandled` : "",
    tone: lost > 0 ? "warning" : "",
    join: null,
    slots: null,
    runs: null,
  };
}

/** As many of the words as there is room for; never a word that is cut off, but for the first. */
export function fitting(words: readonly string[], letters: number): string {
  let line = "";
  for (const one of words) {
    const next = line === "" ? one : `${line} · ${one}`;
    if (line !== "" && next.length > letters) break;
    line = next;
  }
  return line;
}

/** One sentence for those who do not see the picture. */
export function spokenNode(node: FlowNode, flow: Workflow, around: Around): string {
  const look = lookOf(node, flow, around);
  const form = FORM_WORD[node.form];
  const parts = [node.name, node.kind, form];
  if (node.kind === "step") {
    if (look.state !== null) parts.push(word(look.state));
    parts.push(...look.words.map((one) => one.replace("/", " of ")), look.extra);
    parts.push(list("takes", neighbours(flow, node.key, "from")), list("gives", neighbours(flow, node.key, "to")));
  } else {
    const sent = flow.sent[node.name] ?? 0;
    parts.push(sent === 0 ? "none yet" : plural(sent, "event"), look.extra, look.awaited ? "awaited" : "");
    parts.push(
      list("given by", neighbours(flow, node.key, "from")),
      list("taken by", neighbours(flow, node.key, "to")),
    );
  }
  return parts.filter(Boolean).join(", ");
}

const list = (lead: string, names: readonly string[]): string =>
  names.length === 0 ? "" : `${lead} ${names.join(" and ")}`;

/** `list ×3`: what stands on an edge. */
export const edgeWords = (form: string, n: number): string =>
  [form === "list" ? "list" : "", times(n)].filter(Boolean).join(" ");

/** How many questions to a person have no answer yet, as far as events tell. */
export function openAsks(flow: Workflow): string[] {
  const all = (form: FlowNode["form"]) => flow.nodes.filter((node) => node.form === form);
  const sum = (nodes: readonly FlowNode[]) => nodes.reduce((n, { name }) => n + (flow.sent[name] ?? 0), 0);
  const asks = all("ask").filter(({ name }) => (flow.sent[name] ?? 0) > 0);
  return sum(asks) > sum(all("answer")) ? asks.map(({ name }) => name) : [];
}
