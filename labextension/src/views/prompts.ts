/** The place above the tabs for what waits for a person: today the events that workflows wait for from outside. */

import { h, s, setText } from "../core/dom";
import { duration, oneLine, plural } from "../core/format";
import { MARKS } from "../core/icons";
import type { Awaited } from "../core/protocol";
import { disposeAll } from "../core/signal";
import type { RunStore } from "../core/store";
import type { UiState } from "../core/ui-state";

/** More than so many stand behind a line that says how many. */
const SHOWN = 3;
let places = 0;

interface Wait extends Awaited {
  flow: string;
}

export function mountPrompts(element: HTMLElement, store: RunStore, ui: UiState): () => void {
  places += 1;
  const label = h("h2", { class: "ipf-prompts-name", id: `ipf-prompts-${places}` });
  const list = h("ul", { class: "ipf-prompts-list" });
  const more = h("p", { class: "ipf-quiet ipf-prompts-more" });
  const root = h("section", { class: "ipf-prompts", role: "region", "aria-labelledby": label.id }, label, list, more);
  element.append(root);
  const rows = new Map<string, { row: HTMLElement; since: HTMLElement }>();

  const waits = (): Wait[] =>
    store.run.closed !== null
      ? []
      : store.workflows.flatMap((flow) => flow.awaited.map((one) => ({ ...one, flow: flow.name })));

  function draw(): void {
    const all = waits();
    const shown = all.slice(0, SHOWN);
    const focused = root.contains(document.activeElement);
    root.hidden = all.length === 0;
    setText(label, all.length === 1 ? "Waits for an answer from outside" : "Wait for answers from outside");
    const keys = new Set(shown.map(keyOf));
    for (const [key, { row }] of rows) {
      if (keys.has(key)) continue;
      row.remove();
      rows.delete(key);
    }
    for (const wait of shown) {
      const key = keyOf(wait);
      if (rows.has(key)) continue;
      const made = makeRow(wait);
      rows.set(key, made);
      list.append(made.row);
    }
    more.hidden = all.length <= SHOWN;
    setText(more, `and ${plural(all.length - SHOWN, "more step")}`);
    if (focused && !root.contains(document.activeElement)) {
      root.closest(".ipf")?.querySelector<HTMLElement>("[role=tab][tabindex='0']")?.focus();
    }
    tick();
  }

  function makeRow(wait: Wait): { row: HTMLElement; since: HTMLElement } {
    const since = h("span", { class: "ipf-quiet ipf-prompt-since" });
    const what = wait.text === "" ? wait.type : `${wait.type}(${oneLine(wait.text, 120)})`;
    const row = h(
      "li",
      { class: "ipf-prompt" },
      h(
        "span",
        { class: "ipf-prompt-text" },
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
        click: () => {
          ui.folded.value = false;
          ui.selection.value = { task: wait.task };
        },
      }),
    );
    return { row, since };
  }

  function tick(): void {
    const now = store.now();
    for (const wait of waits().slice(0, SHOWN)) {
      const one = rows.get(keyOf(wait));
      if (one !== undefined) setText(one.since, `for ${whole(now - wait.since)}`);
    }
  }

  const ticking = setInterval(() => store.live && !root.hidden && tick(), 500);
  draw();
  return disposeAll(store.onChange(draw), () => {
    clearInterval(ticking);
    root.remove();
  });
}

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
