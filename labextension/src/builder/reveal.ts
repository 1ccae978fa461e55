/** Scrolls a part of the page so far that something in it is seen; the notebook around it stays where it is. */
export function reveal(one: HTMLElement, inside: HTMLElement): void {
  const box = one.getBoundingClientRect();
  const frame = inside.getBoundingClientRect();
  if (box.top < frame.top) inside.scrollTop -= frame.top - box.top + 8;
  else if (box.bottom > frame.bottom) inside.scrollTop += Math.min(box.bottom - frame.bottom + 8, box.top - frame.top);
  if (box.left < frame.left) inside.scrollLeft -= frame.left - box.left + 8;
  else if (box.right > frame.right) inside.scrollLeft += Math.min(box.right - frame.right + 8, box.left - frame.left);
}
