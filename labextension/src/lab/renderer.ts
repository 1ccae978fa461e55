/** Draws runs in outputs: `application/vnd.ipyflow-parallel.run+json`, before any other form that an output has. */

import type { ISessionContext } from "@jupyterlab/apputils";
import type { IRenderMime } from "@jupyterlab/rendermime-interfaces";
import type { Message } from "@lumino/messaging";
import { Widget } from "@lumino/widgets";
import { asPayload, type Run } from "../core/protocol";
import { showError } from "../views/run-view";
import { type Connections, sessionOf } from "./connections";
import { RunPlace } from "./place";
import type { Settings } from "./settings";

export const MIME = "application/vnd.ipyflow-parallel.run+json";

/** What outputs need of the rest of the extension. */
export interface Surroundings {
  connections: Connections;
  settings: Settings;
  /** Opens a run in a tab of its own, with what is known of it should no kernel know more. */
  popOut: ((run: Run, kernel: string | null, saved: unknown) => void) | null;
}

/** An output of one run. JupyterLab gives it new data for as long as the output stays: what the reader has done, too. */
export class RunOutput extends Widget implements IRenderMime.IRenderer {
  private place: RunPlace | null = null;
  private session: ISessionContext | null = null;
  private saved: unknown = null;
  private readonly stopLooking: () => void;

  constructor(private readonly around: Surroundings) {
    super();
    this.addClass("ipf-lab-output");
    this.stopLooking = around.connections.changed.on(() => this.look());
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    this.saved = model.data[MIME];
    // A cell that was run without this extension has a widget's output in front of this one: lab.css takes it away.
    const html = String(model.data["text/html"] ?? "");
    this.toggleClass("ipf-of-view", html.startsWith('<div class="ipyflow-of-view">'));
    try {
      if (this.place === null) this.open(model);
      this.place?.show(this.saved);
    } catch (error) {
      this.close_();
      this.node.replaceChildren();
      showError(this.node, error);
    }
    this.look();
  }

  override dispose(): void {
    if (this.isDisposed) return;
    this.stopLooking();
    this.close_();
    super.dispose();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this.session = sessionOf(this.parent);
    if (this.session !== null) this.around.connections.adopt(this.session);
    this.look();
  }

  private open(model: IRenderMime.IMimeModel): void {
    const { run } = asPayload(this.saved);
    const { popOut, settings } = this.around;
    const said = model.metadata[MIME] as { view?: unknown } | undefined;
    this.node.replaceChildren();
    this.place = new RunPlace(this.node, run, {
      choices: settings.value,
      tab: said?.view === "timeline" ? undefined : said?.view,
      host: popOut === null ? {} : { popOut: () => this.popOut() },
    });
  }

  private close_(): void {
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
