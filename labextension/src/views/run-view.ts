/** One run, whole: header, tabs, the tab's picture, the pane about what is selected. */

import { h, newId, setText } from "../core/dom";
import { messageOf } from "../core/format";
import { disposeAll } from "../core/signal";
import { word } from "../core/status";
import type { RunStore } from "../core/store";
import { TABS, type Tab, type UiState } from "../core/ui-state";
import { mountDetail } from "./detail";
import { mountGraph } from "./graph/view";
import { mountHeader } from "./header";
import { mountHoverCard } from "./hover-card";
import { keepPlace } from "./keep-place";
import { mountLog } from "./log/view";
import { mountPrompts } from "./prompts";
import { mountRerunForm } from "./rerun-form";
import { mountScrubber } from "./scrubber";
import { mountTable } from "./table/view";
import { mountTimeline } from "./timeline/view";

/** Draws a part of the page from the store and the page's own state; the result takes it away again. */
export type Mount = (element: HTMLElement, store: RunStore, ui: UiState) => () => void;

const VIEWS: Record<Tab, { name: string; mount: Mount }> = {
  timeline: { name: "Timeline", mount: mountTimeline },
  graph: { name: "Graph", mount: mountGraph },
  table: { name: "Table", mount: mountTable },
  log: { name: "Log", mount: mountLog },
};

/** Up to so many tasks the picture is low; it grows once, and never shrinks under the reader's eyes. */
const FEW = 7;

