/** JupyterLab's connection with a kernel, as much of it as `Connection` needs. */

import { PageConfig } from "@jupyterlab/coreutils";
import { type Kernel, KernelMessage } from "@jupyterlab/services";
import { disposeAll } from "../core/signal";
import { type KernelLine, TARGET } from "./connection";

const REQUEST = "ipyflow_request";

/** Our requests are no work of the user's: the kernel's light must not flicker for them, nor go out in a busy cell. */
export function keepStatusQuiet(): void {
  const untracked = JSON.parse(PageConfig.getOption("untracked_message_types") || "[]") as string[];
  if (!untracked.includes(REQUEST)) {
    PageConfig.setOption("untracked_message_types", JSON.stringify([...untracked, REQUEST]));
  }
}

export function kernelLine(kernel: Kernel.IKernelConnection): KernelLine {
  return {
    get up() {
      return !kernel.isDisposed && kernel.connectionStatus === "connected" && kernel.status !== "dead";
    },
    send(content) {
      const message = KernelMessage.createMessage({
        // The type is ours, so it is none of those that JupyterLab knows.
        msgType: REQUEST as "debug_request",
        channel: "control",
        session: kernel.clientId,
        username: kernel.username,
        content: content as KernelMessage.IDebugRequestMsg["content"],
      });
      try {
        kernel.sendControlMessage(message, false, true);
      } catch {
        // The kernel has died: its status says so.
      }
    },
    onMessage(listener) {
      const heard = (_: unknown, message: KernelMessage.IIOPubMessage) => {
        if (message.header.msg_type === "comm_msg") listener(message.content, message.header.session);
      };
      kernel.iopubMessage.connect(heard);
      return () => kernel.iopubMessage.disconnect(heard);
    },
    onChange(listener) {
      const changed = () => listener();
      kernel.connectionStatusChanged.connect(changed);
      kernel.statusChanged.connect(changed);
      kernel.disposed.connect(changed);
      return disposeAll(
        () => kernel.connectionStatusChanged.disconnect(changed),
        () => kernel.statusChanged.disconnect(changed),
        () => kernel.disposed.disconnect(changed),
      );
    },
    onRestart(listener) {
      const changed = (_: unknown, status: Kernel.Status) => {
        if (status === "restarting" || status === "autorestarting" || status === "dead") listener();
      };
      kernel.statusChanged.connect(changed);
      return () => kernel.statusChanged.disconnect(changed);
    },
    async isThere() {
      const { content } = await kernel.requestCommInfo({ target_name: TARGET });
      return content.status === "ok" && Object.keys(content.comms).length > 0;
    },
  };
}
