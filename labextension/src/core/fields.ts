/** The fields of a form as the kernel describes them: the twin of ipyflow/forms/fields.py. */

export type FieldKind =
  | "int"
  | "float"
  | "bool"
  | "str"
  | "text"
  | "secret"
  | "choice"
  | "date"
  | "time"
  | "datetime"
  | "path"
  | "list"
  | "model"
  | "value";

export interface Field {
  name: string;
  kind: FieldKind;
  label: string;
  doc: string;
  required: boolean;
  /** It may be none. */
  optional: boolean;
  /** A JSON value. */
  default: unknown;
  has_default: boolean;
  choices: [label: string, value: unknown][] | null;
  min: number | null;
  max: number | null;
  step: number | null;
  /** What a list holds. */
  item: Field | null;
  /** What a model has. */
  fields: Field[] | null;
}
