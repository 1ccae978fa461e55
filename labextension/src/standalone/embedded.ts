/** A link without a kernel: what a page of its own is asked is answered from what is embedded in it. */

import { keptAnswer } from "../core/log";
import type { FromPage, Link, LogQuery, Payload, RowsQuery, TaskDetail, TaskRow } from "../core/protocol";
import { matches, sorted } from "../views/table/rows";

/** What `ipyflow/views/standalone.py` writes into the page. */
export interface Embedded {
  payload: Payload;
  /** Of as many tasks as there was room for, failed ones first. */
  details: Record<string, TaskDetail>;
  /** Of a large run: the rows of its table that are here, of tasks worth a look. */
  rows: TaskRow[];
}

type Ask = Extract<FromPage, { type: "ask" }>;

export function embeddedLink({ payload, details, rows }: Embedded): Link {
  const listeners = new Set<(message: unknown) => void>();

  function answer(message: FromPage): unknown {
    switch (message.type) {
      case "detail": {
        const detail = details[message.task];
        return detail === undefined ? null : { type: "detail", task: message.task, detail };
      }
      case "rows":
        return { type: "rows", request: message.request, ...windowOf(rows, message, payload.run.now) };
      case "ask":
        return { type: "answer", request: message.request, ...asked(payload, message) };
      default:
        return { type: "said", text: "This is a saved page: the run can be steered where it was made." };
    }
  }

  return {
    send(message) {
      const said = answer(message);
      if (said !== null) queueMicrotask(() => [...listeners].forEach((listener) => void listener(said)));
    },
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function windowOf(rows: readonly TaskRow[], query: RowsQuery, now: number) {
  const found = rows.filter((row) => matches(row, query));
  const [column, ascending] = query.sort;
  const tasks = sorted(found, column, ascending, now).slice(query.offset, query.offset + query.limit);
  return { total: found.length, offset: query.offset, tasks };
}

function asked(payload: Payload, { what, query }: Ask): { answer: unknown; error: string | null } {
  if (what === "log") {
    const kept = payload.kept ?? { tracebacks: {}, log: [], lines: 0 };
    return { answer: keptAnswer(kept, query as LogQuery), error: null };
  }
  return { answer: null, error: NOT_HERE[what] };
}

const NOT_HERE = {
  form: "a saved page runs nothing: type run.rerun(...) where the run was made",
  window: "a saved page has no more of a large run than it shows",
  replay: "a saved page of a large run cannot be replayed: export the log (run.json) to keep all of it",
  whatif: "a saved page plays nothing again: ask run.what_if() where the run was made",
  hints: "a saved page has no hints: ask run.lint() where the run was made",
  awaited: "a saved page has no kernel: events are sent where the run was made",
  bundle: "a saved page is not written into a notebook again",
  export: "a saved page holds no other formats: export them where the run was made",
};
