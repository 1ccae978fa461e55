/** The list of runs of the kernel in front: drawn from its connection, walked with the arrows. */

import { h, setText } from "../core/dom";
import { plural } from "../core/format";
import type { AnswerPrompt } from "../core/protocol";
import { disposeAll, type Signal } from "../core/signal";
import { word } from "../core/status";
import type { Connection, ListedRun } from "./connection";
import { type HistoryParts, mountHistory } from "./history-view";
import { PanelPrompts } from "./panel-prompts";
import { type RowAction, RunRow } from "./run-row";
import type { Choices } from "./settings";
import { standOn, walk } from "./walk";

/** From so many runs on there is a field to filter them. */
const FILTER_ABOVE = 8;

export interface PanelParts {
  current: Signal<Connection | null>;
  changed: Signal<number>;
  /** The notebook, or console, whose kernel it is. */
  where(): string;
  settings: Signal<Choices>;
  act(connection: Connection, run: ListedRun, action: RowAction): void;
  canReveal(connection: Connection, run: ListedRun): boolean;
  /** Presses a button of a prompt's form. */
  answer(
    connection: Connection,
    run: ListedRun,
    message: AnswerPrompt,
    refused: (errors: Record<string, string>) => void,
  ): void;
  history: Omit<HistoryParts, "current" | "changed" | "where">;
}

const HOW = [
  ["%load_ext ipyflow", "loads it; then the runs of before are listed here, too."],
  ["%%flow", "at the top of a cell makes the cell a flow: what it submits runs side by side."],
] as const;

export function mountPanel(element: HTMLElement, parts: PanelParts): () => void {
  const filter = h("input", {
    type: "search",
    class: "ipf-lab-filter",
    placeholder: "Filter by name or state",
    "aria-label": "Filter the runs by name or state",
    input: () => draw(),
  });
  const where = h("span", { class: "ipf-lab-where" });
  const head = h("h2", { class: "ipf-lab-head" }, "Runs", where);
  const list = h("ul", { class: "ipf-lab-list", "aria-label": "Runs, newest first", keydown: step });
  const empty = h("div", { class: "ipf-lab-empty", role: "status" });
  const rest = h("p", { class: "ipf-lab-rest" });
  const prompts = new PanelPrompts({
    answer: (run, message, refused) => {
      if (parts.current.value !== null) parts.answer(parts.current.value, run, message, refused);
    },
    open: (run) => {
      if (parts.current.value !== null) parts.act(parts.current.value, run, "open");
    },
  });
  const root = h("div", { class: "ipf ipf-lab-panel" }, prompts.element, head, filter, empty, list, rest);
  element.append(root);
  const { current, changed, where: place } = parts;
  const history = mountHistory(root, { ...parts.history, current, changed, where: place });
  const rows = new Map<string, RunRow>();
  let stand = "";

  const keyOf = (run: ListedRun) => `${run.id} ${run.wall}`;
  const act = (action: RowAction, row: RunRow) => {
    const connection = parts.current.value;
    if (connection === null) return;
    const { key = "", name, wall } = row.run;
    if (action === "compare") history.choose({ key, name, wall });
    else parts.act(connection, row.run, action);
  };
  function draw(): void {
    const connection = parts.current.value;
    setText(where, parts.where());
    prompts.draw(connection?.runs.value ?? []);
    const runs = shown(connection?.runs.value ?? [], parts.settings.value.history);
    filter.hidden = runs.length <= FILTER_ABOVE;
    const words = filter.hidden ? [] : filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = runs.filter((run) =>
      words.every((one) => `${run.name} ${stateWords(run)}`.toLowerCase().includes(one)),
    );
    const wanted = new Set(found.map(keyOf));
    for (const [key, row] of rows) {
      if (wanted.has(key)) continue;
      row.element.remove();
      rows.delete(key);
    }
    found.forEach((run, place) => {
      let row = rows.get(keyOf(run));
      if (row === undefined) {
        row = new RunRow(run, act);
        rows.set(keyOf(run), row);
      }
      if (list.children[place] !== row.element) list.insertBefore(row.element, list.children[place] ?? null);
      row.draw(run, connection !== null && parts.canReveal(connection, run));
    });
    if (!wanted.has(stand)) stand = found[0] === undefined ? "" : keyOf(found[0]);
    standOn(rows.get(stand), [...rows.values()]);
    drawEmpty(connection, runs.length, found.length);
    const more = (connection?.runs.value.length ?? 0) - runs.length;
    setText(rest, more > 0 ? `${plural(more, "older run")} not shown` : "");
    rest.hidden = more <= 0;
    tick();
  }

  function drawEmpty(connection: Connection | null, all: number, found: number): void {
    const key =
      found > 0 ? "" : all > 0 ? "none" : connection === null ? "away" : connection.known.value ? "new" : "off";
    const full = key === "away" && parts.where() !== "" ? "dead" : key;
    empty.hidden = full === "";
    if (empty.dataset.key === full) return;
    empty.dataset.key = full;
    empty.replaceChildren(...emptyWords(full));
  }

  function tick(): void {
    const since = (performance.now() - (parts.current.value?.heardAt ?? 0)) / 1000;
    for (const row of rows.values()) row.tick(since);
    prompts.tick(since);
  }

  function step(event: KeyboardEvent): void {
    const inSight = [...list.children].flatMap((li) => [...rows.values()].filter((row) => row.element === li));
    const row = walk(event, inSight);
    if (row !== null) stand = keyOf(row.run);
  }

  draw();
  const ticking = setInterval(() => root.offsetParent !== null && tick(), 250);
  return disposeAll(
    parts.current.on(draw),
    parts.changed.on(draw),
    parts.settings.on(draw),
    () => clearInterval(ticking),
    () => history.dispose(),
    () => prompts.dispose(),
    () => root.remove(),
  );
}

/** All that go on, and so many of those that have ended. */
function shown(runs: readonly ListedRun[], history: number): ListedRun[] {
  let ended = 0;
  return runs.filter((run) => {
    if (run.closed) ended += 1;
    return !run.closed || ended <= history;
  });
}

const stateWords = (run: ListedRun): string => (run.paused ? `${word(run.state)} paused` : word(run.state));

function emptyWords(key: string): HTMLElement[] {
  if (key === "") return [];
  if (key === "none") return [h("p", { text: "No run has this name or state." })];
  if (key === "away") return [h("p", { text: "Open a notebook: the runs of its kernel are listed here." })];
  if (key === "dead") return [h("p", { text: "No kernel runs here: start one, and its runs are listed here." })];
  const first = key === "off" ? "ipyflow is not loaded in this kernel." : "Nothing has been run in this kernel yet.";
  const how = HOW.slice(key === "off" ? 0 : 1).map(([code, text]) => h("p", {}, h("code", { text: code }), ` ${text}`));
  return [h("p", { class: "ipf-lab-lead", text: first }), ...how];
}
