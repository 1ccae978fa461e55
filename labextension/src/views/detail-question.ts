/** In the pane about a prompt: what it asked, and what the answer was. */

import { h } from "../core/dom";
import type { TaskDetail, TaskRow } from "../core/protocol";
import { type Parts, section } from "./detail-parts";

export function drawQuestion(parts: Parts, task: TaskRow | undefined, detail: TaskDetail | undefined): void {
  const question = detail?.question ?? null;
  const text = question?.text ?? (task?.role === "prompt" ? task.args : "");
  parts.put("question", [question, text], () => {
    if (text === "") return null;
    const by = question === null || question.action === "" ? "" : `${question.action}, ${question.by}`;
    return section(
      question?.title ? `Question · ${question.title}` : "Question",
      h("p", { class: "ipf-asked", text }),
      by === "" ? null : h("p", { class: "ipf-note", text: by }),
    );
  });
}
