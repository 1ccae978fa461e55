/** Which code a try ran, where it was changed between two of them. Pure. */

import type { Revision, TaskRow } from "./protocol";

/** Where the first bar of each new code begins, in seconds since the run opened. */
export function beginnings(task: Pick<TaskRow, "revised" | "spans">): number[] {
  return (task.revised ?? []).flatMap((time) => {
    const first = task.spans.find(([begin, state]) => begin >= time && state === "running");
    return first === undefined ? [] : [first[0]];
  });
}

/** In words for the row of a task; empty where its code is what it was. */
export function revisedWords(task: Pick<TaskRow, "revised">): string {
  const times = task.revised?.length ?? 0;
  return times === 0 ? "" : times === 1 ? "changed code" : `code changed ${times} times`;
}

/** Which code a try ran; empty where there was only one. */
export function codeOf(attempt: number, revisions: readonly Revision[]): "" | "old code" | "changed code" | "new code" {
  if (revisions.length === 0) return "";
  const before = revisions.filter(([, first]) => first <= attempt).length;
  return before === 0 ? "old code" : before === revisions.length ? "new code" : "changed code";
}
