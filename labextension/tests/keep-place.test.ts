import { afterEach, expect, it, vi } from "vitest";
import { keepPlace } from "../src/views/keep-place";

afterEach(() => vi.unstubAllGlobals());

it("puts a list that was off the page back to where it was scrolled", () => {
  let sized: () => void = () => undefined;
  const stopped = vi.fn();
  vi.stubGlobal(
    "ResizeObserver",
    class {
      constructor(call: () => void) {
        sized = call;
      }
      observe = () => undefined;
      disconnect = stopped;
    },
  );
  let height = 300;
  const list = document.createElement("div");
  Object.defineProperty(list, "clientHeight", { get: () => height });
  const stop = keepPlace(list);
  const scroll = (to: number) => {
    list.scrollTop = to;
    list.dispatchEvent(new Event("scroll"));
  };
  scroll(120);
  height = 0;
  sized();
  // What a browser does when the list comes back.
  height = 300;
  scroll(0);
  sized();
  expect(list.scrollTop).toBe(120);
  scroll(40);
  sized();
  expect(list.scrollTop).toBe(40);
  stop();
  expect(stopped).toHaveBeenCalledOnce();
});
