/**
 * The foot of a run: one small button, which unfolds to a slider over the run's length. Wherever it stands, every tab
 * shows the run as it was then.
 */

import { h, s, setAttr, setText } from "../core/dom";
import { duration, title } from "../core/format";
import type { Picture } from "../core/picture";
import { changesAt, changeTimes } from "../core/replay";
import { disposeAll } from "../core/signal";
import { word } from "../core/status";
import type { RunStore } from "../core/store";
import type { UiState } from "../core/ui-state";
import { Player, type Speed } from "./player";

const MARKS = {
  replay: "M2.3 3.2v3h3M2.5 6a3.9 3.9 0 1 0 1.2-2.9L2.3 4.6",
  play: "M3.4 2.1 10 6 3.4 9.9Z",
  stop: "M4 2.4v7.2M8 2.4v7.2",
  back: "M8.8 2.4 4 6l4.8 3.6ZM2.6 2.4v7.2",
  on: "M3.2 2.4 8 6 3.2 9.6ZM9.4 2.4v7.2",
};

/** Of runs whose rows are not all here the steps are so many. */
const EVEN_STEPS = 100;

export function mountScrubber(element: HTMLElement, store: RunStore, ui: UiState): () => void {
  const open = h(
    "button",
    {
      type: "button",
      class: "ipf-replay-open",
      "aria-label": "Replay",
      "aria-expanded": false,
      click: () => unfold(controls.hidden),
    },
    mark("replay"),
    h("span", { text: "Replay" }),
  );
  const play = button("Play", "play", () => (player.playing ? player.stop() : player.play()));
  const stopMark = mark("stop");
  play.append(stopMark);
  const back = button("To the change before", "back", () => toChange(-1));
  const on = button("To the next change", "on", () => toChange(1));
  const slider = h("input", {
    type: "range",
    class: "ipf-replay-slider",
    min: 0,
    max: 1,
    step: "any",
    "aria-label": "Instant of the run",
  });
  const when = h("span", { class: "ipf-replay-when" });
  const length = h("span", { class: "ipf-replay-length" });
  const what = h("span", { class: "ipf-replay-what" });
  const speed = h(
    "select",
    {
      class: "ipf-replay-speed",
      "aria-label": "Speed",
      title: "How fast it plays",
      change: () => (player.speed = speed.value as Speed),
    },
    h("option", { value: "whole", text: "in 10 s" }),
    h("option", { value: "true", text: "1×" }),
  );
  const leave = h("button", {
    type: "button",
    class: "ipf-button ipf-small ipf-replay-leave",
    click: () => unfold(false),
  });
  const controls = h("div", { class: "ipf-replay-controls" }, back, play, on, slider, when, length, what, speed, leave);
  const root = h("div", { class: "ipf-replay", role: "group", "aria-label": "Replay" }, open, controls);
  controls.hidden = true;
  element.append(root);
  const whole = element.closest(".ipf");

  const player = new Player({
    end: () => store.end(),
    at: () => ui.replay.value ?? store.end(),
    show: (at) => (ui.replay.value = at),
    stopped(ended) {
      // It has caught up with a run that goes on.
      if (ended && store.moving) ui.replay.value = null;
      draw();
    },
  });

  /** The instants of changes, made anew when the run has changed. */
  let changes: { of: Picture["run"]; times: number[] } | null = null;
  function times(): number[] {
    const { run, tasks } = store.present;
    if (changes?.of === run) return changes.times;
    const end = store.end();
    const even = Array.from({ length: EVEN_STEPS + 1 }, (_, i) => (end * i) / EVEN_STEPS);
    changes = { of: run, times: run.aggregated ? even : changeTimes(tasks.values(), run.closed) };
    return changes.times;
  }

  function unfold(shown: boolean): void {
    if (!shown) {
      player.stop();
      ui.replay.value = null;
    }
    controls.hidden = !shown;
    setAttr(open, "aria-expanded", String(shown));
    draw();
    (shown ? play : open).focus({ preventScroll: true });
  }

  function toChange(by: 1 | -1): void {
    player.stop();
    const all = times();
    const at = ui.replay.value ?? store.end();
    const to = by > 0 ? all.find((time) => time > at) : all.filter((time) => time < at).pop();
    if (to !== undefined) ui.replay.value = to;
  }

  function draw(): void {
    const { run } = store.present;
    root.hidden = run.total === 0;
    const at = ui.replay.value;
    const past = at !== null;
    whole?.classList.toggle("ipf-past", past);
    if (controls.hidden) return;
    const end = store.end();
    const instant = at ?? end;
    const place = String(end > 0 ? Math.min(1, instant / end) : 1);
    if (slider.value !== place) slider.value = place;
    const words = `${duration(instant)} of ${duration(end)}`;
    setText(when, duration(instant));
    setText(length, ` of ${duration(end)}`);
    const happened = past ? said() : "";
    setText(what, happened);
    setAttr(what, "title", happened || null);
    setAttr(slider, "aria-valuetext", happened ? `${words}, ${happened}` : words);
    setAttr(play, "aria-label", player.playing ? "Stop" : "Play");
    setAttr(play, "title", player.playing ? "Stop (space)" : "Play (space)");
    play.classList.toggle("ipf-on", player.playing);
    setText(leave, store.moving ? "Live" : "Now");
    setAttr(leave, "title", store.moving ? "Back to the run as it goes on (Esc)" : "Back to the end (Esc)");
  }

  /** What happened right then; while it plays nobody could read it. */
  function said(): string {
    if (store.rough) return "roughly: what ran and what failed";
    if (player.playing || store.run.aggregated) return "";
    const all = changesAt(store.tasks.values(), store.now());
    const [first] = all;
    if (first === undefined) return "";
    const more = all.length > 1 ? ` and ${all.length - 1} more` : "";
    return `${title(first.task)} ${word(first.state)}${more}`;
  }

  function keyDown(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || controls.hidden) return;
    if (event.key === "Escape") {
      event.stopPropagation();
      unfold(false);
      return;
    }
    if (event.target === speed) return;
    if (event.key === "ArrowLeft" || event.key === "ArrowDown") toChange(-1);
    else if (event.key === "ArrowRight" || event.key === "ArrowUp") toChange(1);
    else if (event.key === "Home" || event.key === "End") {
      player.stop();
      ui.replay.value = event.key === "Home" ? 0 : store.end();
    } else if (event.key === " " && event.target === slider) play.click();
    else return;
    event.preventDefault();
  }

  function moved(at: number | null): void {
    if (at !== null && controls.hidden) {
      controls.hidden = false;
      setAttr(open, "aria-expanded", "true");
    }
    store.replay(at);
    draw();
  }

  slider.addEventListener("input", () => {
    // Read before it is drawn where the player has come to.
    const at = Number(slider.value) * store.end();
    player.stop();
    ui.replay.value = at;
  });
  root.addEventListener("keydown", keyDown);
  // While one looks back the run goes on: the slider's end moves away.
  const ticking = setInterval(() => !controls.hidden && store.moving && draw(), 250);
  if (ui.replay.value !== null) moved(ui.replay.value);
  else draw();

  return disposeAll(
    ui.replay.on(moved),
    store.onChange(() => {
      // Another run has come, of which there is no past on show.
      if (!store.replaying && ui.replay.value !== null) ui.replay.value = null;
      draw();
    }),
    () => {
      clearInterval(ticking);
      player.stop();
      if (store.replaying) store.replay(null);
      whole?.classList.remove("ipf-past");
      root.remove();
    },
  );
}

const mark = (name: keyof typeof MARKS): SVGSVGElement =>
  s(
    "svg",
    { class: `ipf-glyph ipf-mark-${name}`, viewBox: "0 0 12 12", width: 12, height: 12, "aria-hidden": "true" },
    s("path", { d: MARKS[name], fill: "none" }),
  );

const button = (label: string, name: keyof typeof MARKS, click: () => void): HTMLButtonElement =>
  h("button", { type: "button", class: "ipf-tool", "aria-label": label, title: label, click }, mark(name));
