/**
 * The stretch of time of a large run that the reader has come close to: asked for as he moves, one question at a time.
 *
 * What was told stays until the next is there, so that nothing flickers; while the run goes on and its end is in sight
 * the same is asked again once a second.
 */

import { Latest } from "./latest";
import type { WindowAnswer, WindowQuery } from "./protocol";

/** While the end of a live run is in sight, so often, in ms, the same is asked for again. */
const REFRESH = 1000;
/** What has not been answered after this long, in ms, is asked again. */
const LOST = 5000;
/** A bin is at first so wide, in pixels; at so many times that finer ones are asked for, or the tasks themselves. */
const BIN = 3;
const WIDEST = 1.5;
const MOST_BINS = 960;
/** Asked for besides at either side, in lengths of what is in sight: moving on a little needs no question. */
const BESIDE = 0.25;

export interface Sight {
  from: number;
  to: number;
  /** In pixels. */
  width: number;
  /** How far the run has come. */
  end: number;
  /** Whether it goes on. */
  moving: boolean;
}

export class NearWindow {
  told: WindowAnswer | null = null;
  private asked: { query: WindowQuery; end: number; clock: number } | null = null;
  private answered: WindowQuery | null = null;
  private readonly latest: Latest<WindowQuery, WindowAnswer>;

  /** `came` is called with each answer. */
  constructor(
    ask: (query: WindowQuery) => Promise<WindowAnswer>,
    came: (answer: WindowAnswer) => void,
    later: (call: () => void, ms: number) => () => void,
    private readonly clock: () => number,
  ) {
    this.latest = new Latest(
      ask,
      (answer, question) => {
        this.told = answer;
        this.answered = question;
        came(answer);
      },
      later,
    );
  }

  /** Says what is in sight; asks where what was asked for does not do. */
  show(sight: Sight): void {
    const from = Math.max(0, sight.from);
    const to = Math.min(sight.to, sight.end);
    if (to <= from || this.does(from, to, sight)) return;
    const beside = (sight.to - sight.from) * BESIDE;
    const query = {
      from: Math.max(0, sight.from - beside),
      to: Math.min(sight.to + beside, sight.end),
      bins: Math.min(MOST_BINS, Math.max(60, Math.round((sight.width * (1 + 2 * BESIDE)) / BIN))),
    };
    this.asked = { query, end: sight.end, clock: this.clock() };
    this.latest.want(query);
  }

  /** Nothing is looked at closely any more. */
  leave(): void {
    this.latest.drop();
    this.told = this.asked = this.answered = null;
  }

  private does(from: number, to: number, sight: Sight): boolean {
    if (this.asked === null) return false;
    const { query, end, clock } = this.asked;
    const answered = this.answered === query;
    const old = this.clock() - clock > (answered ? REFRESH : LOST);
    if (!answered && old) return false;
    // The newest stretch of a live run is seldom there already: it comes with the next refresh.
    if (from < query.from || (to > query.to && (query.to < end || old))) return false;
    if (sight.moving && to >= end && old) return false;
    const bin = (((query.to - query.from) / query.bins) * sight.width) / (sight.to - sight.from);
    return (answered && this.told?.tasks != null) || bin <= WIDEST * BIN;
  }
}
