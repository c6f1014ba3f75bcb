import type { PowerSupplyInputs } from "../../inputs.ts";
import { hasMember, standsInRack } from "../../registry/fields/schema-walk.ts";
import type { Declaration } from "../../registry/kinds.generated.ts";
import { allKinds, elementName, type Subject } from "../../registry/subject.ts";

/** What every device has, whichever kind it is of. */
interface Device {
  readonly site: string;
  readonly model: string;
  readonly powerSupplies: readonly PowerSupplyInputs[];
}

/** Kinds of devices: they stand in racks and have power supplies. Hosts have rules of their own. */
const deviceKinds = allKinds.filter(
  (kind) => kind.key !== "hosts" && standsInRack(kind) && hasMember(kind.inputs, "powerSupplies"),
);

/** Every device of the network, with what it is called: `router`. */
export function* devicesOf(
  declaration: Declaration,
): Generator<{ readonly device: Device; readonly subject: Subject; readonly word: string }> {
  for (const { key, name, words } of deviceKinds) {
    for (const element of declaration[key]) {
      const subject = { kind: name, name: elementName(key, element as never) };
      yield { device: element as unknown as Device, subject, word: words[0] };
    }
  }
}
