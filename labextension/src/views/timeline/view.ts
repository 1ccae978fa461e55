/** The timeline: names at the left, bars on a shared time axis. */

import { h, onceAFrame, reducedMotion } from "../../core/dom";
import { glyph } from "../../core/icons";
import { disposeAll } from "../../core/signal";
import type { RunStore } from "../../core/store";
import { readTheme, watchTheme } from "../../core/theme";
import { selectedTask, type UiState } from "../../core/ui-state";
import { Axis } from "./axis";
import { barAtX, lineAt, makeRows, offsets, type Row, rowAt } from "./bars";
import { Painter } from "./draw";
import { Labels } from "./labels";
import { panned, type Scale, scaleFor, zoomed } from "./scale";

/** Rows painted above and below those in sight: scrolling shows them at once, before the next frame is drawn. */
const BEYOND = 160;
let views = 0;

export function mountTimeline(element: HTMLElement, store: RunStore, ui: UiState): () => void {
  views += 1;
  const axis = new Axis();
  const labels = new Labels(`ipf-row-${views}`);
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
  });
  const root = h("div", { class: "ipf-timeline" }, tools.element, axis.element, scroller);
  element.append(root);

  const context = canvas.getContext("2d");
  const painter = context === null ? null : new Painter(context);
  let theme = readTheme(root);
  let rows: Row[] = [];
  let tops: number[] = [0];
  let scale: Scale = { from: 0, to: 1, width: 1 };
  let stale = true;
  let failures = false;
  let hovered: string | null = null;
  let focused: string | null = null;
  let visible = true;
  let frame = 0;
  let slow: ReturnType<typeof setTimeout> | undefined;

  const redraw = onceAFrame(draw);

  function draw(): void {
    const now = store.now();
    if (stale) {
      rows = makeRows(store, ui.rowsBy.value);
      tops = offsets(rows);
      stale = false;
      const height = `${tops[tops.length - 1] ?? 0}px`;
      if (sheet.style.height !== height) sheet.style.height = height;
      failures = (store.run.counts.failed ?? 0) + (store.run.counts.timed_out ?? 0) > 0;
      tools.update(store);
    }
    const left = labels.element.offsetWidth;
    const width = Math.max(40, sheet.clientWidth - left);
    scale = scaleFor(ui.timeWindow.value, ui.follow.value && store.live, now, width, spare(width));
    axis.draw(scale, now, store.run.wall, store.live);
    paint(now, width);
    if (store.live && visible && frame === 0 && slow === undefined) {
      if (reducedMotion()) slow = setTimeout(tick, 500);
      else frame = requestAnimationFrame(tick);
    }
  }

  /** Room at the right for what is written behind the last bars: a duration, or an exception. */
  function spare(width: number): number {
    if (width <= 420) return 16;
    return failures && ui.rowsBy.value === "task" && width > 560 ? Math.min(220, width * 0.24) : 72;
  }

  function tick(): void {
    frame = 0;
    slow = undefined;
    if (store.live && visible && document.visibilityState === "visible") draw();
  }

  function paint(now: number, width: number): void {
    const view = scroller.clientHeight;
    const all = tops[tops.length - 1] ?? 0;
    const top = Math.max(0, Math.floor(scroller.scrollTop) - BEYOND);
    const height = Math.max(1, Math.min(Math.max(all, view), scroller.scrollTop + view + BEYOND) - top);
    const task = selectedTask(ui.selection.value);
    const selected = task === null ? null : `t:${task}`;
    const first = Math.max(0, rowAt(tops, top));
    const end = rowAt(tops, top + height - 1);
    labels.draw(rows, tops, first, end < 0 ? rows.length - 1 : end, now, { hovered, selected, focused });
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
    painter.paint(
      {
        rows,
        tops,
        scale,
        now,
        lanesUntil: store.lanesUntil,
        theme,
        hovered,
        selected,
        nameOf: (id) => store.tasks.get(id)?.name ?? "",
      },
      top,
      height,
      dpr,
    );
  }

  // --- Zoom and pan

  function show(window: UiState["timeWindow"]["value"], follow = window === null): void {
    ui.follow.value = follow;
    ui.timeWindow.value = window;
    redraw();
  }

  function zoomBy(factor: number, x = scale.width / 2): void {
    const now = store.now();
    const following = ui.follow.value && store.live && ui.timeWindow.value !== null;
    show(zoomed(scale, factor, following ? scale.width : x, now), following);
  }

  function followNow(): void {
    const window = ui.timeWindow.value;
    if (window === null) return;
    show(window, true);
  }

  // --- Pointer

  const onCanvas = (event: MouseEvent): { x: number; y: number } => {
    const box = sheet.getBoundingClientRect();
    return { x: event.clientX - box.left - labels.element.offsetWidth, y: event.clientY - box.top };
  };

  function taskAt(event: MouseEvent): { row: Row; task: number | null } | null {
    const { x, y } = onCanvas(event);
    const at = rowAt(tops, y);
    const row = rows[at];
    if (row === undefined || row.kind === "section") return null;
    if (row.kind === "task") return { row, task: row.task.id };
    if (row.kind === "worker" && x >= 0) {
      const line = lineAt(row.lines, y - (tops[at] ?? 0));
      const bars = row.bars.filter((bar) => bar.line === line);
      return { row, task: barAtX(bars, scale, x, store.now())?.task ?? null };
    }
    return { row, task: null };
  }

  let opened: number | null = null;
  let drag: { x: number; scale: Scale; moved: boolean } | null = null;

  function pointerDown(event: PointerEvent): void {
    if (event.button !== 0 || event.pointerType === "touch") return;
    drag = { x: event.clientX, scale, moved: false };
  }

  function pointerMove(event: PointerEvent): void {
    if (drag !== null && event.buttons === 1) {
      const by = event.clientX - drag.x;
      if (!drag.moved && Math.abs(by) > 4) {
        drag.moved = true;
        canvas.setPointerCapture(event.pointerId);
        root.classList.add("ipf-dragging");
      }
      if (drag.moved) {
        ui.hover.value = null;
        show(panned(drag.scale, by, store.now()), false);
      }
      return;
    }
    const found = taskAt(event);
    const key = found?.row.key ?? null;
    if (key !== hovered) {
      hovered = key;
      redraw();
    }
    // The card of a task that was just opened would only hide the pane.
    if (found?.task !== opened) opened = null;
    if (found === null || opened !== null) ui.hover.value = null;
    else if (found.task !== null) ui.hover.value = { what: { task: found.task }, x: event.clientX, y: event.clientY };
    else if (found.row.kind === "lane") {
      ui.hover.value = { what: { lane: found.row.lane.name }, x: event.clientX, y: event.clientY };
    } else ui.hover.value = null;
  }

  function pointerLeave(): void {
    ui.hover.value = null;
    if (hovered === null) return;
    hovered = null;
    redraw();
  }

  function endDrag(): void {
    root.classList.remove("ipf-dragging");
    // The click that ends a drag comes after this.
    if (drag?.moved) setTimeout(() => (drag = null), 0);
    else drag = null;
  }

  function click(event: MouseEvent): void {
    if (drag?.moved) return;
    const found = taskAt(event);
    if (found?.task == null) return;
    focused = found.row.key;
    ui.hover.value = null;
    opened = found.task;
    ui.selection.value = { task: found.task };
  }

  function wheel(event: WheelEvent): void {
    const { x } = onCanvas(event);
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      zoomBy(Math.exp(-event.deltaY * (event.deltaMode === 1 ? 0.05 : 0.0025)), Math.max(0, x));
    } else if (Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey) {
      if (ui.timeWindow.value === null) return;
      event.preventDefault();
      show(panned(scale, -(event.deltaX || event.deltaY), store.now()), false);
    }
  }

  // --- Keys

  function keyDown(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -1e9, End: 1e9 }[event.key];
    if (step !== undefined) moveFocus(step);
    else if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
      if (ui.timeWindow.value === null) return;
      show(panned(scale, (event.key === "ArrowLeft" ? 0.15 : -0.15) * scale.width, store.now()), false);
    } else if (event.key === "+" || event.key === "=") zoomBy(1.6);
    else if (event.key === "-") zoomBy(1 / 1.6);
    else if (event.key === "0") show(null);
    else if (event.key === "Enter" || event.key === " ") {
      const row = rows.find((one) => one.key === focused);
      if (row?.kind === "task") ui.selection.value = { task: row.task.id };
    } else return;
    event.preventDefault();
  }

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

  // --- Wiring

  const refresh = () => {
    stale = true;
    redraw();
  };
  const resized = new ResizeObserver(() => redraw());
  resized.observe(scroller);
  const seen = new IntersectionObserver((entries) => {
    visible = entries[entries.length - 1]?.isIntersecting ?? true;
    if (visible) redraw();
  });
  seen.observe(root);
  sheet.addEventListener("pointerdown", pointerDown);
  sheet.addEventListener("pointermove", pointerMove);
  sheet.addEventListener("pointerleave", pointerLeave);
  sheet.addEventListener("pointerup", endDrag);
  sheet.addEventListener("pointercancel", endDrag);
  sheet.addEventListener("click", click);
  sheet.addEventListener("dblclick", () => show(null));
  scroller.addEventListener("wheel", wheel, { passive: false });
  scroller.addEventListener("scroll", redraw, { passive: true });
  scroller.addEventListener("keydown", keyDown);
  scroller.addEventListener("blur", () => (ui.hover.value = null));
  draw();

  return disposeAll(
    store.onChange(refresh),
    ui.rowsBy.on(refresh),
    ui.selection.on(() => redraw()),
    ui.timeWindow.on(() => tools.update(store)),
    ui.follow.on(() => tools.update(store)),
    watchTheme(() => {
      theme = readTheme(root);
      redraw();
    }),
    () => {
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

const LEGEND = [
  [
    "pending",
    "waits",
    "Submitted, not started: striped while it waits for something, plain while it waits for a worker",
  ],
  ["run", "runs", "A worker runs the body; the colour says what became of it"],
  ["blocked", "blocked", "The body stands in a wait for the result of another task"],
] as const;

interface Actions {
  zoomIn(): void;
  zoomOut(): void;
  fit(): void;
  follow(): void;
}

function toolbar(ui: UiState, act: Actions): { element: HTMLElement; update(store: RunStore): void } {
  const button = (label: string, icon: Parameters<typeof glyph>[0], click: () => void) =>
    h("button", { type: "button", class: "ipf-tool", "aria-label": label, title: label, click }, glyph(icon));
  const by = (["task", "worker"] as const).map((which) =>
    h("button", {
      type: "button",
      class: "ipf-choice",
      "aria-pressed": ui.rowsBy.value === which,
      "aria-label": `A row for each ${which}`,
      text: which === "task" ? "Tasks" : "Workers",
      click: () => {
        ui.rowsBy.value = which;
        for (const one of by) one.setAttribute("aria-pressed", String(one === by[which === "task" ? 0 : 1]));
      },
    }),
  );
  const looks = LEGEND.map(([look, text, title]) =>
    h("span", { class: "ipf-look", title }, h("i", { class: `ipf-look-${look}` }), text),
  );
  const live = button("Follow the run", "live", act.follow);
  const element = h(
    "div",
    { class: "ipf-tools", role: "toolbar", "aria-label": "Timeline" },
    h("span", { class: "ipf-legend" }, ...looks),
    h("span", { class: "ipf-choices", role: "group", "aria-label": "Rows" }, ...by),
    live,
    button("Zoom out", "minus", act.zoomOut),
    button("Zoom in", "plus", act.zoomIn),
    button("Show all", "fit", act.fit),
  );
  return {
    element,
    update(store) {
      live.hidden = !store.live || ui.timeWindow.value === null;
      live.setAttribute("aria-pressed", String(ui.follow.value));
    },
  };
}
