import { afterEach, describe, expect, it } from "vitest";
import type { Payload } from "../src/core/protocol";
import type { Connection } from "../src/lab/connection";
import { RunPlace } from "../src/lab/place";
import { type Choices, DEFAULTS } from "../src/lab/settings";
import { example } from "./helpers";
import { connected } from "./lab-kernel";

const opened: (() => void)[] = [];
afterEach(() => {
  for (const close of opened.splice(0)) close();
});

function open(saved: Payload, more: Partial<Choices> = {}, tab?: string) {
  const el = document.createElement("div");
  document.body.append(el);
  const place = new RunPlace(el, saved.run, { choices: { ...DEFAULTS, ...more }, tab });
  place.show(saved);
  opened.push(() => {
    place.dispose();
    el.remove();
  });
  const { line, connection } = connected();
  const sub = () => line.last("watch")?.sub as number;
  const say = (payload: Payload, seq = 1) => line.say({ type: "snapshot", seq, payload }, sub());
  const live = (at: Connection = connection) => {
    place.bind(at);
    line.greet();
    say(saved);
  };
  return { el, place, line, connection, sub, say, live };
}

const renamed = (payload: Payload, name: string, more: Partial<Payload["run"]> = {}): Payload => ({
  ...payload,
  run: { ...payload.run, name, ...more },
});

describe("a run in an output", () => {
  it("is the picture that was saved, then what the kernel tells", () => {
    const saved = example("running");
    const { el, place, live, say } = open(saved);
    expect(el.textContent).toContain("process_order");
    expect(place.store.live).toBe(false);
    live();
    expect(place.store.live).toBe(true);
    say(renamed(saved, "told"));
    expect(el.textContent).toContain("told");
    // The notebook's own picture is older news then.
    place.show(renamed(saved, "saved"));
    expect(el.textContent).toContain("told");
  });

  it("takes newer pictures where there is no kernel, and keeps what its reader did", () => {
    const saved = example("failing");
    const { el, place } = open(saved);
    place.ui.tab.value = "table";
    place.ui.selection.value = { task: 2 };
    const table = el.querySelector("[role=grid]");
    place.show(renamed(saved, "newer"));
    expect(el.textContent).toContain("newer");
    expect(place.ui.selection.value).toEqual({ task: 2 });
    expect(el.querySelector("[role=grid]")).toBe(table);
  });

  it("goes on as a picture when the kernel is gone, and lives again when it is back", () => {
    const { el, place, live, line, say } = open(example("running"));
    live();
    place.ui.tab.value = "graph";
    line.restart();
    expect(place.store.live).toBe(false);
    expect(el.textContent).toContain("process_order");
    line.greet();
    say(example("running"), 5);
    expect(place.store.live).toBe(true);
    expect(place.ui.tab.value).toBe("graph");
  });

  it("that its kernel has forgotten is shown from the history if the reader wants it", () => {
    const saved = renamed(example("running"), "nightly", { id: 3, key: "a3f9c1-3" });
    const { el, place, line, connection, sub, say } = open(saved);
    const offer = () =>
      [...el.querySelectorAll("button")].find((one) => one.textContent === "Show it from the history");
    place.bind(connection);
    line.greet();
    expect([line.last("watch"), offer()]).toEqual([expect.not.objectContaining({ key: "a3f9c1-3" }), undefined]);
    line.say({ type: "unknown" }, sub());
    offer()?.click();
    expect(line.last("watch")).toMatchObject({ run: 3, key: "a3f9c1-3" });
    say(renamed(saved, "nightly", { id: -7, past: true, lost: true, resumable: true, state: "failed", closed: 2 }));
    expect(el.querySelector(".ipf-pill")?.textContent).toBe("lost");
    expect(el.querySelector(".ipf-pill svg")?.classList).toContain("ipf-glyph"); // not the cross of a failure
    expect(offer()).toBeUndefined();
    // It goes on: what the kernel tells of the new run is no news of the past.
    say(renamed(example("small"), "nightly", { id: 1, key: "b07d22-1", resumes: "a3f9c1-3" }));
    expect(el.querySelector(".ipf-origin")?.textContent).toContain("Goes on where run a3f9c1-3 stopped");
    line.restart();
    line.greet();
    expect(line.last("watch")).toMatchObject({ run: 1, key: "b07d22-1" });
  });

  it("of the past is asked for by its key", () => {
    const saved = renamed(example("small"), "nightly", { id: -7, key: "a3f9c1-3" });
    const { place, line, connection } = open(saved);
    place.bind(connection);
    line.greet();
    expect(line.last("watch")).toMatchObject({ run: -7, key: "a3f9c1-3" });
  });

  it("follows the output to another run", () => {
    const saved = example("small");
    const { place, line, live } = open(saved);
    live();
    place.show(renamed(saved, "again", { id: saved.run.id + 5, wall: saved.run.wall + 5 }));
    expect(line.last("watch")).toMatchObject({ run: saved.run.id + 5, wall: saved.run.wall + 5 });
  });

  it("opens the tab that the cell names, else the one of the settings", () => {
    expect(open(example("small"), { tab: "graph" }).place.ui.tab.value).toBe("graph");
    expect(open(example("small"), { tab: "graph" }, "table").place.ui.tab.value).toBe("table");
    expect(open(example("small"), { rowsBy: "worker" }).place.ui.rowsBy.value).toBe("worker");
  });

  it("folds when it has ended, where the reader wants that and looks at nothing in it", () => {
    expect(open(example("small"), { foldFinished: true }).place.ui.folded.value).toBe(true);
    const { place, live, say } = open(example("running"), { foldFinished: true });
    live();
    expect(place.ui.folded.value).toBe(false);
    place.ui.selection.value = { task: 2 };
    say(example("small"), 2);
    expect(place.ui.folded.value).toBe(false);
  });

  it("leaves its run when it is taken away", () => {
    const { place, live, line, el } = open(example("running"));
    live();
    place.dispose();
    expect(line.types().at(-1)).toBe("leave");
    expect(el.children.length).toBe(0);
  });
});
