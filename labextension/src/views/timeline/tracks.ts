/** From bars to boxes in pixels: those in sight are found without looking at the others, and slivers become one box. */

import type { State } from "../../core/protocol";
import { STATES } from "../../core/status";
import { type Bar, type BarKind, endOf } from "./bars";
import { type Scale, toX } from "./scale";

export interface Box {
  x: number;
  width: number;
  kind: BarKind;
  state: State;
  fails: boolean;
  error: string;
}

/** Bars at least so wide, in pixels, are drawn by themselves. */
const ALONE = 3;
/** Fewer bars than this are looked at one by one. */
const FEW = 24;
/** What reaches out of sight is cut so far outside, in pixels. */
const MARGIN = 8;

/** Bars in order of time, as numbers. */
interface Track {
  bars: readonly Bar[];
  begins: Float64Array;
  ends: Float64Array;
  /** The latest end of a bar and all before it: where to begin looking. */
  reach: Float64Array;
  looks: Uint8Array;
}

/** Bars are made anew when they change, so what was made of them stays true as long as they live. */
const tracks = new WeakMap<readonly Bar[], Track>();

function trackOf(bars: readonly Bar[]): Track {
  let track = tracks.get(bars);
  if (track === undefined) {
    track = makeTrack(bars);
    tracks.set(bars, track);
  }
  return track;
}

function makeTrack(unsorted: readonly Bar[]): Track {
  const bars = [...unsorted].sort((a, b) => a.begin - b.begin);
  const track: Track = {
    bars,
    begins: Float64Array.from(bars, (bar) => bar.begin),
    ends: Float64Array.from(bars, (bar) => bar.end),
    reach: new Float64Array(bars.length),
    looks: Uint8Array.from(bars, (bar) => lookOf(bar.kind, bar.state)),
  };
  let furthest = Number.NEGATIVE_INFINITY;
  bars.forEach((bar, i) => {
    furthest = Math.max(furthest, bar.end);
    track.reach[i] = furthest;
  });
  return track;
}

/** The first of sorted numbers that is not below `value`. */
function firstFrom(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The bars that may be in sight, in order of time. */
export function barsInSight(bars: readonly Bar[], scale: Scale): readonly Bar[] {
  if (bars.length < FEW) return bars.filter((bar) => bar.end >= scale.from && bar.begin <= scale.to);
  const track = trackOf(bars);
  return track.bars.slice(firstFrom(track.reach, scale.from), firstFrom(track.begins, scale.to));
}

/** Looks by gravity: of those in one pixel the last one in this list is seen. */
const KINDS: readonly BarKind[] = ["pending", "blocked", "run"];
const GRAVE: readonly State[] = ["running", "cancelling", "cancelled", "timed_out", "failed"];
const BY_GRAVITY: readonly State[] = [...STATES.filter((state) => !GRAVE.includes(state)), ...GRAVE];
const LOOKS = KINDS.flatMap((kind) => BY_GRAVITY.map((state) => ({ kind, state })));
const LOOK = new Map(LOOKS.map(({ kind, state }, i) => [`${kind} ${state}`, i + 1]));
const lookOf = (kind: BarKind, state: State): number => LOOK.get(`${kind} ${state}`) ?? 1;

/** The look of each pixel where there are slivers; used again for each row. */
let pixels = new Uint8Array(2048);

/**
 * Boxes for the bars in sight. Bars under a few pixels are merged, pixel by pixel: a pixel takes the gravest state
 * in it (a failure among a thousand successes stays in sight), and neighbours of one look become one box.
 */
export function boxes(bars: readonly Bar[], scale: Scale, now: number): Box[] {
  const out: Box[] = [];
  if (bars.length < FEW) {
    let slivers: Bar[] | null = null;
    for (const bar of bars) {
      const end = endOf(bar, now);
      if (end < scale.from || bar.begin > scale.to) continue;
      if (!wide(out, bar, toX(scale, bar.begin), toX(scale, end), scale)) (slivers ??= []).push(bar);
    }
    if (slivers !== null) {
      clear(scale);
      for (const bar of slivers) {
        mark(toX(scale, bar.begin), toX(scale, endOf(bar, now)), lookOf(bar.kind, bar.state));
      }
      gather(out, scale);
    }
    return out;
  }
  const { bars: sorted, begins, ends, reach, looks } = trackOf(bars);
  const per = scale.width / (scale.to - scale.from);
  const to = firstFrom(begins, scale.to);
  let some = false;
  for (let i = firstFrom(reach, scale.from); i < to; i++) {
    const begin = begins[i] ?? 0;
    const end = Math.max(begin, Math.min(ends[i] ?? 0, Math.max(now, begin)));
    if (end < scale.from) continue;
    const x = (begin - scale.from) * per;
    const right = (end - scale.from) * per;
    if (right - x >= ALONE) {
      const bar = sorted[i];
      if (bar !== undefined) wide(out, bar, x, right, scale);
      continue;
    }
    if (!some) clear(scale);
    some = true;
    mark(x, right, looks[i] ?? 1);
  }
  if (some) gather(out, scale);
  return out;
}

/** Adds the box of a bar that is wide enough to have one. */
function wide(out: Box[], bar: Bar, from: number, to: number, scale: Scale): boolean {
  const x = Math.max(-MARGIN, from);
  const right = Math.min(scale.width + MARGIN, to);
  if (to - from < ALONE) return false;
  out.push({ x, width: right - x, kind: bar.kind, state: bar.state, fails: bar.fails, error: bar.error });
  return true;
}

function clear(scale: Scale): void {
  const size = Math.ceil(scale.width) + 1;
  if (pixels.length < size) pixels = new Uint8Array(size);
  pixels.fill(0, 0, size);
}

function mark(x: number, right: number, look: number): void {
  const first = Math.max(0, Math.floor(x));
  const end = Math.max(first + 1, Math.round(right));
  for (let pixel = first; pixel < end && pixel < pixels.length; pixel++) {
    if ((pixels[pixel] ?? 0) < look) pixels[pixel] = look;
  }
}

function gather(out: Box[], scale: Scale): void {
  const size = Math.ceil(scale.width) + 1;
  for (let x = 0; x < size; x++) {
    const look = pixels[x] ?? 0;
    if (look === 0) continue;
    let end = x + 1;
    while (end < size && pixels[end] === look) end += 1;
    const { kind, state } = LOOKS[look - 1] ?? { kind: "run", state: "running" };
    out.push({ x, width: end - x, kind, state, fails: false, error: "" });
    x = end - 1;
  }
}

/** The bar that lies under `x`, within `slack` pixels; the last drawn wins. */
export function barAtX(bars: readonly Bar[], scale: Scale, x: number, now: number, slack = 3): Bar | null {
  let best: Bar | null = null;
  let distance = slack;
  for (const bar of bars) {
    const left = toX(scale, bar.begin);
    const right = Math.max(left + 1, toX(scale, endOf(bar, now)));
    const away = x < left ? left - x : x > right ? x - right : 0;
    if (away < distance || (away === distance && away <= slack)) {
      best = bar;
      distance = away;
    }
  }
  return best;
}
