// Writes the example payloads that the Python tests, the TypeScript tests and the pictures share.
import { mkdir, rm, writeFile } from "node:fs/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import * as esbuild from "esbuild";

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const bundle = at("dev/dist/scenarios.mjs");
await esbuild.build({
  bundle: true,
  format: "esm",
  entryPoints: [at("dev/scenarios.ts")],
  outfile: bundle,
  logLevel: "error",
});
const { aggregated, failing, many, small } = await import(pathToFileURL(bundle).href);
const folder = at("../tests/fixtures/payloads");
await mkdir(folder, { recursive: true });
const done = 1e9;
const payloads = {
  small: small().payload(done),
  running: small().payload(0.45),
  failing: failing().payload(done),
  many: many(200, 8).payload(done),
  aggregated: aggregated(),
};
for (const [name, payload] of Object.entries(payloads)) {
  await writeFile(`${folder}/${name}.json`, `${JSON.stringify(payload, null, 1)}\n`);
}
await rm(bundle);
