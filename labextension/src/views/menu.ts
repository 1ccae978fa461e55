/** A button that opens a menu: the keys and the words are those of the ARIA menu button pattern. */

import { h, setAttr } from "../core/dom";

export interface MenuItem {
  label: string;
  act: () => void;
  /** Why it cannot be chosen now; it stands in the menu all the same. */
  not?: string;
  /** Begins a new part of the menu. */
  apart?: boolean;
}

export class MenuButton {
  /** The menu is the button's neighbour, so that both are in the view and have its colours. */
  readonly elements: readonly HTMLElement[];
  private readonly menu: HTMLElement;
  private items: HTMLElement[] = [];
  private readonly away = (event: Event) => {
    const target = event.target as Node | null;
    if (!this.menu.contains(target) && !this.button.contains(target)) this.close();
  };
  /** What moves the button moves the menu with it; a log that scrolls beside it does not. */
  private readonly moved = (event: Event) => {
    const { target } = event;
    if (target instanceof Node && !target.contains(this.button)) return;
    const { top, bottom } = this.button.getBoundingClientRect();
    if (bottom < 0 || top > window.innerHeight) this.close();
    else this.place();
  };
  private typed = "";
  private typedAt = 0;

  /** `offered` is asked each time the menu opens. */
  constructor(
    readonly button: HTMLButtonElement,
    name: string,
    private readonly offered: () => MenuItem[],
  ) {
    // The top layer: not clipped by the run's frame or a scrolling output area.
    this.menu = h("div", { class: "ipf-menu", role: "menu", "aria-label": name, popover: "manual" });
    this.menu.hidden = true;
    this.elements = [button, this.menu];
    button.setAttribute("aria-haspopup", "menu");
    button.setAttribute("aria-expanded", "false");
    button.addEventListener("click", () => (this.isOpen ? this.close(true) : this.open(0)));
    button.addEventListener("keydown", (event) => this.buttonKey(event));
    this.menu.addEventListener("keydown", (event) => this.menuKey(event));
  }

  get isOpen(): boolean {
    return !this.menu.hidden;
  }

  /** Opens with the item in focus: 0 is the first, -1 the last. */
  open(focus: number): void {
    this.items = [];
    const rows: HTMLElement[] = [];
    for (const item of this.offered()) {
      if (item.apart && rows.length > 0) rows.push(h("div", { class: "ipf-menu-line", role: "separator" }));
      const row = h(
        "div",
        {
          class: "ipf-menu-item",
          role: "menuitem",
          tabindex: -1,
          "aria-disabled": item.not === undefined ? null : "true",
          click: () => this.choose(item),
        },
        h("span", { text: item.label }),
        item.not === undefined ? null : h("span", { class: "ipf-quiet", text: item.not }),
      );
      row.addEventListener("pointermove", () => row.focus({ preventScroll: true }));
      rows.push(row);
      this.items.push(row);
    }
    this.menu.replaceChildren(...rows);
    this.menu.hidden = false;
    if (typeof this.menu.showPopover === "function" && this.menu.isConnected) this.menu.showPopover();
    setAttr(this.button, "aria-expanded", "true");
    this.place();
    window.addEventListener("pointerdown", this.away, true);
    window.addEventListener("scroll", this.moved, { capture: true, passive: true });
    window.addEventListener("resize", this.moved);
    this.focus(focus);
  }

  close(back = false): void {
    if (!this.isOpen) return;
    if (typeof this.menu.hidePopover === "function" && this.menu.isConnected) this.menu.hidePopover();
    this.menu.hidden = true;
    setAttr(this.button, "aria-expanded", "false");
    this.stopListening();
    if (back) this.button.focus();
  }

  dispose(): void {
    this.stopListening();
  }

  private stopListening(): void {
    window.removeEventListener("pointerdown", this.away, true);
    window.removeEventListener("scroll", this.moved, { capture: true });
    window.removeEventListener("resize", this.moved);
  }

  private choose(item: MenuItem): void {
    if (item.not !== undefined) return;
    this.close(true);
    item.act();
  }

  /** Below the button, its right edge under the button's where there is no room to the right. */
  private place(): void {
    const { left, right, bottom, top } = this.button.getBoundingClientRect();
    const { offsetWidth: w, offsetHeight: high } = this.menu;
    const x = left + w > window.innerWidth - 4 ? Math.max(4, right - w) : left;
    const below = bottom + 4;
    const y = below + high > window.innerHeight - 4 ? Math.max(4, top - 4 - high) : below;
    this.menu.style.left = `${x}px`;
    this.menu.style.top = `${y}px`;
  }

  private focus(at: number): void {
    this.items.at(((at % this.items.length) + this.items.length) % this.items.length)?.focus({ preventScroll: true });
  }

  private buttonKey(event: KeyboardEvent): void {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    this.open(event.key === "ArrowDown" ? 0 : -1);
    event.preventDefault();
    event.stopPropagation();
  }

  private menuKey(event: KeyboardEvent): void {
    const at = this.items.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
    if (to !== undefined) this.focus(to);
    else if (event.key === "Escape") this.close(true);
    else if (event.key === "Enter" || event.key === " ") this.items[at]?.click();
    else if (event.key === "Tab") this.close(true);
    else if (event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey) this.type(event.key, at);
    else return;
    // Tab goes on from the button.
    if (event.key !== "Tab") event.preventDefault();
    event.stopPropagation();
  }

  /** Letters go to the next item that begins with them. */
  private type(letter: string, at: number): void {
    const now = performance.now();
    this.typed = now - this.typedAt > 600 ? letter : this.typed + letter;
    this.typedAt = now;
    const begins = (one: HTMLElement) => one.textContent?.toLowerCase().startsWith(this.typed.toLowerCase()) ?? false;
    const from = this.typed.length === 1 ? at + 1 : at;
    const found = [...this.items.slice(from), ...this.items.slice(0, from)].find(begins);
    found?.focus({ preventScroll: true });
  }
}
