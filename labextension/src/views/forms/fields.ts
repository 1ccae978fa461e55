/** The values that a form takes and gives. */

import type { Field } from "../../core/fields";

export type { Field, FieldKind } from "../../core/fields";

/** What is given for a field; `undefined` where nothing is, so that the kernel takes the default or asks for it. */
export type Given = unknown;

/** What a text stands for in a field of numbers; what is none goes to the kernel as it is, which says so. */
export function numberOf(text: string, kind: "int" | "float"): number | string {
  const value = Number(text);
  const plain = kind === "int" ? Number.isSafeInteger(value) : Number.isFinite(value);
  return plain && /^[+-]?[\d.]/.test(text) && !/^[+-]?0[xob]/i.test(text) ? value : text;
}

/** How Python writes a JSON value. */
export function literal(value: unknown): string {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value === "object") {
    const pairs = Object.entries(value).map(([key, one]) => `${JSON.stringify(key)}: ${literal(one)}`);
    return `{${pairs.join(", ")}}`;
  }
  return String(value);
}

/** What may be given, in words, where the field has bounds. */
export function bounds({ min, max }: Pick<Field, "min" | "max">): string {
  if (min !== null && max !== null) return `${min} to ${max}`;
  if (min !== null) return `${min} or more`;
  return max === null ? "" : `${max} or less`;
}
