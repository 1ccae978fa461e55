/** The place below the head where a run is begun anew with other parameters: a form with those that it has. */

import { h } from "../core/dom";
import { messageOf, oneLine } from "../core/format";
import { disposeAll } from "../core/signal";
import type { RunStore } from "../core/store";
import type { UiState } from "../core/ui-state";
import { type Form, mountForm } from "./forms/form";
import { say } from "./say";

const RUN = "Run with these";
/** How long, in ms, the buttons rest while the kernel looks at what was sent. */
const PATIENCE = 4000;

export function mountRerunForm(element: HTMLElement, store: RunStore, ui: UiState): () => void {
  const place = h("section", { class: "ipf-rerun-form", "aria-label": "Rerun with other parameters" });
  place.hidden = true;
  element.append(place);
  let form: Form | null = null;
  let run = 0;
  /** Whether this page has sent it: another one may watch the same run by the same link. */
  let sent = false;
  let resting: ReturnType<typeof setTimeout> | undefined;

  async function open(): Promise<void> {
    run = store.run.id;
    try {
      const { name, fields, values } = await store.ask("form", {});
      if (!ui.rerunForm.value || store.run.id !== run) return;
      const title = h("h2", { class: "ipf-prompts-name", text: `Rerun ${oneLine(name, 60)} with other parameters` });
      place.replaceChildren(title);
      form = mountForm(place, fields, { values, actions: [RUN, "Close"], onSubmit: send });
      place.hidden = false;
      form.focus();
    } catch (error) {
      say(store, messageOf(error));
      ui.rerunForm.value = false;
    }
  }

  function send(action: string, values: Record<string, unknown>): void {
    if (action !== RUN) {
      close();
      return;
    }
    form?.showErrors({});
    rest(true);
    sent = true;
    store.rerun(values);
  }

  function rest(on: boolean): void {
    clearTimeout(resting);
    form?.setBusy(on);
    if (on) resting = setTimeout(() => rest(false), PATIENCE);
  }

  function close(): void {
    ui.rerunForm.value = false;
  }

  /** Where it came from, or what stands there now. */
  function leave(): void {
    const ways = [".ipf-rerun-with:not([hidden])", ".ipf-more", ".ipf-fold"].map((one) =>
      element.querySelector<HTMLElement>(one),
    );
    (ways.find((one) => one !== null && one.offsetParent !== null) ?? ways.find((one) => one !== null))?.focus();
  }

  function show(): void {
    const within = place.contains(document.activeElement);
    sent = false;
    clearTimeout(resting);
    form?.dispose();
    form = null;
    place.hidden = true;
    place.replaceChildren();
    if (ui.rerunForm.value) void open();
    else if (within) leave();
  }

  place.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    close();
  });
  show();
  return disposeAll(
    ui.rerunForm.on(show),
    store.onRerunRefused((errors) => {
      if (!sent) return;
      sent = false;
      rest(false);
      form?.showErrors(errors);
    }),
    store.onChange(() => {
      if (form === null) return;
      // Out of sight while the past is on show, or the kernel away: what was typed stays.
      place.hidden = !place.contains(document.activeElement) && (store.replaying || !store.heard);
      // The view has gone over to the new run.
      if (store.run.id !== run) ui.rerunForm.value = false;
    }),
    () => {
      clearTimeout(resting);
      form?.dispose();
      place.remove();
    },
  );
}
