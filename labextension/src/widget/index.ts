/** The adapter for anywidget: each view of a widget has a store of its own, fed by the same messages. */

import { asPayload, type FromPage, type Link } from "../core/protocol";
import { disposeAll } from "../core/signal";
import { RunStore } from "../core/store";
import { createUiState } from "../core/ui-state";
import { mountRunView, showError } from "../views/run-view";

/** As much of anywidget's model as is used here. */
export interface WidgetModel {
  get(name: string): unknown;
  send(message: unknown): void;
  on(event: "msg:custom", listener: (message: unknown) => void): void;
  off(event: "msg:custom", listener: (message: unknown) => void): void;
}

function linkTo(model: WidgetModel): Link {
  return {
    send(message: FromPage) {
      try {
        model.send(message);
      } catch {
        // The kernel is gone: the page shows what it has.
      }
    },
    listen(listener) {
      const forward = (message: unknown) => listener(message);
      model.on("msg:custom", forward);
      return () => model.off("msg:custom", forward);
    },
  };
}

export function render({ model, el }: { model: WidgetModel; el: HTMLElement }): () => void {
  let store: RunStore | null = null;
  try {
    store = new RunStore(linkTo(model));
    const payload = model.get("payload");
    if (payload !== null && payload !== undefined) store.load(asPayload(payload));
    const dispose = disposeAll(mountRunView(el, store, createUiState(model.get("view"))), () => store?.dispose());
    store.connect();
    return dispose;
  } catch (error) {
    store?.dispose();
    return showError(el, error);
  }
}

export default { render };
