import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { RunStore } from "../src/core/store";
import { TARGET } from "../src/lab/connection";
import { RunLine } from "../src/lab/run-line";
import { example } from "./helpers";
import { connected, FakeLine, listed, PAGE } from "./lab-kernel";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("a kernel with ipyflow", () => {
  it("is found by its hello, and is asked for its runs", () => {
    const { line, connection } = connected();
    expect(line.sent).toEqual([]);
    line.greet();
    expect(connection.known.value).toBe(true);
    expect(line.sent.map(({ body }) => body)).toEqual([{ type: "hello" }, { type: "runs", on: true }]);
    line.greet();
    expect(line.sent.length).toBe(2);
    line.say({ type: "runs", runs: [listed(1)] });
    expect(connection.runs.value).toEqual([listed(1)]);
  });

  it("is found by its table of comms, after a page was loaded again", async () => {
    const { line, connection } = connected();
    await line.answer(true);
    expect(connection.known.value).toBe(true);
  });

  it("hears nothing from this page where ipyflow is not loaded", async () => {
    const { line, connection } = connected();
    await line.answer(false);
    expect(connection.known.value).toBe(false);
    expect(connection.post(null, { type: "bye" })).toBe(false);
    expect(line.sent).toEqual([]);
  });

  it("passes over what is for another page, or from another comm", () => {
    const { line, connection } = connected();
    line.greet();
    line.say({ type: "runs", runs: [listed(1)] }, null, "page-2");
    for (const odd of [null, 7, {}, { comm_id: "page-1" }]) (line as unknown as { say(m: unknown): void }).say(odd);
    expect(connection.runs.value).toEqual([]);
  });

  it("that greets again is asked what it knows of this page, but seldom", () => {
    const { line } = connected();
    line.greet();
    for (let i = 0; i < 12; i += 1) {
      vi.advanceTimersByTime(1000);
      line.greet();
      line.say({ type: "hello", version: "0", subs: [] });
    }
    expect(line.types()).toEqual(["hello", "runs", ...Array(4).fill("hello")]);
  });

  it("gets a sign of life every 20 s; three without an answer, and it is looked for anew", async () => {
    const { line, connection } = connected();
    line.greet();
    line.say({ type: "hello", version: "0", subs: [] });
    vi.advanceTimersByTime(60_000);
    expect(line.types().filter((type) => type === "hello").length).toBe(4);
    expect(connection.known.value).toBe(true);
    vi.advanceTimersByTime(20_000);
    expect(connection.known.value).toBe(false);
    await line.answer(true);
    expect(connection.known.value).toBe(true);
  });

  it("that begins anew has no runs until ipyflow is loaded again", async () => {
    const { line, connection } = connected();
    line.greet();
    line.say({ type: "runs", runs: [listed(1)] });
    line.restart();
    expect(connection.known.value).toBe(false);
    expect(connection.runs.value).toEqual([]);
    await line.answer(false);
    // What the old one had said comes once more.
    line.say({ type: "hello", version: "0" }, null, TARGET, 1);
    line.say({ type: "runs", runs: [listed(1)] }, null, PAGE, 1);
    expect(connection.known.value).toBe(false);
    expect(connection.runs.value).toEqual([]);
    line.greet();
    expect(connection.known.value).toBe(true);
  });

  it("is shared by notebooks: one may be closed, and nothing is heard twice", async () => {
    const { line, connection, drop } = connected();
    const other = new FakeLine();
    connection.attach(other);
    line.greet();
    other.greet();
    const heard = vi.fn();
    connection.runs.on(heard);
    line.say({ type: "runs", runs: [listed(1)] });
    other.say({ type: "runs", runs: [listed(1)] });
    expect(heard).toHaveBeenCalledOnce();
    drop();
    expect(connection.known.value).toBe(true);
    connection.post(null, { type: "runs", on: true });
    expect(other.types()).toEqual(["runs"]);
    other.setUp(false);
    expect(connection.known.value).toBe(false);
    other.setUp(true);
    await other.answer(true);
    expect(connection.known.value).toBe(true);
  });

  it("is told to cancel a run that nobody has on show, and says what came of it", () => {
    const { line, connection } = connected();
    line.greet();
    const said = vi.fn();
    connection.command({ id: 3, wall: 1003 }, "cancel", said);
    const [watch, cancel, leave] = line.sent.slice(-3);
    expect(watch?.body).toEqual({ type: "watch", sub: cancel?.sub, run: 3, wall: 1003 });
    expect(cancel?.body).toEqual({ type: "cancel", task: null });
    expect(leave?.body).toEqual({ type: "leave", sub: cancel?.sub });
    line.say({ type: "snapshot", seq: 1, payload: example("small") }, cancel?.sub);
    line.say({ type: "said", text: "order is told to stop" }, cancel?.sub);
    expect(said.mock.calls).toEqual([["order is told to stop"]]);
  });
});

