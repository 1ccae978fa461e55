/** Questions of which only the newest counts: one is under way at a time, those in between are never asked. */

/** An answer that has not come after this long, in ms, holds up the next question no more. */
const PATIENCE = 4000;

export class Latest<Q, A> {
  /** What is under way, by its number; 0 is nothing. */
  private open = 0;
  private counter = 0;
  private waiting: { question: Q } | null = null;
  private stop: () => void = () => undefined;

  constructor(
    private readonly ask: (question: Q) => Promise<A>,
    private readonly got: (answer: A, question: Q) => void,
    private readonly later: (call: () => void, ms: number) => () => void,
  ) {}

  want(question: Q): void {
    if (this.open !== 0) {
      this.waiting = { question };
      return;
    }
    this.counter += 1;
    const mine = this.counter;
    this.open = mine;
    this.stop = this.later(() => this.over(mine), PATIENCE);
    this.ask(question).then(
      (answer) => {
        if (this.open !== mine) return;
        this.got(answer, question);
        this.over(mine);
      },
      () => this.over(mine),
    );
  }

  /** What is under way is no longer wanted. */
  drop(): void {
    this.stop();
    this.open = 0;
    this.waiting = null;
  }

  private over(which: number): void {
    if (this.open !== which) return;
    this.stop();
    this.open = 0;
    const next = this.waiting;
    this.waiting = null;
    if (next !== null) this.want(next.question);
  }
}
