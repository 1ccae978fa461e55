/** What the log says where there are no lines, or not all of them. */

import { count, plural } from "../../core/format";
import { whySilent } from "../../core/hears";
import type { LogLines } from "../../core/log";
import type { RunStore } from "../../core/store";
import type { LogFilter } from "../../core/ui-state";

export function whyEmpty(store: RunStore, lines: LogLines, { task, streams, text }: LogFilter): string {
  const { kept } = store.present;
  if (lines.error !== "" && !store.heard) return "The saved file keeps no line of a log, and no kernel answers.";
  if (lines.error !== "") return `The log could not be had: ${lines.error}.`;
  if (!lines.known && store.run.hears === false) return `Asking the kernel for the log; ${whySilent(store.run)} …`;
  if (!lines.known)
    return store.heard ? "Asking the kernel for the log …" : "Asking for the log; no kernel has answered yet …";
  if (kept !== null && kept.log.length === 0 && kept.lines > 0) {
    return `${plural(kept.lines, "line was", "lines were")} written; they are gone with the kernel.`;
  }
  if (streams !== null || text.trim() !== "") return "No line passes the filter.";
  if (task !== null) return store.live ? "This task has not printed anything yet." : "This task printed nothing.";
  if (store.replaying) return "No task had printed anything by then.";
  return store.live ? "No task has printed anything yet." : "No task printed, logged or warned anything.";
}

/** Of the lines before those that a saved file kept; empty where none is missing. */
export function goneWords({ present: { kept } }: RunStore): string {
  if (kept === null || kept.log.length === 0 || kept.log.length >= kept.lines) return "";
  return `These are the last ${count(kept.log.length)} of ${plural(kept.lines, "line")}; the rest is gone with the kernel.`;
}
