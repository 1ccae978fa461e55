/** The code that the plan stands for, always in sight; a click on a line chooses what it is of. */

import { h } from "../core/dom";
import { messageOf } from "../core/format";
import { disposeAll } from "../core/signal";
import { visible } from "../core/visible";
import { copyText } from "../views/clipboard";
import { button } from "./button";
import type { Desk } from "./desk";
import type { Part } from "./palette";
import { reveal } from "./reveal";
import { find } from "./state";

const TOKEN =
  /(?<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|(?<comment>#.*)|(?<word>[A-Za-z_]\w*)|(?<number>\d[\d_.]*)|[^\w'"#]+|./gu;
const KEYWORDS = new Set(
  "from import None True False lambda for in if else not and or is continue_with exceptionally finally_do send set with_initial inline pause_here in_parallel".split(
    " ",
  ),
);

export function mountCode(desk: Desk, say: (text: string) => void): Part {
  const code = h("code");
  const pre = h("pre", { tabindex: 0, "aria-label": "the code of the pipeline" }, code);
  const copy = button("copy", "Copy", async () => {
    const text = desk.shown.value.code.map(([line]) => line).join("\n");
    try {
      await copyText(text);
      say("copied");
    } catch (error) {
      say(`not copied: ${messageOf(error)}`);
    }
  });
  const element = h(
    "div",
    { class: "ipb-code" },
    h("div", { class: "ipb-code-head" }, h("h3", { text: "Code" }), copy),
    pre,
  );

  function draw(): void {
    const lines = desk.shown.value.code.map(([text, id]) => {
      const line = h("span", { class: "ipb-line", click: () => desk.choose(id) }, ...tokens(text));
      line.dataset.of = String(id);
      return line;
    });
    code.replaceChildren(...lines);
    light();
  }

  function light(): void {
    const lines = [...code.children] as HTMLElement[];
    let chosen = desk.chosen.value;
    // A short branch is one line: then that is where its steps are.
    while (chosen !== 0 && !lines.some((line) => line.dataset.of === String(chosen))) {
      chosen = find(desk.plan, chosen)?.holder ?? 0;
    }
    for (const line of lines) line.classList.toggle("ipb-lit", chosen !== 0 && line.dataset.of === String(chosen));
    const lit = code.querySelector<HTMLElement>(".ipb-lit");
    if (lit !== null) reveal(lit, pre);
  }

  draw();
  return { element, dispose: disposeAll(desk.shown.on(draw), desk.chosen.on(light)) };
}

/** Pieces of a line; put together they are the line. */
export function tokens(line: string): (HTMLElement | string)[] {
  const found: (HTMLElement | string)[] = [];
  for (const { 0: text, groups } of line.matchAll(TOKEN)) {
    const kind = groups?.text
      ? "text"
      : groups?.comment
        ? "comment"
        : groups?.number
          ? "number"
          : groups?.word && KEYWORDS.has(groups.word)
            ? "word"
            : "";
    found.push(kind === "" ? visible(text) : h("span", { class: `ipb-${kind}`, text }));
  }
  return found;
}
