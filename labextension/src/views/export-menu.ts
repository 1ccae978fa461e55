/** The run as a file: what the menu offers, and how a file comes to the reader. Pictures of pixels are made on the page. */

import { h } from "../core/dom";
import { messageOf } from "../core/format";
import type { ExportAnswer, Payload } from "../core/protocol";
import type { RunStore } from "../core/store";
import type { MenuItem } from "./menu";
import { say } from "./say";

interface Offer {
  label: string;
  /** A name in FORMATS of ipyflow/views/exports.py. */
  format: string;
  png?: true;
}

export const OFFERS: readonly Offer[] = [
  { label: "Timeline as SVG", format: "svg" },
  { label: "Timeline as PNG", format: "svg", png: true },
  { label: "Graph as SVG", format: "graph.svg" },
  { label: "Graph as PNG", format: "graph.svg", png: true },
  { label: "Web page (interactive, one file)", format: "html" },
  { label: "JSON (the log)", format: "json" },
  { label: "Trace for Perfetto or Chrome", format: "trace" },
  { label: "DOT (Graphviz)", format: "dot" },
  { label: "Mermaid", format: "mermaid" },
  { label: "OpenTelemetry JSON", format: "otel" },
];
/** A new part of the menu begins before these. */
const APART = new Set(["Graph as SVG", "Web page (interactive, one file)", "DOT (Graphviz)"]);

/** After so long, in ms, the reader is told that it is on its way. */
const SLOW = 700;

export function exportItems(store: RunStore): MenuItem[] {
  if (store.heard) {
    return OFFERS.map((offer) => ({
      label: offer.label,
      apart: APART.has(offer.label),
      act: () => void exportRun(store, offer),
    }));
  }
  // What can be had comes first.
  const rest = OFFERS.filter(({ format }) => format !== "json");
  return [
    { label: "JSON (what this page has)", act: () => void exportPage(store) },
    ...rest.map(({ label }, i) => ({
      label,
      apart: i === 0 || APART.has(label),
      act: () => undefined,
      not: "needs the kernel",
    })),
  ];
}

async function exportRun(store: RunStore, offer: Offer): Promise<void> {
  const slow = setTimeout(() => say(store, `Making it: ${offer.label} …`), SLOW);
  try {
    const answer = await store.ask("export", { format: offer.format });
    const blob = offer.png ? await pixels(answer.text ?? "") : blobOf(answer);
    const name = offer.png ? answer.name.replace(/\.svg$/i, ".png") : answer.name;
    download(blob, name);
    say(store, `Saved ${name}.`);
  } catch (error) {
    say(store, `${offer.label}: ${messageOf(error)}`);
  } finally {
    clearTimeout(slow);
  }
}

async function exportPage(store: RunStore): Promise<void> {
  const name = `${fileName(store.present.run.name)}.json`;
  download(new Blob([`${JSON.stringify(pagePayload(store))}\n`], { type: "application/json" }), name);
  say(store, `Saved ${name}.`);
}

/** What the page knows, in the form that it came in. */
export function pagePayload({ present }: RunStore): Payload {
  return {
    schema: 1,
    seq: 0,
    run: present.run,
    tasks: present.order.flatMap((id) => present.tasks.get(id) ?? []),
    edges: [...present.edges],
    graph: present.graph,
    lanes: present.lanes,
    workflows: [...present.workflows],
    ...(present.kept === null ? {} : { kept: present.kept }),
  };
}

const fileName = (name: string): string => name.replace(/[^\p{L}\p{N}._-]+/gu, "-").replace(/^[-.]+|-+$/g, "") || "run";

export function blobOf(answer: ExportAnswer): Blob {
  if (answer.base64 === null) return new Blob([answer.text ?? ""], { type: answer.mime });
  const bytes = Uint8Array.from(atob(answer.base64), (one) => one.charCodeAt(0));
  return new Blob([bytes], { type: answer.mime });
}

export function download(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = h("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  // The browser reads it after the click.
  setTimeout(() => URL.revokeObjectURL(url), 30_000);
}

/** Browsers draw no canvas that is larger than this, in pixels. */
const LONGEST = 16_000;
const AREA = 120_000_000;

/** How many pixels for one of the picture's own: two, so that it is sharp, or as many as a canvas holds. */
export function scaleFor(width: number, height: number): number {
  return Math.min(2, LONGEST / width, LONGEST / height, Math.sqrt(AREA / (width * height)));
}

/** A picture of vectors as one of pixels; a light one, whatever the reader's system: it is for slides and papers. */
async function pixels(svg: string): Promise<Blob> {
  const light = svg.replace(/@media\s*\(prefers-color-scheme:\s*dark\)/g, "@media not all");
  const url = URL.createObjectURL(new Blob([light], { type: "image/svg+xml" }));
  try {
    const image = new Image();
    await new Promise((done, failed) => {
      image.onload = done;
      image.onerror = () => failed(new Error("the browser cannot draw this picture; take the SVG"));
      image.src = url;
    });
    const width = image.naturalWidth || 800;
    const height = image.naturalHeight || 400;
    const scale = scaleFor(width, height);
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(width * scale));
    canvas.height = Math.max(1, Math.round(height * scale));
    const g = canvas.getContext("2d");
    if (g === null) throw new Error("the browser has no canvas; take the SVG");
    g.fillStyle = "#fff";
    g.fillRect(0, 0, canvas.width, canvas.height);
    g.drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise<Blob>((done, failed) =>
      canvas.toBlob(
        (blob) => (blob === null ? failed(new Error("the picture is too large; take the SVG")) : done(blob)),
        "image/png",
      ),
    );
  } finally {
    URL.revokeObjectURL(url);
  }
}
