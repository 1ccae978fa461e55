/** The mark of ipyflow: work that goes apart and comes together. */

import { LabIcon } from "@jupyterlab/ui-components";

const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 16 16">
  <g class="jp-icon3 jp-icon-selectable" fill="none" stroke="#616161" stroke-width="1.4" stroke-linecap="round">
    <path d="M3.6 8H6M6 8c1.2 0 1-4 2.4-4h2M6 8h4.4M6 8c1.2 0 1 4 2.4 4h2"/>
  </g>
  <g class="jp-icon3 jp-icon-selectable" fill="#616161">
    <circle cx="2.6" cy="8" r="1.7"/><circle cx="12.4" cy="4" r="1.7"/><circle cx="12.4" cy="8" r="1.7"/><circle cx="12.4" cy="12" r="1.7"/>
  </g>
</svg>`;

export const flowIcon = new LabIcon({ name: "ipyflow-parallel:flow", svgstr: svg });
