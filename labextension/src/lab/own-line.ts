/** A line to a kernel that a tab has for itself: after a reload, or when it was closed, no notebook of it may be open. */

import type { Kernel } from "@jupyterlab/services";
import type { Connections } from "./connections";

export class OwnLine {
  /** Whether no kernel of that id is there any more. */
  dead = false;
  private seeking = false;
  private own: Kernel.IKernelConnection | null = null;
  private disposed = false;
  private drop: () => void = () => undefined;

  /** `changed` hears that the kernel was found, or was not. */
  constructor(
    private readonly connections: Connections,
    private readonly kernels: Kernel.IManager,
    private readonly kernel: string,
    private readonly changed: () => void,
  ) {}

  /** Looks whether anything leads to the kernel, and for the kernel itself where nothing does. */
  look(): void {
    if (this.connections.of(this.kernel).connected) this.dead = false;
    else if (this.own?.isDisposed) this.dead = true;
    else if (!this.seeking && !this.dead && this.own === null && !this.disposed) void this.seek();
  }

  dispose(): void {
    this.disposed = true;
    this.drop();
  }

  private async seek(): Promise<void> {
    this.seeking = true;
    const model = await this.kernels.findById(this.kernel).catch(() => undefined);
    this.seeking = false;
    if (this.disposed) return;
    this.dead = model === undefined;
    if (model !== undefined && !this.connections.of(this.kernel).connected) {
      // The comms of widgets are for the notebook's own line, which may come later than this one.
      const own = this.kernels.connectTo({ model, handleComms: false });
      this.own = own;
      const drop = this.connections.take(own);
      this.drop = () => {
        drop();
        own.dispose();
      };
    }
    this.changed();
  }
}
