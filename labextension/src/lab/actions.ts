/** What a person can do with a run from anywhere in JupyterLab. */

import type { JupyterFrontEnd } from "@jupyterlab/application";
import { Dialog, Notification, showDialog } from "@jupyterlab/apputils";
import type { INotebookTracker, NotebookPanel } from "@jupyterlab/notebook";
import { dateTime, messageOf, plural } from "../core/format";
import type { AnswerPrompt } from "../core/protocol";
import { begun } from "../core/status";
import type { Connection, ListedRun } from "./connection";
import type { PastLine } from "./library";
import type { Openers } from "./openers";

/** Above this many unfinished tasks, cancelling all of them asks first: as the view of a run does. */
const ASK_ABOVE = 20;

export type Command = "cancel" | "pause" | "resume" | "retry";

export class Actions {
  constructor(
    private readonly app: JupyterFrontEnd,
    private readonly notebooks: INotebookTracker | null,
    /** Opens runs in tabs. */
    readonly openers: Openers,
  ) {}

  /** Opens a run in a tab. */
  readonly open = (connection: Connection, run: ListedRun): void => this.openers.run(connection, run);

  /** Tells the kernel, and then the reader what came of it. */
  async command(connection: Connection, run: ListedRun, command: Command): Promise<void> {
    const left = begun(run.counts);
    if (command === "cancel" && left > ASK_ABOVE) {
      const { button } = await showDialog({
        title: `Cancel ${run.name}?`,
        body: `${plural(left, "task")} of it ${left === 1 ? "has" : "have"} not ended.`,
        buttons: [
          Dialog.cancelButton({ label: "Keep running" }),
          Dialog.warnButton({ label: `Cancel ${plural(left, "task")}` }),
        ],
      });
      if (!button.accept) return;
    }
    connection.command(run, command, (text) => Notification.info(text, { autoClose: 4000 }));
  }

  /** Goes on with a run of the history, and shows the new one. */
  async goOn(connection: Connection, line: PastLine): Promise<boolean> {
    try {
      const { run, wall, name } = await connection.library.ask("resume", { key: line.key });
      this.openers.run(connection, { id: run, wall, name, key: "" });
      return true;
    } catch (error) {
      Notification.error(messageOf(error), { autoClose: 10_000 });
      return false;
    }
  }

  /** Deletes a run of the history, if the reader means it. */
  async remove(connection: Connection, line: PastLine): Promise<boolean> {
    const { button } = await showDialog({
      title: `Delete ${line.name}?`,
      body: `The run of ${dateTime(line.wall)}, with its log and what was kept for it. There is no way back.`,
      buttons: [Dialog.cancelButton({ label: "Keep it" }), Dialog.warnButton({ label: "Delete" })],
    });
    if (!button.accept) return false;
    try {
      await connection.library.ask("delete", { keys: [line.key] });
    } catch (error) {
      Notification.error(messageOf(error), { autoClose: 10_000 });
    }
    return true;
  }

  /** Presses a button of a prompt's form, and tells the reader what came of it. */
  answer(
    connection: Connection,
    run: ListedRun,
    message: AnswerPrompt,
    refused: (errors: Record<string, string>) => void,
  ): void {
    connection.answer(run, message, (text) => Notification.info(text, { autoClose: 4000 }), refused);
  }

  /** Whether the cell that shows a run is in an open notebook. */
  canReveal(connection: Connection, run: ListedRun): boolean {
    return this.placeOf(connection, run) !== null;
  }

  /** Goes to the cell that shows a run. */
  async reveal(connection: Connection, run: ListedRun): Promise<void> {
    const place = this.placeOf(connection, run);
    if (place === null) return;
    const { panel, index } = place;
    this.app.shell.activateById(panel.id);
    panel.content.activeCellIndex = index;
    await panel.content.scrollToItem(index, "center");
    panel.content.activate();
  }

  private placeOf(connection: Connection, run: ListedRun): { panel: NotebookPanel; index: number } | null {
    const panel = this.notebooks?.find(
      (one) => one.sessionContext.session?.kernel?.id === connection.kernel && cellIndex(one, run.cell) >= 0,
    );
    return panel === undefined ? null : { panel, index: cellIndex(panel, run.cell) };
  }
}

function cellIndex(panel: NotebookPanel, cell: string | null): number {
  if (cell === null) return -1;
  return panel.content.widgets.findIndex((one) => one.model.id === cell);
}
