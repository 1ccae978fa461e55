/** The place above the tabs for what waits for a person: questions, with their forms, and the events that workflows wait for. */

import { h, setAttr, setText } from "../core/dom";
import { oneLine, plural } from "../core/format";
import type { OpenPrompt } from "../core/protocol";
import { disposeAll } from "../core/signal";
import type { RunStore } from "../core/store";
import type { UiState } from "../core/ui-state";
import { type Wait, WaitRow } from "./awaited";
import { PromptCard } from "./prompt-card";

/** More than so many of a kind stand behind a line that says how many. */
const SHOWN = 3;

export function mountPrompts(element: HTMLElement, store: RunStore, ui: UiState): () => void {
  const label = h("h2", { class: "ipf-prompts-name", "aria-live": "polite" });
  const list = h("ul", { class: "ipf-prompts-list" });
  const more = h("p", { class: "ipf-quiet ipf-prompts-more" });
  const root = h("section", { class: "ipf-prompts", role: "region" }, label, list, more);
  element.append(root);
  const cards = new Map<string, PromptCard>();
  const rows = new Map<string, WaitRow>();

  // Out of sight while the past is on show: what was typed into them stays.
  const questions = (): OpenPrompt[] => store.present.run.prompts ?? [];
  const waits = (): Wait[] =>
    store.run.closed !== null
      ? []
      : store.workflows.flatMap((flow) => flow.awaited.map((one) => ({ ...one, flow: flow.name })));

  function draw(): void {
    const [asked, awaited] = [questions(), waits()];
    const seen = store.replaying ? 0 : asked.length;
    const focused = root.contains(document.activeElement);
    root.hidden = seen + awaited.length === 0;
    const name = nameOf(seen, awaited.length);
    setText(label, name);
    // Of several runs on a page each has such a place.
    setAttr(root, "aria-label", `${name}: ${store.run.name}, run ${store.run.id}`);
    drawCards(asked.slice(0, SHOWN));
    drawWaits(awaited.slice(0, SHOWN));
    const rest = Math.max(0, seen - SHOWN);
    const steps = Math.max(0, awaited.length - SHOWN);
    more.hidden = rest + steps === 0;
    setText(
      more,
      `and ${[rest && plural(rest, "more question"), steps && plural(steps, "more step")].filter(Boolean).join(", ")}`,
    );
    if (focused) keepFocus();
    tick();
  }

  /** What had the keyboard has gone: on with the next, else with the tabs. */
  function keepFocus(): void {
    const at = document.activeElement;
    if (root.contains(at) && at?.closest("[hidden]") === null) return;
    const next = [...(store.replaying ? [] : cards.values()), ...rows.values()].find((one) => one.focus());
    if (next === undefined) root.closest(".ipf")?.querySelector<HTMLElement>("[role=tab][tabindex='0']")?.focus();
  }

  function drawCards(shown: OpenPrompt[]): void {
    const before = cards.size;
    keepOnly(cards, new Set(shown.map(cardKey)), (card) => card.dispose());
    if (cards.size < before) for (const card of cards.values()) card.moved();
    shown.forEach((prompt, place) => {
      const key = cardKey(prompt);
      let card = cards.get(key);
      if (card === undefined) {
        card = new PromptCard(prompt, {
          where: `${oneLine(prompt.name, 40)} #${prompt.task}`,
          send: (action, values) => store.answer({ task: prompt.task, action, values }),
          open: () => show(prompt.task),
        });
        cards.set(key, card);
        list.insertBefore(card.element, list.children[place] ?? null);
      }
      card.element.hidden = store.replaying;
      card.draw(store.heard ? "" : "Nobody has answered yet; the kernel that would hear it is not there.");
    });
  }

  function drawWaits(shown: Wait[]): void {
    keepOnly(rows, new Set(shown.map(keyOf)), (row) => row.dispose());
    for (const wait of shown) {
      const key = keyOf(wait);
      let row = rows.get(key);
      if (row === undefined) {
        row = new WaitRow(wait, store, () => show(wait.task));
        rows.set(key, row);
        list.append(row.element);
      }
      row.draw(store.steers);
    }
  }

  function show(task: number): void {
    ui.folded.value = false;
    ui.selection.value = { task };
  }

  function tick(): void {
    const now = store.now();
    for (const one of [...cards.values(), ...rows.values()]) one.tick(now);
  }

  const ticking = setInterval(() => store.live && !root.hidden && tick(), 500);
  draw();
  return disposeAll(
    store.onChange(draw),
    store.onRefused(({ task, errors }) => {
      for (const card of cards.values()) if (card.prompt.task === task) card.refuse(errors);
      for (const row of rows.values()) if (row.wait.task === task) row.refuse(errors);
    }),
    () => {
      clearInterval(ticking);
      for (const one of [...cards.values(), ...rows.values()]) one.dispose();
      root.remove();
    },
  );
}

function nameOf(questions: number, waits: number): string {
  if (questions === 1) return "A question waits for your answer";
  if (questions > 1) return `${questions} questions wait for your answers`;
  return waits === 1 ? "Waits for an answer from outside" : "Wait for answers from outside";
}

function keepOnly<T>(shown: Map<string, T>, keys: ReadonlySet<string>, drop: (one: T) => void): void {
  for (const [key, one] of shown) {
    if (keys.has(key)) continue;
    drop(one);
    shown.delete(key);
  }
}

/** Asked again, as by a retry, it is another question. */
const cardKey = ({ task, since }: OpenPrompt): string => `${task} ${since}`;

const keyOf = (wait: Wait): string => JSON.stringify([wait.flow, wait.task, wait.step, wait.type, wait.text]);
