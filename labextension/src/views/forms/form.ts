/**
 * A form made of fields that the kernel describes: labels, words, errors at their fields, and buttons. What is right is
 * for the kernel to say: a form only collects.
 */

import { h, setText } from "../../core/dom";
import type { Field, Given } from "./fields";
import { makePart, type Part, valuesOf } from "./parts";

export interface FormOptions {
  /** What the fields hold at first, by name; the others hold their defaults. */
  values?: Record<string, Given>;
  /** Words on the buttons: the first sends the form, by Enter too. None: no buttons. */
  actions?: readonly string[];
  onSubmit?: (action: string, values: Record<string, Given>) => void;
  /** After any change by hand. */
  onChange?: (values: Record<string, Given>) => void;
}

export interface Form {
  readonly element: HTMLElement;
  /** What is given, by name; what is left to its default is not there. */
  values(): Record<string, Given>;
  /** Says what is wrong, at the fields ("sizes.0", "address.street"), else above them; `{}` takes it away. */
  showErrors(errors: Readonly<Record<string, string>>): void;
  /** While what was sent is looked at, nothing more is sent. */
  setBusy(busy: boolean): void;
  focus(): void;
  dispose(): void;
}

export function mountForm(element: HTMLElement, fields: readonly Field[], options: FormOptions = {}): Form {
  const { values: given = {}, actions = [], onSubmit, onChange } = options;
  const parts = new Map<string, Part>();
  for (const field of fields)
    parts.set(field.name, makePart(field, field.name in given ? given[field.name] : field.default));
  const general = h("p", { class: "ipf-field-error ipf-form-error", role: "alert" });
  general.hidden = true;
  const buttons = actions.map((action, i) =>
    h("button", {
      type: "button",
      class: `ipf-button${i === 0 ? " ipf-primary" : ""}`,
      text: action,
      click: () => send(action),
    }),
  );
  const grid = h("div", { class: "ipf-fields" }, ...[...parts.values()].map((part) => part.element));
  // No form element: in frames that may not send forms the browser would swallow its Enter.
  const root = h(
    "div",
    { class: "ipf-form", keydown: keyDown, input: changed, change: changed },
    general,
    fields.length > 0 && grid,
    buttons.length > 0 && h("div", { class: "ipf-form-actions" }, ...buttons),
  );
  element.append(root);
  let busy = false;

  function send(action: string): void {
    if (busy) return;
    onSubmit?.(action, valuesOf(parts));
  }

  function changed(): void {
    onChange?.(valuesOf(parts));
  }

  function keyDown(event: KeyboardEvent): void {
    const at = event.target;
    if (event.key !== "Enter" || event.isComposing || at instanceof HTMLButtonElement) return;
    if (at instanceof HTMLTextAreaElement && !event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    if (actions[0] !== undefined) send(actions[0]);
  }

  function showErrors(errors: Readonly<Record<string, string>>): void {
    for (const part of parts.values()) part.clear();
    const rest: string[] = [];
    let first: Part | null = null;
    const order = [...parts.keys()];
    const place = (path: string) => order.indexOf(path.split(".")[0] ?? "");
    for (const [path, text] of Object.entries(errors).sort(([a], [b]) => place(a) - place(b))) {
      const [name = "", ...inner] = path.split(".");
      const part = parts.get(name)?.at(inner);
      part?.fail(text);
      if (part === undefined) rest.push(path === "" ? text : `${path}: ${text}`);
      else first ??= part;
    }
    setText(general, rest.join("\n"));
    general.hidden = rest.length === 0;
    first?.focus();
  }

  return {
    element: root,
    values: () => valuesOf(parts),
    showErrors,
    setBusy(on) {
      busy = on;
      for (const button of buttons) button.setAttribute("aria-disabled", String(on));
    },
    focus() {
      const first = parts.values().next().value;
      if (first !== undefined) first.focus();
      else buttons[0]?.focus();
    },
    dispose: () => root.remove(),
  };
}
