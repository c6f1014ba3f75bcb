import {
  isArchive,
  isAsset,
  isObject,
  isSecret,
  isUnknown,
  type Properties,
  secret,
  type Value,
} from "./properties.ts";

/** The form of one property. Types in brackets are lists and maps of strings. */
export interface PropertyShape {
  type: "string" | "number" | "integer" | "boolean" | "list" | "string[]" | "string{}" | "asset" | Shape;
  required?: boolean;
  /** Kept in a secret envelope from `check` on. */
  secret?: boolean;
  /** A change replaces the resource; any other change updates it. */
  replaces?: boolean;
  /** Filled in by `check`, as upstream does. */
  default?: string | number | boolean;
  /** The only values allowed. */
  oneOf?: readonly string[];
  /** The least number allowed. */
  least?: number;
}

/** The properties of a resource or of a nested object, by name. */
export type Shape = { readonly [name: string]: PropertyShape };

/** A problem of an input: its place, and the reason with the fix. Never contains the value. */
export interface Failure {
  property: string;
  reason: string;
}

/** Checks inputs against a shape: all failures at once, the inputs with defaults filled in and secrets in envelopes. */
export function checkShape(shape: Shape, inputs: Properties): { inputs: Properties; failures: Failure[] } {
  const failures: Failure[] = [];
  return { inputs: checkObject(shape, inputs, "", failures), failures };
}

function checkObject(shape: Shape, inputs: Properties, path: string, failures: Failure[]): Properties {
  const checked: Properties = {};
  for (const [name, value] of Object.entries(inputs)) {
    const property = shape[name];
    if (isInternal(name) || value === null) continue;
    if (property) checked[name] = checkValue(property, value, join(path, name), failures);
    else
      failures.push({
        property: join(path, name),
        reason: `unknown property; known: ${Object.keys(shape).join(", ")}`,
      });
  }
  for (const [name, property] of Object.entries(shape)) {
    if (name in checked || (inputs[name] ?? null) !== null) continue;
    if (property.default !== undefined) checked[name] = property.default;
    else if (property.required) failures.push({ property: join(path, name), reason: "required, but not given" });
  }
  return checked;
}

function checkValue(shape: PropertyShape, value: Value, path: string, failures: Failure[]): Value {
  if (isSecret(value)) return secret(checkValue({ ...shape, secret: false }, value.value ?? null, path, failures));
  const checked = isUnknown(value) ? value : checkKnown(shape, value, path, failures);
  return shape.secret ? secret(checked) : checked;
}

function checkKnown(shape: PropertyShape, value: Value, path: string, failures: Failure[]): Value {
  const wants = (kind: string) => failures.push({ property: path, reason: `must be ${kind}, not ${kindOf(value)}` });
  switch (shape.type) {
    case "string":
      if (typeof value !== "string") wants("a string");
      else if (shape.oneOf && !shape.oneOf.includes(value)) {
        failures.push({ property: path, reason: `must be one of ${shape.oneOf.join(", ")}` });
      }
      return value;
    case "boolean":
      if (typeof value !== "boolean") wants("true or false");
      return value;
    case "number":
    case "integer":
      if (typeof value !== "number") wants("a number");
      else if (shape.type === "integer" && !Number.isInteger(value)) wants("a whole number");
      else if (shape.least !== undefined && value < shape.least) {
        failures.push({ property: path, reason: `must be at least ${shape.least}` });
      }
      return value;
    case "list":
      if (!Array.isArray(value)) wants("a list");
      return value;
    case "string[]":
      if (!Array.isArray(value)) wants("a list of strings");
      else return value.map((item, index) => checkValue({ type: "string" }, item, `${path}[${index}]`, failures));
      return value;
    case "string{}":
      if (!isObject(value)) wants("a map of strings");
      else {
        const entries = Object.entries(value).map(([key, item]) => {
          return [key, checkValue({ type: "string" }, item, join(path, key), failures)] as const;
        });
        return Object.fromEntries(entries);
      }
      return value;
    case "asset":
      if (!isAsset(value) && !isArchive(value)) wants("an asset or an archive");
      return value;
    default:
      if (isObject(value)) return checkObject(shape.type, value, path, failures);
      wants("an object");
      return value;
  }
}

/** Names the engine and the Terraform bridge add for themselves; they are not inputs of the resource. */
export function isInternal(name: string): boolean {
  return name === "version" || name.startsWith("__");
}

function join(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}

function kindOf(value: Value): string {
  if (Array.isArray(value)) return "a list";
  return value === null ? "null" : typeof value === "object" ? "an object" : `a ${typeof value}`;
}
