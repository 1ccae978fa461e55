/** All kernels that this page has to do with, and the one in front. */

import type { ISessionContext } from "@jupyterlab/apputils";
import type { Kernel } from "@jupyterlab/services";
import { Token, UUID } from "@lumino/coreutils";
import type { Widget } from "@lumino/widgets";
import { Signal } from "../core/signal";
import { Connection } from "./connection";
import { kernelLine } from "./kernel-line";

export const IConnections = new Token<Connections>(
  "ipyflow-parallel:IConnections",
  "The kernels of this page in which ipyflow may run.",
);

export class Connections {
  /** The one of the notebook or console in front. */
  readonly current = new Signal<Connection | null>(null);
  /** Counts whenever a kernel comes or goes, is found to have ipyflow, or has other runs. */
  readonly changed = new Signal(0);
  private readonly page = UUID.uuid4();
  private readonly byKernel = new Map<string, Connection>();
  private readonly adopted = new Set<ISessionContext>();
  private front: ISessionContext | null = null;

  /** The connection with a kernel, by its id. */
  of(kernel: string): Connection {
    let found = this.byKernel.get(kernel);
    if (found === undefined) {
      found = new Connection(this.page, kernel);
      this.byKernel.set(kernel, found);
      const changed = () => this.touch();
      found.known.on(changed);
      found.runs.on(changed);
      found.remembered.on(changed);
    }
    return found;
  }

  all(): readonly Connection[] {
    return [...this.byKernel.values()];
  }

  /** Whoever has a run in its list. */
  knowing(id: number, wall: number): Connection | null {
    const has = (one: Connection) => one.runs.value.some((run) => run.id === id && Math.abs(run.wall - wall) < 1e-3);
    return this.all().find(has) ?? null;
  }

  /** The name of the notebook or console in front. */
  get where(): string {
    return this.front?.name ?? "";
  }

  /** Follows whatever kernel a notebook or a console has. */
  adopt(context: ISessionContext): void {
    if (this.adopted.has(context) || context.isDisposed) return;
    this.adopted.add(context);
    let kernel: Kernel.IKernelConnection | null = null;
    let drop: () => void = () => undefined;
    const follow = () => {
      const next = context.isDisposed ? null : (context.session?.kernel ?? null);
      if (next === kernel) return;
      drop();
      kernel = next;
      drop = kernel === null ? () => undefined : this.take(kernel);
      this.look();
    };
    context.kernelChanged.connect(follow);
    context.sessionChanged.connect(follow);
    context.disposed.connect(() => {
      this.adopted.delete(context);
      if (this.front === context) this.front = null;
      follow();
    });
    follow();
  }

  /** Uses one more line to a kernel; the result gives it up. */
  take(kernel: Kernel.IKernelConnection): () => void {
    const drop = this.of(kernel.id).attach(kernelLine(kernel));
    this.touch();
    return drop;
  }

  /** The notebook, or the console, in front. */
  bringForward(context: ISessionContext | null): void {
    if (context !== null) this.adopt(context);
    this.front = context;
    this.look();
  }

  bye(): void {
    for (const connection of this.byKernel.values()) connection.bye();
  }

  private look(): void {
    const kernel = this.front?.session?.kernel?.id;
    this.current.value = kernel === undefined ? null : this.of(kernel);
    this.touch();
  }

  private touch(): void {
    this.changed.value += 1;
  }
}

/** The session of the notebook or console that a widget is in, or is. */
export function sessionOf(widget: Widget | null): ISessionContext | null {
  for (let at = widget; at !== null; at = at.parent) {
    const session = (at as { sessionContext?: ISessionContext }).sessionContext;
    if (session?.kernelChanged !== undefined) return session;
  }
  return null;
}
