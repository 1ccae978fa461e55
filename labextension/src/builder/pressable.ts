/** A `div` that is pressed like a button: browsers let a `div` be dragged everywhere, a `button` not. */

export function pressable(element: HTMLElement, act: (event: Event) => void): void {
  element.setAttribute("role", "button");
  element.addEventListener("click", act);
  element.addEventListener("keydown", (event) => {
    if (event.target !== element || (event.key !== "Enter" && event.key !== " ")) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act(event);
  });
}
