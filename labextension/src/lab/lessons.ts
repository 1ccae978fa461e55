/** The teaching notebooks: those of a checkout where they lie in the folder that is served, else the copies we carry. */

import { Dialog, showDialog, showErrorMessage } from "@jupyterlab/apputils";
import { PageConfig, URLExt } from "@jupyterlab/coreutils";
import type { Contents } from "@jupyterlab/services";

const FIRST = "index.ipynb";
const LESSON = "01-futures.ipynb"; // tells our index from others: many folders have one
const FOLDER = "ipyflow-lessons";

/** The path of the lessons' index; `null` when the reader wants none. `folder` is where copies go. */
export async function firstLesson(contents: Contents.IManager, folder: string): Promise<string | null> {
  const found = (await findLesson(contents, "")) ?? (await findLesson(contents, folder));
  if (found !== null) return found;
  try {
    const names = (await carried("index.json")) as string[];
    const into = URLExt.join(folder, FOLDER);
    const { button } = await showDialog({
      title: "Copy the lessons of ipyflow?",
      body: `${names.length} notebooks go to the folder ${into}.`,
      buttons: [Dialog.cancelButton(), Dialog.okButton({ label: "Copy and open" })],
    });
    if (!button.accept) return null;
    await contents.save(into, { type: "directory", format: "json", content: null });
    for (const name of names) {
      await contents.save(URLExt.join(into, name), {
        type: "notebook",
        format: "json",
        content: (await carried(name)) as object,
      });
    }
    return URLExt.join(into, first(names) ?? "");
  } catch (error) {
    await showErrorMessage("The lessons cannot be copied", error instanceof Error ? error : String(error));
    return null;
  }
}

/** Looks in a folder and in those below it that lessons are wont to be in. */
async function findLesson(contents: Contents.IManager, folder: string): Promise<string | null> {
  const entries = await list(contents, folder);
  const here = first(entries);
  if (here !== null) return URLExt.join(folder, here);
  for (const below of ["notebooks", FOLDER].filter((name) => entries.includes(name))) {
    const path = URLExt.join(folder, below);
    const there = first(await list(contents, path));
    if (there !== null) return URLExt.join(path, there);
  }
  return null;
}

/** Which notebook of a folder to begin with; `null` where it has no lessons. */
function first(names: readonly string[]): string | null {
  if (!names.includes(LESSON)) return null;
  return names.includes(FIRST) ? FIRST : LESSON;
}

async function list(contents: Contents.IManager, folder: string): Promise<string[]> {
  const { content } = await contents.get(folder);
  return Array.isArray(content) ? content.map((entry: Contents.IModel) => entry.name) : [];
}

/** A file that lies beside this code, on the page's own server. */
async function carried(name: string): Promise<unknown> {
  const url = URLExt.join(PageConfig.getOption("fullLabextensionsUrl"), "ipyflow-parallel", "lessons", name);
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${answer.statusText}`);
  return answer.json();
}
