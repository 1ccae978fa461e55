/** Pieces of the detail pane. */

import { h, setText } from "../core/dom";
import { callText, duration, outcome, title } from "../core/format";
import { glyph, stateIcon } from "../core/icons";
import { legible } from "../core/log";
import type { AttemptDetail, Revision, TaskDetail, TaskRow } from "../core/protocol";
import { codeOf } from "../core/revised";
import { isQuiet } from "../core/roles";
import { isFailure } from "../core/status";
import type { UiState } from "../core/ui-state";
import { copyText } from "./clipboard";

/** Parts that are built again only when what they show has changed: a selection in the traceback survives. */
export class Parts {
  private readonly slots = new Map<string, { element: HTMLElement; key: string }>();

  constructor(private readonly root: HTMLElement) {}

  put(name: string, key: unknown, build: () => HTMLElement | null): void {
    const text = JSON.stringify(key) ?? "";
    let slot = this.slots.get(name);
    if (slot === undefined) {
      slot = { element: h("div", { class: `ipf-part ipf-part-${name}` }), key: "\0" };
      this.slots.set(name, slot);
      this.root.append(slot.element);
    }
    if (slot.key === text) return;
    slot.key = text;
    const focused = document.activeElement;
    const inside = slot.element.contains(focused);
    const built = build();
    slot.element.replaceChildren(...(built === null ? [] : [built]));
    slot.element.hidden = built === null;
    if (!inside) return;
    // A button that was only moved has it again; else the first that is there now.
    const first = slot.element.querySelector<HTMLElement>("button:not([hidden]), summary");
    const heir = focused instanceof HTMLElement && slot.element.contains(focused) ? focused : first;
    (heir ?? this.root.closest<HTMLElement>(".ipf-detail"))?.focus();
  }
}

export const section = (name: string, ...children: (HTMLElement | null)[]): HTMLElement =>
  h("section", { class: "ipf-detail-section" }, h("h3", { text: name }), ...children);

export function copyButton(text: string, label: string): HTMLButtonElement {
  const word = h("span", { text: "Copy" });
  return h(
    "button",
    {
      type: "button",
      class: "ipf-button ipf-small ipf-copy",
      "aria-label": label,
      title: label,
      click: () => {
        copyText(text)
          .then(() => setText(word, "Copied"))
          .catch(() => setText(word, "Select and press Ctrl+C"));
        setTimeout(() => setText(word, "Copy"), 1500);
      },
    },
    glyph("copy"),
    word,
  );
}

/**
 * A rich result, such as a data frame, in a frame of its own: without scripts, forms, links to this page or network,
 * since the value may hold anybody's text.
 */
export function richFrame(html: string): HTMLIFrameElement {
  const policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:";
  const style =
    "body{margin:6px;font:12px/1.45 system-ui,sans-serif;color:#1b1b1b;background:#fff}table{border-collapse:collapse}" +
    "td,th{padding:2px 8px;text-align:right;border-bottom:1px solid #e4e4e4}th{font-weight:600}";
  const frame = h("iframe", { class: "ipf-rich", sandbox: "", title: "Result", referrerpolicy: "no-referrer" });
  frame.srcdoc = `<!doctype html><meta http-equiv="Content-Security-Policy" content="${policy}"><style>${style}</style>${html}`;
  return frame;
}

export function outputText(output: TaskDetail["output"]): HTMLElement {
  return h(
    "pre",
    { class: "ipf-pre ipf-output" },
    ...output.map(([time, stream, text]) =>
      h("span", {
        class: stream === "stderr" ? "ipf-stderr" : "",
        title: `+${duration(time)} ${stream}`,
        text: `${legible(text)}${text.endsWith("\n") ? "\n" : ""}`,
      }),
    ),
  );
}

export function attemptList(attempts: readonly AttemptDetail[], revisions: readonly Revision[] = []): HTMLElement {
  return h(
    "ol",
    { class: "ipf-attempts" },
    ...attempts.map((one) => {
      const length = one.started === null || one.ended === null ? "" : duration(one.ended - one.started);
      const line = h(
        "div",
        { class: "ipf-attempt" },
        h("span", { text: `Try ${one.number}` }),
        codeTag(codeOf(one.number, revisions)),
        h("span", { class: "ipf-quiet", text: [one.worker, length].filter(Boolean).join(" · ") }),
        howItEnded(one),
      );
      if (!one.traceback) return h("li", {}, line);
      return h(
        "li",
        {},
        h(
          "details",
          {},
          h("summary", {}, line),
          h("pre", { class: "ipf-pre ipf-traceback", text: legible(one.traceback) }),
        ),
      );
    }),
  );
}

/** What a try failed with; a call that recurs ends with `None` until it gives something else. */
function howItEnded({ type, text }: AttemptDetail): HTMLElement | null {
  if (type === "") return null;
  if (type === "NoneType") return h("span", { class: "ipf-quiet", text: "gave None, so it ran again" });
  return h("span", { class: "ipf-error", text: text ? `${type}: ${text}` : type });
}

/** Which code a try ran; the pencil stands for what was changed, not for what was there before. */
function codeTag(word: ReturnType<typeof codeOf>): HTMLElement | null {
  if (word === "") return null;
  const old = word === "old code";
  return h(
    "span",
    { class: `ipf-code-tag ${old ? "ipf-quiet" : "ipf-edited"}` },
    old ? null : glyph("edited"),
    h("span", { text: word }),
  );
}

/** `null` is a state that is not known here. */
export function taskLink(ui: UiState, id: number, name: string, state: TaskRow["state"] | null): HTMLElement {
  return h(
    "button",
    { type: "button", class: "ipf-link", click: () => (ui.selection.value = { task: id }) },
    state === null ? null : stateIcon(state, true),
    h("span", { text: title({ name, id }) }),
  );
}

export function stackLine(
  ui: UiState,
  row: TaskRow | number,
  name: string,
  said = typeof row === "number" ? "" : outcome(row),
): HTMLElement {
  const id = typeof row === "number" ? row : row.id;
  return h(
    "button",
    {
      type: "button",
      class: `ipf-stack-line ${typeof row !== "number" && isQuiet(row) ? "ipf-dim" : ""}`,
      click: () => (ui.selection.value = { task: id }),
    },
    typeof row === "number" ? null : stateIcon(row.state, true),
    h("span", { class: "ipf-name", text: title({ name, id }) }),
    h("span", { class: "ipf-args", text: typeof row === "number" ? "" : callText(row) }),
    h("span", { class: typeof row !== "number" && isFailure(row.state) ? "ipf-error" : "ipf-quiet", text: said }),
  );
}
