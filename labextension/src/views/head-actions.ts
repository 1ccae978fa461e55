/** What can be done with a run as a whole: the buttons of its head, and the one menu that they become where it is narrow. */

import { h, setAttr } from "../core/dom";
import { plural } from "../core/format";
import { titleWith } from "../core/hears";
import { glyph } from "../core/icons";
import { begun, failures } from "../core/status";
import type { RunStore } from "../core/store";
import type { UiState } from "../core/ui-state";
import { exportItems } from "./export-menu";
import { MenuButton, type MenuItem } from "./menu";
import { PastActions } from "./past-actions";
import { PauseButton, runPaused } from "./pause";

/** Above this many unfinished tasks, cancelling all of them asks first. */
const ASK_ABOVE = 20;
const WITH_OTHERS = "Rerun with other parameters …";
/** How long, in ms, a pressed button is quiet: the answer comes as rows that change, or as a new run. */
const PATIENCE = 2000;

export class HeadActions {
  readonly element: HTMLElement;
  private readonly pause: PauseButton;
  private readonly cancel = button("Cancel", "ipf-cancel", () => this.ask());
  private readonly retry = button("Retry", "ipf-retry", () => this.retryAll());
  private readonly rerun = button("Rerun", "ipf-rerun", () => this.again());
  private readonly rerunWith = h(
    "button",
    {
      type: "button",
      class: "ipf-tool ipf-rerun-with",
      "aria-label": WITH_OTHERS,
      title: WITH_OTHERS,
      click: () => (this.ui.rerunForm.value = !this.ui.rerunForm.value),
    },
    glyph("sliders"),
  );
  private readonly confirm = h("span", { class: "ipf-confirm", role: "alertdialog", "aria-label": "Cancel the run?" });
  private readonly more: MenuButton;
  private readonly exports: MenuButton;
  private readonly past: PastActions;
  private quiet: ReturnType<typeof setTimeout> | undefined;
  private quietRun = 0;
  private readonly unlisten: () => void;

