import type { Kernel } from "@jupyterlab/services";
import { describe, expect, it, vi } from "vitest";
import type { Connections } from "../src/lab/connections";
import { OwnLine } from "../src/lab/own-line";

const settle = () => new Promise((done) => setTimeout(done));

/** A server with these kernels, and a page in which nothing leads to them yet. */
function page(...running: string[]) {
  const led = { connected: false };
  const drop = vi.fn();
  const own = { isDisposed: false, dispose: vi.fn() };
  const connections = {
    of: () => led,
    take: () => {
      led.connected = true;
      return drop;
    },
  };
  const findById = vi.fn(async (id: string) => (running.includes(id) ? { id } : undefined));
  const connectTo = vi.fn(() => own);
  const changed = vi.fn();
  const kernels = { findById, connectTo } as unknown as Kernel.IManager;
  const line = new OwnLine(connections as unknown as Connections, kernels, "k", changed);
  return { line, led, drop, own, findById, connectTo, changed };
}

describe("a tab's own line to a kernel", () => {
  it("is made once where nothing else leads there, and given up with the tab", async () => {
    const { line, drop, own, findById, connectTo, changed } = page("k");
    line.look();
    line.look();
    await settle();
    line.look();
    expect([findById.mock.calls.length, connectTo.mock.calls.length, changed.mock.calls.length]).toEqual([1, 1, 1]);
    expect(line.dead).toBe(false);
    line.dispose();
    expect([drop.mock.calls.length, own.dispose.mock.calls.length]).toEqual([1, 1]);
  });

  it("is not made where a notebook leads there, also one that is opened meanwhile", async () => {
    const { line, led, connectTo } = page("k");
    line.look();
    led.connected = true;
    await settle();
    line.look();
    expect(connectTo).not.toHaveBeenCalled();
  });

  it("says that the kernel is gone, until something leads there again", async () => {
    const { line, led, findById, changed } = page();
    line.look();
    await settle();
    line.look();
    expect([line.dead, findById.mock.calls.length, changed.mock.calls.length]).toEqual([true, 1, 1]);
    led.connected = true;
    line.look();
    expect(line.dead).toBe(false);
  });

  it("is not made for a tab that was closed while the kernel was looked for", async () => {
    const { line, connectTo, changed } = page("k");
    line.look();
    line.dispose();
    await settle();
    expect([connectTo.mock.calls.length, changed.mock.calls.length]).toEqual([0, 0]);
  });
});
