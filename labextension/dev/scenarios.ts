/** The runs the dev page can play, and the example payloads are made of. */

import type { Bin, Counts, Lane, Payload, TaskRow } from "../src/core/protocol";
import { Simulation, type Spec } from "./sim";

/** Always the same numbers. */
function randoms(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) % 4294967296;
    return state / 4294967296;
  };
}

export const small = () =>
  new Simulation(
    "process_order",
    [
      {
        name: "process_order",
        args: "17",
        steps: [{ run: 0.02 }, { wait: 2 }, { run: 0.05 }, { wait: 4 }, { run: 0.04 }],
        value: ["dict", "{'order': 17, 'total': 84.5, 'mail': 'sent'}"],
      },
      {
        name: "load_user",
        parent: 1,
        args: "17",
        at: 0.004,
        steps: [{ run: 0.31 }],
        value: ["User", "User(17, 'Ada Lovelace')"],
      },
      {
        name: "load_cart",
        parent: 1,
        args: "17",
        at: 0.006,
        steps: [{ run: 0.52 }],
        value: ["list", "['lamp', 'desk', 'chair']"],
      },
      {
        name: "price",
        parent: 1,
        args: "<load_cart #3>, currency='EUR'",
        at: 0.008,
        needs: [3],
        steps: [{ run: 0.36 }],
        value: ["float", "84.5"],
        module: "shop.prices",
      },
      {
        name: "send_email",
        parent: 1,
        args: "<load_user #2>, <price #4>",
        at: 0.01,
        needs: [2, 4],
        steps: [{ run: 0.22 }],
        value: ["str", "'sent'"],
        module: "shop.mail",
      },
    ],
    4,
  );

export const failing = () => {
  const specs: Spec[] = [
    {
      name: "report",
      args: "2026",
      steps: [{ run: 0.03 }, { wait: 8 }, { run: 0.1 }],
      error: ["ValueError", "no such user: 41"],
    },
    {
      name: "fetch",
      parent: 1,
      args: "'oslo'",
      at: 0.01,
      steps: [{ run: 0.4 }],
      value: ["bytes", "b'...' (18 kB)"],
      module: "net",
    },
    {
      name: "fetch",
      parent: 1,
      args: "'lima'",
      at: 0.012,
      steps: [{ run: 0.21 }],
      flaky: 2,
      value: ["bytes", "b'...' (21 kB)"],
      module: "net",
    },
    {
      name: "fetch",
      parent: 1,
      args: "'<img src=x onerror=alert(1)>'",
      at: 0.014,
      steps: [{ run: 0.6 }],
      error: ["TimeoutError", "<b>no answer</b> after 0.6 s"],
      ends: "timed_out",
      module: "net",
    },
    {
      name: "parse",
      parent: 1,
      args: "<fetch #2>",
      at: 0.016,
      needs: [2],
      steps: [{ run: 0.25 }],
      value: ["DataFrame", "12 rows × 4 columns"],
    },
    {
      name: "parse",
      parent: 1,
      args: "<fetch #3>",
      at: 0.018,
      needs: [3],
      steps: [{ run: 0.22 }],
      value: ["DataFrame", "9 rows × 4 columns"],
    },
    {
      name: "load_user",
      parent: 1,
      args: "41",
      at: 0.02,
      steps: [{ run: 0.31 }],
      error: ["ValueError", "no such user: 41"],
    },
    {
      name: "join_tables",
      parent: 1,
      args: "<parse #5>, <parse #6>, <load_user #7>",
      at: 0.022,
      needs: [5, 6],
      steps: [{ run: 0.1 }],
      error: ["ValueError", "no such user: 41"],
    },
    {
      name: "warm_cache",
      parent: 1,
      args: "",
      at: 0.2,
      steps: [{ run: 0.5 }],
      ends: "cancelled",
      error: ["CancelledError", "cancelled by the reader"],
    },
  ];
  return new Simulation("report", specs, 4);
};

/** `n` chains of three tasks and one at the end, on `workers` workers; every 40th fails. */
export function many(n: number, workers: number, pace = 1) {
  const next = randoms(7);
  const specs: Spec[] = [];
  const chains = Math.floor((n - 2) / 3);
  specs.push({
    name: "analyse",
    args: `${chains} files`,
    steps: [{ run: 0.02 }, { wait: 2 + chains * 3 }, { run: 0.05 }],
    value: ["Report", "Report(pages=12)"],
  });
  for (let i = 0; i < chains; i++) {
    specs.push({
      name: "download",
      parent: 1,
      args: `'part-${i}.csv'`,
      at: 0.005 + i * 0.0006,
      steps: [{ run: pace * (0.03 + 0.12 * next()) }],
      value: ["bytes", `b'...' (${10 + (i % 37)} kB)`],
      module: "files",
    });
  }
  for (let i = 0; i < chains; i++) {
    const bad = i % 40 === 23;
    specs.push({
      name: "clean",
      parent: 1,
      args: `<download #${i + 2}>`,
      needs: [i + 2],
      at: 0.01 + i * 0.0006,
      steps: [{ run: pace * (0.02 + 0.06 * next()) }],
      value: ["DataFrame", `${100 + i} rows × 6 columns`],
      ...(bad
        ? { error: ["UnicodeDecodeError", `'utf-8' codec can't decode byte 0xe9 in position ${i}`] as [string, string] }
        : {}),
    });
  }
  for (let i = 0; i < chains; i++) {
    specs.push({
      name: "score",
      parent: 1,
      args: `<clean #${i + 2 + chains}>`,
      needs: [i + 2 + chains],
      at: 0.015 + i * 0.0006,
      steps: [{ run: pace * (0.05 + 0.2 * next() * next()) }],
      value: ["float", (next() * 100).toFixed(3)],
    });
  }
  specs.push({
    name: "summarise",
    parent: 1,
    args: `[<score>, ... ${chains}]`,
    at: 0.02,
    needs: Array.from({ length: chains }, (_, i) => i + 2 + 2 * chains),
    steps: [{ run: pace * 0.2 }],
    value: ["Report", "Report(pages=12)"],
  });
  return new Simulation("analyse", specs, workers);
}

