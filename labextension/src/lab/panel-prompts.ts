/** The questions of all runs of a kernel, above the list of runs: answered there as in the view of a run. */

import { h, setText } from "../core/dom";
import { plural } from "../core/format";
import type { AnswerPrompt, OpenPrompt } from "../core/protocol";
import { PromptCard } from "../views/prompt-card";
import type { ListedRun } from "./connection";

/** So many forms that were left half filled are kept. */
const DRAFTS = 20;

export interface Answerer {
  answer(run: ListedRun, message: AnswerPrompt, refused: (errors: Record<string, string>) => void): void;
  open(run: ListedRun): void;
}

export class PanelPrompts {
  readonly element: HTMLElement;
  private readonly label = h("h2", { class: "ipf-lab-head", "aria-live": "polite" });
  private readonly list = h("ul", { class: "ipf-prompts-list" });
  private readonly cards = new Map<string, { card: PromptCard; run: ListedRun }>();
  /** What stood in forms that went out of sight: another notebook came in front, or the line was away for a moment. */
  private readonly drafts = new Map<string, Record<string, unknown>>();

  constructor(private readonly answerer: Answerer) {
    this.element = h(
      "section",
      { class: "ipf-prompts ipf-lab-prompts", "aria-label": "Questions" },
      this.label,
      this.list,
    );
    this.element.hidden = true;
  }

  draw(runs: readonly ListedRun[]): void {
    const focused = this.element.contains(document.activeElement);
    const asked = runs.flatMap((run) => (run.prompts ?? []).map((prompt) => ({ run, prompt })));
    const before = this.cards.size;
    const keys = new Set(asked.map(({ run, prompt }) => keyOf(run, prompt)));
    for (const [key, { card }] of this.cards) {
      if (keys.has(key)) continue;
      if (!card.sent) this.drafts.set(key, card.values());
      card.dispose();
      this.cards.delete(key);
    }
    for (const key of [...this.drafts.keys()].slice(0, -DRAFTS)) this.drafts.delete(key);
    if (this.cards.size < before) for (const { card } of this.cards.values()) card.moved();
    asked.forEach(({ run, prompt }, place) => {
      const known = this.cards.get(keyOf(run, prompt));
      if (known !== undefined) known.run = run;
      else this.add(run, prompt, place);
    });
    this.element.hidden = asked.length === 0;
    setText(this.label, asked.length === 1 ? "A question waits" : `${plural(asked.length, "question")} wait`);
    if (focused && !this.element.contains(document.activeElement)) this.cards.values().next().value?.card.focus();
  }

  tick(since: number): void {
    for (const { card, run } of this.cards.values()) card.tick(run.elapsed + since);
  }

  dispose(): void {
    for (const { card } of this.cards.values()) card.dispose();
  }

  private add(run: ListedRun, prompt: OpenPrompt, place: number): void {
    const key = keyOf(run, prompt);
    const card = new PromptCard(prompt, {
      where: run.name,
      send: (action, values) => {
        const message: AnswerPrompt = { type: "answer_prompt", task: prompt.task, action, values };
        this.answerer.answer(run, message, (errors) => card.refuse(errors));
      },
      open: () => this.answerer.open(run),
      values: this.drafts.get(key),
    });
    this.drafts.delete(key);
    this.cards.set(key, { card, run });
    this.list.insertBefore(card.element, this.list.children[place] ?? null);
  }
}

/** Numbers of tasks are of the whole kernel; asked again, it is another question. */
const keyOf = (run: ListedRun, prompt: OpenPrompt): string => `${run.wall} ${prompt.task} ${prompt.since}`;
