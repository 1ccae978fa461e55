/** A page of its own: the views on a run that is embedded in it. Nothing is fetched, nothing is behind it. */

import { asPayload } from "../core/protocol";
import { RunStore } from "../core/store";
import { createUiState } from "../core/ui-state";
import { mountRunView, showError } from "../views/run-view";
import { type Embedded, embeddedLink } from "./embedded";

export function show(place: HTMLElement, text: string): () => void {
  try {
    const embedded = JSON.parse(text) as Embedded;
    const payload = asPayload(embedded.payload);
    const store = new RunStore(embeddedLink(embedded));
    store.load(payload);
    const unmount = mountRunView(place, store, createUiState());
    return () => {
      unmount();
      store.dispose();
    };
  } catch (error) {
    return showError(place, error);
  }
}

const place = document.getElementById("ipyflow-view");
const data = document.getElementById("ipyflow-run");
if (place !== null && data !== null) show(place, data.textContent ?? "");
