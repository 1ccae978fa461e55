/** The builder's page as one thing: what the kernel says, what is chosen here, and the messages between the two. */

import { Signal } from "../core/signal";
import { type Edit, type Found, find, nameOf, type Place, placeBehind, type Shown } from "./state";

export interface Line {
  send(message: Record<string, unknown>): void;
}

interface Asked {
  done(id: number): void;
  refused(text: string): void;
}

type Answer = { type?: unknown; seq?: unknown; id?: unknown; text?: unknown };

export class Desk {
  readonly shown: Signal<Shown>;
  /** The number of what is chosen; 0 is the pipeline itself. */
  readonly chosen = new Signal(0);
  /** A word for the reader; it is read out. */
  readonly said = new Signal("");
  /** Why the last run or edit was refused; empty when it was not. */
  readonly failed = new Signal("");
  /** The place where the next task would go, while somebody points at one. */
  readonly aims = new Signal<Place | null>(null);
  /** All views of one widget hear all answers: the numbers of their questions differ. */
  private seq = Math.floor(Math.random() * 1e9);
  private readonly waiting = new Map<number, Asked>();
  private readonly next: (() => void)[] = [];

  constructor(
    shown: Shown,
    private readonly line: Line,
  ) {
    this.shown = new Signal(shown);
  }

  get plan() {
    return this.shown.value.plan;
  }

  get found(): Found | undefined {
    return find(this.plan, this.chosen.value);
  }

  /** The kernel says what there is now. */
  tell(shown: Shown): void {
    this.shown.value = shown;
    if (this.chosen.value !== 0 && this.found === undefined) this.chosen.value = 0;
  }

  hear(answer: Answer): void {
    const asked = this.waiting.get(Number(answer.seq));
    this.waiting.delete(Number(answer.seq));
    if (asked !== undefined && answer.type === "refused") asked.refused(String(answer.text));
    else asked?.done(typeof answer.id === "number" ? answer.id : 0);
    while (this.waiting.size === 0 && this.next.length > 0) this.next.shift()?.();
  }

  /** Does something when all that was asked for is done: what keys pressed in a row mean depends on that. */
  inTurn(act: () => void): void {
    if (this.waiting.size === 0 && this.next.length === 0) act();
    else this.next.push(act);
  }

  say(text: string): void {
    this.said.value = "";
    this.said.value = text;
  }

  choose(id: number): void {
    this.chosen.value = id;
  }

  /** Asks for an edit; what it made is chosen unless `stay`. Edits in a row with the same `merge` are undone as one. */
  edit(edit: Edit, { merge = "", stay = false, word = "" } = {}, refused?: (text: string) => void): void {
    const done = (id: number) => {
      if (!stay) this.choose(id);
      if (word !== "") this.say(word);
    };
    this.send({ type: "edit", edit, merge }, done, refused);
  }

  /** Adds a task or a block; into a new block one goes on with its first branch. */
  add(what: { task?: string; kind?: string; role?: string }, at?: Place): void {
    const { entry } = this.found ?? {};
    if (at === undefined && what.task !== undefined && entry?.kind === "step" && entry.task === "") {
      this.edit({ do: "task", id: entry.id, task: what.task }, { word: `chose ${what.task}` }); // it waits for one
      return;
    }
    // What runs in the end stands there, wherever one is.
    const end = { to: 0, at: this.plan.entries.length };
    const place = at ?? (what.role === "finally" ? end : placeBehind(this.plan, this.chosen.value));
    const roles: Record<string, string> = { exceptionally: "a handler", finally: "a finaliser" };
    const name = what.kind === "group" ? "a parallel block" : (what.task ?? roles[what.role ?? ""] ?? "a step");
    this.send({ type: "edit", edit: { do: "add", ...place, ...what }, merge: "" }, (id) => {
      this.choose(what.kind === "group" ? id + 1 : id);
      this.say(`added ${name}`);
    });
  }

  move(id: number, place: Place): void {
    const name = nameOf(find(this.plan, id));
    this.edit({ do: "move", id, ...place }, { word: `moved ${name}` });
  }

  remove(id: number): void {
    if (id === 0) return;
    const name = nameOf(find(this.plan, id));
    this.edit({ do: "remove", id }, { word: `removed ${name}` });
  }

  undo(): void {
    const what = this.shown.value.undo;
    if (what === null) this.say("nothing to undo");
    else this.send({ type: "undo" }, () => this.say(`undone: ${what}`));
  }

  redo(): void {
    const what = this.shown.value.redo;
    if (what === null) this.say("nothing to redo");
    else this.send({ type: "redo" }, () => this.say(`done again: ${what}`));
  }

  run(): void {
    this.send({ type: "run" }, () => this.say("started: its view stands below"));
  }

  private send(
    message: Record<string, unknown>,
    done: (id: number) => void,
    refused = (text: string) => {
      this.failed.value = text;
    },
  ): void {
    this.failed.value = "";
    this.seq += 1;
    this.waiting.set(this.seq, { done, refused });
    this.line.send({ ...message, seq: this.seq });
  }
}
