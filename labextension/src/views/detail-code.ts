/** The section of the detail pane about code that was changed between two tries: what went and what came, line by line. */

import { h } from "../core/dom";
import { legible } from "../core/log";
import type { DiffLine, Revision, TaskDetail } from "../core/protocol";
import { type Parts, section } from "./detail-parts";

const WORDS: Record<string, string> = { "+": "added", "-": "removed" };
const LOOKS: Record<string, string> = { "+": "ipf-added", "-": "ipf-removed", "@": "ipf-left-out" };

export function drawCode(parts: Parts, detail: TaskDetail | undefined): void {
  const revisions = detail?.revisions ?? [];
  parts.put("code", revisions, () =>
    revisions.length === 0 ? null : section("Changed code", ...revisions.map(revisionBlock)),
  );
}

function revisionBlock([, attempt, remark, lines]: Revision): HTMLElement {
  const added = lines.filter(([mark]) => mark === "+").length;
  const removed = lines.filter(([mark]) => mark === "-").length;
  const counts = [added > 0 ? `+${added}` : "", removed > 0 ? `−${removed}` : ""].filter(Boolean).join(" ");
  return h(
    "div",
    { class: "ipf-revision" },
    h(
      "div",
      { class: "ipf-revision-head" },
      h("span", { text: `From try ${attempt} on` }),
      h("span", { class: "ipf-quiet", text: counts }),
    ),
    remark === "" ? null : h("p", { class: "ipf-note", text: remark }),
    lines.length === 0 ? null : diffBlock(lines),
  );
}

/** Lines that went and lines that came, with what is near to them; with a label they can be scrolled by keys. */
export const diffBlock = (lines: DiffLine[], label?: string): HTMLElement =>
  h(
    "pre",
    { class: "ipf-pre ipf-diff", ...(label === undefined ? {} : { tabindex: 0, role: "group", "aria-label": label }) },
    ...lines.map(diffLine),
  );

function diffLine([mark, text]: DiffLine): HTMLElement {
  const word = WORDS[mark];
  return h(
    "span",
    { class: `ipf-diff-line ${LOOKS[mark] ?? ""}` },
    word === undefined ? null : h("span", { class: "ipf-unseen", text: `${word}: ` }),
    h("span", { class: "ipf-diff-mark", "aria-hidden": "true", text: mark === "@" ? " " : mark === "-" ? "−" : mark }),
    h("span", { text: `${legible(text)}\n` }),
  );
}
