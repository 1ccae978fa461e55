/** Dropping on the picture: onto a card without a task, between two cards, into a new branch; whatever is nearest. */

import type { Desk } from "./desk";
import { type Dragged, distance, dropArea, type Target } from "./drag";
import { find, type Place } from "./state";

/** `cardOf` finds the card of a number. */
export function mountDrops(element: HTMLElement, desk: Desk, cardOf: (id: number) => HTMLElement | null): void {
  function nearest(what: Dragged, x: number, y: number): Target | null {
    const moved = what.id === undefined ? undefined : find(desk.plan, what.id);
    const own = what.id === undefined ? null : (cardOf(what.id)?.closest("li") ?? null);
    if (what.task !== undefined) {
      const under = [...element.querySelectorAll<HTMLElement>("[data-empty]")];
      const hit = under.find((one) => distance(one.getBoundingClientRect(), x, y) === 0);
      if (hit) {
        const id = Number(hit.dataset.id);
        return {
          element: hit,
          drop: () => desk.edit({ do: "task", id, task: what.task }, { word: `chose ${what.task}` }),
        };
      }
    }
    let best: Target | null = null;
    let least = Number.POSITIVE_INFINITY;
    const consider = (one: HTMLElement, place: Place) => {
      const far = distance(one.getBoundingClientRect(), x, y);
      if (far >= least) return;
      least = far;
      best = { element: one, drop: () => put(what, place) };
    };
    for (const one of element.querySelectorAll<HTMLElement>(".ipb-gap")) {
      const place = { to: Number(one.dataset.to), at: Number(one.dataset.at) };
      const same = moved && place.to === moved.holder && (place.at === moved.at || place.at === moved.at + 1);
      if (!same && !(own?.contains(one) ?? false)) consider(one, place);
    }
    for (const one of element.querySelectorAll<HTMLElement>(".ipb-new-branch")) {
      if (!(own?.contains(one) ?? false)) consider(one, { to: Number(one.dataset.block), at: 0 });
    }
    return best;
  }

  function put(what: Dragged, place: Place): void {
    if (what.id === undefined) desk.add(what, place);
    else desk.move(what.id, place);
  }

  function aim(target: Target | null): void {
    for (const one of element.querySelectorAll(".ipb-aimed")) one.classList.remove("ipb-aimed");
    target?.element.classList.add("ipb-aimed");
    element.classList.toggle("ipb-dropping", target !== null);
  }

  dropArea(element, nearest, aim);
}
