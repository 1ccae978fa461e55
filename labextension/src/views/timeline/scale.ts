/** Time to pixels: the window on show, zoom, pan, and round numbers for the axis. Pure. */

import type { TimeWindow } from "../../core/ui-state";

export interface Scale {
  from: number;
  to: number;
  width: number;
}

export const toX = (scale: Scale, time: number): number =>
  ((time - scale.from) / (scale.to - scale.from)) * scale.width;

export const toTime = (scale: Scale, x: number): number => scale.from + (x / scale.width) * (scale.to - scale.from);

/** The shortest stretch of time that can fill the view, in seconds. */
const CLOSEST = 1e-6;

/**
 * The scale for a view of `width` pixels. With no window all of the run fits, and `right` pixels stay free for what is
 * written behind the last bars. A window that follows keeps its length and ends at now.
 */
export function scaleFor(window: TimeWindow, follow: boolean, now: number, width: number, right = 0): Scale {
  const usable = Math.max(1, width - right);
  if (window === null) {
    const span = Math.max(now, CLOSEST);
    return { from: 0, to: (span * width) / usable, width };
  }
  if (!follow) return { ...window, width };
  const length = window.to - window.from;
  const to = now + (length * right) / width;
  return { from: to - length, to, width };
}

/** Zooms by `factor` (> 1 comes closer) about the time at pixel `x`. */
export function zoomed(scale: Scale, factor: number, x: number, now: number): TimeWindow {
  const length = (scale.to - scale.from) / factor;
  if (length >= Math.max(now, CLOSEST) * 1.25) return null;
  const kept = Math.max(length, CLOSEST);
  const at = toTime(scale, x);
  const from = at - (x / scale.width) * kept;
  return clamp(from, from + kept, now);
}

export function panned(scale: Scale, pixels: number, now: number): TimeWindow {
  const shift = (pixels / scale.width) * (scale.to - scale.from);
  return clamp(scale.from - shift, scale.to - shift, now);
}

/** Keeps a part of the run in sight: nobody gets lost in empty time. */
function clamp(from: number, to: number, now: number): TimeWindow {
  const length = to - from;
  const margin = length * 0.5;
  const low = Math.min(Math.max(from, -margin), Math.max(-margin, now + margin - length));
  return { from: low, to: low + length };
}

/** Round times to mark on the axis, at least `apart` pixels from each other. */
export function ticks(scale: Scale, apart: number): { times: number[]; step: number } {
  const length = scale.to - scale.from;
  const rough = (length * apart) / Math.max(1, scale.width);
  if (!(rough > 0) || !Number.isFinite(rough)) return { times: [], step: 1 };
  const step = rough > 30 ? roundClock(rough) : roundDecimal(rough);
  const times: number[] = [];
  for (let k = Math.ceil(scale.from / step - 1e-9); k * step <= scale.to && times.length < 200; k++)
    times.push(k * step);
  return { times, step };
}

function roundDecimal(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const lead = rough / power;
  return (lead <= 1 ? 1 : lead <= 2 ? 2 : lead <= 5 ? 5 : 10) * power;
}

function roundClock(rough: number): number {
  for (const step of [60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400]) if (rough <= step) return step;
  return roundDecimal(rough / 86400) * 86400;
}

/** A mark's words, only as exact as the distance between marks asks for. */
export function tickLabel(time: number, step: number): string {
  if (Math.abs(time) < step / 1e6) return "0";
  if (step >= 60) {
    const sign = time < 0 ? "−" : "";
    const minutes = Math.round(Math.abs(time) / 60);
    return minutes < 60
      ? `${sign}${minutes} min`
      : `${sign}${Math.floor(minutes / 60)} h${minutes % 60 ? ` ${String(minutes % 60).padStart(2, "0")}` : ""}`;
  }
  const [unit, scale] = step >= 0.1 || Math.abs(time) >= 1 ? ["s", 1] : step >= 1e-4 ? ["ms", 1e3] : ["µs", 1e6];
  const digits = Math.max(0, -Math.floor(Math.log10(step * scale) + 1e-9));
  const text = (time * scale).toFixed(digits).replace("-", "−");
  return `${text} ${unit}`;
}
