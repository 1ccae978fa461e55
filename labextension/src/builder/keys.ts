/** The keyboard: from card to card, moving, adding, taking away, undo. */

import type { Desk } from "./desk";
import type { Picture } from "./picture";
import type { Properties } from "./properties";
import { everything, type Found, find, nextPlace, placeBehind } from "./state";

export const KEYS: [string, string][] = [
  ["↑ ↓", "from card to card"],
  ["← →", "from branch to branch"],
  ["A", "add behind it"],
  ["Enter", "change it"],
  ["Alt+↑ ↓", "move it"],
  ["Ctrl+D", "double it"],
  ["Delete", "take it away"],
  ["Ctrl+Z", "undo"],
];

export function mountKeys(root: HTMLElement, desk: Desk, picture: Picture, properties: Properties): () => void {
  /** JupyterLab's own single keys (a, b, d d, arrows) must not act on the notebook from in here: see views/run-view.ts. */
  function shield(event: KeyboardEvent): void {
    if (!(event.target instanceof Element) || !root.contains(event.target)) return;
    const command = event.ctrlKey || event.metaKey;
    const ours = command ? "zyd".includes(event.key.toLowerCase()) : true;
    event.target.toggleAttribute("data-lm-suppress-shortcuts", ours);
  }

  function keyDown(event: KeyboardEvent): void {
    const target = event.target as HTMLElement;
    const typing = target.matches("input, textarea, select");
    if (target.closest("[role=menu]")) return;
    const command = event.ctrlKey || event.metaKey;
    if (command && !event.altKey) {
      if (commandKey(event.key.toLowerCase(), event.shiftKey, typing)) stop(event);
      return;
    }
    if (typing) {
      if (event.key === "Escape") {
        picture.focus(desk.chosen.value);
        stop(event);
      }
      return;
    }
    const here = target.dataset.id !== undefined && picture.element.contains(target);
    if (here && cardKey(event.key, event.altKey)) stop(event);
  }

  function commandKey(key: string, shift: boolean, typing: boolean): boolean {
    if (typing) return false; // a field has an undo of its own
    if (key === "z") desk.inTurn(() => (shift ? desk.redo() : desk.undo()));
    else if (key === "y") desk.inTurn(() => desk.redo());
    else if (key === "d" && desk.chosen.value !== 0) desk.inTurn(double);
    else return false;
    return true;
  }

  function double(): void {
    desk.edit({ do: "copy", id: desk.chosen.value }, { word: "doubled" });
  }

  function cardKey(key: string, alt: boolean): boolean {
    const id = desk.chosen.value;
    if (alt) {
      if (key === "ArrowUp" || key === "ArrowDown") desk.inTurn(() => move(desk.chosen.value, key === "ArrowDown"));
      else if (key === "ArrowLeft" || key === "ArrowRight") {
        desk.inTurn(() => moveBranch(desk.chosen.value, key === "ArrowRight"));
      } else return false;
      return true;
    }
    const all = [0, ...everything(desk.plan).map((one) => one.id)];
    const at = all.indexOf(id);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[key];
    if (to !== undefined) go(all[Math.max(0, Math.min(all.length - 1, to))]);
    else if (key === "ArrowRight") aside(id, 1);
    else if (key === "ArrowLeft") aside(id, -1);
    else if (key === "a" || key === "A" || key === "Insert" || key === "+")
      picture.openMenu(placeBehind(desk.plan, id));
    else if (key === "Delete" || key === "Backspace") desk.inTurn(() => desk.remove(desk.chosen.value));
    else if (key === "Enter") properties.focusField("");
    else return false;
    return true;
  }

  function go(id: number | undefined): void {
    if (id !== undefined) desk.choose(id);
  }

  /** To the same place in the next branch; from a block into its first, from a branch to the next. */
  function aside(id: number, step: number): void {
    const found = find(desk.plan, id);
    if (found?.entry?.kind === "group" && step > 0) go(found.entry.branches[0]?.id);
    else if (found?.branch) go(found.block?.branches[found.at + step]?.id);
    else if (found !== undefined && found.holder !== 0) go(inBranch(found, step));
  }

  function inBranch(found: Found, step: number): number | undefined {
    const branches = found.block?.branches ?? [];
    const next = branches[branches.findIndex((one) => one.id === found.holder) + step];
    return next?.entries[Math.min(found.at, next.entries.length - 1)]?.id ?? next?.id;
  }

  function move(id: number, down: boolean): void {
    const place = nextPlace(desk.plan, id, down);
    if (place === null) desk.say("it cannot go further");
    else desk.move(id, place);
  }

  /** A branch among its neighbours; a card into the branch beside its own. */
  function moveBranch(id: number, right: boolean): void {
    const found = find(desk.plan, id);
    const step = right ? 1 : -1;
    if (found?.branch) {
      const at = right ? found.at + 2 : found.at - 1;
      if (at >= 0 && at <= found.of) desk.move(id, { to: found.holder, at });
      return;
    }
    const branches = found?.block?.branches ?? [];
    const next = branches[branches.findIndex((one) => one.id === found?.holder) + step];
    if (found && next) desk.move(id, { to: next.id, at: Math.min(found.at, next.entries.length) });
  }

  function stop(event: KeyboardEvent): void {
    event.preventDefault();
    event.stopPropagation();
  }

  window.addEventListener("keydown", shield, { capture: true });
  root.addEventListener("keydown", keyDown);
  return () => window.removeEventListener("keydown", shield, { capture: true });
}
