/** The pane about a stack of equal tasks, as the graph draws them. */

import { h } from "../core/dom";
import { caption, count, plural } from "../core/format";
import { stateIcon } from "../core/icons";
import { present, word } from "../core/status";
import type { RunStore } from "../core/store";
import type { UiState } from "../core/ui-state";
import { Parts, section, stackLine } from "./detail-parts";
import { nodeCounts } from "./graph/look";

export function mountStack(root: HTMLElement, store: RunStore, ui: UiState, key: string): () => void {
  const parts = new Parts(root);
  function draw(): void {
    const node = store.graph?.nodes.find((one) => one.key === key);
    if (node === undefined) {
      parts.put("head", "gone", () => h("p", { class: "ipf-quiet", text: "These tasks are no longer drawn as one." }));
      return;
    }
    const counts = nodeCounts(node, store.tasks);
    parts.put("head", [node.name, node.module, node.count], () =>
      h(
        "div",
        {},
        h("div", { class: "ipf-quiet ipf-detail-module", text: caption(node) }),
        h(
          "h2",
          { class: "ipf-detail-title" },
          h("span", { text: node.name }),
          h("span", { class: "ipf-quiet", text: ` ×${count(node.count)}` }),
        ),
      ),
    );
    parts.put("counts", counts, () =>
      h(
        "div",
        { class: "ipf-card-counts" },
        ...present(counts).map(([state, n]) => h("span", {}, stateIcon(state), `${count(n)} ${word(state)}`)),
      ),
    );
    const rows = node.tasks.map((id) => store.tasks.get(id) ?? id);
    const keys = rows.map((row) => (typeof row === "number" ? row : [row.id, row.state, row.text]));
    parts.put("tasks", keys, () =>
      section(
        node.count > node.tasks.length
          ? `${node.tasks.length} of ${plural(node.count, "task")}`
          : plural(node.count, "task"),
        h("div", { class: "ipf-stack-list" }, ...rows.map((row) => stackLine(ui, row, node.name))),
      ),
    );
  }
  draw();
  return store.onChange(draw);
}
