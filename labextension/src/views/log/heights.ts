/**
 * How high the lines of a long list are, where each wraps as its text wants: those that were drawn have been measured,
 * the others are taken for one line of text. Pure.
 */

/** Lines whose surplus is summed up together: a place far down is found without looking at each line. */
const BLOCK = 128;

export class Heights {
  private readonly measured = new Map<number, number>();
  /** By block: by how much its measured lines are higher than taken for. */
  private readonly surplus = new Map<number, number>();

  constructor(readonly usual: number) {}

  /** Says whether that is news. */
  set(index: number, height: number): boolean {
    const before = this.measured.get(index) ?? this.usual;
    if (Math.abs(before - height) < 0.01) return false;
    const block = Math.floor(index / BLOCK);
    this.measured.set(index, height);
    this.surplus.set(block, (this.surplus.get(block) ?? 0) + height - before);
    return true;
  }

  clear(): void {
    this.measured.clear();
    this.surplus.clear();
  }

  /** Where line `index` begins; of `total` lines the whole height is `top(total)`. */
  top(index: number): number {
    const block = Math.floor(index / BLOCK);
    let sum = index * this.usual;
    for (const [at, more] of this.surplus) if (at < block) sum += more;
    for (let i = block * BLOCK; i < index; i++) sum += (this.measured.get(i) ?? this.usual) - this.usual;
    return sum;
  }

  /** The line at height `y`, the last of them at most. */
  at(y: number, total: number): number {
    let low = 0;
    let high = Math.max(0, total - 1);
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.top(middle) <= y) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
