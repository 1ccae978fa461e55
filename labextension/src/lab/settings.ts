/** What the reader has chosen in JupyterLab's settings (schema/plugin.json). */

import type { ISettingRegistry } from "@jupyterlab/settingregistry";
import { Signal } from "../core/signal";
import { isTab, type Tab } from "../core/ui-state";

export const PLUGIN = "ipyflow-parallel:plugin";

export interface Choices {
  tab: Tab;
  rowsBy: "task" | "worker";
  badges: boolean;
  status: boolean;
  foldFinished: boolean;
  history: number;
}

export const DEFAULTS: Choices = {
  tab: "timeline",
  rowsBy: "task",
  badges: true,
  status: true,
  foldFinished: false,
  history: 50,
};

export class Settings extends Signal<Choices> {
  constructor() {
    super(DEFAULTS);
  }

  /** Reads the choices, and again whenever they change. */
  async follow(registry: ISettingRegistry): Promise<void> {
    const settings = await registry.load(PLUGIN);
    const read = () => {
      this.value = choices(settings.composite);
    };
    settings.changed.connect(read);
    read();
  }
}

/** What is not there, or is no choice of ours, is as by default. */
export function choices(given: Record<string, unknown>): Choices {
  const flag = (name: "badges" | "status" | "foldFinished") => {
    const value = given[name];
    return typeof value === "boolean" ? value : DEFAULTS[name];
  };
  const { tab, rowsBy, history } = given;
  return {
    tab: isTab(tab) ? tab : DEFAULTS.tab,
    rowsBy: rowsBy === "worker" ? "worker" : "task",
    badges: flag("badges"),
    status: flag("status"),
    foldFinished: flag("foldFinished"),
    history: typeof history === "number" ? history : DEFAULTS.history,
  };
}
