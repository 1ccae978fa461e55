/** The history below the list of runs: runs of other kernels and other days, to be found, opened, compared, gone on with. */

import { h, setText } from "../core/dom";
import { bytes, capital, day, wallTime } from "../core/format";
import { disposeAll, type Signal } from "../core/signal";
import type { Connection } from "./connection";
import { HistoryList } from "./history-list";
import type { PastLine } from "./library";
import { type PastAction, PastRow } from "./past-row";
import { standOn, walk } from "./walk";

/** How long, in ms, after a key the list is asked for, and until it is seen that the panel came into sight. */
const TYPING = 250;
/** How long, in ms, a list stands before it is looked at once more. */
const OLD = 10_000;
const STATES = [
  ["", "Any state"],
  ["lost", "lost"],
  ["failed", "failed"],
  ["timed_out", "timed out"],
  ["cancelled", "cancelled"],
  ["succeeded", "succeeded"],
  ["running", "running"],
] as const;
const KINDS: Record<string, string> = {
  logs: "logs",
  results: "cached results",
  kept: "kept for Resume",
  file: "file",
};

/** A run that is to stand beside another one. */
export interface Beside {
  key: string;
  name: string;
  wall: number;
}

export interface HistoryParts {
  current: Signal<Connection | null>;
  changed: Signal<number>;
  /** The notebook, or console, in front. */
  where(): string;
  open(connection: Connection, line: PastLine): void;
  compare(connection: Connection, before: Beside, after: Beside | null): void;
  /** Both say whether the list is another one then. */
  resume(connection: Connection, line: PastLine): Promise<boolean>;
  remove(connection: Connection, line: PastLine): Promise<boolean>;
}

export interface History {
  /** Chooses a run to be compared with another one: the first of two, or the second. */
  choose(run: Beside): void;
  dispose(): void;
}

