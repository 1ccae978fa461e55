/** Pieces of the detail pane. */

import { h, setText } from "../core/dom";
import { duration, plain } from "../core/format";
import { glyph } from "../core/icons";
import type { AttemptDetail, TaskDetail } from "../core/protocol";

export const section = (name: string, ...children: (HTMLElement | null)[]): HTMLElement =>
  h("section", { class: "ipf-detail-section" }, h("h5", { text: name }), ...children);

export function copyButton(text: string, label: string): HTMLButtonElement {
  const word = h("span", { text: "Copy" });
  const button = h(
    "button",
    {
      type: "button",
      class: "ipf-button ipf-small ipf-copy",
      "aria-label": label,
      title: label,
      click: () => {
        copy(text)
          .then(() => setText(word, "Copied"))
          .catch(() => setText(word, "Select and press Ctrl+C"));
        setTimeout(() => setText(word, "Copy"), 1500);
      },
    },
    glyph("copy"),
    word,
  );
  return button;
}

async function copy(text: string): Promise<void> {
  // Missing where the page is not served from a safe origin.
  if (navigator.clipboard === undefined) throw new Error("no clipboard");
  await navigator.clipboard.writeText(text);
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
        text: plain(text),
      }),
    ),
  );
}

export function attemptList(attempts: readonly AttemptDetail[]): HTMLElement {
  return h(
    "ol",
    { class: "ipf-attempts" },
    ...attempts.map((one) => {
      const length = one.started === null || one.ended === null ? "" : duration(one.ended - one.started);
      const line = h(
        "div",
        { class: "ipf-attempt" },
        h("span", { text: `Try ${one.number}` }),
        h("span", { class: "ipf-quiet", text: [one.worker, length].filter(Boolean).join(" · ") }),
        one.type ? h("span", { class: "ipf-error", text: one.text ? `${one.type}: ${one.text}` : one.type }) : null,
      );
      if (!one.traceback) return h("li", {}, line);
      return h(
        "li",
        {},
        h(
          "details",
          {},
          h("summary", {}, line),
          h("pre", { class: "ipf-pre ipf-traceback", text: plain(one.traceback) }),
        ),
      );
    }),
  );
}
