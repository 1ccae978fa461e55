/** Draws runs in outputs: `application/vnd.ipyflow-parallel.run+json`, before any other form that an output has. */

import type { ISessionContext } from "@jupyterlab/apputils";
import type { IRenderMime } from "@jupyterlab/rendermime-interfaces";
import type { Message } from "@lumino/messaging";
import { Widget } from "@lumino/widgets";
import { asPayload, type Run } from "../core/protocol";
import type { Host } from "../core/ui-state";
import { showError } from "../views/run-view";
import { type Connections, sessionOf } from "./connections";
import { putIntoFile, Stale } from "./in-file";
import { RunPlace } from "./place";
import type { Settings } from "./settings";

export const MIME = "application/vnd.ipyflow-parallel.run+json";

/** What outputs need of the rest of the extension. */
export interface Surroundings {
  connections: Connections;
  settings: Settings;
  /** Opens a run in a tab of its own, with what is known of it should no kernel know more. */
  popOut: ((run: Run, kernel: string | null, saved: unknown) => void) | null;
  /** What a view can have done around it, given what tells its kernel. */
  host: ((kernelOf: () => string | null) => Host) | null;
}

/** An output of one run. JupyterLab gives it new data for as long as the output stays: what the reader has done, too. */
export class RunOutput extends Widget implements IRenderMime.IRenderer {
  private place: RunPlace | null = null;
  private session: ISessionContext | null = null;
  private model: IRenderMime.IMimeModel | null = null;
  private saved: unknown = null;
  /** The tab that the cell asks for, by `--view`. */
  private tab: unknown;
  private readonly stale = new Stale(() => void this.refresh());
  private readonly stopLooking: () => void;

  constructor(private readonly around: Surroundings) {
    super();
    this.addClass("ipf-lab-output");
    // As JupyterLab's own renderers do; an output without is a widget's.
    this.node.dataset.mimeType = MIME;
    this.stopLooking = around.connections.changed.on(() => this.look());
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    this.model = model;
    this.saved = model.data[MIME];
    // A cell that was run without this extension has a widget's output in front of this one: lab.css takes it away.
    const html = String(model.data["text/html"] ?? "");
    this.toggleClass("ipf-of-view", html.startsWith('<div class="ipyflow-of-view">'));
    this.tab = (model.metadata[MIME] as { view?: unknown } | undefined)?.view;
    // Colours and widths are known only in the page.
    if (this.isAttached) this.draw();
  }

  override dispose(): void {
    if (this.isDisposed) return;
    this.stopLooking();
    this.leave();
    super.dispose();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this.session = sessionOf(this.parent);
    if (this.session !== null) this.around.connections.adopt(this.session);
    if (this.place === null) this.draw();
    else this.look();
  }

  private draw(): void {
    try {
      if (this.place === null) this.open();
      this.place?.show(this.saved);
    } catch (error) {
      this.leave();
      this.node.replaceChildren();
      showError(this.node, error);
    }
    this.look();
    this.compare();
  }

  private open(): void {
    const { run } = asPayload(this.saved);
    const { popOut, settings, host } = this.around;
    const around = host?.(() => this.session?.session?.kernel?.id ?? null) ?? {};
    this.node.replaceChildren();
    this.place = new RunPlace(this.node, run, {
      choices: settings.value,
      // The kernel names the timeline where the cell names nothing.
      tab: this.tab === "timeline" ? undefined : this.tab,
      host: popOut === null ? around : { ...around, popOut: () => this.popOut() },
    });
    this.place.store.onChange(() => this.compare());
  }

  private leave(): void {
    this.stale.stop();
    this.place?.dispose();
    this.place = null;
  }

  /** The notebook's kernel; for an output that stands elsewhere, whichever kernel has the run in its list. */
  private look(): void {
    if (this.place === null) return;
    const { connections } = this.around;
    const { id, wall } = this.place.line;
    const kernel = this.session?.session?.kernel?.id;
    if (this.session !== null) this.place.bind(kernel === undefined ? null : connections.of(kernel));
    else if (this.place.line.state.value !== "live") this.place.bind(connections.knowing(id, wall));
  }

  /** Whether the file will say how the run ended. An output made without this extension is left as it is. */
  private compare(): void {
    if (this.place === null || this.hasClass("ipf-of-view")) return;
    const { run } = this.saved as { run: Run };
    this.stale.look(this.place.store.run, run, this.place.line.state.value === "live");
  }

  private async refresh(): Promise<void> {
    const data = await this.place?.store.ask("bundle", {}).catch(() => null); // no kernel: the picture stays
    if (data && this.model !== null && !this.isDisposed) putIntoFile(this, this.model, data);
  }

  private popOut(): void {
    if (this.place === null) return;
    this.around.popOut?.(this.place.store.run, this.session?.session?.kernel?.id ?? null, this.saved);
  }
}

export function rendererFactory(around: Surroundings): IRenderMime.IRendererFactory {
  return {
    // Not for notebooks that are not trusted: those show the sanitised HTML, and none of this code looks at their data.
    safe: false,
    mimeTypes: [MIME],
    defaultRank: -20,
    createRenderer: () => new RunOutput(around),
  };
}
