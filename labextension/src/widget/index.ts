/** The adapter for anywidget: each view of a widget has a store of its own, fed by the same messages. */

import { tellingUnheard } from "../core/hears";
import { asPayload, type FromPage, type Link } from "../core/protocol";
import { disposeAll } from "../core/signal";
import { RunStore } from "../core/store";
import { createUiState } from "../core/ui-state";
import { mountRunView, showError } from "../views/run-view";

/** As much of anywidget's model as is used here. */
export interface WidgetModel {
  get(name: string): unknown;
  send(message: unknown): void;
  on(event: string, listener: (message: unknown) => void): void;
  off(event: string, listener: (message: unknown) => void): void;
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

/** Widgets are told when their kernel goes away and when they have found it again. */
function watchLine(model: WidgetModel, store: RunStore): () => void {
  const changed = () => store.lineChanged();
  model.on("comm_live_update", changed);
  return () => model.off("comm_live_update", changed);
}

function render({ model, el }: { model: WidgetModel; el: HTMLElement }): () => void {
  let store: RunStore | null = null;
  try {
    store = new RunStore(tellingUnheard(linkTo(model), () => store?.run.hears === false));
    const payload = model.get("payload");
    if (payload !== null && payload !== undefined) store.load(asPayload(payload));
    const unmount = mountRunView(el, store, createUiState(model.get("view")));
    store.connect();
    return disposeAll(unmount, watchLine(model, store), () => store?.dispose());
  } catch (error) {
    store?.dispose();
    return showError(el, error);
  }
}

export default { render };
