/** The plain facts about one task, as the hover card and the pane list them. */

import { h } from "../core/dom";
import { began, count, duration, failedTries, heldBy, ran, stoodBlocked, waited, waits } from "../core/format";
import { placeNote, placeOf } from "../core/places";
import type { TaskRow } from "../core/protocol";
import { revisedWords } from "../core/revised";
import { isContainer, isQuiet } from "../core/roles";
import { PENDING } from "../core/status";

export type Fact = [name: string, value: string];

/** Times, worker and tries; nothing of what has not come about. */
export function taskFacts(task: TaskRow, now: number): Fact[] {
  const facts: Fact[] = [];
  if (!isQuiet(task)) facts.push([isContainer(task) ? "began" : "submitted", `+${duration(task.submitted)}`]);
  if (waits(task)) {
    const long = waited(task, now);
    facts.push([PENDING.has(task.state) ? "waiting for" : "waited", duration(long)]);
    const held = PENDING.has(task.state) ? "" : heldBy(task);
    if (held !== "" && long >= 0.001) facts.push(["held by", held]);
  }
  if (began(task))
    facts.push([isContainer(task) ? (task.ended === null ? "lasts" : "lasted") : "ran", duration(ran(task, now))]);
  const blocked = stoodBlocked(task, now);
  if (blocked > 0) facts.push(["of it blocked", duration(blocked)]);
  if (task.worker) facts.push(["worker", [placeOf(task.worker).name, placeNote(task)].filter(Boolean).join(" · ")]);
  if (task.attempts > 1)
    facts.push(["tries", [count(task.attempts), failedTries(task)].filter(Boolean).join(", after ")]);
  const revised = revisedWords(task);
  if (revised !== "") facts.push(["code", revised === "changed code" ? "changed between tries" : revised]);
  return facts;
}

export const factList = (facts: readonly Fact[]): HTMLElement =>
  h(
    "dl",
    { class: "ipf-facts" },
    ...facts.flatMap(([name, value]) => [h("dt", { text: name }), h("dd", { text: value })]),
  );
