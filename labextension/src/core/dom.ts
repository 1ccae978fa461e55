/**
 * Elements without markup: text only ever gets in as text, so names, arguments and tracebacks cannot be read as HTML, and
 * what cannot be seen in it is shown.
 */

import { visible } from "./visible";

type Child = Node | string | null | undefined | false;
type Listener = (event: never) => void;

export interface Attributes {
  class?: string;
  text?: string;
  /** Attributes as written in HTML; `null`, `undefined` and (but for ARIA) `false` leave one out. */
  [name: string]: string | number | boolean | null | undefined | Listener;
}

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  fill(element, attributes, children);
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

export function s<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS(SVG, tag);
  fill(element, attributes, children);
  return element;
}

function fill(element: Element, attributes: Attributes, children: Child[]): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined) continue;
    if (name.startsWith("aria-")) element.setAttribute(name, String(value));
    else if (value === false) continue;
    else if (typeof value === "function") element.addEventListener(name, value as EventListener);
    else if (name === "text") element.textContent = visible(String(value));
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children) {
    if (child !== null && child !== undefined && child !== false) element.append(child);
  }
}

const copy = Math.random().toString(36).slice(2, 8);
let ids = 0;

/** An id that no other element of the page has: each widget, and each bundle, brings a copy of this module. */
export function newId(name: string): string {
  ids += 1;
  return `${name}-${copy}-${ids}`;
}

/** Writes only what differs: untouched nodes keep the reader's text selection and cost no layout. */
export function setText(node: Node, text: string): void {
  const seen = visible(text);
  if (node.textContent !== seen) node.textContent = seen;
}

export function setAttr(element: Element, name: string, value: string | null): void {
  if (value === null) {
    if (element.hasAttribute(name)) element.removeAttribute(name);
  } else if (element.getAttribute(name) !== value) {
    element.setAttribute(name, value);
  }
}

/** A `setTimeout`-free gate: many calls in one frame become one. */
export function onceAFrame(draw: () => void): { (): void; cancel(): void } {
  let frame = 0;
  const request = () => {
    if (frame !== 0) return;
    frame = requestAnimationFrame(() => {
      frame = 0;
      draw();
    });
  };
  request.cancel = () => {
    cancelAnimationFrame(frame);
    frame = 0;
  };
  return request;
}

export function reducedMotion(): boolean {
  return typeof matchMedia === "function" && matchMedia("(prefers-reduced-motion: reduce)").matches;
}
