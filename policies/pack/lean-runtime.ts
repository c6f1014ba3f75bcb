import { createRequire } from "node:module";

type Deserialize = (properties: object, preserveSecrets: boolean) => object;

/**
 * Removes costs from the policy runtime that grow with the number of resources. Call it before the pack is created.
 * - It reads the same properties again for every policy (measured for 3,016 resources: 8.5 s of CPU, 5.2 s without): here once per
 *   request, so policies must not write to them.
 * - The engine also asks it for `remediation`s, but this pack has none. The service now lacks that method, as in old packs, which takes
 *   half the time of an empty answer.
 * - It builds all of a stack's resources for every policy about the stack: here only for the first, since one judgement serves all.
 *
 * These are internals: if one is not found as expected, the runtime stays unchanged and is only slower.
 * @returns the names of the changed internals, for the test that guards the pinned runtime.
 */
export function leanRuntime(): string[] {
  const require = createRequire(import.meta.url);
  const done: string[] = [];
  const runtime: Record<string, unknown> = require("@pulumi/policy/deserialize");
  const deserialize = runtime.deserializeProperties;
  if (typeof deserialize === "function") {
    runtime.deserializeProperties = readOnce(deserialize as Deserialize);
    done.push("deserializeProperties");
  }
  const sdk = createRequire(require.resolve("@pulumi/policy"));
  const { AnalyzerService: service } = sdk("@pulumi/pulumi/proto/analyzer_grpc_pb");
  if (service && "remediate" in service) {
    delete service.remediate;
    done.push("remediate");
  }
  const request = sdk("@pulumi/pulumi/proto/analyzer_pb").AnalyzeStackRequest?.prototype;
  if (typeof request?.getResourcesList === "function") {
    const { getResourcesList } = request;
    request.getResourcesList = function (this: unknown) {
      return ShownOnce.from(getResourcesList.call(this) as object[]);
    };
    done.push("getResourcesList");
  }
  return done;
}

/** A list whose members can be iterated over once; after that it behaves as if empty. */
class ShownOnce<T> extends Array<T> {
  #shown = false;

  override [Symbol.iterator](): ArrayIterator<T> {
    const members = this.#shown ? [] : [...super.values()];
    this.#shown = true;
    return members.values();
  }
}

function readOnce(deserialize: Deserialize): Deserialize {
  const known = new WeakMap<object, object>();
  return (properties, preserveSecrets) => {
    if (preserveSecrets) return deserialize(properties, true);
    const plain = known.get(properties) ?? deserialize(properties, false);
    known.set(properties, plain);
    return plain;
  };
}
