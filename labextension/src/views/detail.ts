/** The pane about one task, or about a stack of equal tasks: all that can be known, and what can be done. */

import { h, setText } from "../core/dom";
import { caption, outcome, remarks, title } from "../core/format";
import { glyph, roleTag, stateIcon } from "../core/icons";
import { legible } from "../core/log";
import type { TaskDetail, TaskRow } from "../core/protocol";
import { isContainer, isPaused, PAUSED } from "../core/roles";
import { disposeAll } from "../core/signal";
import { isFailure, MEANING, PENDING, word } from "../core/status";
import type { RunStore } from "../core/store";
import type { UiState } from "../core/ui-state";
import { TaskAction } from "./actions";
import { DetailActions, showIn } from "./detail-actions";
import { drawCode } from "./detail-code";
import { attemptList, copyButton, outputText, Parts, richFrame, section, taskLink } from "./detail-parts";
import { drawBelow, drawState, drawTurn, placeLine } from "./detail-pipeline";
import { drawQuestion } from "./detail-question";
import { drawSource } from "./detail-source";
import { mountStack } from "./detail-stack";
import { factList, taskFacts } from "./facts";
import { PauseButton } from "./pause";
import { RetryBelow } from "./retry-below";
import { mountEvent } from "./workflow/event-pane";
import { mountPlace } from "./workflow/place-pane";
import { drawTaskEvents } from "./workflow/task-events";

export function mountDetail(element: HTMLElement, store: RunStore, ui: UiState): () => void {
  const selection = ui.selection.value;
  const close = h(
    "button",
    {
      type: "button",
      class: "ipf-tool ipf-close",
      "aria-label": "Close the details",
      title: "Close (Esc)",
      click: () => (ui.selection.value = null),
    },
    glyph("close"),
  );
  const root = h("div", { class: "ipf-detail-inner" }, close);
  element.append(root);
  let unmount: () => void = () => undefined;
  if (selection !== null && "task" in selection) unmount = mountTask(root, store, ui, selection.task);
  else if (selection !== null && "node" in selection) unmount = mountStack(root, store, ui, selection.node);
  else if (selection !== null && "event" in selection) {
    unmount = mountEvent(root, store, ui, selection.flow, selection.event);
  } else if (selection !== null) unmount = mountPlace(root, store, ui, selection.flow, selection.place);
  return disposeAll(unmount, () => root.remove());
}

function mountTask(root: HTMLElement, store: RunStore, ui: UiState, id: number): () => void {
  const action = new TaskAction(store);
  const pause = new PauseButton((what) => store[what](id), "ipf-small");
  const below = new RetryBelow(store, id);
  const more = new DetailActions(store, ui, id);
  const parts = new Parts(root);
  const facts = h("div");

  function draw(): void {
    const detail = store.detail(id);
    const task = store.tasks.get(id) ?? store.rows.find(id);
    if (task === undefined && detail === undefined) {
      const asking = store.present.kept === null;
      const words = asking
        ? `Asking for task #${id} …`
        : `The saved file does not hold task #${id}; its kernel is gone.`;
      parts.put("head", words, () => h("p", { class: "ipf-quiet", text: words }));
      return;
    }
    if (task !== undefined) drawHead(task, detail);
    drawOutcome(parts, store, id, task, detail);
    drawSource(parts, store, ui, task, detail);
    drawQuestion(parts, task, detail);
    drawWhy(parts, store, ui, task, detail);
    drawCode(parts, detail);
    if (task !== undefined) drawTurn(parts, store, ui, task);
    const name = task?.name ?? detail?.name ?? "";
    const args = detail?.args ?? task?.args ?? "";
    const whole = task !== undefined && isContainer(task);
    const flow = task?.role === "workflow";
    const call = flow ? `${name}.run(${args})` : whole ? args : `${name}(${args})`;
    // A step's arguments are its events, which stand below; what a prompt asks stands above.
    const shown = call !== "" && task?.role !== "step" && task?.role !== "prompt";
    parts.put("args", [call, shown], () =>
      shown ? section(whole && !flow ? "Plan" : "Call", h("pre", { class: "ipf-pre", text: call })) : null,
    );
    drawState(parts, detail);
    if (task !== undefined) {
      drawTaskEvents(parts, store, ui, task, detail);
      drawBelow(parts, store, ui, task);
    }
    if (task !== undefined) {
      parts.put("facts", "", () => facts);
      drawFacts(task);
    }
    drawOutput(parts, store, ui, id, detail);
    const attempts = detail?.attempts ?? [];
    const revisions = detail?.revisions ?? [];
    const told = attempts.length > 1 || attempts.some((one) => one.traceback) ? attempts : [];
    parts.put("attempts", [told, revisions.map(([, first]) => first)], () =>
      attempts.length > 1 ? section("Tries", attemptList(attempts, revisions)) : null,
    );
    const notes = remarks(detail ?? task ?? { notes: [] });
    parts.put("notes", notes, () =>
      notes.length === 0 ? null : section("Notes", ...notes.map(([, text]) => h("p", { class: "ipf-note", text }))),
    );
  }

  function drawHead(task: TaskRow, detail: TaskDetail | undefined): void {
    const { state } = task;
    const branch = detail?.branch ?? "";
    const over = store.tasks.get(task.parent)?.name;
    parts.put("head", [state, task.name, caption(task), task.role, over, over ? "" : branch], () =>
      h(
        "div",
        {},
        h("div", { class: "ipf-quiet ipf-detail-module", text: caption(task) }),
        h(
          "h2",
          { class: "ipf-detail-title" },
          h("span", { text: task.name }),
          h("span", { class: "ipf-quiet", text: ` #${id}` }),
        ),
        placeLine(task, branch, store, ui),
        h(
          "div",
          { class: "ipf-detail-state" },
          h(
            "span",
            {
              class: "ipf-pill",
              title: MEANING[state],
              "data-state": state,
              style: `--state:var(--ipf-${state.replace("_", "-")})`,
            },
            stateIcon(state),
            word(state),
          ),
          task.role == null ? null : roleTag(task.role),
          pause.element,
          action.element,
          below.element,
        ),
        more.element,
      ),
    );
    action.update(task, detail?.again === true);
    below.update(task);
    more.update(task);
    const pauses = task.role === "pipeline" && PENDING.has(state) && state !== "planned" && store.steers;
    pause.update(isPaused(task), pauses, title(task), store.run);
  }

  function drawFacts(task: TaskRow): void {
    const list = taskFacts(task, store.now());
    if (task.executor && !isContainer(task)) list.push(["executor", task.executor]);
    if (task.group) list.push(["group", task.group]);
    const shown = facts.querySelectorAll("dd");
    const names = facts.querySelectorAll("dt");
    if (shown.length === list.length && list.every(([name], i) => names[i]?.textContent === name)) {
      list.forEach(([, value], i) => {
        const dd = shown[i];
        if (dd !== undefined) setText(dd, value);
      });
    } else facts.replaceChildren(factList(list));
  }

  const unwatch = store.watchDetail(id);
  const ticking = setInterval(() => {
    const task = store.tasks.get(id);
    if (store.live && task !== undefined && task.ended === null) drawFacts(task);
  }, 100);
  draw();
  return disposeAll(
    store.onChange(draw),
    store.rows.onChange(draw),
    store.onDetail((task) => task === id && draw()),
    unwatch,
    () => {
      clearInterval(ticking);
      action.dispose();
      pause.dispose();
      more.dispose();
    },
  );
}

