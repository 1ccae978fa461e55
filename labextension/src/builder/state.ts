/** What the kernel says of a builder (ipyflow/builder/shown.py), and where things stand in its plan. */

export type StepRole = "then" | "exceptionally" | "finally";

export interface Step {
  id: number;
  kind: "step";
  role: StepRole;
  task: string;
  args: string[];
  kwargs: Record<string, string>;
  options: Record<string, string>;
  pauses: boolean;
}

export interface Branch {
  id: number;
  entries: Entry[];
}

export interface Block {
  id: number;
  kind: "group";
  branches: Branch[];
  options: Record<string, string>;
  pauses: boolean;
}

export type Entry = Step | Block;

export interface Plan {
  name: string;
  entries: Entry[];
  initial: { args: string; kwargs: string; state: string };
  inline: boolean;
}

export interface Slot {
  name: string;
  key: string;
  text: string;
  source: string;
  needed: boolean;
  default: string;
}

export interface Look {
  text: string;
  arguments: string;
  slots: Slot[];
  open: boolean;
  with_state: boolean;
  fruitful: boolean;
}

export interface Problem {
  id: number;
  field: string;
  text: string;
  doubt: boolean;
  fix: string;
}

export interface Parameter {
  hint: string;
  doc: string;
  choices: string[];
  kind: string;
}

export interface Offered {
  name: string;
  listed: boolean;
  signature: string;
  doc: string;
  flow: boolean;
  options: Record<string, string>;
  parameters: Record<string, Parameter>;
}

export interface Shown {
  plan: Plan;
  looks: Record<string, Look>;
  problems: Problem[];
  code: [string, number][];
  palette: Offered[];
  variables: string[];
  undo: string | null;
  redo: string | null;
  ready: boolean;
}

/** A place between entries: the list (0 is the pipeline, else a branch) and the number of entries before it. */
export interface Place {
  to: number;
  at: number;
}

export interface Edit {
  do: string;
  [part: string]: unknown;
}

/** What one number stands for, and where it stands. */
export interface Found {
  id: number;
  entry?: Entry;
  branch?: Branch;
  /** Of an entry: its list. Of a branch: its block. */
  holder: number;
  /** Its place there, and how many there are. */
  at: number;
  of: number;
  /** The block whose branch this entry is in, or the branch itself is of. */
  block?: Block;
}

/** All that can be chosen, in the order in which it is read: blocks before their branches, branches before their entries. */
export function everything(plan: Plan): Found[] {
  const found: Found[] = [];
  const along = (entries: Entry[], holder: number, block?: Block) => {
    entries.forEach((entry, at) => {
      found.push({ id: entry.id, entry, holder, at, of: entries.length, ...(block && { block }) });
      if (entry.kind === "group") {
        entry.branches.forEach((branch, place) => {
          found.push({
            id: branch.id,
            branch,
            holder: entry.id,
            at: place,
            of: entry.branches.length,
            block: entry,
          });
          along(branch.entries, branch.id, entry);
        });
      }
    });
  };
  along(plan.entries, 0);
  return found;
}

export const find = (plan: Plan, id: number): Found | undefined => everything(plan).find((one) => one.id === id);

/** All places between entries in the order in which they are read, but for those inside of what has the number `without`. */
export function places(plan: Plan, without = -1): Place[] {
  const found: Place[] = [];
  const along = (entries: Entry[], to: number) => {
    found.push({ to, at: 0 });
    entries.forEach((entry, at) => {
      if (entry.kind === "group" && entry.id !== without) {
        for (const branch of entry.branches) along(branch.entries, branch.id);
      }
      found.push({ to, at: at + 1 });
    });
  };
  along(plan.entries, 0);
  return found;
}

/** Where a thing goes that is added while `chosen` is chosen: behind it; into a branch; else to the end. */
export function placeBehind(plan: Plan, chosen: number): Place {
  const found = find(plan, chosen);
  if (found?.branch) return { to: found.id, at: found.branch.entries.length };
  const before = found?.entry?.kind === "step" && found.entry.role === "finally"; // nothing follows a finaliser
  if (found) return { to: found.holder, at: found.at + (before ? 0 : 1) };
  const { entries } = plan;
  const last = entries[entries.length - 1];
  const closed = last?.kind === "step" && last.role === "finally";
  return { to: 0, at: entries.length - (closed ? 1 : 0) };
}

/** The next place up or down for an entry; `null` at the end of the ways. */
export function nextPlace(plan: Plan, id: number, down: boolean): Place | null {
  const found = find(plan, id);
  if (found?.entry === undefined) return null;
  const all = places(plan, id);
  const before = all.findIndex((place) => place.to === found.holder && place.at === found.at);
  return all[down ? before + 2 : before - 1] ?? null;
}

/** What a step, a block or a branch is called. */
export function nameOf(found: Found | undefined): string {
  if (found === undefined) return "the pipeline";
  if (found.branch) return `branch ${found.at + 1} of ${found.of}`;
  if (found.entry?.kind === "group") return blockName(found.entry);
  return found.entry?.task || "a step without a task";
}

export function blockName(block: Block): string {
  return unquoted(block.options.name ?? "") || "in parallel";
}

/** The text that a Python string holds, where it is a plain one. */
export function unquoted(text: string): string {
  const plain = /^(['"])([^'"\\]*)\1$/.exec(text);
  return plain?.[2] ?? text;
}
