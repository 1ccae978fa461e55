/** The plugins. Each can be switched off by itself; what a host does not have (status bar, launcher) is left out. */

import { ILabShell, ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from "@jupyterlab/application";
import { ICommandPalette } from "@jupyterlab/apputils";
import { EditorExtensionRegistry, IEditorExtensionRegistry } from "@jupyterlab/codemirror";
import { ILauncher } from "@jupyterlab/launcher";
import { INotebookTracker, NotebookActions } from "@jupyterlab/notebook";
import { IRenderMimeRegistry } from "@jupyterlab/rendermime";
import { ISettingRegistry } from "@jupyterlab/settingregistry";
import { IStatusBar } from "@jupyterlab/statusbar";
import type { FocusTracker, Widget } from "@lumino/widgets";
import type { Run } from "../core/protocol";
import { Actions } from "./actions";
import { Badges } from "./badges";
import { listenForCells } from "./cells";
import { addCommands, SHOW } from "./commands";
import { compareFactory } from "./compare-output";
import { CompareTabs } from "./compare-tab";
import { Connections, IConnections, sessionOf } from "./connections";
import { magicLines } from "./highlight";
import { keepStatusQuiet } from "./kernel-line";
import { Openers } from "./openers";
import { RunsPanel } from "./panel";
import { rendererFactory } from "./renderer";
import { Settings } from "./settings";
import { StatusItem } from "./status";
import { Tabs } from "./tab";

const settings = new Settings();

const connections: JupyterFrontEndPlugin<Connections> = {
  id: "ipyflow-parallel:connections",
  description: "Finds the kernels in which ipyflow is loaded.",
  autoStart: true,
  provides: IConnections,
  optional: [INotebookTracker, ILabShell],
  activate: (app: JupyterFrontEnd, notebooks: INotebookTracker | null, shell: ILabShell | null) => {
    keepStatusQuiet();
    const found = new Connections();
    notebooks?.forEach((panel) => {
      found.adopt(panel.sessionContext);
    });
    notebooks?.widgetAdded.connect((_, panel) => found.adopt(panel.sessionContext));
    // The side panel and a run's own tab have no kernel: what was in front before them stays the one that is meant.
    const look = (widget: Widget | null) => {
      const session = sessionOf(widget);
      if (session !== null) found.bringForward(session);
    };
    const changed = (_: unknown, { newValue }: FocusTracker.IChangedArgs<Widget>) => look(newValue);
    if (shell !== null) shell.currentChanged.connect((_, change) => look(change.newValue));
    else app.shell.currentChanged?.connect(changed);
    notebooks?.currentChanged.connect((_, panel) => look(panel));
    window.addEventListener("pagehide", () => found.bye());
    return found;
  },
};

const plugin: JupyterFrontEndPlugin<void> = {
  id: "ipyflow-parallel:plugin",
  description: "Runs of ipyflow: under their cells, in a side panel, in tabs of their own, and by command.",
  autoStart: true,
  requires: [IConnections, IRenderMimeRegistry],
  optional: [INotebookTracker, ILayoutRestorer, ISettingRegistry, ICommandPalette, ILauncher],
  activate: (
    app: JupyterFrontEnd,
    found: Connections,
    rendermime: IRenderMimeRegistry,
    notebooks: INotebookTracker | null,
    restorer: ILayoutRestorer | null,
    registry: ISettingRegistry | null,
    palette: ICommandPalette | null,
    launcher: ILauncher | null,
  ) => {
    registry && settings.follow(registry).catch((error) => console.error("ipyflow: no settings", error));
    const tabs: Tabs = new Tabs(app, found, settings, (kernel) => openers.host(() => kernel));
    const compares = new CompareTabs(app, found, (...what) => openers.past(...what));
    const openers = new Openers(found, tabs, compares);
    const actions = new Actions(app, notebooks, openers);
    const popOut = ({ id, wall, name, key = "" }: Run, kernel: string | null, saved: unknown) =>
      tabs.open({ kernel, run: id, wall, name, key }, saved);
    const host = (kernelOf: () => string | null) => openers.host(kernelOf);
    rendermime.addFactory(rendererFactory({ connections: found, settings, popOut, host }), -20);
    rendermime.addFactory(
      compareFactory(found, (...what) => openers.past(...what)),
      -20,
    );
    const panel = new RunsPanel(found, settings, actions);
    addCommands(app, found, actions, tabs, compares, panel, palette, launcher);
    app.shell.add(panel, "right", { rank: 700 });
    restorer?.add(panel, panel.id);
    if (restorer !== null) {
      tabs.restore(restorer);
      compares.restore(restorer);
    }
    if (notebooks !== null) {
      listenForCells(notebooks, (panel) => void NotebookActions.run(panel.content, panel.sessionContext));
    }
  },
};

const status: JupyterFrontEndPlugin<void> = {
  id: "ipyflow-parallel:status",
  description: "Says in the status bar how many tasks run and how many have failed.",
  autoStart: true,
  requires: [IConnections],
  optional: [IStatusBar],
  activate: (app: JupyterFrontEnd, found: Connections, bar: IStatusBar | null) => {
    if (bar === null) return;
    const item = new StatusItem(found, () => void app.commands.execute(SHOW));
    let shown: { dispose(): void } | null = null;
    const show = () => {
      if (settings.value.status === (shown !== null)) return;
      shown?.dispose();
      shown = settings.value.status
        ? bar.registerStatusItem("ipyflow-parallel:status", { item, align: "left", rank: 20 })
        : null;
    };
    settings.on(show);
    show();
  },
};

const badges: JupyterFrontEndPlugin<void> = {
  id: "ipyflow-parallel:badges",
  description: "Marks the cells whose run goes on.",
  autoStart: true,
  requires: [IConnections, INotebookTracker],
  activate: (_: JupyterFrontEnd, found: Connections, notebooks: INotebookTracker) => {
    new Badges(notebooks, found, settings);
  },
};

const highlight: JupyterFrontEndPlugin<void> = {
  id: "ipyflow-parallel:highlight",
  description: "Colours %%flow lines.",
  autoStart: true,
  optional: [IEditorExtensionRegistry],
  activate: (_: JupyterFrontEnd, editors: IEditorExtensionRegistry | null) => {
    editors?.addExtension({
      name: "ipyflow-parallel:magic-line",
      factory: () => EditorExtensionRegistry.createImmutableExtension(magicLines),
    });
  },
};

export default [connections, plugin, status, badges, highlight];
