import { type Properties, unknownValue, type Value } from "../properties.ts";
import type { Resource } from "../resource.ts";
import type { Failure, PropertyShape, Shape } from "../shape.ts";

/** Values that make a new resource when they change. */
export const keepersShape = { type: "string{}", replaces: true } as const satisfies PropertyShape;

interface Made {
  id: string;
  outputs: Properties;
}

/** A resource that is made once from its inputs and lives in the state only. */
export interface MadeOnce {
  readonly inputs: Shape;
  readonly outputs: Resource["outputs"];
  withDefaults?(inputs: Properties): Properties;
  check?(inputs: Properties): Failure[];
  make(inputs: Properties): Promise<Made>;
  import(id: string): Promise<Made & { inputs: Properties }>;
}

/**
 * The resource for something random: every input that matters replaces it, so an update (a `keepers` map that became
 * empty, a default now written out) keeps what was made.
 */
export function madeByInputs(kind: MadeOnce): Resource {
  const complete = kind.withDefaults ?? ((inputs: Properties) => inputs);
  const names = Object.keys(kind.outputs);
  const outputsOf = (value: (name: string) => Value) => Object.fromEntries(names.map((name) => [name, value(name)]));
  return {
    inputs: kind.inputs,
    outputs: kind.outputs,
    ...(kind.check ? { check: kind.check } : {}),
    meaning: (inputs) => withoutEmpty(complete(inputs)),
    preview: (inputs, state) => ({ ...complete(inputs), ...outputsOf((name) => state?.[name] ?? unknownValue) }),
    async create(inputs) {
      const { id, outputs } = await kind.make(inputs);
      return { id, properties: { ...complete(inputs), ...outputs } };
    },
    async update(inputs, state) {
      const made = Object.entries(state).filter(([name]) => !(name in kind.inputs));
      return { ...Object.fromEntries(made), ...complete(inputs) };
    },
    async delete() {},
    async import(id) {
      const found = await kind.import(id);
      return { id: found.id, inputs: found.inputs, properties: { ...complete(found.inputs), ...found.outputs } };
    },
  };
}

/** An empty `keepers` or `overrideSpecial` means the same as none. */
function withoutEmpty(inputs: Properties): Properties {
  const empty = (value: Value) => value === "" || JSON.stringify(value) === "{}";
  return Object.fromEntries(Object.entries(inputs).filter(([, value]) => !empty(value)));
}
