/** The adapter for anywidget: the page of `ipyflow.Builder`. */

import { disposeAll } from "../core/signal";
import { Desk } from "./desk";
import { mountPage } from "./page";
import type { Shown } from "./state";

interface Model {
  get(name: string): unknown;
  send(message: unknown): void;
  on(event: string, listener: (message: unknown) => void): void;
  off(event: string, listener: (message: unknown) => void): void;
}

function render({ model, el }: { model: Model; el: HTMLElement }): () => void {
  const desk = new Desk(model.get("shown") as Shown, {
    send(message) {
      try {
        model.send(message);
      } catch {
        desk.say("the kernel is gone: run the cell again");
      }
    },
  });
  const changed = () => desk.tell(model.get("shown") as Shown);
  const heard = (message: unknown) => desk.hear(message as never);
  model.on("change:shown", changed);
  model.on("msg:custom", heard);
  return disposeAll(
    mountPage(el, desk),
    () => model.off("change:shown", changed),
    () => model.off("msg:custom", heard),
  );
}

export default { render };
