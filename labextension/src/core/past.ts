/** What a page shows while it looks at an instant of the past; of a large run it asks the kernel what that was like. */

import { Latest } from "./latest";
import type { Picture } from "./picture";
import type { Counts, Graph, Lane, Payload, ReplayAnswer, TaskRow } from "./protocol";
import { countStates, lanesAt, lanesUntil, pictureAt, runAt, taskAt } from "./replay";

export class Past {
  /** What the kernel has said of an instant near to the one on show. */
  private told: Payload | null = null;
  private readonly asking: Latest<number, ReplayAnswer>;

  /** `heard` says whether a kernel can be asked, `came` is called with each answer. */
  constructor(
    ask: (at: number) => Promise<ReplayAnswer>,
    later: (call: () => void, ms: number) => () => void,
    private readonly heard: () => boolean,
    came: () => void,
  ) {
    this.asking = new Latest(
      ask,
      ({ payload }) => {
        this.told = payload;
        came();
      },
      later,
    );
  }

  /** Whether the picture of a large run is only what its lanes tell. */
  get rough(): boolean {
    return this.told === null;
  }

  /** The picture of `at`, as well as it is known; the kernel is asked where it knows better. */
  look(truth: Picture, at: number, now: number): Picture {
    if (truth.run.aggregated && at < now && this.heard()) this.asking.want(at);
    return this.picture(truth, at, now);
  }

  picture(truth: Picture, at: number, now: number): Picture {
    // What was told of an instant close by is nearer than what can be made of a few rows: nothing flickers meanwhile.
    const { told } = this;
    return told === null || at >= now ? pictureAt(truth, at, now) : pictureOf(told, truth, at);
  }

  forget(): void {
    this.asking.drop();
    this.told = null;
  }
}

/** What the kernel told, in the places of the picture that the reader has before his eyes. */
export function pictureOf(told: Payload, truth: Picture, at: number): Picture {
  const tasks = new Map<number, TaskRow>();
  for (const row of told.tasks) {
    const then = taskAt(row, at);
    if (then !== null) tasks.set(row.id, then);
  }
  return {
    run: { ...runAt(truth.run, at, told.run.counts, told.run.total), notes: told.run.notes },
    tasks,
    order: told.tasks.map((row) => row.id).filter((id) => tasks.has(id)),
    edges: told.edges,
    graph: inPlace(told.graph, truth.graph),
    lanes: truth.lanes === null ? null : toldLanes(told, lanesAt(truth.lanes, truth.lanesUntil, at)),
    lanesUntil: lanesUntil(truth, at),
    workflows: told.workflows ?? [],
    kept: truth.kept,
  };
}

function toldLanes(told: Payload, cut: readonly Lane[]): Lane[] {
  const known = new Map((told.lanes ?? []).map((lane) => [`${lane.module}.${lane.name}`, lane]));
  return cut.map((lane) => {
    const one = known.get(`${lane.module}.${lane.name}`);
    if (one !== undefined) return { ...one, bins: lane.bins };
    // So few tasks then that all rows came: they are counted.
    const rows = told.lanes === null ? told.tasks.filter((row) => row.name === lane.name) : [];
    const counts: Counts = countStates(rows.filter((row) => row.module === lane.module));
    return { ...lane, counts };
  });
}

/** The states that were told, at the places where the boxes stand now; all as told where these are others. */
function inPlace(told: Graph | null, now: Graph | null): Graph | null {
  if (told === null || now === null) return told;
  const known = new Map(told.nodes.map((node) => [node.key, node]));
  const places = now.nodes.filter((node) => known.has(node.key));
  if (places.length < told.nodes.length) return told;
  const nodes = places.map((node) => ({ ...node, ...known.get(node.key), x: node.x, y: node.y, w: node.w, h: node.h }));
  return { ...now, nodes, edges: now.edges.filter((edge) => known.has(edge.from) && known.has(edge.to)) };
}
