/** "2 questions, 3 running · 1 failed" in the status bar, for the kernel in front. */

import { Widget } from "@lumino/widgets";
import { h, setAttr, setText } from "../core/dom";
import { count, plural } from "../core/format";
import { glyph, stateIcon } from "../core/icons";
import { disposeAll } from "../core/signal";
import type { Connections } from "./connections";
import { asked, tally } from "./tally";

export class StatusItem extends Widget {
  private readonly stop: () => void;

  constructor(connections: Connections, open: () => void) {
    super();
    this.addClass("ipf-lab-status");
    const running = h("span");
    const failed = h("span");
    const dot = h("span", { "aria-hidden": "true", text: "·" });
    const button = h(
      "button",
      { type: "button", class: "ipf", title: "Tasks of ipyflow in this kernel: show its runs", click: open },
      stateIcon("running"),
      running,
      dot,
      stateIcon("failed"),
      failed,
    );
    const questions = h("span");
    const asks = h(
      "button",
      { type: "button", class: "ipf ipf-lab-asks", title: "Questions of ipyflow: show them", click: open },
      glyph("ask"),
      questions,
    );
    this.node.append(asks, button);
    const draw = () => {
      const runs = connections.current.value?.runs.value ?? [];
      const [running_, failed_] = tally(runs);
      const open_ = asked(runs);
      asks.hidden = open_ === 0;
      setText(questions, plural(open_, "question"));
      setText(running, `${count(running_)} running`);
      setText(failed, `${count(failed_)} failed`);
      button.hidden = runs.length === 0;
      button.classList.toggle("ipf-lab-none-failed", failed_ === 0);
      setAttr(button, "aria-label", `ipyflow: ${count(running_)} running, ${count(failed_)} failed. Show the runs`);
    };
    draw();
    this.stop = disposeAll(connections.current.on(draw), connections.changed.on(draw));
  }

  override dispose(): void {
    if (this.isDisposed) return;
    this.stop();
    super.dispose();
  }
}
