/** A value that tells its listeners when it changes; the page-only state is made of these. */
export class Signal<T> {
  private readonly listeners = new Set<(value: T) => void>();

  constructor(private current: T) {}

  get value(): T {
    return this.current;
  }

  set value(next: T) {
    if (Object.is(next, this.current)) return;
    this.current = next;
    for (const listener of [...this.listeners]) listener(next);
  }

  /** Calls `listener` on each change; returns what stops it. */
  on(listener: (value: T) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}

/** Several clean-ups as one. */
export function disposeAll(...parts: (() => void)[]): () => void {
  return () => {
    for (const part of parts.splice(0)) part();
  };
}
