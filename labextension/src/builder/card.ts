/** A step as a card: what it is, its task with its arguments, its options, and what is wrong with it. */

import { h } from "../core/dom";
import { mark } from "./button";
import { type Block, type Problem, type Shown, type Step, type StepRole, unquoted } from "./state";

const ROLE_WORDS: [StepRole, string][] = [
  ["exceptionally", "if it fails"],
  ["finally", "in the end"],
];

export function card(step: Step, shown: Shown, at: number, of: number): HTMLElement {
  const look = shown.looks[step.id];
  const problems = shown.problems.filter((one) => one.id === step.id);
  const role = ROLE_WORDS.find(([one]) => one === step.role)?.[1] ?? "";
  const text = `${step.task || "choose a task"}${step.task === "" ? "" : `(${look?.text ?? ""})`}`;
  const call = h(
    "div",
    { class: "ipb-call" },
    h("b", { text: step.task || "choose a task" }),
    step.task === "" ? null : h("span", { text: `(${look?.text ?? ""})` }),
  );
  const element = h(
    "div",
    { class: "ipb-card" },
    role === ""
      ? null
      : h("div", { class: "ipb-role" }, mark(step.role === "finally" ? "finally" : "exceptionally"), role),
    call,
    badges(tags(step, look)),
    problemLine(problems),
  );
  element.dataset.role = step.role;
  if (step.task === "") element.dataset.empty = "yes";
  const wrong = problems[0] === undefined ? "" : `, ${problems[0].text}`;
  element.setAttribute("aria-label", `${role === "" ? "step" : role} ${at + 1} of ${of}: ${text}${wrong}`);
  element.title = text;
  return element;
}

function tags(step: Step, look: Shown["looks"][string] | undefined): string[] {
  const found = [];
  if (look?.with_state) found.push("state");
  if (look && !look.fruitful) found.push("hands nothing on");
  for (const [name, text] of Object.entries(step.options)) {
    if (name !== "with_state" && name !== "fruitful") found.push(`${name} ${unquoted(text)}`);
  }
  if (step.pauses) found.push("‖ then it pauses");
  return found;
}

/** What is said of a block besides its name. */
export function blockTags(block: Block): string[] {
  const {
    max_parallelism: most,
    num_stages: stages,
    fail_fast: fast,
    return_exceptions: caught,
    ordered,
    merge_state,
  } = block.options;
  const found = [];
  if (most !== undefined) found.push(`${most} at once`);
  if (stages !== undefined) found.push(`${stages} stages`);
  if (fast === "True") found.push("stops at a failure");
  if (caught === "True") found.push("keeps exceptions");
  if (ordered === "False") found.push("as they end");
  if (merge_state !== undefined) found.push(`merged by ${unquoted(merge_state)}`);
  if (block.pauses) found.push("‖ then it pauses");
  return found;
}

export function badges(words: string[]): HTMLElement | null {
  if (words.length === 0) return null;
  return h("div", { class: "ipb-badges" }, ...words.map((word) => h("span", { text: word })));
}

/** The first of what is wrong; the rest stand at their fields. */
export function problemLine(problems: Problem[]): HTMLElement | null {
  const first = problems.find((one) => !one.doubt) ?? problems[0];
  if (first === undefined) return null;
  const line = h(
    "div",
    { class: "ipb-problem" },
    h("span", { "aria-hidden": "true", text: first.doubt ? "△" : "▲" }),
    h("span", { text: first.text }),
  );
  line.dataset.doubt = first.doubt ? "yes" : "no";
  return line;
}
