import { describe, expect, it } from "vitest";
import { pieces } from "../src/lab/magic-line";

const read = (line: string) => pieces(line).map(([from, to, part]) => `${part} ${line.slice(from, to)}`);

describe("the line of a magic", () => {
  it("has a name, parameters and options", () => {
    expect(read("%%flow order(user=17, cart=[1, 2]) --view table -o answer --wait")).toEqual([
      "magic %%flow",
      "name order",
      "parameter user",
      "value 17",
      "parameter cart",
      "value [1, 2]",
      "option --view",
      "value table",
      "option -o",
      "value answer",
      "option --wait",
    ]);
  });

  it("may have them in any order, with equals signs, quotes and blanks", () => {
    expect(read('%%ipyflow --timeout=2 load( a , b = "x, y)" )')).toEqual([
      "magic %%ipyflow",
      "option --timeout",
      "value 2",
      "name load",
      "parameter a",
      "parameter b",
      'value "x, y)"',
    ]);
  });

  it("may define a task, with annotations and options of its own", () => {
    expect(read("%%task load(url: str, n=3) -> bytes --retries 2 --resolve --wait=url")).toEqual([
      "magic %%task",
      "name load",
      "parameter url: str",
      "parameter n",
      "value 3",
      "option ->",
      "value bytes",
      "option --retries",
      "value 2",
      "option --resolve",
      "option --wait",
      "value url",
    ]);
    expect(read("%task load")).toEqual([]);
  });

  it("of a command may set arguments and settings", () => {
    const rerun = ["magic %flow", "name rerun", "name order", "parameter user", "value 3", "parameter cart"];
    expect(read("%flow rerun order user=3 cart=")).toEqual(rerun);
    expect(read("%flow config nested_loops on")).toEqual([
      "magic %flow",
      "name config",
      "name nested_loops",
      "name on",
    ]);
  });

  it("is coloured as far as it goes while it is written", () => {
    expect(read("%%flow")).toEqual(["magic %%flow"]);
    expect(read("%%flow f(")).toEqual(["magic %%flow", "name f"]);
    expect(read("%%flow f(a=")).toEqual(["magic %%flow", "name f", "parameter a"]);
    expect(read("%%flow --view ")).toEqual(["magic %%flow", "option --view"]);
  });

  it("is none of another magic, nor of Python", () => {
    for (const line of ["%%flower x", "%%time", "a %flow b", " %%flow x", "x %% flow", ""])
      expect(read(line)).toEqual([]);
  });

  it("of one line is coloured too", () => {
    expect(read("%flow cancel all")).toEqual(["magic %flow", "name cancel", "name all"]);
  });
});
