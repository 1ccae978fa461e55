/**
 * Notebooks take cells that are out of sight off the page, and browsers forget how far a list was scrolled that is taken
 * off: it is put back where it was.
 */

export function keepPlace(scroller: HTMLElement): () => void {
  let top = 0;
  let away = false;
  const scrolled = () => {
    if (scroller.clientHeight > 0 && !away) top = scroller.scrollTop;
  };
  const sized = new ResizeObserver(() => {
    if (scroller.clientHeight === 0) away = true;
    else if (away) {
      away = false;
      scroller.scrollTop = top;
    }
  });
  scroller.addEventListener("scroll", scrolled, { passive: true });
  sized.observe(scroller);
  return () => {
    sized.disconnect();
    scroller.removeEventListener("scroll", scrolled);
  };
}
