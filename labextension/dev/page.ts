/** The dev page: `?run=small|failing|many|big|aggregated|given&tab=…&at=…&live=1&speed=…&theme=dark`. Mounts the widget on a made-up model. */

import type { FromPage, LogQuery, Payload, TaskDetail } from "../src/core/protocol";
import widget, { type WidgetModel } from "../src/widget/index";
import { keptOf, logAnswer } from "./log";
import { aggregated, bigRow, failing, many, small } from "./scenarios";
import type { Simulation } from "./sim";

const ask = new URLSearchParams(location.search);

/** What a page is drawn from: a made-up run, or one that `shots.py` has read from a log and put into the window. */
type Played = Pick<Simulation, "payload" | "detail">;
interface Given {
  payload: Payload;
  details: Record<number, TaskDetail>;
}

const RUNS: Record<string, () => Played> = {
  given,
  small,
  failing,
  many: () => many(200, 8),
  big: () => many(2000, 16, 1.5),
};

function given(): Played {
  const { payload, details } = Reflect.get(window, "given") as Given;
  return {
    payload: () => payload,
    detail(id) {
      const detail = details[id];
      if (detail === undefined) throw new Error(`no task ${id}`);
      return detail;
    },
  };
}

class FakeModel implements WidgetModel {
  readonly sent: FromPage[] = [];
  private readonly listeners = new Set<(message: unknown) => void>();
  private seq = 0;
  private last: Payload;
  private readonly sim: Played | null;
  private readonly started = performance.now();
  private readonly speed = Number(ask.get("speed") ?? 1);
  private readonly from: number;

  constructor(run: string) {
    this.sim = RUNS[run]?.() ?? null;
    this.from = Number(ask.get("at") ?? (ask.has("live") ? 0 : 1e9));
    this.last = this.now();
    if (ask.has("live")) setInterval(() => this.step(), Number(ask.get("every") ?? 100));
  }

  private time(): number {
    return ask.has("live") ? this.from + ((performance.now() - this.started) / 1000) * this.speed : this.from;
  }

  private now(): Payload {
    return this.sim === null ? aggregated(Math.min(0.96, 0.5 + this.time() / 200)) : this.sim.payload(this.time());
  }

  private step(): void {
    const next = this.now();
    const before = new Map(this.last.tasks.map((row) => [row.id, row]));
    const tasks = next.tasks.filter((row) => {
      const old = before.get(row.id);
      return old === undefined || old.spans.length !== row.spans.length || old.state !== row.state;
    });
    if (tasks.length === 0 && next.run.closed === this.last.run.closed && this.sim !== null) return;
    this.seq += 1;
    this.last = next;
    this.emit({
      type: "delta",
      seq: this.seq,
      run: next.run,
      tasks,
      edges: next.edges,
      graph: next.graph,
      lanes: next.lanes,
    });
  }

  emit(message: unknown): void {
    for (const listener of [...this.listeners]) listener(JSON.parse(JSON.stringify(message)));
  }

  get(name: string): unknown {
    if (name === "view") return ask.get("tab") ?? "timeline";
    if (ask.has("kept")) return { ...this.last, kept: keptOf(this.last) };
    return name === "payload" && !ask.has("live") ? this.last : null;
  }

  on(event: string, listener: (message: unknown) => void): void {
    if (event === "msg:custom") this.listeners.add(listener);
  }

  off(_event: string, listener: (message: unknown) => void): void {
    this.listeners.delete(listener);
  }

  send(value: unknown): void {
    const message = value as FromPage;
    this.sent.push(message);
    setTimeout(() => this.answer(message), 5);
  }

  private pause(paused: boolean): void {
    this.last = { ...this.last, run: { ...this.last.run, paused } };
    this.emit({ type: "snapshot", seq: this.seq, payload: this.last });
    this.emit({ type: "said", text: paused ? "Starts nothing new." : "Goes on." });
  }

  private answer(message: FromPage): void {
    if (message.type === "ready" || message.type === "resync") {
      if (ask.has("kept") || (!ask.has("live") && !ask.has("kernel") && this.sim !== null)) return;
      this.emit({ type: "snapshot", seq: this.seq, payload: this.last });
    } else if (message.type === "detail" && this.sim !== null) {
      this.emit({ type: "detail", task: message.task, detail: this.sim.detail(message.task, this.time()) });
    } else if (message.type === "rows") {
      const total = message.states?.includes("failed") ? 37 : 100_000;
      const tasks = Array.from({ length: Math.min(message.limit, total - message.offset) }, (_, i) =>
        bigRow(total === 37 ? 9 + (message.offset + i) * 811 : message.offset + i + 1, this.last.run.now),
      );
      this.emit({ type: "rows", total, offset: message.offset, request: message.request, tasks });
    } else if (message.type === "ask" && message.what === "log") {
      const answer = logAnswer(this.last, message.query as LogQuery);
      this.emit({ type: "answer", request: message.request, answer, error: null });
    } else if (message.type === "ask" && message.what === "export") {
      const text =
        '<svg xmlns="http://www.w3.org/2000/svg" width="300" height="100"><circle cx="50" cy="50" r="40"/></svg>';
      const answer = { name: "demo.svg", mime: "image/svg+xml", text, base64: null };
      this.emit({ type: "answer", request: message.request, answer, error: null });
    } else if (message.type === "cancel") this.emit({ type: "said", text: "Cancelled." });
    else if (message.type === "pause" || message.type === "resume") this.pause(message.type === "pause");
    else if (message.type === "retry") this.emit({ type: "said", text: `Task ${message.task} runs again.` });
  }
}

const theme = ask.get("theme");
if (theme !== null) document.body.setAttribute("data-jp-theme-light", String(theme !== "dark"));
document.body.classList.toggle("dark", theme === "dark");
const frame = document.querySelector<HTMLElement>("#out");
if (frame !== null) {
  const width = ask.get("width");
  if (width !== null) frame.style.width = `${width}px`;
  const model = new FakeModel(ask.get("run") ?? "small");
  Object.assign(window, { model, dispose: widget.render({ model, el: frame }) });
  if (ask.has("twice")) {
    const second = document.createElement("div");
    frame.after(second);
    widget.render({ model, el: second });
  }
}
