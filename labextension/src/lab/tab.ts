/** One run in a tab of the main area, full size; it comes back when the page is loaded again. */

import type { ILayoutRestorer, JupyterFrontEnd } from "@jupyterlab/application";
import { MainAreaWidget, WidgetTracker } from "@jupyterlab/apputils";
import type { Kernel } from "@jupyterlab/services";
import type { Message } from "@lumino/messaging";
import { Widget } from "@lumino/widgets";
import { h, setText } from "../core/dom";
import { Signal } from "../core/signal";
import type { Host } from "../core/ui-state";
import type { Connections } from "./connections";
import { flowIcon } from "./icon";
import { OwnLine } from "./own-line";
import { RunPlace } from "./place";
import type { Settings } from "./settings";

export const OPEN = "ipyflow:open-run";
const GONE = "No kernel knows this run any more. The notebook it was started in keeps its picture.";
const FORGOTTEN = "is no longer in the history: it was deleted, or it is kept in another database.";

/** What a tab needs to find its run again. */
export interface TabArguments {
  kernel: string | null;
  /** Below zero for a run of the history, 0 for one of which only the key is known. */
  run: number;
  wall: number;
  name: string;
  /** By what the history knows it. */
  key: string;
}

const keyOf = ({ kernel, run, wall, key }: TabArguments): string =>
  run <= 0 ? `ipyflow-past-${key}` : `ipyflow-run-${kernel ?? "none"}-${run}-${wall}`;

export class RunTab extends Widget {
  /** Tells that the tab has gone over to another run. */
  readonly moved = new Signal(0);
  private place: RunPlace | null = null;
  private wanted: number | null = null;
  private own: OwnLine | null = null;
  private readonly gone = h("p", { class: "ipf-lab-gone", role: "status", text: GONE });
  private readonly stop: (() => void)[] = [];

  constructor(
    public run: TabArguments,
    private readonly saved: unknown,
    private readonly connections: Connections,
    private readonly settings: Settings,
    private readonly kernels: Kernel.IManager,
    private readonly hostOf: (kernel: string) => Host,
  ) {
    super();
    this.addClass("ipf-lab-tab");
    this.gone.hidden = true;
    this.node.append(this.gone);
  }

  override dispose(): void {
    if (this.isDisposed) return;
    for (const stop of this.stop) stop();
    this.own?.dispose();
    this.place?.dispose();
    super.dispose();
  }

  /** Colours and widths are known only in the page. */
  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    if (this.place !== null) return;
    const { kernel, run, wall, key } = this.run;
    if (kernel !== null) this.node.dataset.ipyflowKernel = kernel;
    const host = kernel === null ? {} : this.hostOf(kernel);
    this.place = new RunPlace(this.node, { id: run, wall, key }, { choices: this.settings.value, host, past: true });
    if (this.saved !== null && this.saved !== undefined) this.place.show(this.saved);
    this.stop.push(
      this.place.line.state.on(() => this.look()),
      this.place.store.onChange(() => this.follow()),
      this.connections.changed.on(() => this.look()),
    );
    if (kernel !== null) {
      this.own = new OwnLine(this.connections, this.kernels, kernel, () => this.look());
      this.place.bind(this.connections.of(kernel));
    }
    this.look();
  }

  /** The run may be run anew: the tab shows the new one, also after a reload. */
  private follow(): void {
    const { id, wall, key } = this.place?.line ?? { id: this.run.run, wall: this.run.wall, key: this.run.key };
    this.choose();
    if (id === this.run.run && wall === this.run.wall) return;
    this.run = { ...this.run, run: id, wall, key, name: this.place?.store.run.name || this.run.name };
    this.moved.value += 1;
  }

  /** Shows a task as soon as it is there. */
  select(task: number | null): void {
    this.wanted = task;
    this.choose();
  }

  private choose(): void {
    if (this.wanted === null || this.place === null || !this.place.store.filled) return;
    this.place.ui.selection.value = { task: this.wanted };
    this.wanted = null;
  }

  private look(): void {
    if (this.place === null) return;
    const { line, store } = this.place;
    const { kernel } = this.run;
    const connected = kernel !== null && this.connections.of(kernel).connected;
    this.own?.look();
    const forgotten = this.run.run <= 0 && connected;
    setText(this.gone, forgotten ? `Run ${this.run.key} ${FORGOTTEN}` : GONE);
    this.gone.hidden = store.filled || !(line.state.value === "unknown" || this.own?.dead);
    this.node.classList.toggle("ipf-lab-empty-tab", !this.gone.hidden);
  }
}

export class Tabs {
  private readonly tracker = new WidgetTracker<MainAreaWidget<RunTab>>({ namespace: "ipyflow-runs" });

  constructor(
    private readonly app: JupyterFrontEnd,
    private readonly connections: Connections,
    private readonly settings: Settings,
    /** What the views of a kernel's runs can have done around them. */
    private readonly hostOf: (kernel: string) => Host,
  ) {}

  /** Opens a run, or shows the tab that has it; `saved` is what a notebook holds of it, `task` is to be looked at. */
  open(run: TabArguments, saved: unknown = null, task: number | null = null): void {
    const id = keyOf(run);
    let tab = this.tracker.find((one) => one.id === id);
    if (tab === undefined) {
      const { connections, settings, hostOf } = this;
      const content = new RunTab(run, saved, connections, settings, this.app.serviceManager.kernels, hostOf);
      const made = new MainAreaWidget({ content });
      tab = made;
      content.moved.on(() => {
        made.title.label = content.run.name;
        // Whoever opens the run that was here before means that one.
        made.id = keyOf(content.run);
        void this.tracker.save(made);
      });
      tab.id = id;
      tab.title.label = run.name;
      tab.title.caption = `ipyflow run ${run.name}`;
      tab.title.icon = flowIcon;
      tab.title.closable = true;
      void this.tracker.add(tab);
    }
    if (!tab.isAttached) this.app.shell.add(tab, "main", { mode: "tab-after" });
    this.app.shell.activateById(id);
    tab.content.select(task);
  }

  restore(restorer: ILayoutRestorer): void {
    void restorer.restore(this.tracker, {
      command: OPEN,
      args: ({ content }) => ({ ...content.run }),
      name: ({ content }) => keyOf(content.run),
    });
  }
}
