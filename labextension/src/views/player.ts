/** Moves the instant of a replay along: evenly with the frames, or in steps for those who want no motion. */

import { reducedMotion } from "../core/dom";

/** How long the whole takes, in seconds, where it is not played as fast as it was. */
const WHOLE = 10;
/** How far apart the steps are, in ms, where motion is reduced. */
const STEP = 500;

export type Speed = "true" | "whole";

export interface Played {
  /** The length of the run so far, in seconds. */
  end(): number;
  /** The instant on show. */
  at(): number;
  show(at: number): void;
  /** It was stopped, or has come to the end. */
  stopped(ended: boolean): void;
}

export class Player {
  speed: Speed = "whole";
  private frame = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private last = 0;
  playing = false;

  constructor(private readonly run: Played) {}

  play(): void {
    if (this.playing) return;
    this.playing = true;
    this.last = performance.now();
    if (this.run.at() >= this.run.end()) this.run.show(0);
    this.next();
  }

  stop(ended = false): void {
    if (!this.playing) return;
    this.playing = false;
    cancelAnimationFrame(this.frame);
    clearTimeout(this.timer);
    this.run.stopped(ended);
  }

  /** Seconds of the run for each second on the clock. */
  get pace(): number {
    return this.speed === "true" ? 1 : Math.max(this.run.end(), 1e-6) / WHOLE;
  }

  private next(): void {
    if (reducedMotion()) this.timer = setTimeout(() => this.step(performance.now()), STEP);
    else this.frame = requestAnimationFrame((now) => this.step(now));
  }

  private step(now: number): void {
    if (!this.playing) return;
    const at = this.run.at() + (Math.max(0, now - this.last) / 1000) * this.pace;
    this.last = now;
    const end = this.run.end();
    this.run.show(Math.min(at, end));
    if (at >= end) this.stop(true);
    else this.next();
  }
}
