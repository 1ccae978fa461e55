/** The colours of the style sheet, as the canvas needs them, and word when the host's theme changes. */

import type { State } from "./protocol";
import { STATES } from "./status";

export interface Theme {
  state: Record<State, string>;
  background: string;
  text: string;
  quiet: string;
  line: string;
  accent: string;
  error: string;
  hover: string;
  selected: string;
  font: string;
  mono: string;
}

const cssName = (state: State): string => `--ipf-${state.replace("_", "-")}`;

/** For elements: follows the theme by itself. */
export const stateColour = (state: State): string => `var(${cssName(state)})`;

export function readTheme(element: Element): Theme {
  const style = getComputedStyle(element);
  const read = (name: string, otherwise: string) => known(style.getPropertyValue(name).trim(), element) || otherwise;
  const state = {} as Record<State, string>;
  for (const one of STATES) state[one] = read(cssName(one), "#888");
  return {
    state,
    background: read("--ipf-bg", "#fff"),
    text: read("--ipf-fg", "#222"),
    quiet: read("--ipf-quiet", "#666"),
    line: read("--ipf-line", "#ddd"),
    accent: read("--ipf-accent", "#1976d2"),
    error: read("--ipf-error", "#b3260b"),
    hover: read("--ipf-hover", "rgba(0,0,0,.05)"),
    selected: read("--ipf-selected", "rgba(25,118,210,.12)"),
    font: style.fontFamily || "sans-serif",
    mono: read("--ipf-mono", "monospace"),
  };
}

const INK = { dark: "#14181d", light: "#ffffff" };

/** The colour of words on a ground: of a dark and a light one that which stands out more. */
export function inkOn(ground: string): string {
  const parts = /^#[0-9a-f]{6}$/i.test(ground)
    ? [1, 3, 5].map((at) => Number.parseInt(ground.slice(at, at + 2), 16))
    : (ground.match(/[\d.]+/g) ?? []).slice(0, 3).map(Number);
  const [r = 0, g = 0, b = 0] = parts.map((part) => {
    const one = part / 255;
    return one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4;
  });
  const light = 0.2126 * r + 0.7152 * g + 0.0722 * b;
  return 1.05 / (light + 0.05) >= (light + 0.05) / 0.0587 ? INK.light : INK.dark;
}

/** Under forced colours, or where a theme mixes them, a colour has a name that only the page's own style can look up. */
function known(value: string, element: Element): string {
  if (value === "" || /^(#|rgb)/.test(value) || value.startsWith('"')) return value;
  if (!CSS.supports("color", value)) return value;
  const probe = document.createElement("i");
  probe.style.setProperty("forced-color-adjust", "none");
  probe.style.color = value;
  element.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found || value;
}

/** JupyterLab says its theme on the body, VS Code by a class, Colab on the root, others by the system's setting. */
export function watchTheme(changed: () => void): () => void {
  let late: ReturnType<typeof setTimeout> | undefined;
  const twice = () => {
    changed();
    // A theme's style sheet arrives after its name: look once more when it has had time to load.
    clearTimeout(late);
    late = setTimeout(changed, 500);
  };
  const observer = new MutationObserver(twice);
  const options = {
    attributes: true,
    attributeFilter: ["class", "style", "theme", "data-theme", "data-jp-theme-name"],
  };
  observer.observe(document.documentElement, options);
  observer.observe(document.body, options);
  const queries = ["(prefers-color-scheme: dark)", "(forced-colors: active)", "(prefers-contrast: more)"].map((query) =>
    matchMedia(query),
  );
  for (const query of queries) query.addEventListener("change", twice);
  late = setTimeout(changed, 500);
  // Inside another widget a view is made before it is in the page, where nothing has colours yet.
  const placed = requestAnimationFrame(changed);
  return () => {
    clearTimeout(late);
    cancelAnimationFrame(placed);
    observer.disconnect();
    for (const query of queries) query.removeEventListener("change", twice);
  };
}
