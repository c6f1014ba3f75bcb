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
    "The network has at least four operators of transit with AS numbers of their own, no two of one owner where that is declared, landing on at least two routers.",
  reason: "Operators fail, quarrel over peering and are bought: with fewer, one such day cuts the platform off.",
  remediation: "Order transit of another operator, on another router, and list it under `operators` in network.yaml.",
  *find(declaration) {
    if (!isReal(declaration)) return;
    for (const network of declaration.networks) {
      const { operators } = network;
      const at = (index?: number) => subject.network(network, index === undefined ? "operators" : `operators.${index}`);
      if (operators.length < wanted) {
        const message = `The network AS${network.asNumber} has ${operators.length === 1 ? "1 operator" : `${operators.length} operators`} of transit, not ${wanted}.`;
        yield { subject: at(), message };
      }
      const placed = operators.map((operator, index) => ({ operator, index }));
      for (const { element, first, key } of repeats(placed, ({ operator }) => operator.asNumber)) {
        const message = `Operator ${element.operator.name} has AS number ${key}, as operator ${first.operator.name} has.`;
        yield { subject: at(element.index), message };
      }
      for (const { element, first } of repeats(placed, ({ operator }) => owner(operator))) {
        if (element.operator.asNumber === first.operator.asNumber) continue;
        const message = `Operators ${first.operator.name} and ${element.operator.name} belong to one owner, AS${owner(element.operator)}.`;
        yield { subject: at(element.index), message };
      }
      const routers = new Set(operators.flatMap((operator) => operator.routers));
      if (routers.size === 1 && operators.length > 1) {
        yield {
          subject: at(),
          message: `All operators of the network AS${network.asNumber} land on router ${[...routers].join()}.`,
        };
      }
    }
  },
});

/** An operator that is nobody's is its own. */
function owner({ asNumber, parentAsNumber }: Operator): number {
  return parentAsNumber ?? asNumber;
}
