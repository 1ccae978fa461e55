import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { FromPage, Link, Payload, Run, State, TaskRow } from "../src/core/protocol";

const FOLDER = join(dirname(fileURLToPath(import.meta.url)), "../../tests/fixtures/payloads");

export type Example =
  | "small"
  | "running"
  | "failing"
  | "many"
  | "edited"
  | "memory"
  | "aggregated"
  | "pipeline"
  | "pipeline_running"
  | "pipeline_paused"
  | "pipeline_wide"
  | "pipeline_stages"
  | "pipeline_aggregated"
  | "plan"
  | "workers"
  | "events"
  | "events-live"
  | "events-stalled"
  | "events-human"
  | "events-fan"
  | "events-child";

/** An example payload that the Python tests read too. */
export function example(name: Example): Payload {
  return JSON.parse(readFileSync(join(FOLDER, `${name}.json`), "utf8")) as Payload;
}

export function task(id: number, more: Partial<TaskRow> = {}): TaskRow {
  return {
    id,
    parent: 0,
    name: "work",
    module: "__main__",
    group: null,
    role: null,
    branch: null,
    executor: "threads",
    state: "queued" as State,
    reason: "",
    on: [],
    worker: "",
    args: "",
    attempts: 0,
    submitted: 0,
    started: null,
    ended: null,
    spans: [[0, "queued", ""]],
    type: "",
    text: "",
    progress: null,
    notes: [],
    ...more,
  };
}

export function run(more: Partial<Run> = {}): Run {
  return {
    id: 1,
    name: "demo",
    kind: "flow",
    state: "running",
    wall: 1000,
    now: 1,
    closed: null,
    total: 1,
    counts: { queued: 1 },
    aggregated: false,
    notes: [],
    ...more,
  };
}

export function payload(tasks: TaskRow[], more: Partial<Run> = {}): Payload {
  const counts: Run["counts"] = {};
  for (const one of tasks) counts[one.state] = (counts[one.state] ?? 0) + 1;
  return {
    schema: 1,
    seq: 0,
    run: run({ total: tasks.length, counts, ...more }),
    tasks,
    edges: [],
    graph: null,
    lanes: null,
  };
}

/** A kernel that says what the test says, and keeps what the page said. */
export class FakeLink implements Link {
  readonly sent: FromPage[] = [];
  private listener: ((message: unknown) => void) | null = null;

  send(message: FromPage): void {
    this.sent.push(message);
  }

  listen(listener: (message: unknown) => void): () => void {
    this.listener = listener;
    return () => {
      this.listener = null;
    };
  }

  get heard(): boolean {
    return this.listener !== null;
  }

  say(message: unknown): void {
    this.listener?.(message);
  }

  kinds(): string[] {
    return this.sent.map((message) => message.type);
  }
}

/** A clock and timers moved by hand. */
export class ManualTime {
  now = 0;
  private timers: { at: number; call: () => void }[] = [];

  readonly clock = (): number => this.now;

  readonly later = (call: () => void, ms: number): (() => void) => {
    const timer = { at: this.now + ms, call };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((one) => one !== timer);
    };
  };

  advance(ms: number): void {
    this.now += ms;
    for (const timer of this.timers.filter((one) => one.at <= this.now)) {
      this.timers = this.timers.filter((one) => one !== timer);
      timer.call();
    }
  }
}
