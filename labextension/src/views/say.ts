/** A word of the page's own to the reader, in the line where the kernel's words stand. */

import type { RunStore } from "../core/store";

export const say = (store: RunStore, text: string): void => store.receive({ type: "said", text });
