/** The head of a run: name, state, clock, numbers by state, progress, notes, and the button that cancels it. */

import { h, setAttr, setText } from "../core/dom";
import { count, duration, elapsed, plural } from "../core/format";
import { glyph, setStateIcon, stateIcon } from "../core/icons";
import type { Counts, State } from "../core/protocol";
import { disposeAll } from "../core/signal";
import { begun, isFinal, MEANING, word } from "../core/status";
import type { RunStore } from "../core/store";
import { stateColour } from "../core/theme";
import type { UiState } from "../core/ui-state";
import { PauseButton, runPaused } from "./pause";

/** From done to not begun: the order along the progress strip, and of the numbers above it. */
const ALONG: readonly State[] = [
  "succeeded",
  "cached",
  "skipped",
  "cancelled",
  "failed",
  "timed_out",
  "cancelling",
  "running",
  "blocked",
  "queued",
  "waiting",
  "planned",
];

/** Above this many unfinished tasks, cancelling all of them asks first. */
const ASK_ABOVE = 20;

export function mountHeader(element: HTMLElement, store: RunStore, ui: UiState): () => void {
  const fold = h(
    "button",
    { type: "button", class: "ipf-tool ipf-fold", click: () => (ui.folded.value = !ui.folded.value) },
    glyph("fold"),
  );
  const name = h("span", { class: "ipf-run-name" });
  const icon = stateIcon("planned");
  const state = h("span");
  const pill = h("span", { class: "ipf-pill", role: "status" }, icon, state);
  const clock = h("span", { class: "ipf-clock", title: "Time since the run began" });
  const counts = h("div", { class: "ipf-counts" });
  const pause = new PauseButton((what) => store[what](null));
  const cancel = h("button", { type: "button", class: "ipf-button ipf-cancel", text: "Cancel", click: () => ask() });
  const confirm = h("span", { class: "ipf-confirm", role: "alertdialog", "aria-label": "Cancel the run?" });
  confirm.hidden = true;
  const strip = h("div", {
    class: "ipf-strip-track",
    role: "progressbar",
    "aria-label": "Finished tasks",
    "aria-valuemin": 0,
  });
  const notes = h("div", { class: "ipf-notes" });
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
      counts,
      h("span", { class: "ipf-space" }),
      confirm,
      pause.element,
      cancel,
    ),
    strip,
    notes,
  );
  element.append(head);
  const chips = new Map<State, { element: HTMLElement; number: HTMLElement; part: HTMLElement }>();

  let asked: ReturnType<typeof setTimeout> | undefined;

  function draw(): void {
    const { run } = store;
    setText(name, run.name || "run");
    setAttr(name, "title", run.name);
    const paused = runPaused(store);
    setStateIcon(icon, run.state);
    setText(state, paused ? `${word(run.state)}, paused` : word(run.state));
    setAttr(pill, "title", paused ? "Nothing new starts; what runs goes on" : null);
    pill.style.setProperty("--state", stateColour(run.state));
    setAttr(pill, "data-state", run.state);
    drawCounts(run.counts, run.total);
    const left = begun(run.counts);
    pause.update(paused, (paused || left > 0) && confirm.hidden && run.closed === null, "");
    cancel.hidden = !confirm.hidden || run.closed !== null || left === 0;
    cancel.disabled = run.state === "cancelling" || asked !== undefined;
    if (left === 0) closeConfirm();
    drawNotes();
    tick();
  }

  function tick(): void {
    const now = store.now();
    setText(clock, store.run.closed === null && store.live ? elapsed(now) : duration(now));
  }

  function drawCounts(by: Counts, total: number): void {
    const all = Math.max(1, total);
    let done = 0;
    for (const one of ALONG) {
      const n = by[one] ?? 0;
      if (isFinal(one)) done += n;
      let chip = chips.get(one);
      if (chip === undefined) {
        if (n === 0) continue;
        chip = makeChip(one);
        chips.set(one, chip);
      }
      chip.element.hidden = n === 0;
      chip.part.hidden = n === 0;
      chip.part.style.flexGrow = String(n / all);
      setText(chip.number, count(n));
      setAttr(chip.element, "aria-label", `${count(n)} ${word(one)}: show them in the table`);
    }
    const kinds = ALONG.filter((one) => (by[one] ?? 0) > 0).length;
    counts.classList.toggle("ipf-over-2", kinds > 2);
    counts.classList.toggle("ipf-over-3", kinds > 3);
    counts.classList.toggle("ipf-over-4", kinds > 4);
    setAttr(strip, "aria-valuemax", String(total));
    setAttr(strip, "aria-valuenow", String(done));
    setAttr(strip, "aria-valuetext", `${count(done)} of ${plural(total, "task")} finished`);
  }

  function makeChip(one: State) {
    const number = h("b");
    const element = h(
      "button",
      {
        type: "button",
        class: "ipf-number",
        title: `${word(one)}: ${MEANING[one]}. Show them in the table`,
        "data-state": one,
        click: () => {
          ui.filter.value = { text: "", states: [one] };
          ui.tab.value = "table";
          ui.folded.value = false;
        },
      },
      stateIcon(one),
      number,
      h("span", { class: "ipf-number-word", text: word(one) }),
    );
    const part = h("span", { style: `background:${stateColour(one)}`, "data-state": one });
    const order = ALONG.indexOf(one);
    element.style.order = String(order);
    part.style.order = String(order);
    counts.append(element);
    strip.append(part);
    return { element, number, part };
  }

  function drawNotes(): void {
    const said = store.run.notes.filter(([kind]) => kind !== "state");
    const key = JSON.stringify(said);
    if (notes.dataset.key === key) return;
    notes.dataset.key = key;
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
    notes.hidden = lines.length === 0;
  }

  // --- Cancelling

  function ask(): void {
    const left = begun(store.run.counts);
    if (left <= ASK_ABOVE) {
      cancelAll();
      return;
    }
    const yes = h("button", {
      type: "button",
      class: "ipf-button ipf-danger",
      text: "Cancel them",
      click: () => {
        closeConfirm();
        draw();
        cancelAll();
      },
    });
    const no = h("button", {
      type: "button",
      class: "ipf-button",
      text: "Keep running",
      click: () => {
        closeConfirm();
        draw();
        cancel.focus();
      },
    });
    confirm.replaceChildren(h("span", { text: `Cancel ${plural(left, "unfinished task")}?` }), yes, no);
    confirm.hidden = false;
    cancel.hidden = true;
    pause.element.hidden = true;
    no.focus();
  }

  /** Quiet for a moment: the answer comes as rows that change. */
  function cancelAll(): void {
    store.cancel(null);
    cancel.disabled = true;
    clearTimeout(asked);
    asked = setTimeout(() => {
      asked = undefined;
      draw();
    }, 2000);
  }

  function closeConfirm(): void {
    confirm.hidden = true;
    confirm.replaceChildren();
  }

  function drawFold(): void {
    fold.setAttribute("aria-expanded", String(!ui.folded.value));
    fold.setAttribute("aria-label", ui.folded.value ? "Unfold the run" : "Fold the run");
    fold.title = ui.folded.value ? "Unfold" : "Fold to one line";
  }

  confirm.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    closeConfirm();
    draw();
    cancel.focus();
  });
  const ticking = setInterval(() => store.live && tick(), 100);
  draw();
  drawFold();
  return disposeAll(store.onChange(draw), ui.folded.on(drawFold), () => {
    clearInterval(ticking);
    clearTimeout(asked);
    pause.dispose();
    head.remove();
  });
}
