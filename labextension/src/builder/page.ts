/** The whole page: head, palette, picture, properties, code. */

import { h, setAttr, setText } from "../core/dom";
import { disposeAll } from "../core/signal";
import { toCell } from "../views/to-cell";
import { button } from "./button";
import { mountCode } from "./code";
import type { Desk } from "./desk";
import { mountKeys } from "./keys";
import { mountPalette } from "./palette";
import { mountPicture } from "./picture";
import { mountProperties } from "./properties";

export function mountPage(el: HTMLElement, desk: Desk): () => void {
  const root = h("section", { class: "ipf ipb", "aria-label": "pipeline builder" });
  const name = h("input", {
    class: "ipb-name",
    type: "text",
    "aria-label": "name of the pipeline",
    spellcheck: "false",
    autocomplete: "off",
  });
  const state = h("button", { class: "ipb-state", type: "button", click: showProblem });
  const said = h("span", { class: "ipb-said", role: "status", "aria-live": "polite" });
  const undo = button("undo", "Undo", () => desk.undo(), true);
  const redo = button("redo", "Redo", () => desk.redo(), true);
  const write = button("cell", "Write to a cell", async () => desk.say(await toCell(root, code(), false)));
  const run = button("run", "Run", () => desk.run());
  run.classList.add("ipb-primary");
  const head = h(
    "header",
    { class: "ipb-head" },
    name,
    state,
    said,
    h("span", { class: "ipb-space" }),
    undo,
    redo,
    write,
    run,
  );
  const palette = mountPalette(desk);
  const picture = mountPicture(desk);
  const properties = mountProperties(desk);
  const below = mountCode(desk, (text) => desk.say(text));
  const why = h("span");
  const failed = h(
    "div",
    { class: "ipb-failed", role: "alert" },
    h("span", { "aria-hidden": "true", text: "▲" }),
    why,
    button("close", "Close", () => (desk.failed.value = ""), true),
  );
  failed.hidden = true;
  const body = h("div", { class: "ipb-body" }, palette.element, picture.element, properties.element);
  root.append(head, failed, body, below.element);

  function code(): string {
    return desk.shown.value.code.map(([text]) => text).join("\n");
  }

  function showProblem(): void {
    const { problems } = desk.shown.value;
    const next = problems.find((one) => !one.doubt) ?? problems[0];
    if (next === undefined) return;
    desk.choose(next.id);
    properties.focusField(next.field);
  }

  function draw(): void {
    const { plan, problems, undo: undoes, redo: redoes, ready } = desk.shown.value;
    if (document.activeElement !== name) name.value = plan.name;
    name.style.width = `${Math.min(26, Math.max(6, plan.name.length)) + 2.5}ch`;
    setAttr(name, "aria-invalid", problems.some((one) => one.field === "name" && !one.doubt) ? "true" : null);
    const wrong = problems.filter((one) => !one.doubt).length;
    const doubts = problems.length - wrong;
    const empty = plan.entries.length === 0;
    state.dataset.is = empty ? "empty" : wrong > 0 ? "wrong" : doubts > 0 ? "doubt" : "ready";
    setText(
      state,
      empty ? "empty" : wrong > 0 ? `▲ ${wrong} to mend` : doubts > 0 ? `△ ${doubts} to look at` : "✓ ready to run",
    );
    state.title = problems.map((one) => one.text).join("\n");
    off(undo, undoes === null, undoes === null ? "nothing to undo" : `Undo: ${undoes} (Ctrl+Z)`);
    off(redo, redoes === null, redoes === null ? "nothing to redo" : `Redo: ${redoes} (Ctrl+Shift+Z)`);
    off(run, !ready, ready ? "Submit it and show the run below" : (problems.find((one) => !one.doubt)?.text ?? ""));
    off(write, empty, empty ? "there is no code yet" : "Put the code into a new cell below");
  }

  name.addEventListener("input", () => desk.edit({ do: "name", text: name.value }, { merge: "name", stay: true }));
  name.addEventListener("blur", draw);
  el.append(root);
  draw();
  return disposeAll(
    desk.shown.on(draw),
    desk.said.on((text) => {
      setText(said, text);
      said.title = text;
    }),
    desk.failed.on((text) => {
      setText(why, text);
      failed.hidden = text === "";
    }),
    mountKeys(root, desk, picture, properties),
    palette.dispose,
    picture.dispose,
    properties.dispose,
    below.dispose,
    () => root.remove(),
  );
}

/** Off, but still there for a keyboard, and able to say why. */
function off(one: HTMLButtonElement, is: boolean, title: string): void {
  setAttr(one, "aria-disabled", is ? "true" : null);
  one.title = title;
}
