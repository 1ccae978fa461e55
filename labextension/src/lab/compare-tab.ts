/** Two runs beside each other in a tab of the main area; it comes back when the page is loaded again. */

import type { ILayoutRestorer, JupyterFrontEnd } from "@jupyterlab/application";
import { MainAreaWidget, WidgetTracker } from "@jupyterlab/apputils";
import type { Kernel } from "@jupyterlab/services";
import type { Message } from "@lumino/messaging";
import { Widget } from "@lumino/widgets";
import { asComparison } from "../core/compare";
import { h, setText } from "../core/dom";
import { capital, messageOf } from "../core/format";
import { CompareView } from "../views/compare/view";
import { showError } from "../views/run-view";
import type { Connection } from "./connection";
import type { Connections } from "./connections";
import { flowIcon } from "./icon";
import { OwnLine } from "./own-line";

export const COMPARE = "ipyflow:compare-runs";

export interface CompareArguments {
  kernel: string;
  before: string;
  /** `null`: `before` beside the run before it. */
  after: string | null;
  name: string;
}

const GONE = "The kernel that was asked is gone: compare the runs anew, from the history of another one.";

/** Opens one of the two runs, and a task of it. */
export type OpenSide = (kernel: string, key: string, name: string, task: number | null) => void;

const keyOf = ({ kernel, before, after }: CompareArguments): string =>
  `ipyflow-compare-${kernel}-${before}-${after ?? "before"}`;

export class CompareTab extends Widget {
  private readonly said = h("p", { class: "ipf-lab-gone", role: "status", text: "Comparing …" });
  private asked = false;
  private failed = false;
  private readonly own: OwnLine;
  private readonly stop: () => void;

  constructor(
    readonly runs: CompareArguments,
    private readonly connections: Connections,
    kernels: Kernel.IManager,
    private readonly open: OpenSide,
  ) {
    super();
    this.addClass("ipf-lab-tab");
    this.node.append(this.said);
    this.own = new OwnLine(connections, kernels, runs.kernel, () => this.ask());
    this.stop = connections.changed.on(() => this.ask());
  }

  override dispose(): void {
    if (this.isDisposed) return;
    this.stop();
    this.own.dispose();
    super.dispose();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this.ask();
  }

  /** Asks once, as soon as the kernel is there; once more where it went before it had answered. */
  private ask(): void {
    if (this.asked || !this.isAttached) return;
    const connection = this.connections.of(this.runs.kernel);
    this.own.look();
    if (!connection.known.value) {
      setText(this.said, this.own.dead ? GONE : "Waiting for the kernel that knows the history …");
      return;
    }
    this.asked = true;
    setText(this.said, "Comparing …");
    this.answer(connection).catch((error: unknown) => {
      if (this.isDisposed) return;
      setText(this.said, capital(messageOf(error)));
      this.failed = connection.known.value;
      this.asked = this.failed;
      this.ask();
    });
  }

  /** What came to nothing is asked once more. */
  again(): void {
    if (!this.failed) return;
    this.failed = this.asked = false;
    this.ask();
  }

  private async answer(connection: Connection): Promise<void> {
    const { before, after, kernel } = this.runs;
    const answer = asComparison(await connection.library.ask("compare", { before, after }));
    if (this.isDisposed) return;
    const open = (side: "before" | "after", task: number | null) => {
      const { key, name } = answer[side];
      if (key !== "") this.open(kernel, key, name, task);
    };
    this.node.replaceChildren();
    try {
      this.node.append(new CompareView(answer, { openRun: (side) => open(side, null), openTask: open }).element);
    } catch (error) {
      showError(this.node, error);
    }
  }
}

export class CompareTabs {
  private readonly tracker = new WidgetTracker<MainAreaWidget<CompareTab>>({ namespace: "ipyflow-compare" });

  constructor(
    private readonly app: JupyterFrontEnd,
    private readonly connections: Connections,
    private readonly openSide: OpenSide,
  ) {}

  open(runs: CompareArguments): void {
    const id = keyOf(runs);
    let tab = this.tracker.find((one) => one.id === id);
    if (tab === undefined) {
      tab = new MainAreaWidget({
        content: new CompareTab(runs, this.connections, this.app.serviceManager.kernels, this.openSide),
      });
      tab.id = id;
      tab.title.label = `${runs.name}: compared`;
      tab.title.caption = `ipyflow: two runs of ${runs.name} beside each other`;
      tab.title.icon = flowIcon;
      tab.title.closable = true;
      void this.tracker.add(tab);
    } else tab.content.again();
    if (!tab.isAttached) this.app.shell.add(tab, "main", { mode: "tab-after" });
    this.app.shell.activateById(id);
  }

  restore(restorer: ILayoutRestorer): void {
    void restorer.restore(this.tracker, {
      command: COMPARE,
      args: ({ content }) => ({ ...content.runs }),
      name: ({ content }) => keyOf(content.runs),
    });
  }
}
