/** The place above the tabs for what waits for a person: questions, with their forms, and the events that workflows wait for. */

import { h, s, setAttr, setText } from "../core/dom";
import { duration, oneLine, plural } from "../core/format";
import { MARKS } from "../core/icons";
import type { Awaited, OpenPrompt } from "../core/protocol";
import { disposeAll } from "../core/signal";
import type { RunStore } from "../core/store";
import type { UiState } from "../core/ui-state";
import { PromptCard } from "./prompt-card";

/** More than so many of a kind stand behind a line that says how many. */
const SHOWN = 3;

interface Wait extends Awaited {
  flow: string;
}

export function mountPrompts(element: HTMLElement, store: RunStore, ui: UiState): () => void {
  const label = h("h2", { class: "ipf-prompts-name", "aria-live": "polite" });
  const list = h("ul", { class: "ipf-prompts-list" });
  const more = h("p", { class: "ipf-quiet ipf-prompts-more" });
  const root = h("section", { class: "ipf-prompts", role: "region" }, label, list, more);
  element.append(root);
  const cards = new Map<string, PromptCard>();
  const rows = new Map<string, { row: HTMLElement; since: HTMLElement }>();

  const questions = (): OpenPrompt[] => (store.replaying ? [] : (store.run.prompts ?? []));
  const waits = (): Wait[] =>
    store.run.closed !== null
      ? []
      : store.workflows.flatMap((flow) => flow.awaited.map((one) => ({ ...one, flow: flow.name })));

  function draw(): void {
    const [asked, awaited] = [questions(), waits()];
    const focused = root.contains(document.activeElement);
    root.hidden = asked.length + awaited.length === 0;
    const name = nameOf(asked.length, awaited.length);
    setText(label, name);
    // Of several runs on a page each has such a place.
    setAttr(root, "aria-label", `${name}: ${store.run.name}, run ${store.run.id}`);
    drawCards(asked.slice(0, SHOWN));
    drawWaits(awaited.slice(0, SHOWN));
    const rest = Math.max(0, asked.length - SHOWN);
    const steps = Math.max(0, awaited.length - SHOWN);
    more.hidden = rest + steps === 0;
    setText(
      more,
      `and ${[rest && plural(rest, "more question"), steps && plural(steps, "more step")].filter(Boolean).join(", ")}`,
    );
    if (focused && !root.contains(document.activeElement)) {
      const next = cards.values().next().value;
      if (next !== undefined) next.focus();
      else root.closest(".ipf")?.querySelector<HTMLElement>("[role=tab][tabindex='0']")?.focus();
    }
    tick();
  }

  function drawCards(shown: OpenPrompt[]): void {
    keepOnly(cards, new Set(shown.map(cardKey)), (card) => card.dispose());
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
      card.draw(store.heard ? "" : "Nobody has answered yet; the kernel that would hear it is not there.");
    });
  }

  function drawWaits(shown: Wait[]): void {
    keepOnly(rows, new Set(shown.map(keyOf)), ({ row }) => row.remove());
    for (const wait of shown) {
      const key = keyOf(wait);
      if (rows.has(key)) continue;
      const made = makeRow(wait);
      rows.set(key, made);
      list.append(made.row);
    }
  }

  function show(task: number): void {
    ui.folded.value = false;
    ui.selection.value = { task };
  }

  function makeRow(wait: Wait): { row: HTMLElement; since: HTMLElement } {
    const since = h("span", { class: "ipf-quiet ipf-prompt-since" });
    const what = wait.text === "" ? wait.type : `${wait.type}(${oneLine(wait.text, 120)})`;
    const row = h(
      "li",
      { class: "ipf-awaited" },
      h(
        "span",
        { class: "ipf-awaited-text" },
        asks(),
        h("b", { text: wait.step }),
        " waits for ",
        h("code", { text: what }),
        " from outside",
      ),
      since,
      h("button", {
        type: "button",
        class: "ipf-button ipf-small",
        text: "Open the step",
        "aria-label": `Open the step ${wait.step} #${wait.task}`,
        click: () => show(wait.task),
      }),
    );
    return { row, since };
  }

  function tick(): void {
    const now = store.now();
    for (const card of cards.values()) card.tick(now);
    for (const wait of waits().slice(0, SHOWN)) {
      const one = rows.get(keyOf(wait));
      if (one !== undefined) setText(one.since, `for ${whole(now - wait.since)}`);
    }
  }

  const ticking = setInterval(() => store.live && !root.hidden && tick(), 500);
  draw();
  return disposeAll(
    store.onChange(draw),
    store.onRefused(({ task, errors }) => {
      for (const card of cards.values()) if (card.prompt.task === task) card.refuse(errors);
    }),
    () => {
      clearInterval(ticking);
      for (const card of cards.values()) card.dispose();
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

const whole = (seconds: number): string => {
  const s = Math.max(0, Math.floor(seconds));
  return s < 60 ? `${s} s` : duration(s);
};

/** The mark of an event that asks a person. */
const asks = (): SVGSVGElement =>
  s(
    "svg",
    { class: "ipf-glyph", viewBox: "0 0 12 12", width: 12, height: 12, "aria-hidden": "true" },
    s("path", { d: MARKS.ask, fill: "none" }),
  );

const keyOf = (wait: Wait): string => JSON.stringify([wait.flow, wait.task, wait.step, wait.type, wait.text]);
