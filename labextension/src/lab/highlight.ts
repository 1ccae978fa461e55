/** Colours the `%%flow` or `%%task` line of a cell, and `%flow` lines; everything else stays Python's. */

import { Prec, RangeSetBuilder } from "@codemirror/state";
import { Decoration, type DecorationSet, type EditorView, ViewPlugin, type ViewUpdate } from "@codemirror/view";
import { pieces } from "./magic-line";

function decorate(view: EditorView): DecorationSet {
  const builder = new RangeSetBuilder<Decoration>();
  for (const { from, to } of view.visibleRanges) {
    for (let at = from; at <= to; ) {
      const line = view.state.doc.lineAt(at);
      // A cell's magic stands on the first line that is not blank; a line's magic on any.
      if (!line.text.startsWith("%%") || view.state.doc.sliceString(0, line.from).trim() === "") {
        for (const [begin, end, part] of pieces(line.text)) {
          builder.add(line.from + begin, line.from + end, Decoration.mark({ class: `ipf-magic ipf-magic-${part}` }));
        }
      }
      at = line.to + 1;
    }
  }
  return builder.finish();
}

const plugin = ViewPlugin.fromClass(
  class {
    decorations: DecorationSet;

    constructor(view: EditorView) {
      this.decorations = decorate(view);
    }

    update(update: ViewUpdate): void {
      if (update.docChanged || update.viewportChanged) this.decorations = decorate(update.view);
    }
  },
  { decorations: (one) => one.decorations },
);

/** For a code editor: a first look says what will run side by side under which name. Our colours go over Python's. */
export const magicLines = Prec.highest(plugin);
