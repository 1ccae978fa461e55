// Builds the anywidget bundle next to the Python code that serves it. `--watch` rebuilds on change.
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const common = { bundle: true, minify: true, target: "es2022", charset: "utf8", logLevel: "info" };
const jobs = [
  {
    ...common,
    format: "esm",
    entryPoints: [at("src/widget/index.ts")],
    outfile: at("../ipyflow/notebook/static/widget.js"),
  },
  { ...common, entryPoints: [at("src/style/index.css")], outfile: at("../ipyflow/notebook/static/widget.css") },
];

if (process.argv.includes("--watch")) {
  for (const job of jobs) await (await esbuild.context(job)).watch();
} else {
  await Promise.all(jobs.map((job) => esbuild.build(job)));
}
