/** A make-believe scheduler: gives runs whose payload is known at any instant, for the dev page and the example payloads. */

import type { Counts, Edge, Payload, Run, Span, State, TaskDetail, TaskRow } from "../src/core/protocol";
import { FINAL } from "../src/core/status";
import { layout } from "./layout";

type Step = { run: number } | { wait: number };

export interface Spec {
  name: string;
  parent?: number;
  args?: string;
  /** Ids whose results are arguments: the task starts when they are done. */
  needs?: number[];
  /** Seconds after the parent's start, or after the run's. */
  at?: number;
  steps: Step[];
  value?: [type: string, text: string];
  error?: [type: string, text: string];
  /** So many tries fail before the last one counts. */
  flaky?: number;
  ends?: State;
  module?: string;
  group?: string;
}

interface Sim {
  spec: Spec;
  id: number;
  row: TaskRow;
  step: number;
  attempt: number;
  waiters: Sim[];
  pendingNeeds: number;
}

export class Simulation {
  private readonly sims = new Map<number, Sim>();
  private readonly events: { time: number; order: number; call: () => void }[] = [];
  private readonly ready: Sim[] = [];
  private readonly busy = new Set<string>();
  private time = 0;
  private order = 0;
  private readonly edges: Edge[] = [];
  end = 0;

  constructor(
    readonly name: string,
    readonly specs: readonly Spec[],
    private readonly workers: number,
    private readonly wall = 1795304000.25,
  ) {
    specs.forEach((spec, i) => {
      this.sims.set(i + 1, this.make(spec, i + 1));
    });
    for (const sim of this.sims.values()) {
      if (!sim.spec.parent) this.plan(sim.spec.at ?? 0, () => this.submit(sim));
    }
    while (this.events.length > 0) {
      this.events.sort((a, b) => a.time - b.time || a.order - b.order);
      const event = this.events.shift();
      if (event === undefined) break;
      this.time = event.time;
      event.call();
      this.dispatch();
    }
    this.end = this.time + 0.0004;
    this.link();
  }

  private make(spec: Spec, id: number): Sim {
    const row: TaskRow = {
      id,
      parent: spec.parent ?? 0,
      name: spec.name,
      module: spec.module ?? "__main__",
      group: spec.group ?? null,
      role: null,
      branch: null,
      executor: "threads",
      state: "queued",
      reason: "",
      on: [],
      worker: "",
      args: spec.args ?? "",
      attempts: 0,
      submitted: 0,
      started: null,
      ended: null,
      spans: [],
      type: "",
      text: "",
      progress: null,
      notes: [],
    };
    return { spec, id, row, step: 0, attempt: 0, waiters: [], pendingNeeds: 0 };
  }

  private plan(time: number, call: () => void): void {
    this.order += 1;
    this.events.push({ time, order: this.order, call });
  }

  private move(sim: Sim, state: State, note = ""): void {
    sim.row.spans.push([Number(this.time.toFixed(6)), state, note]);
    sim.row.state = state;
  }

  private submit(sim: Sim): void {
    sim.row.submitted = Number(this.time.toFixed(6));
    const open = (sim.spec.needs ?? [])
      .map((id) => this.sims.get(id))
      .filter((one) => one && !FINAL.has(one.row.state));
    sim.pendingNeeds = open.length;
    if (open.length === 0) {
      this.move(sim, "queued");
      this.ready.push(sim);
      return;
    }
    this.move(sim, "queued");
    this.move(sim, "waiting", "its arguments");
    for (const one of open) one?.waiters.push(sim);
  }

  private freeWorker(): string | null {
    for (let i = 1; i <= this.workers; i++) if (!this.busy.has(`thread-${i}`)) return `thread-${i}`;
    return null;
  }

  private dispatch(): void {
    for (let worker = this.freeWorker(); worker !== null && this.ready.length > 0; worker = this.freeWorker()) {
      const sim = this.ready.shift();
      if (sim === undefined) return;
      this.busy.add(worker);
      sim.row.worker = worker;
      sim.row.started ??= Number((this.time + 0.0001).toFixed(6));
      sim.attempt += 1;
      sim.row.attempts = sim.attempt;
      this.move(sim, "running", worker);
      sim.step = 0;
      if (sim.attempt === 1) {
        for (const child of this.sims.values()) {
          if (child.spec.parent === sim.id) this.plan(this.time + (child.spec.at ?? 0.0005), () => this.submit(child));
        }
      }
      this.advance(sim);
    }
  }

  private advance(sim: Sim): void {
    const step = sim.spec.steps[sim.step];
    sim.step += 1;
    if (step === undefined) this.finish(sim);
    else if ("run" in step) this.plan(this.time + step.run, () => this.advance(sim));
    else {
      const other = this.sims.get(step.wait);
      if (other === undefined || FINAL.has(other.row.state)) this.advance(sim);
      else {
        this.move(sim, "blocked");
        // Another worker takes the place of one that is blocked.
        this.busy.delete(sim.row.worker);
        other.waiters.push(sim);
      }
    }
  }

  private finish(sim: Sim): void {
    this.busy.delete(sim.row.worker);
    if (sim.attempt <= (sim.spec.flaky ?? 0)) {
      this.move(sim, "waiting", "retry");
      this.plan(this.time + 0.12 * sim.attempt, () => {
        this.move(sim, "queued");
        this.ready.push(sim);
      });
      return;
    }
    const state = sim.spec.ends ?? (sim.spec.error ? "failed" : "succeeded");
    if (state === "cancelled") this.move(sim, "cancelling", "cancelled by the reader");
    this.move(sim, state);
    const [type, text] = sim.spec.error ?? sim.spec.value ?? ["NoneType", "None"];
    Object.assign(sim.row, { ended: Number(this.time.toFixed(6)), type, text });
    for (const waiter of sim.waiters) {
      if (waiter.row.state === "blocked") {
        this.busy.add(waiter.row.worker);
        this.move(waiter, "running", waiter.row.worker);
        this.advance(waiter);
      } else if (waiter.row.state === "waiting") {
        waiter.pendingNeeds -= 1;
        if (waiter.pendingNeeds === 0) {
          this.move(waiter, "queued");
          this.ready.push(waiter);
        }
      }
    }
  }

