/** All lines that pass the filter, as text to take along. */

import { type LogQuestion, legible, stamp } from "../../core/log";
import type { LogAnswer, LogLine, LogQuery } from "../../core/protocol";
import type { RunStore } from "../../core/store";
import { taskLabel } from "./line";

/** Lines in one answer, and in all: more would not be read. */
const PART = 2000;
const MOST = 20_000;

export async function wholeLog(
  ask: (query: LogQuery) => Promise<LogAnswer>,
  store: RunStore,
  question: LogQuestion,
): Promise<{ text: string; number: number; all: number }> {
  const last = await ask({ offset: 0, limit: PART, tail: true, ...question });
  const found: LogLine[] = [...last.lines];
  let from = last.offset;
  while (from > 0 && found.length < MOST) {
    const offset = Math.max(0, from - PART);
    const { lines } = await ask({ offset, limit: from - offset, tail: false, ...question });
    if (lines.length === 0) break;
    found.unshift(...lines);
    from = offset;
  }
  const text = found.map(([time, id, label, , said]) => {
    const head = `${stamp(time)}  ${taskLabel(store, id, label)}  `;
    return legible(said)
      .split("\n")
      .map((line) => head + line)
      .join("\n");
  });
  return { text: text.length === 0 ? "" : `${text.join("\n")}\n`, number: found.length, all: last.total };
}
