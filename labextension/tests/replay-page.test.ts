import { afterEach, describe, expect, it, vi } from "vitest";
import type { Payload } from "../src/core/protocol";
import { example, payload, task } from "./helpers";
import { closeAll, frame, open } from "./page";

afterEach(() => {
  closeAll();
  vi.restoreAllMocks();
});

const get = <T extends HTMLElement = HTMLElement>(el: HTMLElement, selector: string): T => {
  const found = el.querySelector<T>(selector);
  if (found === null) throw new Error(`no ${selector}`);
  return found;
};
const button = (el: HTMLElement, name: string): HTMLButtonElement => {
  const found = [...el.querySelectorAll("button")].find(
    (one) => one.getAttribute("aria-label") === name || one.textContent === name,
  );
  if (found === undefined) throw new Error(`no button ${name}`);
  return found;
};
const press = (on: HTMLElement, key: string, more: KeyboardEventInit = {}) =>
  on.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more }));
const drag = (el: HTMLElement, part: number) => {
  const slider = get<HTMLInputElement>(el, ".ipf-replay-slider");
  slider.value = String(part);
  slider.dispatchEvent(new Event("input"));
};
const pill = (el: HTMLElement) => get(el, ".ipf-head .ipf-pill").textContent;
const words = (el: HTMLElement) => get(el, ".ipf-replay-slider").getAttribute("aria-valuetext");

function replaying(from: Payload | null = example("failing"), view = "timeline") {
  const page = open(from, view);
  button(page.el, "Replay").click();
  return { ...page, slider: get<HTMLInputElement>(page.el, ".ipf-replay-slider") };
}

