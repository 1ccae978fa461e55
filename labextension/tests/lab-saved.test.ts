import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { expand } from "../src/core/saved";
import { example } from "./helpers";

// Written by tests/views/test_saved_twins.py, which holds Python's expand to the same.
const FOLDER = join(dirname(fileURLToPath(import.meta.url)), "../../tests/fixtures/saved");

describe("a saved payload", () => {
  it.each(readdirSync(FOLDER))("of %s is made whole as Python does", (name) => {
    const { saved, whole } = JSON.parse(readFileSync(join(FOLDER, name), "utf8"));
    expect(expand({ ...example("small"), tasks: saved }).tasks).toEqual(whole);
  });

  it("that has whole rows comes back equal", () => {
    const whole = expand(example("failing"));
    expect(expand(whole)).toEqual(whole);
    expect(whole.tasks.map((row) => row.spans)).toEqual(example("failing").tasks.map((row) => row.spans));
  });
});
