/** Elements kept by key: what stays is written again only where it differs, what is new is made, what is gone is taken away. */

export function sync<T, E extends Element>(
  kept: Map<string, E>,
  layer: Element,
  items: readonly T[],
  keyOf: (item: T) => string,
  make: (item: T) => E,
  update: (element: E, item: T) => void,
): void {
  const wanted = new Set<string>();
  for (const item of items) {
    const key = keyOf(item);
    wanted.add(key);
    let element = kept.get(key);
    if (element === undefined) {
      element = make(item);
      kept.set(key, element);
      layer.append(element);
    }
    update(element, item);
  }
  for (const [key, element] of kept) {
    if (wanted.has(key)) continue;
    element.remove();
    kept.delete(key);
  }
}