  constructor(
    private readonly store: RunStore,
    private readonly ui: UiState,
  ) {
    this.pause = new PauseButton((what) => store[what](null));
    this.past = new PastActions(store, ui);
    this.rerun.prepend(glyph("rerun"));
    this.retry.prepend(glyph("retry"));
    this.confirm.hidden = true;
    this.confirm.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.keep();
    });
    const export_ = button("Export", "ipf-export", () => undefined);
    export_.prepend(glyph("export"));
    this.exports = new MenuButton(export_, "Export the run", () => exportItems(store));
    const more = h(
      "button",
      {
        type: "button",
        class: "ipf-tool ipf-more",
        "aria-label": "More: what can be done with the run",
        title: "More",
      },
      glyph("more"),
    );
    this.more = new MenuButton(more, "What can be done with the run", () => this.items());
    const out = h(
      "button",
      {
        type: "button",
        class: "ipf-tool ipf-pop-out",
        "aria-label": "Open in a tab of its own",
        title: "Open in a tab of its own",
        click: () => ui.host.popOut?.(),
      },
      glyph("popOut"),
    );
    out.hidden = ui.host.popOut === undefined;
    const row = h(
      "span",
      { class: "ipf-head-row" },
      this.pause.element,
      this.cancel,
      this.retry,
      this.rerun,
      this.rerunWith,
      ...this.past.elements,
      ...this.exports.elements,
      out,
    );
    this.element = h("span", { class: "ipf-head-actions" }, this.confirm, row, ...this.more.elements);
    this.unlisten = ui.rerunForm.on(() => this.update());
  }

  update(): void {
    const { run } = this.store;
    if (run.id !== this.quietRun) this.release();
    const left = begun(run.counts);
    if (left === 0 || run.closed !== null) this.closeConfirm();
    this.element.classList.toggle("ipf-confirming", !this.confirm.hidden);
    const paused = runPaused(this.store);
    this.pause.update(paused, this.canPause(), "", run);
    this.past.update();
    this.cancel.hidden = !this.canCancel();
    setAttr(this.cancel, "title", titleWith(run, null));
    setAttr(this.rerun, "title", titleWith(run, "Run it all again, with the same arguments and the code of now"));
    this.rerun.hidden = !this.canRerun();
    this.rerunWith.hidden = !this.canRerunWith();
    setAttr(this.rerunWith, "aria-expanded", String(this.ui.rerunForm.value));
    const failed = failures(run.counts);
    this.retry.hidden = !this.canRetry();
    setAttr(
      this.retry,
      "title",
      titleWith(run, `Run ${plural(failed, "task")} again, with the code of now; what has succeeded stays`),
    );
    const quiet = run.state === "cancelling" || this.quiet !== undefined ? "true" : null;
    setAttr(this.cancel, "aria-disabled", quiet);
    setAttr(this.rerun, "aria-disabled", quiet);
    setAttr(this.retry, "aria-disabled", quiet);
  }

  dispose(): void {
    clearTimeout(this.quiet);
    this.unlisten();
    this.pause.dispose();
    this.past.dispose();
    this.more.dispose();
    this.exports.dispose();
  }

  private canPause(): boolean {
    const { run } = this.store;
    return run.closed === null && this.store.steers && (runPaused(this.store) || begun(run.counts) > 0);
  }

  private canCancel(): boolean {
    const { run } = this.store;
    return run.closed === null && this.store.steers && begun(run.counts) > 0;
  }

  private canRerun(): boolean {
    const { run } = this.store;
    return run.closed !== null && run.again === true && this.store.steers;
  }

  private canRerunWith(): boolean {
    return this.canRerun() && this.store.run.form === true;
  }

  private canRetry(): boolean {
    return failures(this.store.run.counts) > 0 && this.store.steers;
  }

  /** The same as the buttons, for where there is no room for them. */
  private items(): MenuItem[] {
    const items: MenuItem[] = [];
    if (this.canPause()) {
      const what = runPaused(this.store) ? "Resume" : "Pause";
      items.push({ label: what, act: () => this.store[what === "Resume" ? "resume" : "pause"](null) });
    }
    if (this.canCancel()) items.push({ label: "Cancel", act: () => this.ask() });
    if (this.canRetry()) items.push({ label: "Retry", act: () => this.retryAll() });
    if (this.canRerun()) items.push({ label: "Rerun", act: () => this.again() });
    if (this.canRerunWith()) items.push({ label: WITH_OTHERS, act: () => (this.ui.rerunForm.value = true) });
    items.push(...this.past.items());
    const { popOut } = this.ui.host;
    if (popOut !== undefined) items.push({ label: "Open in a tab of its own", act: () => popOut() });
    const exports = exportItems(this.store).map((item, i) => ({ ...item, apart: i === 0 || item.apart === true }));
    return [...items, ...exports];
  }

  private retryAll(): void {
    if (this.quiet !== undefined) return;
    this.store.retry(null);
    this.hush();
  }

  private again(): void {
    if (this.quiet !== undefined) return;
    this.store.rerun();
    this.hush();
  }

  private ask(): void {
    if (this.cancel.getAttribute("aria-disabled") === "true") return;
    const left = begun(this.store.run.counts);
    if (left <= ASK_ABOVE) {
      this.cancelAll();
      return;
    }
    const yes = button("Cancel them", "ipf-danger", () => {
      this.keep();
      this.cancelAll();
    });
    const no = button("Keep running", "", () => this.keep());
    this.confirm.replaceChildren(h("span", { text: `Cancel ${plural(left, "unfinished task")}?` }), yes, no);
    this.confirm.hidden = false;
    this.update();
    no.focus();
  }

  private cancelAll(): void {
    this.store.cancel(null);
    this.hush();
  }

  private hush(): void {
    clearTimeout(this.quiet);
    this.quietRun = this.store.run.id;
    this.quiet = setTimeout(() => {
      this.release();
      this.update();
    }, PATIENCE);
    this.update();
  }

  private release(): void {
    clearTimeout(this.quiet);
    this.quiet = undefined;
  }

  private keep(): void {
    this.closeConfirm();
    this.update();
    const shown = [this.cancel, this.more.button].find((one) => one.offsetParent !== null) ?? this.cancel;
    shown.focus();
  }

  private closeConfirm(): void {
    this.confirm.hidden = true;
    this.confirm.replaceChildren();
  }
}

const button = (text: string, look: string, click: () => void): HTMLButtonElement =>
  h("button", { type: "button", class: `ipf-button ${look}`, click }, h("span", { text }));
