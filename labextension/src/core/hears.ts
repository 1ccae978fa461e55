/** Where the kernel hears a page only between cells, the buttons say so, and so does the line below a pressed one. */

import type { FromPage, Link, Run } from "./protocol";

const CURE =
  "It hears at once with ipyflow's extension for JupyterLab, or with JupyterLab 4.4 and ipykernel 7.2, or newer";
/** At a button. */
export const LATE = `While a cell runs, the kernel hears this only when the cell has ended. ${CURE}.`;
/** After a click. */
const UNHEARD = `Not heard yet: here the kernel hears a page only when the running cell has ended. ${CURE}.`;
const COMMANDS = new Set<FromPage["type"]>([
  "cancel",
  "retry",
  "pause",
  "resume",
  "rerun",
  "answer_prompt",
  "send_event",
]);
/** How long, in ms, a command waits for the kernel's word; the line that says so goes by itself, and comes again. */
const PATIENCE = 500;
const AGAIN = 5000;

/** What a button's title says, with what there is to know about when it works. */
export function titleWith(run: Run, meaning: string | null): string | null {
  if (run.hears !== false) return meaning;
  return meaning === null ? LATE : `${meaning}. ${LATE}`;
}

/** Why a question has no answer. */
export function whySilent(run: Run): string {
  return run.hears === false
    ? "the kernel hears a page only when the running cell has ended"
    : "the kernel does not answer";
}

/** A link that tells the reader when a command is not heard; `late` says whether that can be. */
export function tellingUnheard(link: Link, late: () => boolean): Link {
  let hear: ((message: unknown) => void) | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tell = () => {
    timer = setTimeout(tell, AGAIN);
    hear?.({ type: "said", text: UNHEARD });
  };
  return {
    send(message) {
      link.send(message);
      if (!COMMANDS.has(message.type) || !late()) return;
      clearTimeout(timer);
      timer = setTimeout(tell, PATIENCE);
    },
    listen(listener) {
      hear = listener;
      const stop = link.listen((message) => {
        if ((message as { type?: unknown } | null)?.type === "said") clearTimeout(timer);
        listener(message);
      });
      return () => {
        clearTimeout(timer);
        hear = null;
        stop();
      };
    },
  };
}
