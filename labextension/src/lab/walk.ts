/** Walking through a list with the arrows: up and down from row to row, right and left to what can be done with one. */

export interface Walked {
  readonly element: HTMLElement;
  readonly main: HTMLElement;
  /** The things to stand on, from left to right. */
  stops(): HTMLElement[];
}

/** Follows a key that was pressed in one of the rows; gives the row that has the keyboard now. */
export function walk<Row extends Walked>(event: KeyboardEvent, rows: readonly Row[]): Row | null {
  const at = rows.findIndex((row) => row.element.contains(event.target as Node));
  const row = rows[at];
  if (row === undefined) return null;
  const stops = row.stops();
  const place = stops.indexOf(event.target as HTMLElement);
  const to: Record<string, HTMLElement | undefined> = {
    ArrowDown: rows[at + 1]?.main,
    ArrowUp: rows[at - 1]?.main,
    Home: rows[0]?.main,
    End: rows[rows.length - 1]?.main,
    ArrowRight: stops[place + 1],
    ArrowLeft: stops[place - 1],
  };
  if (!(event.key in to)) return null;
  event.preventDefault();
  event.stopPropagation();
  const next = to[event.key];
  if (next === undefined) return null;
  const of = rows.find((one) => one.element.contains(next)) ?? null;
  if (of !== null) standOn(of, rows);
  next.focus();
  return of;
}

/** One row of a list is reached by Tab: where the reader was last. */
export function standOn(stand: Walked | undefined, rows: readonly Walked[]): void {
  for (const row of rows) row.main.tabIndex = row === stand ? 0 : -1;
}
