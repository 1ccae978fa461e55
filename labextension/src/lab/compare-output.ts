/** Draws two runs beside each other in outputs: `application/vnd.ipyflow-parallel.compare+json`. It needs no kernel. */

import type { IRenderMime } from "@jupyterlab/rendermime-interfaces";
import { Widget } from "@lumino/widgets";
import { asComparison } from "../core/compare";
import { CompareView } from "../views/compare/view";
import { showError } from "../views/run-view";

export const COMPARE_MIME = "application/vnd.ipyflow-parallel.compare+json";

class CompareOutput extends Widget implements IRenderMime.IRenderer {
  constructor() {
    super();
    this.addClass("ipf-lab-output");
    // As JupyterLab's own renderers do.
    this.node.dataset.mimeType = COMPARE_MIME;
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    try {
      this.node.replaceChildren(new CompareView(asComparison(model.data[COMPARE_MIME])).element);
    } catch (error) {
      this.node.replaceChildren();
      showError(this.node, error);
    }
  }
}

export const compareFactory: IRenderMime.IRendererFactory = {
  // Not for notebooks that are not trusted: those show the sanitised HTML.
  safe: false,
  mimeTypes: [COMPARE_MIME],
  defaultRank: -20,
  createRenderer: () => new CompareOutput(),
};