function watching() {
  const { line, connection, drop } = connected();
  const payload = example("running");
  const run = new RunLine(payload.run.id, payload.run.wall);
  const store = new RunStore(run);
  run.onChange(() => store.lineChanged());
  run.bind(connection);
  const sub = () => line.last("watch")?.sub as number;
  const snapshot = (seq = 1) => line.say({ type: "snapshot", seq, payload: { ...payload, seq } }, sub());
  return { line, connection, drop, payload, run, store, sub, snapshot };
}

describe("a watched run", () => {
  it("is asked for when the kernel is found, by its number and the instant it began", () => {
    const { line, run, store, sub, snapshot, payload } = watching();
    expect(line.sent).toEqual([]);
    line.greet();
    expect(line.sent[0]?.body).toEqual({ type: "watch", sub: sub(), run: payload.run.id, wall: payload.run.wall });
    expect(run.state.value).toBe("asking");
    snapshot();
    expect(run.state.value).toBe("live");
    expect(store.live).toBe(true);
    store.cancel(2);
    expect(line.sent.at(-1)).toEqual({ page: "page-1", sub: sub(), body: { type: "cancel", task: 2 } });
  });

  it("that the kernel does not know is asked for once, and stays a picture", () => {
    const { line, run, store, sub } = watching();
    line.greet();
    line.say({ type: "unknown" }, sub());
    vi.advanceTimersByTime(30_000);
    expect(line.types().filter((type) => type === "watch").length).toBe(1);
    expect(run.state.value).toBe("unknown");
    const said = vi.fn();
    store.onSaid(said);
    store.cancel(null);
    expect(said.mock.calls[0]?.[0]).toContain("no kernel knows this run");
    expect(line.types()).not.toContain("cancel");
  });

  it("answers questions itself where no kernel can", async () => {
    const { store } = watching();
    await expect(store.ask("export", { format: "svg" })).rejects.toThrow("no kernel knows this run");
  });

  it("stands still when the kernel begins anew, and lives again when it knows the run", () => {
    const { line, run, store, snapshot, sub } = watching();
    line.greet();
    snapshot();
    line.restart();
    expect(run.state.value).toBe("away");
    expect(store.live).toBe(false);
    expect(store.run.name).toBe("process_order");
    line.greet();
    line.say({ type: "unknown" }, sub());
    expect(store.live).toBe(false);
    line.restart();
    line.greet();
    snapshot(9);
    expect(store.live).toBe(true);
  });

  it("is watched again by a kernel that had forgotten this page", () => {
    const { line, store, snapshot, sub } = watching();
    line.greet();
    snapshot();
    const before = line.types().filter((type) => type === "watch").length;
    line.say({ type: "hello", version: "0", subs: [sub()] });
    expect(line.types().filter((type) => type === "watch").length).toBe(before);
    line.say({ type: "hello", version: "0", subs: [] });
    expect(line.types().filter((type) => type === "watch").length).toBe(before + 1);
    snapshot(4);
    expect(store.live).toBe(true);
    store.pause(null);
    line.say({ type: "unknown" }, sub());
    expect(line.types().filter((type) => type === "watch").length).toBe(before + 2);
  });

  it("goes over to the run that took its place, also after a line that was lost", () => {
    const { line, payload, store, sub } = watching();
    line.greet();
    line.say({ type: "snapshot", seq: 1, payload: { ...payload, run: { ...payload.run, id: 8, wall: 5 } } }, sub());
    expect(store.run.id).toBe(8);
    line.restart();
    line.greet();
    expect(line.last("watch")).toMatchObject({ run: 8, wall: 5 });
  });

  it("leaves nothing behind", () => {
    const { line, run, store, sub, snapshot, connection } = watching();
    line.greet();
    snapshot();
    const number = sub();
    run.dispose();
    store.dispose();
    expect(line.sent.at(-1)?.body).toEqual({ type: "leave", sub: number });
    connection.bye();
    expect(line.types().at(-1)).toBe("bye");
  });
});
