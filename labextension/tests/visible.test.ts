import { describe, expect, it } from "vitest";
import { h, s, setText } from "../src/core/dom";
import { visible } from "../src/core/visible";

describe("foreign text", () => {
  it("shows what a terminal would obey and what turns the direction round", () => {
    expect(visible("a\u001b[31mb\u001b[0m \u0007 \u009b \u202egnp.exe \u2028")).toBe(
      "a\\x1b[31mb\\x1b[0m \\x07 \\x9b \\u202egnp.exe \\u2028",
    );
  });

  it("leaves lines, tabs and every writing as they are", () => {
    const text = "one\n\ttwo é 日本 עברית 👩‍🔬";
    expect(visible(text)).toBe(text);
  });

  it("gets into the page no other way", () => {
    expect(h("p", { text: "\u001b[2J" }).textContent).toBe("\\x1b[2J");
    expect(s("title", { text: "\u202e" }).textContent).toBe("\\u202e");
    const node = h("p");
    setText(node, "\u0000");
    expect(node.textContent).toBe("\\x00");
  });
});
