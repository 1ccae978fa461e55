/** The names at the left of the timeline: only those in sight exist, and they are kept while they stay in sight. */

import { h, setAttr, setText } from "../../core/dom";
import { branchWord, callText, caption, count, duration, plural, spoken, withSeen } from "../../core/format";
import { setRole, setStateIcon, stateIcon } from "../../core/icons";
import { placeOf } from "../../core/places";
import type { Lane } from "../../core/protocol";
import { isContainer, isQuiet, roleWord, rowRole } from "../../core/roles";
import { present, word } from "../../core/status";
import { HEIGHT, type Row } from "./rows";

export class Labels {
  readonly element = h("div", { class: "ipf-labels" });
  private readonly shown = new Map<string, HTMLElement>();

  constructor(private readonly prefix: string) {}

  idOf(key: string): string {
    return `${this.prefix}-${key.replace(/[^\w-]/g, "_")}`;
  }

  draw(rows: readonly Row[], tops: readonly number[], first: number, last: number, now: number, mark: Marks): void {
    const wanted = new Set<string>();
    for (let i = first; i <= last; i++) {
      const row = rows[i];
      if (row === undefined) continue;
      wanted.add(row.key);
      let label = this.shown.get(row.key);
      if (label === undefined) {
        label = make(row);
        label.id = this.idOf(row.key);
        label.dataset.key = row.key;
        this.shown.set(row.key, label);
        this.element.append(label);
      }
      const top = `${tops[i] ?? 0}px`;
      if (label.style.top !== top) label.style.top = top;
      if (row.kind !== "section") {
        setAttr(label, "aria-posinset", String(i + 1));
        setAttr(label, "aria-setsize", String(rows.length));
        setAttr(label, "aria-selected", String(row.key === mark.selected));
      }
      label.classList.toggle("ipf-on", row.key === mark.hovered);
      label.classList.toggle("ipf-focus", row.key === mark.focused);
      update(label, row, now);
    }
    for (const [key, label] of this.shown) {
      if (wanted.has(key)) continue;
      label.remove();
      this.shown.delete(key);
    }
  }
}

export interface Marks {
  hovered: string | null;
  selected: string | null;
  focused: string | null;
}

function make(row: Row): HTMLElement {
  const place = row.kind === "section" ? { role: "presentation" } : { role: "treeitem", "aria-level": 1 };
  const label = h("div", { class: `ipf-label ipf-label-${row.kind}`, ...place });
  label.style.height = `${HEIGHT[row.kind]}px`;
  if (row.kind === "task") {
    label.append(
      h("span", { class: "ipf-branch" }),
      " ",
      stateIcon(row.task.state),
      h("span", { class: "ipf-role" }),
      " ",
      h("span", { class: "ipf-name" }),
      h("span", { class: "ipf-args" }),
      " ",
      h("span", { class: "ipf-module" }),
    );
  } else if (row.kind === "worker") {
    label.append(h("span", { class: "ipf-name" }), " ", h("span", { class: "ipf-module" }));
  } else if (row.kind === "lane") {
    label.append(
      h("div", { class: "ipf-lane-head" }, h("span", { class: "ipf-name" }), " ", h("span", { class: "ipf-module" })),
      " ",
      h("div", { class: "ipf-lane-facts" }),
      " ",
      h("div", { class: "ipf-lane-counts" }),
    );
  } else {
    label.append(h("span", { class: "ipf-section" }));
  }
  return label;
}

function update(label: HTMLElement, row: Row, now: number): void {
  const part = (name: string) => label.querySelector(`.ipf-${name}`) ?? label;
  if (row.kind === "task") {
    const { task, depth, head } = row;
    const icon = label.querySelector<SVGElement>(".ipf-icon");
    if (icon !== null) setStateIcon(icon, task.state);
    const number = head && task.branch != null ? count(task.branch) : "";
    const branch = label.querySelector<HTMLElement>(".ipf-branch");
    if (branch !== null) {
      branch.hidden = task.branch == null;
      setText(branch, number);
      setAttr(branch, "title", task.branch == null ? null : branchWord(task.branch));
    }
    const role = label.querySelector<HTMLElement>(".ipf-role");
    const shown = rowRole(task);
    if (role !== null) setRole(role, shown);
    label.classList.toggle("ipf-dim", isQuiet(task));
    label.classList.toggle("ipf-whole", isContainer(task));
    label.style.paddingLeft = `calc(10px + ${Math.min(depth, 8)} * var(--ipf-step))`;
    setAttr(label, "aria-level", String(depth + 1));
    setText(part("name"), task.name);
    setText(part("args"), callText(task));
    setText(part("module"), caption(task));
    const seen = [number, shown && roleWord(shown), task.name + callText(task), caption(task)];
    setAttr(label, "aria-label", withSeen(spoken(task, task.ended ?? Math.round(now)), seen));
  } else if (row.kind === "worker") {
    const { name, host } = placeOf(row.worker);
    setText(part("name"), name);
    const beside = [host, plural(row.tasks, "task")].filter(Boolean).join(" · ");
    setText(part("module"), beside);
    setAttr(label, "aria-label", withSeen(`worker ${row.worker}, ${plural(row.tasks, "task")}`, [name, beside]));
  } else if (row.kind === "lane") {
    setText(part("name"), row.lane.name);
    setText(part("module"), row.lane.module);
    const median = row.lane.median === null ? "" : ` · median ${duration(row.lane.median)}`;
    const facts = `×${count(row.lane.count)}${median}`;
    setText(part("lane-facts"), facts);
    drawCounts(part("lane-counts"), row.lane);
    const counts = present(row.lane.counts).map(([, n]) => count(n));
    setAttr(label, "aria-label", withSeen(laneSpoken(row.lane), [row.lane.name, row.lane.module, facts, ...counts]));
  } else {
    setText(part("section"), row.text);
  }
}

function drawCounts(element: Element, lane: Lane): void {
  const states = present(lane.counts);
  const key = JSON.stringify(states);
  if ((element as HTMLElement).dataset.key === key) return;
  (element as HTMLElement).dataset.key = key;
  element.replaceChildren(
    ...states.map(([state, n]) =>
      h("span", { class: "ipf-count", title: word(state) }, stateIcon(state), count(n), " "),
    ),
  );
}

export const laneSpoken = (lane: Lane): string =>
  `${lane.name}, ${plural(lane.count, "task")}: ${present(lane.counts)
    .map(([state, n]) => `${count(n)} ${word(state)}`)
    .join(", ")}`;