  private link(): void {
    const data = new Set<string>();
    for (const sim of this.sims.values()) {
      for (const id of sim.spec.needs ?? []) this.edge(data, id, sim.id);
      for (const step of sim.spec.steps) if ("wait" in step) this.edge(data, step.wait, sim.id);
    }
    for (const sim of this.sims.values()) {
      const { parent } = sim.spec;
      if (parent && !data.has(`${sim.id}>${parent}`)) this.edges.push([sim.id, parent, "child"]);
    }
  }

  private edge(seen: Set<string>, from: number, to: number): void {
    if (seen.has(`${from}>${to}`)) return;
    seen.add(`${from}>${to}`);
    this.edges.push([from, to, "data"]);
  }

  /** One row as the kernel would have told it at `time`; null before it was submitted. */
  rowAt(id: number, time: number): TaskRow | null {
    const sim = this.sims.get(id);
    if (sim === undefined || sim.row.spans.length === 0 || sim.row.submitted > time) return null;
    const { row, spec } = sim;
    const spans = row.spans.filter(([begin]) => begin <= time) as Span[];
    const state = spans[spans.length - 1]?.[1] ?? "queued";
    const done = FINAL.has(state);
    const waiting = state === "waiting" || state === "blocked";
    const open = [...(spec.needs ?? []), ...spec.steps.flatMap((s) => ("wait" in s ? [s.wait] : []))].filter(
      (other) => !FINAL.has(this.rowAt(other, time)?.state ?? "planned"),
    );
    const attempts = spans.filter(([, s], i) => s === "running" && spans[i - 1]?.[1] !== "blocked").length;
    return {
      ...row,
      spans,
      state,
      attempts,
      started: row.started !== null && row.started <= time && attempts > 0 ? row.started : null,
      worker: attempts > 0 ? row.worker : "",
      ended: done ? row.ended : null,
      type: done ? row.type : "",
      text: done ? row.text : "",
      reason: waiting ? (spans[spans.length - 1]?.[2] ?? "") : "",
      on: state === "blocked" ? open.slice(0, 1) : state === "waiting" ? open : [],
    };
  }

  payload(time: number): Payload {
    const t = Math.min(time, this.end);
    const tasks: TaskRow[] = [];
    const counts: Counts = {};
    for (const id of this.sims.keys()) {
      const row = this.rowAt(id, t);
      if (row === null) continue;
      tasks.push(row);
      counts[row.state] = (counts[row.state] ?? 0) + 1;
    }
    const known = new Set(tasks.map((row) => row.id));
    const edges = this.edges.filter(([a, b]) => known.has(a) && known.has(b));
    const closed = time >= this.end;
    const failed = (counts.failed ?? 0) + (counts.timed_out ?? 0) > 0;
    const run: Run = {
      id: 3,
      name: this.name,
      kind: "flow",
      state: closed ? (failed ? "failed" : "succeeded") : "running",
      wall: this.wall,
      now: Number(t.toFixed(6)),
      closed: closed ? Number(this.end.toFixed(6)) : null,
      total: tasks.length,
      counts,
      aggregated: false,
      notes: [],
    };
    return { schema: 1, seq: 0, run, tasks, edges, graph: layout(tasks, edges), lanes: null };
  }

  detail(id: number, time: number): TaskDetail {
    const row = this.rowAt(id, time);
    if (row === null) throw new Error(`no task ${id}`);
    const failed = row.state === "failed" || row.state === "timed_out";
    return {
      id,
      name: row.name,
      args: row.args,
      result: row.state === "succeeded" ? row.text : null,
      html: row.state === "succeeded" && row.type === "DataFrame" ? FRAME : null,
      type: row.type,
      text: row.text,
      traceback: failed ? traceback(row) : null,
      attempts: Array.from({ length: row.attempts }, (_, i) => ({
        number: i + 1,
        worker: row.worker,
        started: row.started,
        ended: row.ended,
        type: failed || i + 1 < row.attempts ? row.type || "ConnectionError" : "",
        text: failed || i + 1 < row.attempts ? row.text || "connection reset by peer" : "",
        traceback: failed || i + 1 < row.attempts ? traceback(row) : null,
      })),
      output: row.started === null ? [] : [[row.started, "stdout", `${row.name}: started\n`]],
      reason: row.reason,
      on: row.on.map((other) => [
        other,
        this.sims.get(other)?.row.name ?? "",
        this.rowAt(other, time)?.state ?? "planned",
      ]),
      notes: [],
    };
  }
}

const traceback = (row: TaskRow): string => `Traceback (most recent call last):
  File "In [4]", line 7, in ${row.name}
    user = users[number]
           ~~~~~^^^^^^^^
  File "In [2]", line 19, in lookup
    raise ${row.type || "ConnectionError"}("${row.text || "connection reset by peer"}")
${row.type || "ConnectionError"}: ${row.text || "connection reset by peer"}
`;

const FRAME =
  "<table><tr><th></th><th>city</th><th>orders</th></tr><tr><th>0</th><td>Oslo</td><td>12</td></tr>" +
  "<tr><th>1</th><td>Lima</td><td>41</td></tr></table><script>parent.document.title='!'</script>";
