/** Foreign text as a page can show it: what a terminal obeys, what nobody sees, and what turns the direction round. */

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
const ALL = new RegExp(UNSEEN, "g");

/** The same text with such characters as Python writes them; line breaks and tabs stay. */
export function visible(text: string): string {
  return UNSEEN.test(text) ? text.replace(ALL, escaped) : text;
}

function escaped(one: string): string {
  const code = one.charCodeAt(0).toString(16);
  return code.length <= 2 ? `\\x${code.padStart(2, "0")}` : `\\u${code.padStart(4, "0")}`;
}
