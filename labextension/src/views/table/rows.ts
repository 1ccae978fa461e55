/** Sorting and filtering of rows. Pure; the kernel does the same for runs too large to send. */

import { branchWord, outcome, ran, waited } from "../../core/format";
import { isElsewhere } from "../../core/places";
import type { Column, TaskRow } from "../../core/protocol";
import { roleWord } from "../../core/roles";
import { STATES, word } from "../../core/status";
import type { TableFilter } from "../../core/ui-state";

export const COLUMNS: readonly { column: Column; label: string; title: string }[] = [
  { column: "id", label: "#", title: "Number of the task" },
  { column: "name", label: "Task", title: "Name of the task" },
  { column: "state", label: "State", title: "Where the task stands" },
  { column: "args", label: "Arguments", title: "What the task was called with" },
  { column: "value", label: "Result", title: "The value, or the exception and its message" },
  { column: "attempts", label: "Tries", title: "How often the task was tried" },
  { column: "worker", label: "Worker", title: "Who ran it last" },
  { column: "waited", label: "Waited", title: "From submission to the first start" },
  { column: "ran", label: "Ran", title: "From start to end, all tries together" },
];

const TEXT = new Intl.Collator("en", { numeric: true });

const COMPARE: Record<Column, (a: TaskRow, b: TaskRow, now: number) => number> = {
  id: (a, b) => a.id - b.id,
  name: (a, b) => TEXT.compare(a.name, b.name),
  state: (a, b) => STATES.indexOf(a.state) - STATES.indexOf(b.state),
  args: (a, b) => TEXT.compare(a.args, b.args),
  value: (a, b) => TEXT.compare(outcome(a), outcome(b)),
  attempts: (a, b) => a.attempts - b.attempts,
  worker: (a, b) => TEXT.compare(a.worker, b.worker),
  waited: (a, b, now) => waited(a, now) - waited(b, now),
  ran: (a, b, now) => ran(a, now) - ran(b, now),
};

export function sorted(rows: readonly TaskRow[], column: Column, ascending: boolean, now: number): TaskRow[] {
  const compare = COMPARE[column];
  const sign = ascending ? 1 : -1;
  return [...rows].sort((a, b) => sign * compare(a, b, now) || a.id - b.id);
}

/** Every word of the filter must occur somewhere in the row. */
export function matches(task: TaskRow, filter: TableFilter): boolean {
  if (filter.states !== null && !filter.states.includes(task.state)) return false;
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const text = [
    `${task.name}#${task.id}`,
    task.name,
    task.module,
    task.group ?? "",
    task.role == null ? "" : roleWord(task.role),
    task.branch == null ? "" : branchWord(task.branch),
    word(task.state),
    task.args,
    task.worker,
    isElsewhere(task) ? task.executor : "",
    task.type,
    task.text,
    task.reason,
  ]
    .join("\n")
    .toLowerCase();
  return words.every((one) => text.includes(one));
}
