/** What opens runs in tabs: those of a kernel, those of its history, and two beside each other. */

import type { Host } from "../core/ui-state";
import type { CompareTabs } from "./compare-tab";
import type { Connection, ListedRun } from "./connection";
import type { Connections } from "./connections";
import type { Tabs } from "./tab";

export class Openers {
  constructor(
    private readonly connections: Connections,
    private readonly tabs: Tabs,
    private readonly compares: CompareTabs,
  ) {}

  /** A run of a kernel's list. */
  readonly run = (connection: Connection, run: Pick<ListedRun, "id" | "wall" | "name" | "key">): void => {
    const { id, wall, name, key = "" } = run;
    this.tabs.open({ kernel: connection.kernel, run: id, wall, name, key });
  };

  /** A run by its key: the kernel's own, or one of its history. */
  past(kernel: string, key: string, name = key, task: number | null = null): void {
    const own = this.connections.of(kernel).runs.value.find((run) => run.key === key);
    const { id = 0, wall = 0 } = own ?? {};
    this.tabs.open({ kernel, run: id, wall, name: own?.name ?? name, key }, null, task);
  }

  /** Two runs beside each other; `after` null: the first and the one before it. */
  compare(kernel: string, before: string, after: string | null, name: string): void {
    this.compares.open({ kernel, before, after, name });
  }

  /** What a view can have done around it. */
  host(kernelOf: () => string | null): Host {
    return {
      openRun: (key, task) => {
        const kernel = kernelOf();
        if (kernel !== null) this.past(kernel, key, key, task);
      },
      compare: (key, name) => {
        const kernel = kernelOf();
        if (kernel !== null) this.compare(kernel, key, null, name);
      },
    };
  }
}
