import type { Provider } from "./resource.ts";
import type { PropertyShape, Shape } from "./shape.ts";

/** A type in Pulumi's package schema (pulumi.com/docs/iac/using-pulumi/extending-pulumi/schema). */
function typeOf({ type }: PropertyShape): object {
  const any = { $ref: "pulumi.json#/Any" };
  switch (type) {
    case "string":
    case "number":
    case "integer":
    case "boolean":
      return { type };
    case "string[]":
      return { type: "array", items: { type: "string" } };
    case "string{}":
      return { type: "object", additionalProperties: { type: "string" } };
    case "list":
      return { type: "array", items: any };
    case "asset":
      return { $ref: "pulumi.json#/Asset" };
    default:
      return { type: "object", additionalProperties: any };
  }
}

function propertiesOf(shape: Shape): object {
  return Object.fromEntries(
    Object.entries(shape).map(([name, property]) => [name, { ...typeOf(property), secret: property.secret ?? false }]),
  );
}

/** A provider's package schema as JSON: `pulumi import` reads from it which properties a resource has. */
export function schemaOf({ name, version, resources }: Provider): string {
  const described = Object.entries(resources).map(([token, { inputs, outputs }]) => {
    const given = propertiesOf(inputs);
    const made = Object.entries(outputs).map(([each, { secret = false }]) => [
      each,
      { $ref: "pulumi.json#/Any", secret },
    ]);
    const required = Object.keys(inputs).filter((each) => inputs[each]!.required);
    const properties = { ...given, ...Object.fromEntries(made) };
    return [token, { inputProperties: given, requiredInputs: required, properties, required }];
  });
  return JSON.stringify({ name, version, resources: Object.fromEntries(described) });
}
