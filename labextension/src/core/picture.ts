/** Everything of a run that is synced with the kernel, as one thing: what it is now, or what it was. */

import { withPublished } from "./events";
import type { DeltaMessage, Edge, Graph, Kept, Lane, Payload, Run, TaskRow, Workflow } from "./protocol";
import { isFinal } from "./status";

export interface Picture {
  run: Run;
  tasks: Map<number, TaskRow>;
  /** Ids in the order the kernel gave them. */
  order: number[];
  edges: Edge[];
  graph: Graph | null;
  lanes: Lane[] | null;
  /** The instant the lanes reach to: they come more seldom than rows. */
  lanesUntil: number;
  workflows: readonly Workflow[];
  /** What a saved file holds in place of a kernel. */
  kept: Kept | null;
}

/** What changed: views redraw only what they show. `tasks` is `null` when every row may be new. */
export interface Change {
  tasks: ReadonlySet<number> | null;
  edges: boolean;
  graph: boolean;
  lanes: boolean;
  workflows: boolean;
}

export const ALL: Change = { tasks: null, edges: true, graph: true, lanes: true, workflows: true };

const EMPTY_RUN: Run = {
  id: 0,
  name: "",
  kind: "",
  state: "planned",
  wall: 0,
  now: 0,
  closed: null,
  total: 0,
  counts: {},
  aggregated: false,
  notes: [],
};

/** Of a large run so many rows are kept at most: without that the page would collect all of them. */
const MOST = 1000;

export const emptyPicture = (): Picture => ({
  run: EMPTY_RUN,
  tasks: new Map(),
  order: [],
  edges: [],
  graph: null,
  lanes: null,
  lanesUntil: 0,
  workflows: [],
  kept: null,
});

export const pictureOf = (payload: Payload): Picture => ({
  run: payload.run,
  tasks: new Map(payload.tasks.map((row) => [row.id, row])),
  order: payload.tasks.map((row) => row.id),
  edges: payload.edges,
  graph: payload.graph,
  lanes: payload.lanes,
  lanesUntil: payload.run.now,
  workflows: (payload.workflows ?? []).map(withPublished),
  kept: payload.kept ?? null,
});

/** Whether a payload is of the run in the picture: numbers begin anew in each kernel, so the time counts too. */
export const isSameRun = ({ run }: Picture, other: Payload): boolean =>
  run.id === other.run.id && run.wall === other.run.wall;

/** Takes in what a message says has changed. Rows in `wanted` stay, however large the run is. */
export function takeIn(picture: Picture, delta: DeltaMessage, wanted: ReadonlySet<number>): Change {
  const ids = new Set<number>();
  picture.run = delta.run;
  for (const row of delta.tasks) {
    if (!picture.tasks.has(row.id)) picture.order.push(row.id);
    picture.tasks.set(row.id, row);
    ids.add(row.id);
  }
  if (delta.run.aggregated) trim(picture, wanted);
  if (delta.edges !== null) picture.edges = delta.edges;
  if (delta.graph !== null) picture.graph = delta.graph;
  if (delta.lanes !== null) {
    picture.lanes = delta.lanes;
    picture.lanesUntil = delta.run.now;
  }
  const workflows = delta.workflows ?? null;
  if (workflows !== null) picture.workflows = workflows.map(withPublished);
  return {
    tasks: ids,
    edges: delta.edges !== null,
    graph: delta.graph !== null,
    lanes: delta.lanes !== null,
    workflows: workflows !== null,
  };
}

/** A large run sends the rows worth a look as they come: the oldest that have ended go first. */
function trim(picture: Picture, wanted: ReadonlySet<number>): void {
  const spare = picture.order.length - MOST;
  if (spare <= 0) return;
  const ended = picture.order.filter((id) => isFinal(picture.tasks.get(id)?.state ?? "planned") && !wanted.has(id));
  const dropped = new Set(ended.slice(0, spare));
  for (const id of dropped) picture.tasks.delete(id);
  picture.order = picture.order.filter((id) => !dropped.has(id));
}
