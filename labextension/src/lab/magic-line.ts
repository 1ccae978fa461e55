/** Where the words of a magic line stand: the magic, the flow's or the task's name, its parameters, its options. */

export type Part = "magic" | "name" | "parameter" | "option" | "value";
export type Piece = [from: number, to: number, part: Part];

const MAGIC = /^%%(?:flow|ipyflow|task|ipyflow_task)(?=\s|$)|^%(?:flow|ipyflow)(?=\s|$)/;
/** Options that take the next word, as ipyflow/notebook/table.py has them; a test there holds the two together. */
const TAKES_VALUE = new Set([
  "->",
  "--delay",
  "--executor",
  "--fruitful",
  "--limit",
  "--max-parallelism",
  "--name",
  "--on-leak",
  "--rate",
  "--read",
  "--retries",
  "--since",
  "--state",
  "--stdout",
  "--text",
  "--timeout",
  "--until",
  "--view",
  "--workers",
  "-o",
]);

/** The pieces of a line in order, or none where it is no line of ours. */
export function pieces(line: string): Piece[] {
  const magic = MAGIC.exec(line)?.[0];
  if (magic === undefined) return [];
  const found: Piece[] = [[0, magic.length, "magic"]];
  let value = false;
  for (const [from, to] of words(line, magic.length)) {
    const word = line.slice(from, to);
    if (value) {
      found.push([from, to, "value"]);
      value = false;
    } else if (word.startsWith("-")) {
      const equals = word.indexOf("=");
      found.push([from, equals < 0 ? to : from + equals, "option"]);
      if (equals >= 0) found.push([from + equals + 1, to, "value"]);
      value = equals < 0 && TAKES_VALUE.has(word);
    } else if (!magic.startsWith("%%") && /^\w+=/.test(word)) {
      const equals = word.indexOf("=");
      found.push([from, from + equals, "parameter"], [from + equals + 1, to, "value"]);
    } else {
      const open = word.indexOf("(");
      found.push([from, open < 0 ? to : from + open, "name"]);
      if (open >= 0) found.push(...parameters(word, from, open));
    }
  }
  return found.filter(([from, to]) => to > from);
}

/** For each letter, whether it stands outside of all brackets and quotes. */
function outside(text: string): boolean[] {
  let depth = 0;
  let quote = "";
  return [...text].map((letter) => {
    const free = depth === 0 && quote === "";
    if (quote !== "") quote = letter === quote ? "" : quote;
    else if (letter === '"' || letter === "'") quote = letter;
    else if ("([{".includes(letter)) depth += 1;
    else if (")]}".includes(letter)) depth = Math.max(0, depth - 1);
    return free;
  });
}

/** Stretches between blanks; brackets and quotes hold theirs together. */
function words(line: string, start: number): [number, number][] {
  const free = outside(line);
  const found: [number, number][] = [];
  let from = -1;
  for (let i = start; i <= line.length; i += 1) {
    const between = i === line.length || (free[i] === true && /\s/.test(line[i] ?? ""));
    if (between && from >= 0) found.push([from, i]);
    if (between) from = -1;
    else if (from < 0) from = i;
  }
  return found;
}

/** The names before the equals signs between the brackets, and what stands behind those. */
function parameters(word: string, from: number, open: number): Piece[] {
  const inner = word.slice(open + 1, word.endsWith(")") ? -1 : undefined);
  const free = outside(inner);
  const found: Piece[] = [];
  let begin = 0;
  const commas = [...inner].flatMap((letter, i) => (letter === "," && free[i] ? [i] : []));
  for (const end of [...commas, inner.length]) {
    const text = inner.slice(begin, end);
    const equals = text.indexOf("=");
    found.push(...trimmed(text.slice(0, equals < 0 ? undefined : equals), from + open + 1 + begin, "parameter"));
    if (equals >= 0) found.push(...trimmed(text.slice(equals + 1), from + open + 2 + begin + equals, "value"));
    begin = end + 1;
  }
  return found;
}

function trimmed(text: string, at: number, part: Part): Piece[] {
  const lead = text.length - text.trimStart().length;
  return text.trim() === "" ? [] : [[at + lead, at + text.trimEnd().length, part]];
}