export const mountRunView: Mount = (element, store, ui) => {
  const id = newId("ipf");
  const tabs = TABS.map((tab) =>
    h("button", {
      type: "button",
      class: "ipf-tab",
      role: "tab",
      id: `${id}-tab-${tab}`,
      "aria-controls": `${id}-pane`,
      text: VIEWS[tab].name,
      click: () => (ui.tab.value = tab),
    }),
  );
  const tablist = h("div", { class: "ipf-tabs", role: "tablist", "aria-label": "Views of the run" }, ...tabs);
  const pane = h("div", { class: "ipf-pane", role: "tabpanel", id: `${id}-pane` });
  const detail = h("aside", { class: "ipf-detail", "aria-label": "Details", tabindex: -1 });
  const said = h("div", { class: "ipf-said", role: "status", "aria-live": "polite" });
  const main = h("div", { class: "ipf-main" }, tablist, h("div", { class: "ipf-body" }, pane, detail), said);
  const waiting = h("p", { class: "ipf-empty ipf-asking", text: "Asking the kernel for this run …" });
  // The inner element asks how wide the outer one is.
  const inner = h("div", { class: "ipf-run" });
  const root = h("section", { class: "ipf", "aria-label": "Run" }, inner);
  element.append(root);

  let unmountView: () => void = () => undefined;
  let unmountDetail: () => void = () => undefined;
  let unmountAll: (() => void) | null = null;

  function showTab(): void {
    unmountView();
    TABS.forEach((tab, i) => {
      const on = tab === ui.tab.value;
      tabs[i]?.setAttribute("aria-selected", String(on));
      tabs[i]?.setAttribute("tabindex", on ? "0" : "-1");
    });
    pane.setAttribute("aria-labelledby", `${id}-tab-${ui.tab.value}`);
    unmountView = guarded(pane, VIEWS[ui.tab.value].mount, store, ui);
  }

  function showDetail(): void {
    // Who goes from link to link in the pane stays in it; who closes it comes back to the picture.
    const inside = detail.contains(document.activeElement);
    unmountDetail();
    const open = ui.selection.value !== null;
    detail.hidden = !open;
    root.classList.toggle("ipf-with-detail", open);
    unmountDetail = open ? guarded(detail, mountDetail, store, ui) : () => undefined;
    if (inside) (open ? detail : pane.querySelector<HTMLElement>(".ipf-focusable"))?.focus();
  }

  let shownRun = 0;
  function measure(): void {
    if (shownRun !== store.run.id) {
      // Rerun: what was chosen in the run before is not in this one.
      if (shownRun !== 0) forgetRun(ui);
      shownRun = store.run.id;
    }
    if (store.run.total > FEW || store.run.aggregated) root.classList.add("ipf-tall");
    root.setAttribute("aria-label", `Run ${store.run.name}, ${word(store.run.state)}`);
  }

  function start(): void {
    waiting.remove();
    const unmountHeader = mountHeader(inner, store, ui);
    const unmountRerun = mountRerunForm(inner, store, ui);
    const unmountPrompts = mountPrompts(inner, store, ui);
    inner.append(main);
    const fold = () => {
      main.hidden = ui.folded.value;
    };
    measure();
    fold();
    const unmountScrubber = mountScrubber(main, store, ui);
    showTab();
    showDetail();
    unmountAll = disposeAll(
      unmountHeader,
      unmountRerun,
      unmountPrompts,
      keepPlace(detail),
      mountHoverCard(root, store, ui),
      unmountScrubber,
      ui.tab.on(showTab),
      ui.selection.on(showDetail),
      ui.folded.on(fold),
    );
  }

  function keyDown(event: KeyboardEvent): void {
    if (event.key === "Escape" && ui.selection.value !== null) {
      ui.selection.value = null;
      pane.querySelector<HTMLElement>(".ipf-focusable")?.focus();
      event.stopPropagation();
    }
  }

  function tabKeys(event: KeyboardEvent): void {
    const step = { ArrowRight: 1, ArrowLeft: -1, Home: -TABS.length, End: TABS.length }[event.key];
    if (step === undefined) return;
    const at = TABS.indexOf(ui.tab.value);
    const to = Math.abs(step) > 1 ? (step > 0 ? TABS.length - 1 : 0) : (at + step + TABS.length) % TABS.length;
    ui.tab.value = TABS[to] ?? "timeline";
    tabs[to]?.focus();
    event.preventDefault();
  }

  // JupyterLab's commands for single keys (a, b, d d, arrows, Enter) must not act on the notebook from in here, while
  // those with Ctrl, Cmd or Alt (save, palette, our own) still should. Its listener is on the document: ours comes before. It looks
  // for the mark from the focused element upwards, and stops at the first match: so the mark is on that element.
  function shield(event: KeyboardEvent): void {
    if (event.target instanceof Element && root.contains(event.target)) {
      event.target.toggleAttribute("data-lm-suppress-shortcuts", !(event.ctrlKey || event.metaKey || event.altKey));
    }
  }

  let quiet: ReturnType<typeof setTimeout> | undefined;
  function say(text: string): void {
    setText(said, text);
    said.classList.add("ipf-open");
    clearTimeout(quiet);
    quiet = setTimeout(() => said.classList.remove("ipf-open"), 6000);
  }

  root.addEventListener("keydown", keyDown);
  tablist.addEventListener("keydown", tabKeys);
  window.addEventListener("keydown", shield, { capture: true });
  if (store.filled) start();
  else inner.append(waiting);

  return disposeAll(
    store.onChange(() => {
      if (unmountAll === null) start();
      else measure();
    }),
    store.onSaid(say),
    () => {
      clearTimeout(quiet);
      window.removeEventListener("keydown", shield, { capture: true });
      unmountView();
      unmountDetail();
      unmountAll?.();
      root.remove();
    },
  );
};

function forgetRun(ui: UiState): void {
  ui.selection.value = null;
  ui.hover.value = null;
  ui.timeWindow.value = null;
  ui.replay.value = null;
  ui.flow.value = null;
  ui.logFilter.value = { ...ui.logFilter.value, task: null };
  ui.rerunForm.value = false;
}

/** A view that cannot be drawn says so where it would stand; the other parts go on. */
export function guarded(element: HTMLElement, mount: Mount, store: RunStore, ui: UiState): () => void {
  try {
    return mount(element, store, ui);
  } catch (error) {
    element.replaceChildren();
    return showError(element, error);
  }
}

export function showError(element: HTMLElement, error: unknown): () => void {
  const text = messageOf(error);
  console.error(error);
  const line = h("p", { class: "ipf-failure", role: "alert", text: `ipyflow could not draw this: ${text}` });
  element.append(line);
  return () => line.remove();
}
