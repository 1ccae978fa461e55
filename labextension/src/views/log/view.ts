/** The log: what tasks printed, logged and warned, in order of time; only the lines in sight exist. */

import { h, newId, onceAFrame, setAttr, setText } from "../../core/dom";
import { count, messageOf, plural } from "../../core/format";
import { keptAnswer, LogLines } from "../../core/log";
import type { LogAnswer, LogQuery } from "../../core/protocol";
import { disposeAll } from "../../core/signal";
import type { RunStore } from "../../core/store";
import type { UiState } from "../../core/ui-state";
import { copyText } from "../clipboard";
import { keepPlace } from "../keep-place";
import { say } from "../say";
import { mountFilters } from "./filters";
import { Heights } from "./heights";
import { LineElement, taskLabel } from "./line";
import { wholeLog } from "./whole";
import { goneWords, whyEmpty } from "./words";

/** The height of a line of one row of text. */
const LINE = 20;
const BEYOND = 8;
/** Letters of the longest name that is shown whole. */
const WIDEST = 24;
/** So close to the end counts as at the end. */
const NEAR = 6;

export function mountLog(element: HTMLElement, store: RunStore, ui: UiState): () => void {
  const prefix = newId("ipf-line");
  const gone = h("p", { class: "ipf-log-gone", role: "note" });
  const list = h("div", {
    class: "ipf-lines ipf-focusable",
    role: "listbox",
    tabindex: 0,
    "aria-label": "Lines of the log",
  });
  const empty = h("p", { class: "ipf-empty ipf-log-empty" });
  const again = h("button", { type: "button", class: "ipf-button", text: "Ask again", click: () => lines.again() });
  const scroll = h("div", { class: "ipf-scroll ipf-log-scroll" }, list, empty, again);
  const toEnd = h("button", { type: "button", class: "ipf-button ipf-to-end", click: () => followEnd() });
  const root = h("div", { class: "ipf-log" }, gone, h("div", { class: "ipf-log-body" }, scroll, toEnd));
  element.append(root);
  const unmountFilters = mountFilters(root, store, ui, () => void copyAll());

  const ask = (query: LogQuery): Promise<LogAnswer> =>
    store.present.kept === null ? store.ask("log", query) : Promise.resolve(keptAnswer(store.present.kept, query));
  const redraw = onceAFrame(draw);
  const lines = new LogLines(ask, redraw);
  const heights = new Heights(LINE);
  const pool = new Map<number, LineElement>();
  // Also where the kernel behind the first payload has not been heard yet.
  let following = goesOn();
  let active = -1;
  let width = 0;
  /** Where the list was left: less than that is the reader's own move upwards. */
  let left = 0;
  /** How many lines there were when the reader left the end. */
  let seen = 0;
  let widest = 10;

  function goesOn(): boolean {
    return store.present.run.closed === null;
  }

  const question = () => {
    const { task, streams, text } = ui.logFilter.value;
    const until = ui.replay.value;
    return {
      task,
      streams: streams === null ? null : [...streams],
      text: text.trim(),
      ...(until === null ? {} : { until }),
    };
  };

  function draw(): void {
    if (scroll.clientWidth !== width) {
      width = scroll.clientWidth;
      heights.clear();
    }
    const view = scroll.clientHeight;
    const end = Math.max(0, heights.top(lines.total) - view);
    const y = following ? end : Math.min(scroll.scrollTop, end);
    const at = heights.at(y, lines.total);
    const within = y - heights.top(at);
    const first = Math.max(0, at - BEYOND);
    const last = Math.min(lines.total - 1, heights.at(y + view, lines.total) + BEYOND);
    lines.show(first, last, following);
    // What is hidden has no height, and cannot be scrolled.
    list.hidden = lines.total === 0;
    drawLines(first, last);
    // What was measured now moves the rest: the line on top stays where it was.
    list.style.paddingTop = `${heights.top(first)}px`;
    list.style.paddingBottom = `${Math.max(0, heights.top(lines.total) - heights.top(last + 1))}px`;
    const to = following ? Math.max(0, heights.top(lines.total) - view) : heights.top(at) + within;
    if (Math.abs(scroll.scrollTop - to) > 0.5) scroll.scrollTop = to;
    left = scroll.scrollTop;
    if (following) seen = lines.total;
    drawWords();
  }

  function drawLines(first: number, last: number): void {
    for (const [index, line] of pool) {
      if (index >= first && index <= last) continue;
      line.element.remove();
      pool.delete(index);
    }
    // In order of the page too: a selection over several lines, and a screen reader, read them in order.
    let next = list.firstElementChild;
    for (let i = first; i <= last; i++) {
      let line = pool.get(i);
      if (line === undefined) {
        line = new LineElement(store);
        pool.set(i, line);
      }
      if (line.element === next) next = next.nextElementSibling;
      else list.insertBefore(line.element, next);
      line.element.id = `${prefix}-${i}`;
      setAttr(line.element, "aria-posinset", String(i + 1));
      setAttr(line.element, "aria-setsize", String(lines.total));
      setAttr(line.element, "aria-selected", String(i === active));
      const data = lines.line(i);
      if (data !== undefined) widen(taskLabel(store, data[1], data[2]).length);
      line.update(data, i > first && data !== undefined && lines.line(i - 1)?.[1] === data[1]);
    }
    for (const [index, line] of pool) {
      const height = line.element.getBoundingClientRect().height;
      if (height > 0) heights.set(index, height);
    }
    const shown = active >= first && active <= last && active >= 0;
    setAttr(list, "aria-activedescendant", shown ? `${prefix}-${active}` : null);
  }

  /** The names' column grows with them, and never shrinks under the reader's eyes. */
  function widen(letters: number): void {
    if (letters <= widest) return;
    widest = Math.min(WIDEST, letters);
    root.style.setProperty("--ipf-log-task", `${widest + 1}ch`);
  }

  // --- Words beside the lines

  function drawWords(): void {
    const none = lines.total === 0;
    empty.hidden = !none;
    again.hidden = !none || lines.error === "";
    setText(empty, none ? whyEmpty(store, lines, ui.logFilter.value) : "");
    setText(gone, goneWords(store));
    gone.hidden = gone.textContent === "";
    toEnd.hidden = none || following || left >= heights.top(lines.total) - scroll.clientHeight - NEAR;
    const news = lines.total - seen;
    const more = store.live && seen > 0 && news > 0 ? ` · ${plural(news, "new line")}` : "";
    setText(toEnd, store.live ? `↓ Follow the end${more}` : "↓ To the end");
  }

  // --- Pointer, wheel and keys

  function followEnd(): void {
    following = true;
    if (document.activeElement === toEnd) list.focus();
    draw();
  }

  function scrolled(): void {
    const top = scroll.scrollTop;
    // Taken off the page, nobody scrolls it.
    if (!scroll.isConnected) return;
    if (top < left - 2) following = false;
    else if (store.live && top >= scroll.scrollHeight - scroll.clientHeight - NEAR) following = true;
    redraw();
  }

  function openTask(target: EventTarget | null): void {
    const id = Number((target as Element | null)?.closest<HTMLElement>("[data-task]")?.dataset.task ?? 0);
    if (id > 0) ui.selection.value = { task: id };
  }

  function keyDown(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || lines.total === 0) return;
    const page = Math.max(1, Math.floor(scroll.clientHeight / LINE) - 2);
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -1e9, End: 1e9 }[event.key];
    if (step !== undefined) moveTo(step);
    else if (event.key === "Enter") {
      const id = lines.line(active)?.[1] ?? 0;
      if (id > 0) ui.selection.value = { task: id };
    } else return;
    event.preventDefault();
  }

  /** The first step begins at what is in sight. */
  function moveTo(step: number): void {
    const view = scroll.clientHeight;
    const top = heights.at(scroll.scrollTop, lines.total);
    const bottom = heights.at(scroll.scrollTop + view - 1, lines.total);
    const from = active >= top && active <= bottom ? active : step > 0 ? top - 1 : bottom + 1;
    active = Math.max(0, Math.min(lines.total - 1, from + step));
    following = store.live && active === lines.total - 1 && step > 0;
    if (!following) {
      const above = heights.top(active);
      const below = heights.top(active + 1);
      if (above < scroll.scrollTop) scroll.scrollTop = above;
      else if (below > scroll.scrollTop + view) scroll.scrollTop = below - view;
    }
    draw();
  }

  async function copyAll(): Promise<void> {
    try {
      const { text, number, all } = await wholeLog(ask, store, question());
      await copyText(text);
      const rest = number < all ? `, the last of ${count(all)}` : "";
      say(store, `Copied ${plural(number, "line")}${rest}.`);
    } catch (error) {
      say(store, `Not copied: ${messageOf(error)}.`);
    }
  }

  function filterChanged(): void {
    active = -1;
    heights.clear();
    if (!following) scroll.scrollTop = 0;
    lines.filter(question());
    redraw();
  }

  const leavePlace = keepPlace(scroll);
  const resized = new ResizeObserver(() => redraw());
  resized.observe(scroll);
  scroll.addEventListener("scroll", scrolled, { passive: true });
  list.addEventListener("keydown", keyDown);
  list.addEventListener("click", (event) => {
    if (document.getSelection()?.type !== "Range") openTask(event.target);
  });
  lines.filter(question());
  draw();
  let shownRun = store.run.id;

  return disposeAll(
    store.onChange(() => {
      if (shownRun !== store.run.id) {
        shownRun = store.run.id;
        following = goesOn();
        lines.forget();
        filterChanged();
      }
      if (!ui.folded.value) lines.touch();
      redraw();
    }),
    ui.logFilter.on(filterChanged),
    ui.replay.on(filterChanged),
    ui.folded.on(() => lines.touch()),
    unmountFilters,
    () => {
      leavePlace();
      resized.disconnect();
      redraw.cancel();
      lines.dispose();
      root.remove();
    },
  );
}