describe("the replay", () => {
  it("is one small button until it is wanted, and then shows the run as it is", () => {
    const { el } = open(example("failing"));
    expect(get(el, ".ipf-replay-controls").hidden).toBe(true);
    button(el, "Replay").click();
    expect(get(el, ".ipf-replay-controls").hidden).toBe(false);
    expect(button(el, "Replay").getAttribute("aria-expanded")).toBe("true");
    expect(pill(el)).toContain("failed");
    expect(get(el, ".ipf").classList.contains("ipf-past")).toBe(false);
  });

  it("is not there where nothing has run", () => {
    const { el } = open(payload([]));
    expect(get(el, ".ipf-replay").hidden).toBe(true);
  });

  it("shows the instant in head, table and detail, and says so", async () => {
    const { el } = replaying(example("failing"), "table");
    drag(el, 0.5);
    await frame();
    expect(pill(el)).toContain("running");
    expect(get(el, ".ipf").classList.contains("ipf-past")).toBe(true);
    expect(words(el)).toBe("711 ms of 1.42 s");
    const states = [...el.querySelectorAll(".ipf-tr")].map((row) => row.textContent ?? "");
    expect(states.some((text) => text.includes("waiting"))).toBe(true);
    expect(states.some((text) => text.includes("blocked"))).toBe(true);
    button(el, "Now").click();
    await frame();
    expect(pill(el)).toContain("failed");
    expect(get(el, ".ipf").classList.contains("ipf-past")).toBe(false);
    expect(get(el, ".ipf-replay-controls").hidden).toBe(true);
  });

  it("goes from change to change by the arrow keys, in words", () => {
    const { el, slider } = replaying(example("small"));
    press(slider, "Home");
    expect(words(el)).toContain("0 s of 1.11 s");
    const seen: string[] = [];
    for (let i = 0; i < 9; i++) {
      press(slider, "ArrowRight");
      seen.push(words(el) ?? "");
    }
    expect(new Set(seen).size).toBe(9);
    expect(seen.some((text) => /load_user #2 running/.test(text))).toBe(true);
    press(slider, "ArrowLeft");
    expect(words(el)).toBe(seen[7]);
    press(slider, "End");
    expect(words(el)).toContain("1.11 s of 1.11 s");
    expect(pill(el)).toContain("succeeded");
  });

  it("stops at the first and at the last change", () => {
    const { el, slider } = replaying(example("small"));
    press(slider, "Home");
    press(slider, "ArrowLeft");
    expect(words(el)).toContain("0 s of");
    press(slider, "End");
    press(slider, "ArrowRight");
    expect(words(el)).toContain("1.11 s of 1.11 s");
  });

  it("is left by Escape, which leaves the pane open", () => {
    const { el, slider } = replaying();
    drag(el, 0.5);
    press(slider, "Escape");
    expect(get(el, ".ipf-replay-controls").hidden).toBe(true);
    expect(pill(el)).toContain("failed");
    expect(document.activeElement?.textContent).toBe("Replay");
  });

  it("plays from the beginning to the end, evenly with the clock", () => {
    const frames: FrameRequestCallback[] = [];
    vi.spyOn(window, "requestAnimationFrame").mockImplementation((call) => frames.push(call));
    vi.spyOn(performance, "now").mockReturnValue(1000);
    const { el } = replaying(example("small"));
    const next = (now: number) => {
      for (const call of frames.splice(0)) call(now);
    };
    button(el, "Play").click();
    expect(words(el)).toContain("0 s of");
    next(2000);
    // All of it takes ten seconds.
    expect(words(el)).toBe("111 ms of 1.11 s");
    next(6000);
    expect(words(el)).toBe("553 ms of 1.11 s");
    expect(button(el, "Stop")).toBeDefined();
    next(60_000);
    expect(words(el)).toContain("1.11 s of 1.11 s");
    expect(button(el, "Play")).toBeDefined();
  });

  it("plays as fast as it was, on request, and stops when the slider is moved", () => {
    const frames: FrameRequestCallback[] = [];
    vi.spyOn(window, "requestAnimationFrame").mockImplementation((call) => frames.push(call));
    vi.spyOn(performance, "now").mockReturnValue(1000);
    const { el } = replaying(example("small"));
    const speed = get<HTMLSelectElement>(el, ".ipf-replay-speed");
    speed.value = "true";
    speed.dispatchEvent(new Event("change"));
    button(el, "Play").click();
    for (const call of frames.splice(0)) call(1500);
    expect(words(el)).toBe("500 ms of 1.11 s");
    drag(el, 0.1);
    for (const call of frames.splice(0)) call(1900);
    expect(words(el)).toBe("111 ms of 1.11 s");
  });

  it("goes in steps where the reader wants no motion", () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    vi.spyOn(window, "matchMedia").mockImplementation(
      (query) => ({ matches: query.includes("reduce"), addEventListener() {}, removeEventListener() {} }) as never,
    );
    try {
      const { el } = replaying(example("small"));
      button(el, "Play").click();
      expect(words(el)).toContain("0 s of");
      vi.advanceTimersByTime(400);
      expect(words(el)).toContain("0 s of");
      vi.advanceTimersByTime(200);
      expect(words(el)).toContain("55 ms of");
    } finally {
      vi.useRealTimers();
    }
  });

  it("goes back to a live run by a button that says so, and sends no command meanwhile", async () => {
    const { el, model } = open(null);
    const first = payload([task(1, { state: "running", spans: [[0, "running", "w"]], started: 0 })], { now: 2 });
    model.say({ type: "snapshot", seq: 0, payload: first });
    button(el, "Replay").click();
    drag(el, 0.5);
    expect(button(el, "Live")).toBeDefined();
    get(el, ".ipf-cancel").click();
    expect(model.kinds()).not.toContain("cancel");
    const ended = { ...first.run, now: 3, closed: 3, state: "succeeded", counts: { succeeded: 1 } };
    model.say({ type: "delta", seq: 1, run: ended, tasks: [], edges: null, graph: null, lanes: null });
    expect(pill(el)).toContain("running");
    press(get(el, ".ipf-replay-slider"), "Escape");
    await frame();
    expect(pill(el)).toContain("succeeded");
  });

  it("goes over to a live run where it has caught up with it", () => {
    const frames: FrameRequestCallback[] = [];
    vi.spyOn(window, "requestAnimationFrame").mockImplementation((call) => frames.push(call));
    const now = vi.spyOn(performance, "now").mockReturnValue(1000);
    const { el, model } = open(null);
    const first = payload([task(1, { state: "running", spans: [[0, "running", "w"]] })], { now: 1 });
    model.say({ type: "snapshot", seq: 0, payload: first });
    button(el, "Replay").click();
    drag(el, 0.9);
    button(el, "Play").click();
    now.mockReturnValue(9000);
    for (let at = 2000; at < 60_000; at += 4000) for (const call of frames.splice(0)) call(at);
    expect(get(el, ".ipf").classList.contains("ipf-past")).toBe(false);
    expect(get(el, ".ipf-replay-controls").hidden).toBe(false);
  });

  it("ends when another run takes the place", () => {
    const { el, model } = replaying(example("failing"));
    drag(el, 0.5);
    model.say({ type: "snapshot", seq: 0, payload: payload([task(1)], { id: 77 }) });
    expect(get(el, ".ipf").classList.contains("ipf-past")).toBe(false);
  });
});

describe("keys of the timeline", () => {
  const scroll = (el: HTMLElement) => get(el, ".ipf-timeline .ipf-scroll");
  const foot = (el: HTMLElement) => get(el, ".ipf-time-foot");

  it("mark a stretch, move its end, zoom to it", async () => {
    const { el } = open(example("many"));
    press(scroll(el), "b");
    await frame();
    const before = get(el, ".ipf-time-words").textContent ?? "";
    expect(before).toMatch(/from \+.* tasks? ran/);
    press(scroll(el), "ArrowLeft", { shiftKey: true });
    await frame();
    expect(get(el, ".ipf-time-words").textContent).not.toBe(before);
    press(scroll(el), "Enter");
    await frame();
    expect(foot(el).hidden).toBe(true);
    expect(el.querySelector(".ipf-detail")?.hasAttribute("hidden")).toBe(true);
  });

  it("take the mark away before they close the pane", async () => {
    const { el } = open(example("many"));
    press(scroll(el), "ArrowDown");
    press(scroll(el), "Enter");
    press(scroll(el), "b");
    await frame();
    press(scroll(el), "Escape");
    await frame();
    expect(foot(el).hidden).toBe(true);
    expect(get(el, ".ipf-detail").hidden).toBe(false);
    press(scroll(el), "Escape");
    expect(get(el, ".ipf-detail").hidden).toBe(true);
  });

  it("are told on request", async () => {
    const { el } = open(example("many"));
    expect(foot(el).hidden).toBe(true);
    press(scroll(el), "?");
    await frame();
    expect(foot(el).textContent).toContain("mark a stretch");
  });

  it("show the critical path, and what it comes to", async () => {
    const run = example("small");
    run.run.critical = [2, 4];
    const { el } = open(run);
    press(scroll(el), "c");
    await frame();
    expect(button(el, "Critical path").getAttribute("aria-pressed")).toBe("true");
    expect(get(el, ".ipf-time-words").textContent).toMatch(/^2 tasks decided .* of 1\.11 s/);
    button(el, "Critical path").click();
    await frame();
    expect(foot(el).hidden).toBe(true);
  });

  it("do nothing where there is no path, and the button says why", async () => {
    const { el } = open(example("running"));
    press(scroll(el), "c");
    button(el, "Critical path").click();
    await frame();
    const path = button(el, "Critical path");
    expect(path.getAttribute("aria-pressed")).toBe("false");
    expect(path.getAttribute("aria-disabled")).toBe("true");
    expect(path.title).toContain("when the run has ended");
    expect(foot(el).hidden).toBe(true);
  });
});

describe("dragging over the timeline", () => {
  it("with Shift marks a stretch; without it moves the picture", async () => {
    const { el } = open(example("many"));
    const canvas = get<HTMLCanvasElement>(el, ".ipf-bars");
    canvas.setPointerCapture = () => undefined;
    const fire = (type: string, x: number, more: PointerEventInit = {}) =>
      canvas.dispatchEvent(
        new PointerEvent(type, { bubbles: true, button: 0, buttons: 1, clientX: x, clientY: 5, ...more }),
      );
    fire("pointerdown", 5, { shiftKey: true });
    fire("pointermove", 25, { shiftKey: true });
    fire("pointerup", 25, { shiftKey: true });
    await frame();
    expect(get(el, ".ipf-time-words").textContent).toContain("ran");
    button(el, "Clear").click();
    await frame();
    expect(get(el, ".ipf-time-foot").hidden).toBe(true);
  });
});
