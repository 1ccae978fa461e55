/** The commands of the palette; their keys are in schema/plugin.json. */

import type { JupyterFrontEnd } from "@jupyterlab/application";
import type { ICommandPalette } from "@jupyterlab/apputils";
import type { ILauncher } from "@jupyterlab/launcher";
import { unfinished } from "../core/status";
import type { Actions, Command } from "./actions";
import { COMPARE, type CompareArguments, type CompareTabs } from "./compare-tab";
import type { Connection, ListedRun } from "./connection";
import type { Connections } from "./connections";
import { flowIcon } from "./icon";
import { firstLesson } from "./lessons";
import { PANEL, type RunsPanel } from "./panel";
import { failures } from "./run-row";
import { OPEN, type TabArguments, type Tabs } from "./tab";

const CATEGORY = "ipyflow";
export const SHOW = "ipyflow:show-runs";
const LESSONS = "ipyflow:open-lessons";

/** Which run a command means: the newest that it can do something with. */
export const newest = (runs: readonly ListedRun[], can: (run: ListedRun) => boolean): ListedRun | undefined =>
  runs.find(can);

const goesOn = (run: ListedRun): boolean => !run.closed && unfinished(run.counts) > 0;

export function addCommands(
  app: JupyterFrontEnd,
  connections: Connections,
  actions: Actions,
  tabs: Tabs,
  compares: CompareTabs,
  panel: RunsPanel,
  palette: ICommandPalette | null,
  launcher: ILauncher | null,
): void {
  const { commands } = app;
  const ids: string[] = [];

  function add(id: string, label: string, caption: string, execute: () => unknown, isEnabled = () => true): void {
    commands.addCommand(id, { label, caption, execute, isEnabled });
    palette?.addItem({ command: id, category: CATEGORY });
    ids.push(id);
  }

  /** A command about the newest run of the kernel in front that it fits. */
  function addRun(
    id: string,
    label: string,
    caption: string,
    can: (run: ListedRun) => boolean,
    act: (connection: Connection, run: ListedRun) => unknown,
  ): void {
    const target = (): [Connection, ListedRun] | null => {
      const connection = connections.current.value;
      const run = newest(connection?.runs.value ?? [], can);
      return connection === null || run === undefined ? null : [connection, run];
    };
    const execute = () => {
      const found = target();
      return found === null ? undefined : act(...found);
    };
    add(id, label, caption, execute, () => target() !== null);
  }

  const tell = (command: Command) => (connection: Connection, run: ListedRun) =>
    actions.command(connection, run, command);

  add(SHOW, "Show the Runs", "The list of all runs of this kernel", () => app.shell.activateById(PANEL));
  addRun("ipyflow:open-latest", "Open the Latest Run in a Tab", "Full size", () => true, actions.open);
  addRun("ipyflow:cancel-latest", "Cancel the Latest Run", "All of it that has not ended", goesOn, tell("cancel"));
  add(
    "ipyflow:cancel-all",
    "Cancel All Runs",
    "Everything of this kernel that has not ended",
    async () => {
      const connection = connections.current.value;
      for (const run of connection?.runs.value.filter(goesOn) ?? []) {
        if (connection !== null) await actions.command(connection, run, "cancel");
      }
    },
    () => connections.current.value?.runs.value.some(goesOn) === true,
  );
  addRun(
    "ipyflow:toggle-pause",
    "Pause or Resume the Latest Run",
    "A paused run starts nothing new; what runs goes on",
    goesOn,
    (connection, run) => actions.command(connection, run, run.paused ? "resume" : "pause"),
  );
  addRun(
    "ipyflow:retry-failed",
    "Run Failed Tasks Again",
    "Those of the latest run that has any",
    (run) => failures(run) > 0,
    tell("retry"),
  );

  addRun(
    "ipyflow:compare-latest",
    "Compare the Latest Run with the One Before",
    "What became slower or faster, what failed anew, whose code changed",
    (run) => run.closed && (run.key ?? "") !== "",
    ({ kernel }, { key = "", name }) => actions.openers.compare(kernel, key, null, name),
  );
  add(
    "ipyflow:search-history",
    "Search the History",
    "Runs of other kernels and other days",
    () => {
      panel.searching = true;
      app.shell.activateById(PANEL);
    },
    () => connections.current.value?.known.value === true,
  );

  commands.addCommand(OPEN, {
    label: (args) => `Open the Run ${String(args.name ?? "")}`,
    execute: (args) => tabs.open(args as unknown as TabArguments),
  });
  commands.addCommand(COMPARE, {
    label: (args) => `Compare Runs of ${String(args.name ?? "")}`,
    execute: (args) => compares.open(args as unknown as CompareArguments),
  });
  commands.addCommand(LESSONS, {
    label: (args) => (args.isLauncher ? "ipyflow lessons" : "Open the Lessons"),
    caption: "Notebooks that teach futures, pipelines and workflows",
    icon: (args) => (args.isPalette ? undefined : flowIcon) as typeof flowIcon,
    execute: async (args) => {
      const path = await firstLesson(app.serviceManager.contents, typeof args.cwd === "string" ? args.cwd : "");
      if (path !== null) await commands.execute("docmanager:open", { path });
    },
  });
  palette?.addItem({ command: LESSONS, category: CATEGORY, args: { isPalette: true } });
  launcher?.add({ command: LESSONS, args: { isLauncher: true }, category: "Other", rank: 1 });

  connections.changed.on(() => {
    for (const id of ids) commands.notifyCommandChanged(id);
  });
}
