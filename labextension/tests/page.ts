import type { FromPage, Payload } from "../src/core/protocol";
import widget, { type WidgetModel } from "../src/widget/index";

/** A widget's model without a kernel: the test says what it says. */
export class MockModel implements WidgetModel {
  readonly sent: FromPage[] = [];
  readonly listeners = new Set<(message: unknown) => void>();

  private readonly lines = new Set<(message: unknown) => void>();

  constructor(private readonly traits: Record<string, unknown>) {}

  get(name: string): unknown {
    return this.traits[name];
  }

  send(message: unknown): void {
    this.sent.push(message as FromPage);
  }

  kinds(): string[] {
    return this.sent.map((message) => message.type);
  }

  on(event: string, listener: (message: unknown) => void): void {
    if (event === "msg:custom") this.listeners.add(listener);
    else if (event === "comm_live_update") this.lines.add(listener);
  }

  off(_event: string, listener: (message: unknown) => void): void {
    this.listeners.delete(listener);
    this.lines.delete(listener);
  }

  /** The line to the kernel has gone, or come back. */
  lineChanged(): void {
    for (const listener of [...this.lines]) listener(undefined);
  }

  say(message: unknown): void {
    for (const listener of [...this.listeners]) listener(message);
  }
}

const opened: (() => void)[] = [];

/** Draws the widget, with a kernel behind it unless the payload is a saved file's; `closeAll` takes it away. */
export function open(first: Payload | null, view = "timeline", kernel = first?.kept === undefined) {
  const model = new MockModel({ payload: first, view });
  const el = document.createElement("div");
  document.body.append(el);
  const close = widget.render({ model, el });
  if (first !== null && kernel) model.say({ type: "snapshot", seq: first.seq, payload: first });
  opened.push(() => {
    close();
    el.remove();
  });
  return { model, el, close };
}

export function closeAll(): void {
  for (const close of opened.splice(0)) close();
}

/** Enough for the frame that a redraw waits for. */
export const frame = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
