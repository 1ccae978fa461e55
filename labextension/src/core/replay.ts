/**
 * The run as it was at an instant of its past, made from what the page knows of it now. Pure.
 *
 * A row tells its own past by its spans. What nothing here tells (what a task said of its progress, why a wait was
 * long) is left out rather than made up.
 */

import type { Picture } from "./picture";
import type { Bin, Counts, Kept, Lane, LogLine, Run, State, TaskDetail, TaskRow } from "./protocol";
import { branchesEnded } from "./replay-below";
import { flowAt } from "./replay-flows";
import { graphAt } from "./replay-graph";
import { isFailure, isFinal } from "./status";

/** The picture as it was `at` seconds after the run opened; `now` is how far the run has come. */
export function pictureAt(truth: Picture, at: number, now: number): Picture {
  if (at >= now) return truth;
  const tasks = tasksAt(truth, at);
  const order = truth.order.filter((id) => tasks.has(id));
  const lanes = truth.lanes === null ? null : lanesAt(truth.lanes, truth.lanesUntil, at);
  const counts = truth.run.aggregated ? sumOfLanes(lanes ?? []) : countStates(tasks.values());
  const drawn = truth.graph;
  // Only where it is looked at: it is the most work of all.
  const graph = once(() =>
    drawn === null ? null : graphAt(drawn, truth.tasks, tasks, truth.run.aggregated ? (lanes ?? []) : null),
  );
  return {
    run: runAt(truth.run, at, counts, truth.run.aggregated ? truth.run.total : tasks.size),
    tasks,
    order,
    edges: truth.edges.filter(([from, to]) => tasks.has(from) && tasks.has(to)),
    get graph() {
      return graph();
    },
    lanes,
    lanesUntil: lanesUntil(truth, at),
    workflows: truth.workflows.map((flow) => flowAt(flow, tasks, at)),
    kept: truth.kept === null ? null : keptAt(truth.kept, at),
  };
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | null = null;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

function tasksAt(truth: Picture, at: number): Map<number, TaskRow> {
  const tasks = new Map<number, TaskRow>();
  for (const row of truth.tasks.values()) {
    const then = taskAt(row, at);
    if (then !== null) tasks.set(then.id, then);
  }
  let ended: Map<number, number> | null = null;
  for (const [id, then] of tasks) {
    if (then.role !== "group" || then.ended !== null) continue;
    ended ??= branchesEnded(truth.tasks, tasks);
    const [done, all, label] = truth.tasks.get(id)?.progress ?? [0, null, ""];
    if (all !== null) tasks.set(id, { ...then, progress: [Math.min(done, ended.get(id) ?? 0), all, label] });
  }
  return tasks;
}

/** A row as it was; the row itself where nothing has changed since, `null` before there was a task. */
export function taskAt(row: TaskRow, at: number): TaskRow | null {
  const { spans } = row;
  const last = spans[spans.length - 1];
  if (last === undefined) return row.submitted > at ? null : row;
  const still = row.ended !== null || isStill(row);
  if (at >= last[0] && at >= (row.started ?? 0) && still) return row;
  let count = spans.length;
  while (count > 0 && (spans[count - 1]?.[0] ?? 0) > at) count -= 1;
  const now = spans[count - 1];
  if (now === undefined) return null;
  const [begin, state, note] = now;
  const past = spans.slice(0, count);
  const ended = isFinal(state) ? begin : null;
  const running = past.filter(([, one]) => one === "running");
  const over = count === spans.length;
  return {
    ...row,
    state,
    reason: state === "waiting" || state === "queued" ? note : "",
    on: [],
    worker: running[running.length - 1]?.[2] ?? "",
    attempts: Math.min(row.attempts, tries(past.map(([, one]) => one))),
    started: running.length === 0 ? null : Math.min(at, row.started ?? at),
    ended,
    spans: past,
    type: over ? row.type : "",
    text: over ? row.text : "",
    progress: null,
    notes: over ? row.notes : [],
    revised: (row.revised ?? []).filter((time) => time <= at),
    reused: over ? (row.reused ?? null) : null,
  };
}

/** Nothing that its spans do not tell could have been otherwise since the last of them began. */
const isStill = (row: TaskRow): boolean => row.progress === null && row.notes.length === 0;

/** How often a body began: what goes on after a wait for another task is the same try. */
function tries(states: readonly string[]): number {
  return states.filter((state, i) => state === "running" && !["running", "blocked"].includes(states[i - 1] ?? ""))
    .length;
}

/** The head of the run as it was, with numbers that were found otherwise. */
export function runAt(run: Run, at: number, counts: Counts, total: number): Run {
  const { critical: _critical, ...rest } = run;
  // Remarks and pauses have no time: only the end is known to have them.
  return { ...rest, state: "running", now: at, closed: null, counts, total, notes: [], paused: false, again: false };
}

export function countStates(rows: Iterable<TaskRow>): Counts {
  const counts: Counts = {};
  for (const { state } of rows) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}

/** Lanes cut at the instant: what ran, stood blocked and had failed by then is in their bins, the rest is not. */
export function lanesAt(lanes: readonly Lane[], until: number, at: number): Lane[] {
  return lanes.map((lane) => {
    const bins = cutBins(lane.bins, until, at);
    const [running, blocked] = at > 0 ? (bins[bins.length - 1] ?? [0, 0]) : [0, 0];
    const failed = Math.min(sum(bins.map((bin) => bin[2])), lane.counts.failed ?? 0);
    const counts: Counts = {};
    for (const [state, n] of Object.entries({ running, blocked, failed })) {
      if (Math.round(n) > 0) counts[state as "running"] = Math.round(n);
    }
    const first = lane.first !== null && lane.first <= at ? lane.first : null;
    return { ...lane, bins, counts, first, last: null, shortest: null, median: null, longest: null };
  });
}

/** Bins stay where they are: what is drawn must not tremble while the instant moves. */
const cutBins = (bins: readonly Bin[], until: number, at: number): Bin[] =>
  bins.slice(0, binsBy(bins.length, until, at));

const binsBy = (bins: number, until: number, at: number): number =>
  until <= 0 ? 0 : Math.min(bins, Math.ceil((Math.max(0, at) / until) * bins - 1e-9));

/** Where the lanes end that are cut at an instant: at the end of the bin it lies in. */
export function lanesUntil({ lanes, lanesUntil: until }: Picture, at: number): number {
  const bins = lanes?.[0]?.bins.length ?? 0;
  return bins === 0 ? at : (binsBy(bins, until, at) / bins) * until;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);

function sumOfLanes(lanes: readonly Lane[]): Counts {
  const counts: Counts = {};
  for (const lane of lanes) {
    for (const [state, n] of Object.entries(lane.counts)) {
      counts[state as "running"] = (counts[state as "running"] ?? 0) + n;
    }
  }
  return counts;
}

function keptAt(kept: Kept, at: number): Kept {
  const log = kept.log.filter((line: LogLine) => line[0] <= at);
  return { ...kept, log, lines: log.length === kept.log.length ? kept.lines : log.length };
}

/** The detail of a task as it was: a result, a traceback, an output that came later is not there yet. */
export function detailAt(detail: TaskDetail, row: TaskRow | undefined, at: number): TaskDetail {
  const over = row !== undefined && row.ended !== null;
  const attempts = detail.attempts
    .filter(({ started }) => started === null || started <= at)
    .map((one) =>
      one.ended === null || one.ended <= at ? one : { ...one, ended: null, type: "", text: "", traceback: null },
    );
  const output = detail.output.filter(([time]) => time <= at);
  const code = detail.revisions && { revisions: detail.revisions.filter(([time]) => time <= at) };
  if (over) return { ...detail, attempts, output, ...code };
  const later = {
    result: null,
    html: null,
    type: "",
    text: "",
    traceback: null,
    passed_state: null,
    notes: [],
    gave: [],
    reused: null,
  };
  return { ...detail, ...later, attempts, output, ...code, reason: row?.reason ?? "", on: [] };
}

/** Of a large run, whose rows come from the kernel as they are now: one that had not begun reads as still to come. */
export function rowAt(row: TaskRow, at: number): TaskRow {
  return taskAt(row, at) ?? { ...row, ...NOT_YET };
}

const NOT_YET: Partial<TaskRow> = {
  state: "planned",
  reason: "",
  on: [],
  worker: "",
  attempts: 0,
  started: null,
  ended: null,
  spans: [],
  type: "",
  text: "",
  progress: null,
  notes: [],
  reused: null,
};

/** The instants at which something happened, in order, each once. */
export function changeTimes(tasks: Iterable<TaskRow>, closed: number | null): number[] {
  const times = new Set<number>([0]);
  for (const { spans } of tasks) for (const [begin] of spans) times.add(begin);
  if (closed !== null) times.add(closed);
  return [...times].sort((a, b) => a - b);
}

/** What happened at an instant: the tasks whose state changed right then, and to which; failures first. */
export function changesAt(tasks: Iterable<TaskRow>, at: number): { task: TaskRow; state: State }[] {
  const found: { task: TaskRow; state: State }[] = [];
  for (const task of tasks) {
    // A task may be queued and start at once: the last counts.
    const last = task.spans.filter(([begin]) => begin === at).pop();
    if (last !== undefined) found.push({ task, state: last[1] });
  }
  return found.sort((a, b) => Number(isFailure(b.state)) - Number(isFailure(a.state)));
}
