import type { NetworkInputs } from "../../registry/kinds.generated.ts";
import { subject } from "../../registry/subject.ts";
import { defineRule, repeats } from "../../rule.ts";
import { isReal } from "../../site/places.ts";

const wanted = 4;

type Operator = NetworkInputs["operators"][number];

export const fourIndependentOperators = defineRule({
  name: "four-independent-operators",
  theme: "redundancy",
  severity: "critical",
  scope: "stack",
  waivable: true,
  description:
    "The network has at least four operators of transit with different AS numbers and different declared owners, connected to at least two routers.",
  reason:
    "Operators fail, end peerings and are bought: with fewer than four, one such event can disconnect the platform.",
  fix: "Order transit from another operator, connect it to another router, and list it under `operators` in network.yaml.",
  *find(declaration) {
    if (!isReal(declaration)) return;
    for (const network of declaration.networks) {
      const { operators } = network;
      const at = (index?: number) => subject.network(network, index === undefined ? "operators" : `operators.${index}`);
      if (operators.length < wanted) {
        const message = `The network AS${network.asNumber} has ${operators.length === 1 ? "1 operator" : `${operators.length} operators`} of transit, but needs ${wanted}.`;
        yield { subject: at(), message };
      }
      const placed = operators.map((operator, index) => ({ operator, index }));
      for (const { element, first, key } of repeats(placed, ({ operator }) => operator.asNumber)) {
        const message = `Operator ${element.operator.name} has AS number ${key}, the same as operator ${first.operator.name}.`;
        yield { subject: at(element.index), message };
      }
      for (const { element, first } of repeats(placed, ({ operator }) => owner(operator))) {
        if (element.operator.asNumber === first.operator.asNumber) continue;
        const message = `Operators ${first.operator.name} and ${element.operator.name} belong to the same owner, AS${owner(element.operator)}.`;
        yield { subject: at(element.index), message };
      }
      const routers = new Set(operators.flatMap((operator) => operator.routers));
      if (routers.size === 1 && operators.length > 1) {
        yield {
          subject: at(),
          message: `All operators of the network AS${network.asNumber} are connected to router ${[...routers].join()}.`,
        };
      }
    }
  },
});

/** The AS number of the owner; an operator without a declared owner owns itself. */
function owner({ asNumber, parentAsNumber }: Operator): number {
  return parentAsNumber ?? asNumber;
}
