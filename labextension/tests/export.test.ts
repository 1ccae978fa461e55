import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ExportAnswer, FromPage, Payload } from "../src/core/protocol";
import { asPayload } from "../src/core/protocol";
import { RunStore } from "../src/core/store";
import { exportItems, OFFERS, scaleFor } from "../src/views/export-menu";
import { MenuButton, type MenuItem } from "../src/views/menu";
import { example, FakeLink } from "./helpers";

interface File {
  name: string;
  blob: Blob;
}
let files: File[] = [];
let blobs = new Map<string, Blob>();

beforeEach(() => {
  files = [];
  blobs = new Map();
  let number = 0;
  vi.spyOn(URL, "createObjectURL").mockImplementation((blob) => {
    number += 1;
    blobs.set(`blob:${number}`, blob as Blob);
    return `blob:${number}`;
  });
  vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (this: HTMLAnchorElement) {
    files.push({ name: this.download, blob: blobs.get(this.getAttribute("href") ?? "") ?? new Blob() });
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  document.body.replaceChildren();
});

const settled = () => new Promise((done) => setTimeout(done, 0));

function store(first: Payload, kernel: boolean) {
  const link = new FakeLink();
  const made = new RunStore(link);
  if (kernel) made.receive({ type: "snapshot", seq: 0, payload: first });
  else made.load(first);
  const said: string[] = [];
  made.onSaid((text) => said.push(text));
  const asked = () =>
    link.sent.filter((one): one is Extract<FromPage, { type: "ask" }> => one.type === "ask" && one.what === "export");
  const answer = async (answer: ExportAnswer | null, error: string | null = null) => {
    made.receive({ type: "answer", request: asked().at(-1)?.request, answer, error });
    await settled();
    await settled();
  };
  const choose = (label: string) =>
    exportItems(made)
      .find((one) => one.label === label)
      ?.act();
  return { made, said, asked, answer, choose };
}

const text = (name: string, mime: string, said: string): ExportAnswer => ({ name, mime, text: said, base64: null });

describe("exports", () => {
  it("ask the kernel for each format and give the file a name of its own", async () => {
    const { asked, answer, choose, said } = store(example("small"), true);
    choose("DOT (Graphviz)");
    expect(asked().at(-1)?.query).toEqual({ format: "dot" });
    await answer(text("process_order.dot", "text/vnd.graphviz", "digraph {}"));
    expect(files.map(({ name }) => name)).toEqual(["process_order.dot"]);
    expect(await files[0]?.blob.text()).toBe("digraph {}");
    expect(files[0]?.blob.type).toBe("text/vnd.graphviz");
    expect(said).toEqual(["Saved process_order.dot."]);
  });

  it("may be bytes", async () => {
    const { answer, choose } = store(example("small"), true);
    choose("Trace for Perfetto or Chrome");
    await answer({ name: "t.gz", mime: "application/gzip", text: null, base64: btoa("\u0000\u00ff\u0080") });
    expect([...new Uint8Array((await files[0]?.blob.arrayBuffer()) ?? new ArrayBuffer(0))]).toEqual([0, 255, 128]);
  });

  it("say in words why there is none", async () => {
    const { answer, choose, said } = store(example("small"), true);
    choose("OpenTelemetry JSON");
    await answer(null, "opentelemetry-sdk is not installed: pip install opentelemetry-sdk");
    expect(files).toEqual([]);
    expect(said[0]).toContain("pip install opentelemetry-sdk");
  });

  it("without a kernel are what the page has; the others say what they need", async () => {
    const first = example("failing");
    const { made, asked, choose } = store(first, false);
    const items = exportItems(made);
    expect(items.length).toBe(OFFERS.length);
    expect(items.filter((one) => one.not === undefined).map((one) => one.label)).toEqual(["JSON (what this page has)"]);
    expect(new Set(items.map((one) => one.not))).toEqual(new Set([undefined, "needs the kernel"]));
    choose("JSON (what this page has)");
    await settled();
    expect(asked()).toEqual([]);
    expect(files[0]?.name).toBe("report.json");
    const again = asPayload(JSON.parse((await files[0]?.blob.text()) ?? ""));
    expect(again.tasks).toEqual(first.tasks);
    expect(again.run).toEqual(first.run);
  });

  it("as pixels are twice as sharp, or as sharp as a canvas holds", () => {
    expect(scaleFor(760, 400)).toBe(2);
    expect(scaleFor(760, 40_000)).toBeCloseTo(0.4);
    expect(scaleFor(12_000, 12_000) * 12_000).toBeLessThan(11_000);
  });
});

describe("a menu", () => {
  const press = (key: string) =>
    document.activeElement?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  const at = () => document.activeElement?.textContent;

  function menu(items: MenuItem[]) {
    const button = document.createElement("button");
    const made = new MenuButton(button, "Export the run", () => items);
    document.body.append(...made.elements);
    return { made, button };
  }
  const act = vi.fn();
  const items = ["Mermaid", "DOT", "Trace"].map((label) => ({ label, act: () => act(label) }));

  it("is walked with the keys, and gives the keyboard's place back", () => {
    const { button, made } = menu(items);
    button.focus();
    press("ArrowDown");
    expect([made.isOpen, at(), button.getAttribute("aria-expanded")]).toEqual([true, "Mermaid", "true"]);
    press("ArrowUp");
    expect(at()).toBe("Trace");
    press("ArrowDown");
    press("ArrowDown");
    expect(at()).toBe("DOT");
    press("End");
    expect(at()).toBe("Trace");
    press("m");
    expect(at()).toBe("Mermaid");
    press("Escape");
    expect([made.isOpen, document.activeElement, button.getAttribute("aria-expanded")]).toEqual([
      false,
      button,
      "false",
    ]);
    press("ArrowUp");
    expect(at()).toBe("Trace");
    press("Enter");
    expect([act.mock.calls, made.isOpen, document.activeElement]).toEqual([[["Trace"]], false, button]);
  });

  it("closes at a click elsewhere, and does not choose what cannot be chosen", () => {
    const not = vi.fn();
    const { button, made } = menu([{ label: "SVG", act: not, not: "needs the kernel" }]);
    button.click();
    const item = document.querySelector<HTMLElement>("[role=menuitem]");
    expect([item?.getAttribute("aria-disabled"), item?.textContent]).toEqual(["true", "SVGneeds the kernel"]);
    item?.click();
    expect([not.mock.calls.length, made.isOpen]).toEqual([0, true]);
    // Something beside it scrolls, as a log that follows its end does.
    const beside = document.createElement("div");
    document.body.append(beside);
    beside.dispatchEvent(new Event("scroll"));
    document.dispatchEvent(new Event("scroll"));
    expect(made.isOpen).toBe(true);
    document.body.dispatchEvent(new Event("pointerdown", { bubbles: true }));
    expect(made.isOpen).toBe(false);
  });
});
