/**
 * The saved form of a run whose end this page has seen without being told the output's new picture: after a reload
 * JupyterLab no longer knows which output a `display_id` means, so the picture in the file would stay as it was.
 */

import type { IOutputModel } from "@jupyterlab/rendermime";
import type { IRenderMime } from "@jupyterlab/rendermime-interfaces";
import type { Widget } from "@lumino/widgets";
import type { Run } from "../core/protocol";

/** How long the usual way, an update of the output, may take, in ms. */
const PATIENCE = 3000;

/** Calls back when a run has ended and its output does not say so for a while. */
export class Stale {
  private waiting: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly refresh: () => void) {}

  /** Looks at the run as the kernel tells of it, and as the output has it. */
  look(run: Run, saved: Run, live: boolean): void {
    const stale = live && run.closed !== null && (run.id !== saved.id || run.closed !== saved.closed);
    if (stale && this.waiting === undefined) this.waiting = setTimeout(this.refresh, PATIENCE);
    if (!stale) this.stop();
  }

  stop(): void {
    clearTimeout(this.waiting);
    this.waiting = undefined;
  }
}

interface Outputs {
  length: number;
  get(index: number): IOutputModel;
  set(index: number, output: object): void;
}

/** Puts other forms into the output that a widget draws; this is what the notebook will be saved with. */
export function putIntoFile(widget: Widget, model: IRenderMime.IMimeModel, data: object): void {
  for (let at = widget.parent; at !== null; at = at.parent) {
    const outputs = (at as { model?: Partial<Outputs> }).model;
    if (!isOutputs(outputs)) continue;
    for (let i = 0; i < outputs.length; i += 1) {
      const output = outputs.get(i);
      if (output === model) outputs.set(i, { ...output.toJSON(), data });
    }
    return;
  }
}

function isOutputs(model: Partial<Outputs> | undefined): model is Outputs {
  return typeof model?.get === "function" && typeof model.set === "function" && typeof model.length === "number";
}
