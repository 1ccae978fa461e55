// Builds both bundles next to the Python code that carries them: the one for anywidget (`--watch` rebuilds it on
// change), then the JupyterLab extension: our sources as one module, packed by Jupyter's own builder.
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const common = { bundle: true, target: "es2022", charset: "utf8", logLevel: "info" };
const widget = [
  {
    ...common,
    minify: true,
    format: "esm",
    entryPoints: [at("src/widget/index.ts")],
    outfile: at("../ipyflow/notebook/static/widget.js"),
  },
  {
    ...common,
    minify: true,
    entryPoints: [at("src/style/index.css")],
    outfile: at("../ipyflow/notebook/static/widget.css"),
  },
  // The page of ipyflow.Builder: see ipyflow/notebook/builder_view.py.
  {
    ...common,
    minify: true,
    format: "esm",
    entryPoints: [at("src/builder/index.ts")],
    outfile: at("../ipyflow/notebook/static/builder.js"),
  },
  {
    ...common,
    minify: true,
    entryPoints: [at("src/builder/index.css")],
    outfile: at("../ipyflow/notebook/static/builder.css"),
  },
  // The page that run.export("run.html") writes: see ipyflow/views/standalone.py.
  {
    ...common,
    minify: true,
    entryPoints: [at("src/standalone/index.ts")],
    outfile: at("../ipyflow/notebook/static/standalone.js"),
  },
];
// What JupyterLab brings itself stays an import: the builder makes it a shared module.
const lab = [
  {
    ...common,
    format: "esm",
    entryPoints: [at("src/lab/index.ts")],
    external: ["@jupyterlab/*", "@lumino/*", "@codemirror/*"],
    outfile: at("lib/index.js"),
  },
  { ...common, entryPoints: [at("src/lab/index.css")], outfile: at("lib/style.css") },
];

if (process.argv.includes("--watch")) {
  for (const job of widget) await (await esbuild.context(job)).watch();
} else {
  await Promise.all([...widget, ...lab].map((job) => esbuild.build(job)));
  const builder = at("node_modules/@jupyter/builder/lib/build-labextension.js");
  const core = at("node_modules/@jupyterlab/core-meta/core.package.json");
  execFileSync(process.execPath, [builder, "--core-package-file", core, at(".")], { stdio: "inherit" });
  copyFileSync(at("install.json"), at("../ipyflow/labextension/install.json"));
  copyLessons();
}

/** The teaching notebooks go along, without their outputs: the launcher copies them to where the reader works. */
function copyLessons() {
  const from = at("../notebooks");
  if (!existsSync(from)) return;
  const names = readdirSync(from).filter((name) => name.endsWith(".ipynb"));
  mkdirSync(at("../ipyflow/labextension/lessons"), { recursive: true });
  for (const name of names) {
    const lesson = JSON.parse(readFileSync(`${from}/${name}`, "utf8"));
    for (const cell of lesson.cells) {
      if (cell.cell_type === "code") Object.assign(cell, { outputs: [], execution_count: null });
    }
    writeFileSync(at(`../ipyflow/labextension/lessons/${name}`), JSON.stringify(lesson));
  }
  writeFileSync(at("../ipyflow/labextension/lessons/index.json"), JSON.stringify(names.sort()));
}
