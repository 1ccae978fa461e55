/** Two runs beside each other, as the kernel gives them: `Comparison.to_json()` (docs/protocol.md). */

import type { DiffLine, Role, State } from "./protocol";

/** What happened to a task; the twin of KINDS in ipyflow/views/compare/changes.py. */
export type ChangeKind =
  | "failing"
  | "otherwise"
  | "mended"
  | "slower"
  | "faster"
  | "cached"
  | "computed"
  | "new"
  | "gone"
  | "retried"
  | "result"
  | "unfinished"
  | "same";

/** One of the two runs, in figures. Seconds; `when` is when it began, as people read it where the kernel is. */
export interface CompareSide {
  id: number;
  key: string;
  name: string;
  kind: string;
  state: State;
  wall: number;
  when: string;
  seconds: number;
  ended: boolean;
  /** Its kernel ended before it did. */
  lost: boolean;
  tasks: number;
  ran: number;
  queued: number;
}

/** A task in one of the runs: its id, its state, the seconds that its own body ran. */
export type CompareTask = [number, State, number | null];

export interface CompareChange {
  args: string;
  /** The arguments before, where they were others. */
  was: string;
  said: string;
  before: CompareTask | null;
  after: CompareTask | null;
}

/** The tasks of one name to which the same happened. */
export interface CompareRow {
  name: string;
  role: Role | null;
  kind: ChangeKind;
  word: string;
  said: string;
  tasks: number;
  before: number | null;
  after: number | null;
  changes: CompareChange[];
}

/** From when to when, in which state; `around` is what waits for what is below it. */
export type CompareStretch = [number, number, State | "around"];

export interface CompareLane {
  name: string;
  args: string;
  role: Role | null;
  tasks: number;
  kind: ChangeKind;
  before: CompareStretch[];
  after: CompareStretch[];
}

export interface CompareAnswer {
  title: string;
  before: CompareSide;
  after: CompareSide;
  words: string[];
  counts: Partial<Record<ChangeKind, number>>;
  rows: CompareRow[];
  more: number;
  code: { name: string; module: string; lines: DiffLine[] }[];
  lanes: CompareLane[];
  lanes_more: number;
}

export const SIDES = ["before", "after"] as const;
export type SideName = (typeof SIDES)[number];

/** What a file or a kernel has given, if it is a comparison at all. */
export function asComparison(value: unknown): CompareAnswer {
  const found = value as CompareAnswer | null | undefined;
  const lists = [found?.words, found?.rows, found?.code, found?.lanes];
  const sides = [found?.before, found?.after];
  if (!lists.every(Array.isArray) || !sides.every((side) => typeof side?.seconds === "number")) {
    throw new Error("This is not a comparison of two runs: run the cell again.");
  }
  return found as CompareAnswer;
}

/** What a person writes to mean the run: its key, or its number. */
export const called = (side: CompareSide): string => side.key || String(side.id);
