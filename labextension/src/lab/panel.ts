/** The side panel "ipyflow": every run of the kernel in front, and what can be done with it. */

import { Widget } from "@lumino/widgets";
import type { Actions } from "./actions";
import type { Connections } from "./connections";
import { flowIcon } from "./icon";
import { mountPanel } from "./panel-view";
import type { Settings } from "./settings";

export const PANEL = "ipyflow-parallel-runs";

export class RunsPanel extends Widget {
  /** The keyboard goes to the search of the history when the panel comes to the front. */
  searching = false;
  private readonly unmount: () => void;

  constructor(connections: Connections, settings: Settings, actions: Actions) {
    super();
    this.id = PANEL;
    this.title.icon = flowIcon;
    this.title.caption = "ipyflow: runs of this kernel";
    this.node.setAttribute("role", "region");
    this.node.setAttribute("aria-label", "ipyflow runs");
    this.addClass("ipf-lab-side");
    this.unmount = mountPanel(this.node, {
      current: connections.current,
      changed: connections.changed,
      where: () => connections.where,
      settings,
      canReveal: (connection, run) => actions.canReveal(connection, run),
      answer: (connection, run, message, refused) => actions.answer(connection, run, message, refused),
      act: (connection, run, action) => {
        if (action === "open") actions.open(connection, run);
        else if (action === "reveal") void actions.reveal(connection, run);
        else if (action !== "compare") void actions.command(connection, run, action);
      },
      history: {
        open: (connection, { key, name }) => actions.openers.past(connection.kernel, key, name),
        compare: ({ kernel }, { key, name }, after) => actions.openers.compare(kernel, key, after?.key ?? null, name),
        resume: (connection, line) => actions.goOn(connection, line),
        remove: (connection, line) => actions.remove(connection, line),
      },
    });
  }

  override dispose(): void {
    if (this.isDisposed) return;
    this.unmount();
    super.dispose();
  }

  protected override onActivateRequest(): void {
    const first = this.searching ? ".ipf-lab-history input" : '.ipf-lab-main[tabindex="0"]';
    this.searching = false;
    this.node.querySelector<HTMLElement>(first)?.focus();
  }
}
