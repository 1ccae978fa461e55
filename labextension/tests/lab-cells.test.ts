import { afterEach, describe, expect, it, vi } from "vitest";
import { listenForCells, type Notebooks } from "../src/lab/cells";
import { toCell } from "../src/views/to-cell";

const opened: (() => void)[] = [];
afterEach(() => {
  for (const close of opened.splice(0)) close();
  document.body.replaceChildren();
});

function notebook(kernel: string, cells: number) {
  const node = document.createElement("div");
  document.body.append(node);
  const widgets = Array.from({ length: cells }, () => {
    const cell = document.createElement("div");
    node.append(cell);
    return { node: cell };
  });
  const insertCell = vi.fn();
  const content = {
    widgets,
    activeCellIndex: 0,
    model: { readOnly: false, sharedModel: { insertCell } },
    deselectAll: vi.fn(),
    scrollToItem: vi.fn(async () => undefined),
  };
  const panel = { node, content, sessionContext: { session: { kernel: { id: kernel } } } };
  const view = (cell: number) => widgets[cell]?.node.appendChild(document.createElement("div")) as HTMLElement;
  return { panel, content, insertCell, view };
}

function listen(...books: ReturnType<typeof notebook>[]) {
  const run = vi.fn();
  const tracker = {
    currentWidget: books[0]?.panel ?? null,
    find: (fits: (panel: unknown) => boolean) => books.map(({ panel }) => panel).find(fits),
  };
  opened.push(listenForCells(tracker as unknown as Notebooks, run));
  return run;
}

describe("a view that asks for a cell", () => {
  it("has it below its own, and run where it says so", async () => {
    const [other, here] = [notebook("k1", 2), notebook("k2", 3)];
    const run = listen(other, here);
    expect(await toCell(here.view(1), "%flow debug load#2", true)).toBe("");
    expect(here.insertCell.mock.calls).toMatchObject([[2, { cell_type: "code", source: "%flow debug load#2" }]]);
    expect(here.content.activeCellIndex).toBe(2);
    expect(run).toHaveBeenCalledWith(here.panel);
    await toCell(here.view(2), "1", false);
    expect(run).toHaveBeenCalledTimes(1);
    expect(other.insertCell).not.toHaveBeenCalled();
  });

  it("in a tab has it in the notebook of its kernel, below the cell that is active", async () => {
    const [other, here] = [notebook("k1", 2), notebook("k2", 3)];
    listen(other, here);
    const tab = document.body.appendChild(document.createElement("div"));
    tab.dataset.ipyflowKernel = "k2";
    here.content.activeCellIndex = 1;
    expect(await toCell(tab.appendChild(document.createElement("p")), "1", false)).toBe("");
    expect(here.insertCell.mock.calls[0]?.[0]).toBe(2);
    tab.dataset.ipyflowKernel = "k3";
    vi.stubGlobal("navigator", { clipboard: { writeText: vi.fn(async () => undefined) } });
    expect(await toCell(tab, "1", false)).toBe("copied: paste it into a cell");
    vi.unstubAllGlobals();
  });

  it("without anybody who makes cells has the code copied", async () => {
    const writeText = vi.fn(async () => undefined);
    vi.stubGlobal("navigator", { clipboard: { writeText } });
    const alone = document.body.appendChild(document.createElement("div"));
    expect(await toCell(alone, "x = 1", false)).toBe("copied: paste it into a cell");
    expect(writeText).toHaveBeenCalledWith("x = 1");
    const book = notebook("k", 1);
    book.content.model.readOnly = true;
    listen(book);
    expect(await toCell(book.view(0), "y", false)).toBe("copied: paste it into a cell");
    vi.unstubAllGlobals();
  });
});