export function mountHistory(element: HTMLElement, parts: HistoryParts): History {
  const list = new HistoryList(() => draw());
  const search = h("input", {
    type: "search",
    class: "ipf-lab-filter",
    placeholder: "Search names, tasks, failures",
    "aria-label": "Search the history: names, tasks, words of failures",
    input: () => typed(),
  });
  const state = h(
    "select",
    { class: "ipf-lab-filter", "aria-label": "State of the runs", change: () => load() },
    ...STATES.map(([value, text]) => h("option", { value, text })),
  );
  const disk = h("span", { class: "ipf-lab-where" });
  const days = h("div", { class: "ipf-lab-days", keydown: (event: KeyboardEvent) => step(event) });
  const said = h("p", { class: "ipf-lab-rest", role: "status" });
  const more = h("button", { type: "button", class: "ipf-button ipf-lab-more", text: "Show older runs" });
  more.addEventListener("click", () => list.next());
  const choice = h("div", { class: "ipf-lab-choice", role: "status" });
  choice.hidden = true;
  const root = h(
    "section",
    { class: "ipf-lab-history", "aria-label": "History" },
    h("h2", { class: "ipf-lab-head" }, "History", disk),
    h("div", { class: "ipf-lab-filters" }, search, state),
    days,
    said,
    more,
    choice, // last, and always in sight: what is to be pressed next stays where it is
  );
  element.append(root);
  let rows: PastRow[] = [];
  let stand = "";
  let shown = "";
  let typing: ReturnType<typeof setTimeout> | undefined;
  let from: Connection | null = null;
  let remembered = 0;
  let seen = false;
  let asked = 0;
  /** The run that was chosen first, to be compared with one more. */
  let beside: Beside | null = null;
  /** What is being gone on with or deleted: a second click is not a second wish. */
  const doing = new Set<string>();

  const connection = () => (parts.current.value?.known.value ? parts.current.value : null);
  const load = () => {
    asked = Date.now();
    list.load(connection(), { text: search.value.trim(), state: state.value || null });
  };

  function typed(): void {
    clearTimeout(typing);
    typing = setTimeout(load, TYPING);
  }

  /** Another kernel, or this one has begun anew, or has another database. */
  function look(): void {
    const now = connection();
    if (now !== from || (now?.remembered.value ?? 0) !== remembered) {
      from = now;
      remembered = now?.remembered.value ?? 0;
      seen = false;
      sight();
    }
    draw();
  }

  function draw(): void {
    root.hidden = connection() === null;
    const found = list.past();
    drawDays(found);
    drawChoice();
    const filtered = search.value.trim() !== "" || state.value !== "";
    const none = filtered ? "No earlier run fits." : "Runs of other kernels and other days are listed here.";
    setText(said, capital(list.error) || (list.loading ? "Asking …" : found.length === 0 ? none : ""));
    said.hidden = said.textContent === "";
    more.hidden = !list.more;
    const all = Object.entries(list.disk ?? {});
    const file = list.disk?.file ?? all.reduce((sum, [, size]) => sum + size, 0);
    setText(disk, list.disk === null ? "" : `${bytes(file)} on disk`);
    disk.title = all.map(([kind, size]) => `${KINDS[kind] ?? kind}: ${bytes(size)}`).join("\n");
  }

  function drawDays(found: readonly PastLine[]): void {
    const today = day(Date.now() / 1000);
    const key = JSON.stringify([today, found, parts.where()]);
    if (key === shown) return;
    shown = key;
    // The keyboard stays at what it is on; of a row that goes, at the one that comes to its place.
    const focused = rows.find((row) => row.element.contains(document.activeElement));
    const stops = focused?.stops() ?? [];
    const button = stops.indexOf(document.activeElement as HTMLElement);
    stand = focused?.line.key ?? stand;
    const place = rows.findIndex((row) => row.line.key === stand);
    rows = found.map((line) => new PastRow(line, parts.where(), act));
    const groups = new Map<string, PastRow[]>();
    for (const row of rows) {
      const of = day(row.line.wall);
      groups.set(of, [...(groups.get(of) ?? []), row]);
    }
    days.replaceChildren(
      ...[...groups].flatMap(([of, those]) => [
        h("h3", { class: "ipf-lab-day", text: dayName(of) }),
        h("ul", { class: "ipf-lab-list", "aria-label": `Runs of ${dayName(of)}` }, ...those.map((row) => row.element)),
      ]),
    );
    const same = rows.find((row) => row.line.key === stand);
    const at = same ?? rows[Math.min(Math.max(place, 0), rows.length - 1)];
    standOn(at, rows);
    if (focused === undefined) return;
    stand = at?.line.key ?? "";
    const now = same?.stops() ?? [];
    ((now.length === stops.length ? now[button] : undefined) ?? at?.main ?? search).focus();
  }

  function drawChoice(): void {
    const one = beside;
    const key = one?.key ?? "";
    if (choice.dataset.key === key) return;
    choice.dataset.key = key;
    choice.hidden = one === null;
    if (one === null) return;
    const before = h("button", { type: "button", class: "ipf-button ipf-small", text: "The run before it" });
    before.addEventListener("click", () => compare(one, null));
    const no = h("button", { type: "button", class: "ipf-button ipf-small", text: "Cancel" });
    no.addEventListener("click", () => {
      choose(one);
      (rows.find((row) => row.line.key === one.key)?.main ?? search).focus();
    });
    choice.replaceChildren(
      h("span", {
        text: `Compare ${one.name} of ${wallTime(one.wall).slice(0, 5)} with: press Compare on another run, or`,
      }),
      before,
      no,
    );
  }

  function compare(one: Beside, other: Beside | null): void {
    beside = null;
    drawChoice();
    const kernel = connection();
    if (kernel === null) return;
    if (other === null) parts.compare(kernel, one, null);
    else parts.compare(kernel, ...((one.wall <= other.wall ? [one, other] : [other, one]) as [Beside, Beside]));
  }

  function act(action: PastAction, row: PastRow): void {
    const kernel = connection();
    if (kernel === null) return;
    const { line } = row;
    stand = line.key;
    if (action === "open") parts.open(kernel, line);
    else if (action === "compare") choose(line);
    else if (!doing.has(line.key)) {
      doing.add(line.key);
      const done = parts[action === "delete" ? "remove" : "resume"](kernel, line);
      void done.then((changed) => changed && load()).finally(() => doing.delete(line.key));
    }
  }

  function choose(line: Beside): void {
    if (beside !== null && beside.key !== line.key) {
      compare(beside, line);
      return;
    }
    beside = beside === null ? line : null;
    drawChoice();
  }

  function step(event: KeyboardEvent): void {
    const row = walk(event, rows);
    if (row !== null) stand = row.line.key;
  }

  /** A kernel opens its store for nobody who does not look; and what other kernels do is not told. */
  function sight(): void {
    const sees = element.offsetParent !== null;
    if (sees && !seen) load();
    else if (sees && !document.hidden && Date.now() - asked >= OLD) {
      asked = Date.now();
      list.refresh();
    }
    seen = sees;
  }

  look();
  const watching = setInterval(sight, TYPING);
  const dispose = disposeAll(
    parts.current.on(look),
    parts.changed.on(look),
    () => clearInterval(watching),
    () => clearTimeout(typing),
    () => root.remove(),
  );
  return { choose, dispose };
}

function dayName(of: string): string {
  const now = Date.now() / 1000;
  if (of === day(now)) return "Today";
  return of === day(now - 86_400) ? "Yesterday" : of;
}
