/**
 * Questions of a page that the kernel answers once: the log, a stretch of time, an instant of the past, an export.
 *
 * Each has a number; pages of one widget hear each other's answers, so the numbers begin anywhere.
 */

import type { AnswerMessage, Asks, FromPage } from "./protocol";

/** An answer that has not come after this long, in ms, will not come. */
const PATIENCE = 15_000;
/** A large run takes its time to be written, or played again. */
const PATIENCE_FOR_EXPORTS = 120_000;

type Ask = Extract<FromPage, { type: "ask" }>;

export class Questions {
  private counter = Math.floor(Math.random() * 1e9);
  private readonly open = new Map<number, { settle: (message: AnswerMessage) => void; stop: () => void }>();

  constructor(
    private readonly send: (message: Ask) => void,
    private readonly later: (call: () => void, ms: number) => () => void,
    private readonly whySilent: () => string,
  ) {}

  /** Asks; the promise fails with the kernel's words, or after a while without any. */
  ask<K extends keyof Asks>(what: K, query: Asks[K]["query"]): Promise<Asks[K]["answer"]> {
    this.counter += 1;
    const request = this.counter;
    return new Promise((resolve, reject) => {
      const settle = (message: AnswerMessage) => {
        if (message.error === null) resolve(message.answer as Asks[K]["answer"]);
        else reject(new Error(message.error));
      };
      const stop = this.later(
        () => {
          this.open.delete(request);
          reject(new Error(this.whySilent()));
        },
        what === "export" || what === "whatif" ? PATIENCE_FOR_EXPORTS : PATIENCE,
      );
      this.open.set(request, { settle, stop });
      this.send({ type: "ask", request, what, query });
    });
  }

  receive(message: AnswerMessage): void {
    const question = this.open.get(message.request);
    if (question === undefined) return;
    this.open.delete(message.request);
    question.stop();
    question.settle(message);
  }

  dispose(): void {
    for (const { stop } of this.open.values()) stop();
    this.open.clear();
  }
}
