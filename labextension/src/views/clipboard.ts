/** Text into the clipboard, also where the page does not come from a safe origin (a server without https). */

import { h } from "../core/dom";

export async function copyText(text: string): Promise<void> {
  if (navigator.clipboard !== undefined) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const before = document.activeElement;
  const area = h("textarea", { style: "position:fixed;opacity:0", "aria-hidden": "true" });
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (before instanceof HTMLElement) before.focus();
  if (!done) throw new Error("the browser does not let a page copy here");
}
