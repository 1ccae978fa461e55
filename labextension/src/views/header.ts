/** The head of a run: name, state, clock, what is left, numbers by state, progress, notes, and what can be done. */

import { h, newId, setAttr, setText } from "../core/dom";
import { duration, elapsed } from "../core/format";
import { glyph, setStateIcon, stateIcon } from "../core/icons";
import { disposeAll } from "../core/signal";
import { word } from "../core/status";
import type { RunStore } from "../core/store";
import { stateColour } from "../core/theme";
import type { UiState } from "../core/ui-state";
import { Estimate, secondsLeft } from "./estimate";
import { HeadActions } from "./head-actions";
import { Hints } from "./hints";
import { Numbers } from "./numbers";
import { Origin } from "./origin";
import { runPaused } from "./pause";

/** How long, in ms, no word comes before the reader is told so: a line that comes back at once is no news. */
const SILENCE = 1500;

export function mountHeader(element: HTMLElement, store: RunStore, ui: UiState): () => void {
  const fold = h(
    "button",
    { type: "button", class: "ipf-tool ipf-fold", click: () => (ui.folded.value = !ui.folded.value) },
    glyph("fold"),
  );
  const name = h("span", { class: "ipf-run-name" });
  const icon = stateIcon("planned");
  const lostIcon = glyph("note");
  const state = h("span");
  const pill = h("span", { class: "ipf-pill", role: "status" }, icon, state);
  const clock = h("span", { class: "ipf-clock", title: "Time since the run began" });
  const left = h("span", { class: "ipf-left" });
  const numbers = new Numbers(ui);
  const actions = new HeadActions(store, ui);
  const notes = h("div", { class: "ipf-notes" });
  const origin = new Origin(store, ui);
  const hints = new Hints(store, ui, newId("ipf-hints"));
  const head = h(
    "header",
    { class: "ipf-head" },
    h(
      "div",
      { class: "ipf-head-line" },
      fold,
      name,
      pill,
      clock,
      numbers.element,
      left,
      hints.button,
      h("span", { class: "ipf-break" }),
      h("span", { class: "ipf-space" }),
      actions.element,
    ),
    numbers.strip,
    origin.element,
    notes,
    hints.list,
  );
  element.append(head);
  const estimate = new Estimate();

  function draw(): void {
    const { run } = store;
    const within = head.contains(document.activeElement);
    setText(name, run.name || "run");
    setAttr(name, "title", run.name);
    setStateIcon(icon, run.state);
    setAttr(pill, "data-state", run.state);
    numbers.draw(run.counts, run.total);
    actions.update();
    origin.update();
    drawNotes();
    hints.update();
    tick();
    // A button that has gone, or a list of hints, must not take the reader's place with it.
    const at = document.activeElement;
    if (within && (at === null || at === document.body || at.closest("[hidden]") !== null)) fold.focus();
  }

  let silentSince: number | null = null;
  /** The run had not ended, and nobody says how it went on. */
  function lost(): boolean {
    if (store.heard || store.present.run.closed !== null) {
      silentSince = null;
      return false;
    }
    silentSince ??= performance.now();
    return store.present.kept !== null || performance.now() - silentSince >= SILENCE;
  }

  function drawState(): void {
    const { state: at } = store.run;
    const paused = runPaused(store);
    const kernelDied = store.present.run.lost === true && !store.replaying;
    const mark = kernelDied ? lostIcon : icon;
    if (pill.firstChild !== mark) pill.firstChild?.replaceWith(mark);
    pill.style.setProperty("--state", kernelDied ? "var(--ipf-blocked)" : stateColour(at));
    if (lost() && !store.replaying) {
      setText(state, `was ${word(at)}`);
      setAttr(pill, "title", "Nobody says how the run went on: this is how it stood");
    } else if (kernelDied) {
      setText(state, "lost");
      setAttr(pill, "title", "Its kernel ended before it did");
    } else {
      setText(state, paused ? `${word(at)}, paused` : word(at));
      setAttr(pill, "title", paused ? "Nothing new starts; what runs goes on" : null);
    }
  }

  function tick(): void {
    const now = store.now();
    drawState();
    setText(clock, store.run.closed === null && store.live ? elapsed(now) : duration(now));
    setText(left, leftNow(now));
    setAttr(left, "title", store.live ? "From how long tasks of the same names took, and how many run at once" : null);
  }

  function leftNow(now: number): string {
    if (store.run.closed !== null || store.replaying) return "";
    if (lost()) return store.present.kept === null ? "no word from its kernel" : "as it was when the file was saved";
    return store.live && !runPaused(store) ? estimate.say(() => secondsLeft(store, now), now) : "";
  }

  function drawNotes(): void {
    // Of a run that goes on with another one, or is lost, the line above says so.
    const above = ["state", "resumed", ...(store.present.run.lost ? ["lost"] : [])];
    const said = store.run.notes.filter(([kind]) => !above.includes(kind));
    const key = JSON.stringify(said);
    if (notes.dataset.key === key) return;
    notes.dataset.key = key;
    const at = [...notes.querySelectorAll("button, summary")].indexOf(document.activeElement as HTMLElement);
    const lines = said.map(([, task, text]) =>
      h(
        "button",
        { type: "button", class: "ipf-run-note", click: () => task > 0 && (ui.selection.value = { task }) },
        glyph("note"),
        h("span", { text }),
      ),
    );
    if (lines.length <= 2) notes.replaceChildren(...lines);
    else {
      const rest = h("details", {}, h("summary", { text: `${lines.length - 1} more notes` }), ...lines.slice(1));
      notes.replaceChildren(...lines.slice(0, 1), rest);
    }
    notes.hidden = lines.length === 0 || ui.folded.value;
    if (at >= 0) ([...notes.querySelectorAll<HTMLElement>("button, summary")][at] ?? fold).focus();
  }

  function drawFold(): void {
    fold.setAttribute("aria-expanded", String(!ui.folded.value));
    fold.setAttribute("aria-label", ui.folded.value ? "Unfold the run" : "Fold the run");
    fold.title = ui.folded.value ? "Unfold" : "Fold to one line";
    head.classList.toggle("ipf-folded", ui.folded.value);
    notes.hidden = ui.folded.value || notes.childElementCount === 0;
    hints.fold(ui.folded.value);
  }

  const ticking = setInterval(() => (store.live || store.present.run.closed === null) && tick(), 100);
  draw();
  drawFold();
  return disposeAll(store.onChange(draw), ui.folded.on(drawFold), () => {
    clearInterval(ticking);
    actions.dispose();
    origin.dispose();
    hints.dispose();
    head.remove();
  });
}
