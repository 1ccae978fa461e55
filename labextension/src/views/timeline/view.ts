/** The timeline: names at the left, bars on a shared time axis. */

import { h, newId, onceAFrame, reducedMotion } from "../../core/dom";
import { disposeAll } from "../../core/signal";
import type { RunStore } from "../../core/store";
import { readTheme, watchTheme } from "../../core/theme";
import { selectedTask, type TimeWindow, type UiState } from "../../core/ui-state";
import { NearWindow } from "../../core/window";
import { keepPlace } from "../keep-place";
import { Axis } from "./axis";
import { type Brush, brushed } from "./brush";
import { whyNoPath } from "./critical";
import { Painter } from "./draw";
import { Foot } from "./foot";
import { listen } from "./gestures";
import { onKey } from "./keys";
import { Labels } from "./labels";
import { makeRows, offsets, type Row, rowAt } from "./rows";
import { panned, type Scale, scaleFor, zoomed } from "./scale";
import { pathWords, rowSource, stretchWords } from "./source";
import { toolbar } from "./toolbar";
import { taskUnder } from "./under";
import { WhatIf, whyNoWhatIf } from "./what-if";

/** Rows painted above and below those in sight: scrolling shows them at once, before the next frame is drawn. */
const BEYOND = 160;

export function mountTimeline(element: HTMLElement, store: RunStore, ui: UiState): () => void {
  const axis = new Axis();
  const labels = new Labels(newId("ipf-row"));
  const canvas = h("canvas", { class: "ipf-bars", "aria-hidden": "true" });
  const sheet = h("div", { class: "ipf-sheet" }, labels.element, canvas);
  const scroller = h(
    "div",
    { class: "ipf-scroll ipf-focusable", role: "tree", tabindex: 0, "aria-label": "Timeline of the tasks" },
    sheet,
  );
  const tools = toolbar(ui, {
    zoomIn: () => zoomBy(1.6),
    zoomOut: () => zoomBy(1 / 1.6),
    fit: () => show(null),
    follow: () => followNow(),
    mark: (on) => startMarking(on),
    help: () => toggleHelp(),
  });
  const foot = new Foot(zoomToMark, () => setBrush(null));
  const whatIf = new WhatIf(store, ui);
  const picture = h("div", { class: "ipf-time-main" }, axis.element, scroller, foot.element);
  const beside = h("div", { class: "ipf-time-row" }, picture, whatIf.element);
  const root = h("div", { class: "ipf-timeline" }, tools.element, beside);
  element.append(root);

  const context = canvas.getContext("2d");
  const painter = context === null ? null : new Painter(context);
  const near = new NearWindow(
    (query) => store.ask("window", query),
    ({ tasks }) => {
      store.rows.also(tasks ?? []);
      refresh();
    },
    (call, ms) => {
      const timer = setTimeout(call, ms);
      return () => clearTimeout(timer);
    },
    () => performance.now(),
  );
  let theme = readTheme(root);
  let rows: Row[] = [];
  let tops: number[] = [0];
  let scale: Scale = { from: 0, to: 1, width: 1 };
  let stale = true;
  let hovered: string | null = null;
  let focused: string | null = null;
  let brush: Brush | null = null;
  let marking = false;
  let help = false;
  let visible = true;
  let frame = 0;
  let slow: ReturnType<typeof setTimeout> | undefined;

  const redraw = onceAFrame(draw);

  function draw(): void {
    const now = store.now();
    const end = store.end();
    drawFoot();
    const left = labels.element.offsetWidth;
    const width = Math.max(40, sheet.clientWidth - left);
    scale = scaleFor(ui.timeWindow.value, ui.follow.value && store.live, end, width, spare(width));
    lookCloser(end);
    if (stale) {
      rows = makeRows(rowSource(store, near.told), ui.rowsBy.value);
      tops = offsets(rows);
      stale = false;
      const height = `${tops[tops.length - 1] ?? 0}px`;
      if (sheet.style.height !== height) sheet.style.height = height;
      tools.update(store, marking);
    }
    axis.draw(scale, now, end, store.present.run.wall, store.live);
    paint(now, end, width);
    if (store.moving && visible && frame === 0 && slow === undefined) {
      if (store.replaying || reducedMotion()) slow = setTimeout(tick, 500);
      else frame = requestAnimationFrame(tick);
    }
  }

  function drawFoot(): void {
    const words = brush === null ? "" : stretchWords(brush, store, near.told);
    foot.draw(words, ui.critical.value ? pathWords(store) : "", help);
  }

  /** Of a large run more is asked for where the reader has come close. */
  function lookCloser(end: number): void {
    const close = store.present.run.aggregated && store.heard && ui.timeWindow.value !== null;
    if (close) near.show({ from: scale.from, to: scale.to, width: scale.width, end, moving: store.moving });
    else if (near.told !== null) {
      near.leave();
      stale = true;
    }
  }

  /** Room at the right for what is written behind the last bars: a duration, or an exception. */
  function spare(width: number): number {
    if (width <= 420) return 16;
    const { counts } = store.present.run;
    const failures = (counts.failed ?? 0) + (counts.timed_out ?? 0) > 0;
    return failures && ui.rowsBy.value === "task" && width > 560 ? Math.min(220, width * 0.24) : 72;
  }

  function tick(): void {
    frame = 0;
    slow = undefined;
    // While one looks back the run goes on: there is more to come.
    stale ||= store.replaying;
    if (store.moving && visible && document.visibilityState === "visible") draw();
  }

  function paint(now: number, end: number, width: number): void {
    const view = scroller.clientHeight;
    const all = tops[tops.length - 1] ?? 0;
    const top = Math.max(0, Math.floor(scroller.scrollTop) - BEYOND);
    const height = Math.max(1, Math.min(Math.max(all, view), scroller.scrollTop + view + BEYOND) - top);
    const task = selectedTask(ui.selection.value);
    const selected = task === null ? null : `t:${task}`;
    const first = Math.max(0, rowAt(tops, top));
    const last = rowAt(tops, top + height - 1);
    labels.draw(rows, tops, first, last < 0 ? rows.length - 1 : last, now, { hovered, selected, focused });
    if (painter === null) return;
    const dpr = window.devicePixelRatio || 1;
    const [w, hgt] = [Math.round(width * dpr), Math.round(height * dpr)];
    // Only a changed size is written: writing clears the canvas.
    if (canvas.width !== w || canvas.height !== hgt) {
      canvas.width = w;
      canvas.height = hgt;
      canvas.style.width = `${width}px`;
      canvas.style.height = `${height}px`;
    }
    canvas.style.top = `${top}px`;
    const { run } = store.present;
    const critical = ui.critical.value && whyNoPath(run) === "" ? new Set(run.critical) : null;
    painter.paint(
      {
        rows,
        tops,
        scale,
        now,
        end,
        lanesUntil: store.lanesUntil,
        run: store.run,
        theme,
        hovered,
        selected,
        critical,
        brush,
        taskOf: (id) => store.tasks.get(id) ?? store.rows.find(id),
      },
      top,
      height,
      dpr,
    );
  }

  // --- Zoom, pan, marking

  function show(window: TimeWindow, follow = window === null): void {
    ui.follow.value = follow;
    ui.timeWindow.value = window;
    // Before the next frame there may be another key or another turn of the wheel.
    scale = scaleFor(window, follow && store.live, store.end(), scale.width, spare(scale.width));
    redraw();
  }

  function zoomBy(factor: number, x = scale.width / 2): void {
    const following = ui.follow.value && store.live && ui.timeWindow.value !== null;
    show(zoomed(scale, factor, following ? scale.width : x, store.end()), following);
  }

  function panBy(part: number): void {
    if (ui.timeWindow.value !== null) show(panned(scale, part * scale.width, store.end()), false);
  }

  function followNow(): void {
    const window = ui.timeWindow.value;
    if (window !== null) show(window, true);
  }

  function startMarking(on: boolean): void {
    marking = on;
    root.classList.toggle("ipf-marks", on);
    tools.update(store, marking);
  }

  function setBrush(next: Brush | null, done = true): void {
    brush = next;
    // A press that slipped marks nothing.
    if (done && brush !== null && (brush.to - brush.from) / (scale.to - scale.from) < 3 / scale.width) brush = null;
    if (done) startMarking(false);
    redraw();
  }

  function zoomToMark(): void {
    if (brush === null) return;
    const { from, to } = brush;
    brush = null;
    show({ from, to: Math.max(to, from + 1e-6) }, false);
    scroller.focus({ preventScroll: true });
  }

  /** The first row of these tasks, unless one of them is in sight already. */
  function bringIntoSight(ids: ReadonlySet<number>): void {
    const on = rows.map((row, i) => (row.kind === "task" && ids.has(row.task.id) ? i : -1)).filter((i) => i >= 0);
    const [top, bottom] = [scroller.scrollTop, scroller.scrollTop + scroller.clientHeight];
    const seen = on.some((i) => (tops[i] ?? 0) >= top && (tops[i + 1] ?? 0) <= bottom);
    const first = on[0];
    if (first !== undefined && !seen) scroller.scrollTop = Math.max(0, (tops[first] ?? 0) - scroller.clientHeight / 3);
  }

  /** A path that begins far down would be missed. */
  function showPath(): void {
    bringIntoSight(new Set(ui.critical.value ? (store.present.run.critical ?? []) : []));
    refresh();
  }

  /** Who opens it goes on in it, and comes back to the picture. */
  function showWhatIf(): void {
    const within = whatIf.element.contains(document.activeElement);
    whatIf.update();
    tools.update(store, marking);
    if (ui.whatIf.value) {
      root.closest(".ipf")?.classList.add("ipf-tall");
      whatIf.element.focus();
    } else if (within) scroller.focus();
    redraw();
  }

  function toggleHelp(): void {
    help = !help;
    redraw();
  }

  // --- Pointer

  const place = (event: MouseEvent): { x: number; y: number } => {
    const box = sheet.getBoundingClientRect();
    return { x: event.clientX - box.left - labels.element.offsetWidth, y: event.clientY - box.top };
  };
  const found = (event: MouseEvent) => taskUnder(rows, tops, scale, place(event), store.now());
  let opened: number | null = null;

  function point(event: PointerEvent): void {
    const under = found(event);
    const key = under?.row.key ?? null;
    if (key !== hovered) {
      hovered = key;
      redraw();
    }
    // The card of a task that was just opened would only hide the pane.
    if (under?.task !== opened) opened = null;
    const at = { x: event.clientX, y: event.clientY };
    if (under === null || opened !== null) ui.hover.value = null;
    else if (under.task !== null) ui.hover.value = { what: { task: under.task }, ...at };
    else if (under.row.kind === "lane") ui.hover.value = { what: { lane: under.row.lane.name }, ...at };
    else ui.hover.value = null;
  }

  function leave(): void {
    ui.hover.value = null;
    if (hovered === null) return;
    hovered = null;
    redraw();
  }

  function open(event: MouseEvent): void {
    const under = found(event);
    if (under?.task == null) return;
    focused = under.row.key;
    ui.hover.value = null;
    opened = under.task;
    ui.selection.value = { task: under.task };
  }

  // --- Keys

  function moveFocus(by: number): void {
    if (rows.length === 0) return;
    const from = rows.findIndex((row) => row.key === focused);
    let to = from < 0 && by > 0 && by < 1e9 ? 0 : Math.min(rows.length - 1, Math.max(0, from + by));
    if (rows[to]?.kind === "section") to = Math.min(rows.length - 1, Math.max(0, to + Math.sign(by)));
    const row = rows[to];
    if (row === undefined) return;
    focused = row.key;
    const top = tops[to] ?? 0;
    const bottom = tops[to + 1] ?? top;
    if (top < scroller.scrollTop) scroller.scrollTop = top;
    else if (bottom > scroller.scrollTop + scroller.clientHeight) scroller.scrollTop = bottom - scroller.clientHeight;
    draw();
    scroller.setAttribute("aria-activedescendant", labels.idOf(row.key));
    if (row.kind === "task") {
      const box = scroller.getBoundingClientRect();
      const y = box.top + top - scroller.scrollTop + 24;
      ui.hover.value = { what: { task: row.task.id }, x: box.left + labels.element.offsetWidth, y };
    }
  }

  const keyDown = onKey({
    moveFocus,
    openFocus() {
      const row = rows.find((one) => one.key === focused);
      if (row?.kind === "task") ui.selection.value = { task: row.task.id };
    },
    panBy,
    zoomBy,
    fit: () => show(null),
    follow: followNow,
    help: toggleHelp,
    path() {
      if (whyNoPath(store.present.run) === "") ui.critical.value = !ui.critical.value;
    },
    whatIf() {
      if (whyNoWhatIf(store) === "") ui.whatIf.value = !ui.whatIf.value;
    },
    marked: () => brush !== null,
    /** In the middle of what is on show. */
    mark: () => setBrush(brushed(scale.from + spanOf(0.4), scale.from + spanOf(0.6), store.end())),
    moveMark(left, right) {
      if (brush === null) return;
      const moved = brushed(brush.from + spanOf(left), brush.to + spanOf(right), store.end());
      if (moved.to - moved.from > spanOf(0.003)) setBrush(moved);
    },
    zoomToMark,
    clearMark: () => setBrush(null),
  });
  const spanOf = (part: number): number => part * (scale.to - scale.from);

  // --- Wiring

  const refresh = () => {
    stale = true;
    whatIf.update();
    redraw();
  };
  const resized = new ResizeObserver(() => redraw());
  const leavePlace = keepPlace(scroller);
  resized.observe(scroller);
  const seen = new IntersectionObserver((entries) => {
    visible = entries[entries.length - 1]?.isIntersecting ?? true;
    if (visible) redraw();
  });
  seen.observe(root);
  listen(sheet, scroller, canvas, root, {
    scale: () => scale,
    end: () => store.end(),
    whole: () => ui.timeWindow.value === null,
    place,
    show,
    zoomBy,
    marking: () => marking,
    mark: setBrush,
    point,
    leave,
    open,
  });
  scroller.addEventListener("scroll", redraw, { passive: true });
  scroller.addEventListener("keydown", keyDown);
  scroller.addEventListener("blur", () => (ui.hover.value = null));
  draw();
  // Who comes from another tab finds the task whose details are open.
  const chosen = selectedTask(ui.selection.value);
  if (chosen !== null) bringIntoSight(new Set([chosen]));

  return disposeAll(
    store.onChange(refresh),
    ui.rowsBy.on(refresh),
    ui.critical.on(showPath),
    ui.whatIf.on(showWhatIf),
    ui.selection.on(() => redraw()),
    ui.timeWindow.on(() => tools.update(store, marking)),
    ui.follow.on(() => tools.update(store, marking)),
    watchTheme(() => {
      theme = readTheme(root);
      redraw();
    }),
    () => {
      near.leave();
      leavePlace();
      resized.disconnect();
      seen.disconnect();
      redraw.cancel();
      cancelAnimationFrame(frame);
      clearTimeout(slow);
      ui.hover.value = null;
      root.remove();
    },
  );
}
