/** A made-up log for the dev page: what the tasks of a payload would have printed. */

import { keptAnswer } from "../src/core/log";
import type { Kept, LogAnswer, LogLine, LogQuery, Payload } from "../src/core/protocol";

function linesOf(payload: Payload): LogLine[] {
  const { now } = payload.run;
  return payload.tasks
    .filter((row) => row.started !== null)
    .flatMap((row): LogLine[] => {
      const at = row.started ?? 0;
      const label = `${row.name}#${row.id}`;
      const length = (row.ended ?? now) - at;
      const lines: LogLine[] = [
        [at + 0.0004, row.id, label, "stdout", `${row.name}: started with ${row.args || "nothing"}\n`],
      ];
      for (let i = 1; i < 5; i++) {
        lines.push([
          at + (length * i) / 6,
          row.id,
          label,
          i === 3 ? "log" : "stdout",
          `step ${i} of 5: \u001b[32mok\u001b[0m\n`,
        ]);
      }
      if (row.id % 3 === 0) {
        const text = `rate limit near: 92 of 100 requests in the last minute were used, so what comes next is slowed down a little, to 40 in a minute, until the window has passed\n`;
        lines.push([at + length * 0.7, row.id, label, "warning", text]);
      }
      if (row.state === "failed" || row.id % 4 === 0) {
        lines.push([
          at + length * 0.8,
          row.id,
          label,
          "stderr",
          `retrying after ${row.type || "ConnectionError"}\n  host: <b>api.example</b>\n  in: 0.2 s\n`,
        ]);
      }
      return lines;
    })
    .filter(([time]) => time <= now)
    .sort((a, b) => a[0] - b[0]);
}

export function logAnswer(payload: Payload, query: LogQuery): LogAnswer {
  const log = linesOf(payload);
  return keptAnswer({ tracebacks: {}, log, lines: log.length }, query);
}

/** As a saved file would have it. */
export function keptOf(payload: Payload, most = 30): Kept {
  const log = linesOf(payload);
  const failed = payload.tasks.filter((row) => row.state === "failed");
  return {
    tracebacks: Object.fromEntries(
      failed
        .slice(0, 1)
        .map((row) => [row.id, `Traceback (most recent call last):\n  Cell In[4], line 7\n${row.type}: ${row.text}\n`]),
    ),
    log: log.slice(-most),
    lines: log.length,
  };
}