/** A run of 100,000 tasks, as far as a page is told of it. */
export function aggregated(part = 0.7): Payload {
  const now = 48 * part;
  const done = Math.floor(50_000 * part);
  const lane = (
    name: string,
    module: string,
    count: number,
    counts: Counts,
    from: number,
    to: number,
    peak: number,
    fails: number,
  ): Lane => {
    const bins: Bin[] = Array.from({ length: 120 }, (_, i) => {
      const t = i / 120;
      const rise = Math.min(1, Math.max(0, (t - from) * 14)) * Math.min(1, Math.max(0, (to - t) * 14));
      const wave = 0.82 + 0.18 * Math.sin(i * 1.7) * Math.cos(i * 0.31);
      return [
        Number((peak * rise * wave).toFixed(2)),
        name === "crawl" ? Number((peak * 2 * rise).toFixed(2)) : 0,
        i % 29 === 17 && fails > 0 && rise > 0 ? 0.4 : 0,
      ];
    });
    return {
      name,
      module,
      count,
      counts,
      first: from * now,
      last: to >= 1 ? null : to * now,
      shortest: 0.0011,
      median: 0.0042,
      longest: 0.391,
      bins,
    };
  };
  const lanes = [
    lane("crawl", "__main__", 8, { blocked: 8 }, 0, 1.2, 2, 0),
    lane(
      "download",
      "web",
      50_000,
      { succeeded: done, failed: 37, running: 14, queued: Math.max(0, 50_000 - done - 51) },
      0,
      1.2,
      14,
      37,
    ),
    lane(
      "parse",
      "__main__",
      49_992,
      { succeeded: done - 240, running: 2, waiting: 49_992 - done + 238 },
      0.05,
      1.2,
      2,
      0,
    ),
  ];
  const counts: Counts = {};
  for (const one of lanes) {
    for (const [state, n] of Object.entries(one.counts))
      counts[state as keyof Counts] = (counts[state as keyof Counts] ?? 0) + n;
  }
  const tasks = Array.from({ length: 37 }, (_, i) => bigRow(9 + i * 811, now)).concat(
    Array.from({ length: 40 }, (_, i) => bigRow(30_100 + i, now)),
  );
  return {
    schema: 1,
    seq: 0,
    run: {
      id: 9,
      name: "crawl_everything",
      kind: "flow",
      state: "running",
      wall: 1795304000.25,
      now,
      closed: null,
      total: 100_000,
      counts,
      aggregated: true,
      notes: [],
    },
    tasks,
    edges: [],
    graph: {
      width: 620,
      height: 110,
      nodes: lanes.map((one, i) => ({
        key: `n${i}`,
        task: null,
        tasks: tasks
          .filter((t) => t.name === one.name)
          .slice(0, 50)
          .map((t) => t.id),
        name: one.name,
        module: one.module,
        group: null,
        role: null,
        branch: null,
        count: one.count,
        counts: one.counts,
        x: 20 + ((i + 2) % 3) * 212,
        y: 28,
        w: 156,
        h: 54,
      })),
      edges: [
        {
          from: "n1",
          to: "n2",
          kind: "data",
          count: 49_992,
          points: [
            [176, 55],
            [232, 55],
          ],
        },
        {
          from: "n2",
          to: "n0",
          kind: "data",
          count: 49_992,
          points: [
            [388, 55],
            [444, 55],
          ],
        },
      ],
    },
    lanes,
  };
}

/** Row `id` of the large run. */
export function bigRow(id: number, now: number): TaskRow {
  const failed = (id - 9) % 811 === 0;
  const begin = (id / 35_000) * now * 0.98;
  const running = id > 30_099 && id < 30_116;
  const pending = id >= 30_116;
  const name = id % 2 || failed ? "download" : "parse";
  const row: TaskRow = {
    id,
    parent: 1 + (id % 8),
    name,
    module: name === "parse" ? "__main__" : "web",
    group: null,
    role: null,
    branch: null,
    executor: "threads",
    state: "succeeded",
    reason: "",
    on: [],
    worker: `thread-${1 + (id % 16)}`,
    args: name === "parse" ? `<download #${id - 1}>` : `'https://example.org/${id}'`,
    attempts: 1,
    submitted: begin,
    started: begin + 0.4,
    ended: begin + 0.4 + 0.3 * ((id % 17) / 17 + 0.1),
    spans: [
      [begin, "queued", ""],
      [begin + 0.4, "running", `thread-${1 + (id % 16)}`],
    ],
    type: "bytes",
    text: `b'...' (${id % 90} kB)`,
    progress: null,
    notes: [],
  };
  if (failed) Object.assign(row, { state: "failed", type: "HTTPError", text: `404 for https://example.org/${id}` });
  if (running)
    Object.assign(row, {
      state: "running",
      ended: null,
      submitted: now - 0.8,
      started: now - 0.4,
      type: "",
      text: "",
      spans: [
        [now - 0.8, "queued", ""],
        [now - 0.4, "running", row.worker],
      ],
    });
  if (pending)
    Object.assign(row, {
      state: "queued",
      ended: null,
      started: null,
      worker: "",
      attempts: 0,
      type: "",
      text: "",
      submitted: now - 0.3,
      spans: [[now - 0.3, "queued", ""]],
    });
  if (row.ended !== null) row.spans.push([row.ended, row.state, ""]);
  return row;
}