/** What it wrote: all of it from the kernel, or what the saved file kept. */
function drawOutput(parts: Parts, store: RunStore, ui: UiState, id: number, detail: TaskDetail | undefined): void {
  const kept = store.present.kept?.log.filter(([, task]) => task === id) ?? [];
  const output =
    detail?.output ?? kept.map(([time, , , stream, text]): [number, string, string] => [time, stream, text]);
  parts.put("output", output, () =>
    output.length === 0
      ? null
      : section(
          "Output",
          outputText(output),
          h("button", {
            type: "button",
            class: "ipf-button ipf-small ipf-in-log",
            text: "Show in the log",
            click: () => showIn(store, ui, "log", id),
          }),
        ),
  );
}

function drawWhy(
  parts: Parts,
  store: RunStore,
  ui: UiState,
  task: TaskRow | undefined,
  detail: TaskDetail | undefined,
): void {
  const pending =
    task === undefined || PENDING.has(task.state) || task.state === "blocked" || task.state === "cancelling";
  const reason = task?.reason || detail?.reason || "";
  const on =
    task === undefined
      ? (detail?.on ?? [])
      : task.on.map(
          (id) => [id, store.tasks.get(id)?.name ?? `task`, store.tasks.get(id)?.state ?? "planned"] as const,
        );
  parts.put("why", pending ? [reason, on] : null, () => {
    if (!pending || (reason === "" && on.length === 0)) return null;
    if (task !== undefined && isContainer(task) && !isPaused(task)) return null;
    const links = on.map(([id, name, state]) => taskLink(ui, id, name, state));
    return section(
      task?.state === "cancelling" ? "Why it stops" : "Why it waits",
      reason
        ? h("p", {
            class: "ipf-note",
            text: reason === PAUSED ? `${PAUSED}: starts nothing new, what runs goes on` : reason,
          })
        : null,
      links.length > 0 ? h("div", { class: "ipf-links" }, ...links) : null,
    );
  });
}

function drawOutcome(
  parts: Parts,
  store: RunStore,
  id: number,
  task: TaskRow | undefined,
  detail: TaskDetail | undefined,
): void {
  const failed = task !== undefined && isFailure(task.state);
  const type = task?.type || detail?.type || "";
  const text = task === undefined ? (detail?.text ?? "") : task.text;
  parts.put("error", failed ? [type, text] : null, () =>
    failed ? h("div", { class: "ipf-exception", role: "note" }, h("b", { text: type }), h("div", { text })) : null,
  );
  const said = detail?.traceback ?? store.present.kept?.tracebacks[id] ?? "";
  const traceback = failed && said !== "" ? legible(said) : null;
  const gone = failed && traceback === null && store.present.kept !== null;
  parts.put("traceback", [traceback, gone], () =>
    traceback === null
      ? gone
        ? h("p", { class: "ipf-quiet ipf-gone", text: "The saved file had no room for its traceback." })
        : null
      : section(
          "Traceback",
          h(
            "div",
            { class: "ipf-copyable" },
            h("pre", { class: "ipf-pre ipf-traceback", text: traceback }),
            copyButton(traceback, "Copy the traceback"),
          ),
        ),
  );
  // What a step gives are its events, which stand below.
  const ended = (task?.state === "succeeded" || task?.state === "cached") && task.role !== "step";
  const html = ended ? (detail?.html ?? null) : null;
  const result = ended ? (detail?.result ?? (task === undefined ? "" : outcome(task))) : "";
  parts.put("result", ended ? [type, result, html] : null, () => {
    if (!ended) return null;
    const shown = html === null ? h("pre", { class: "ipf-pre", text: result }) : richFrame(html);
    return section(
      type ? `Result · ${type}` : "Result",
      h("div", { class: "ipf-copyable" }, shown, html === null ? copyButton(result, "Copy the result") : null),
    );
  });
}
