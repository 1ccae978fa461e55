/**
 * Draws two runs beside each other in outputs: `application/vnd.ipyflow-parallel.compare+json`. It needs no kernel; where
 * the notebook's knows the history, runs and tasks are opened from it.
 */

import type { ISessionContext } from "@jupyterlab/apputils";
import type { IRenderMime } from "@jupyterlab/rendermime-interfaces";
import type { Message } from "@lumino/messaging";
import { Widget } from "@lumino/widgets";
import { asComparison, type SideName } from "../core/compare";
import { CompareView } from "../views/compare/view";
import { showError } from "../views/run-view";
import type { OpenSide } from "./compare-tab";
import { type Connections, sessionOf } from "./connections";

export const COMPARE_MIME = "application/vnd.ipyflow-parallel.compare+json";

class CompareOutput extends Widget implements IRenderMime.IRenderer {
  private data: unknown = null;
  private session: ISessionContext | null = null;
  /** The kernel that runs are opened from, in what is drawn now. */
  private kernel: string | null = null;
  private readonly stop: () => void;

  constructor(
    private readonly connections: Connections,
    private readonly open: OpenSide,
  ) {
    super();
    this.addClass("ipf-lab-output");
    // As JupyterLab's own renderers do.
    this.node.dataset.mimeType = COMPARE_MIME;
    this.stop = connections.changed.on(() => this.look());
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    this.data = model.data[COMPARE_MIME];
    this.draw();
  }

  override dispose(): void {
    if (this.isDisposed) return;
    this.stop();
    super.dispose();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this.session = sessionOf(this.parent);
    if (this.session !== null) this.connections.adopt(this.session);
    this.look();
  }

  /** Links lead somewhere only while there is a kernel that knows ipyflow. */
  private look(): void {
    const id = this.session?.session?.kernel?.id;
    const kernel = id !== undefined && this.connections.of(id).known.value ? id : null;
    if (kernel === this.kernel) return;
    this.kernel = kernel;
    if (this.data !== null) this.draw();
  }

  private draw(): void {
    this.node.replaceChildren();
    try {
      const answer = asComparison(this.data);
      const { kernel } = this;
      const open = (side: SideName, task: number | null) => {
        if (kernel !== null) this.open(kernel, answer[side].key, answer[side].name, task);
      };
      const host = kernel === null ? {} : { openRun: (side: SideName) => open(side, null), openTask: open };
      this.node.append(new CompareView(answer, host).element);
    } catch (error) {
      showError(this.node, error);
    }
  }
}

export const compareFactory = (connections: Connections, open: OpenSide): IRenderMime.IRendererFactory => ({
  // Not for notebooks that are not trusted: those show the sanitised HTML.
  safe: false,
  mimeTypes: [COMPARE_MIME],
  defaultRank: -20,
  createRenderer: () => new CompareOutput(connections, open),
});
