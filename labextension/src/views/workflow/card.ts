/** The card beside the pointer over a step or an event type of a workflow's picture. */

import { h } from "../../core/dom";
import {
  FORM_WORD,
  flowEnded,
  inOrder,
  joinCount,
  joinNeeds,
  joinsOf,
  nodeOf,
  STANDING_WORD,
  standing,
  stepWords,
  unhandledOf,
} from "../../core/events";
import { oneLine, plural } from "../../core/format";
import { glyph } from "../../core/icons";
import type { RunStore } from "../../core/store";
import { childrenOf, flowOf } from "./chosen";
import { kindMark } from "./links";
import { withStrays } from "./strays";

/** Events that the card names. */
const FEW = 4;

export function placeCard(task: number, key: string, store: RunStore): HTMLElement[] | null {
  const flow = flowOf(store, task);
  const node = flow === null ? undefined : nodeOf(withStrays(flow), key);
  if (flow === null || node === undefined) return null;
  const ended = flowEnded(flow, store.tasks, store.run.closed);
  const why = (text: string) => h("div", { class: "ipf-card-why", text });
  const what = [node.kind, FORM_WORD[node.form]].filter(Boolean).join(" · ");
  const parts: HTMLElement[] = [
    h(
      "div",
      { class: "ipf-card-head" },
      kindMark(node.kind),
      h("b", { text: node.name }),
      h("span", { class: "ipf-quiet", text: what }),
    ),
  ];
  if (node.kind === "step") {
    const workers = node.workers === null ? "" : plural(node.workers, "worker");
    parts.push(why(stepWords(flow, node, ended).join(" · ") || workers));
    for (const { type } of ended ? [] : flow.awaited.filter((one) => one.step === node.name)) {
      parts.push(why(`waits for ${type}`));
    }
    for (const join of joinsOf(flow, node.name).filter((one) => one.have > 0)) {
      const lead = ["join", join.join].filter(Boolean).join(" ");
      parts.push(why(`${lead}: ${[joinCount(join), joinNeeds(join)].filter(Boolean).join(" · ")}`));
    }
    const below = childrenOf(flow, store).get(node.name) ?? [];
    if (below.length > 0) parts.push(why(`runs ${below.join(", ")}`));
    return parts;
  }
  const sent = flow.sent[node.name] ?? 0;
  const lost = unhandledOf(flow, node.name);
  parts.push(why(sent === 0 ? "none has been sent" : `${plural(sent, "event")} sent`));
  if (lost > 0)
    parts.push(h("div", { class: "ipf-card-why ipf-warned" }, glyph("note"), `${lost} unhandled: no step takes it`));
  const events = inOrder(
    flow.events.filter((event) => event.type === node.name),
    flow,
  );
  for (const event of events.slice(0, FEW)) {
    const at = STANDING_WORD[standing(event, flow)];
    parts.push(
      h("code", {
        class: "ipf-card-value",
        text: `${event.id < 0 ? "" : `#${event.id} `}${oneLine(event.text, 70)} · ${at}`,
      }),
    );
  }
  if (events.length > FEW) parts.push(why(`and ${sent - FEW} more: click to see them`));
  return parts;
}
