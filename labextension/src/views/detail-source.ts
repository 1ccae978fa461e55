/** The section of the pane about a value that was there already: in words where it comes from, and the way there. */

import { h } from "../core/dom";
import { capital } from "../core/format";
import { glyph } from "../core/icons";
import type { Reused, TaskDetail, TaskRow } from "../core/protocol";
import { isOwn, isReplaced, reusedWords } from "../core/reused";
import type { RunStore } from "../core/store";
import type { UiState } from "../core/ui-state";
import { type Parts, section, taskLink } from "./detail-parts";
import { openRun } from "./open-run";

const HOW: Record<Reused[0], string> = {
  cache: "An equal call had given this value before, and it was kept: nothing ran here.",
  flight: "An equal call was at work already: this one took its value, and nothing ran here.",
  resumed: "It was done in the run that goes on here: it did not run again.",
};

export function drawSource(
  parts: Parts,
  store: RunStore,
  ui: UiState,
  task: TaskRow | undefined,
  detail: TaskDetail | undefined,
): void {
  const reused = task?.reused ?? detail?.reused ?? null;
  const { run } = store;
  const newer = task !== undefined && isReplaced(task) ? newerCall(store, task.id) : null;
  parts.put("source", [reused, run.key, newer?.id, newer?.state], () => {
    if (newer !== null) {
      const way = newer.id === 0 ? null : taskLink(ui, newer.id, newer.name, newer.state);
      return section(
        "Not run",
        h("p", { class: "ipf-note", text: "A newer call ran in its place, and what that gave is its own." }),
        h("div", { class: "ipf-links" }, way),
      );
    }
    if (reused === null) return null;
    const [how, key, source] = reused;
    const words = reusedWords({ reused, ended: task?.ended ?? null }, run);
    const there = store.tasks.get(source);
    let way: HTMLElement | null = null;
    if (isOwn(reused, run)) way = taskLink(ui, source, there?.name ?? "task", there?.state ?? null);
    else if (key !== "") {
      const open = (event: Event) => void openRun(event.currentTarget as HTMLElement, store, ui, key, source);
      way = h(
        "button",
        { type: "button", class: "ipf-button ipf-small", title: "Open the run that made it", click: open },
        glyph("popOut"),
        h("span", { text: `Open run ${key}` }),
      );
    }
    return section(
      how === "resumed" ? "Not run again" : "Not run",
      h("p", { class: "ipf-note", text: how === "resumed" ? HOW.resumed : `${HOW[how] ?? ""} ${sentence(words)}` }),
      h("div", { class: "ipf-links" }, way),
    );
  });
}

/** The call that ran in the place of another one: the newest of them; of one in another run only that there is one. */
function newerCall(store: RunStore, id: number): { id: number; name: string; state: TaskRow["state"] | null } {
  let newest = 0;
  let row: TaskRow | undefined;
  do {
    const at: number = newest || id;
    const edge = store.edges.find(([from, to, kind]) => to === at && kind === "data" && from > at);
    if (edge === undefined) break;
    newest = edge[0];
    row = store.tasks.get(newest);
  } while (row !== undefined && isReplaced(row));
  return row ?? { id: newest, name: "task", state: null };
}

const sentence = (words: string): string => (words === "" ? "" : `${capital(words)}.`);
