// Builds the dev page (dev/dist, not kept) and, with `--serve`, serves it on this machine.
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const options = {
  bundle: true,
  target: "es2022",
  format: "iife",
  sourcemap: "inline",
  entryPoints: { page: at("dev/page.ts"), widget: at("src/style/index.css") },
  outdir: at("dev/dist"),
  logLevel: "info",
};
if (process.argv.includes("--serve")) {
  const context = await esbuild.context(options);
  await context.watch();
  const { port } = await context.serve({ servedir: at("dev"), host: "127.0.0.1" });
  console.log(`http://127.0.0.1:${port}/?run=small&live=1`);
} else await esbuild.build(options);
