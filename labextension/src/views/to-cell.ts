/** Code for a cell of the notebook: put there by JupyterLab's side of the extension, else copied for the reader to paste. */

import { messageOf } from "../core/format";
import { copyText } from "./clipboard";

export const CELL = "ipyflow:cell";

/** What an `ipyflow:cell` event asks for: a new cell below that of the view, and whether to run it. */
export interface CellRequest {
  code: string;
  run: boolean;
}

/** Asks for a cell; the result is a word to the reader, empty where the cell speaks for itself. */
export async function toCell(element: HTMLElement, code: string, run: boolean): Promise<string> {
  const asked = new CustomEvent<CellRequest>(CELL, { detail: { code, run }, bubbles: true, cancelable: true });
  if (!element.dispatchEvent(asked)) return "";
  try {
    await copyText(code);
    return "copied: paste it into a cell";
  } catch (error) {
    return `not copied: ${messageOf(error)}`;
  }
}
