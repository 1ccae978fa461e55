import type { JupyterFrontEndPlugin } from "@jupyterlab/application";
import { INotebookTracker } from "@jupyterlab/notebook";

const plugin: JupyterFrontEndPlugin<void> = {
  id: "ipyflow-parallel:plugin",
  autoStart: true,
  optional: [INotebookTracker],
  activate: () => undefined,
};
export default [plugin];
