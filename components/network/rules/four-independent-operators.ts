import { count } from "../../../lib/text/text.ts";
import type { NetworkInputs } from "../../registry/kinds.generated.ts";
import { subject } from "../../registry/subject.ts";
import { defineRule } from "../../rule.ts";
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
    "The network has at least four operators of transit with different owners (an operator without a declared owner owns itself), connected to at least two routers.",
  reason:
    "Operators fail, end peerings and are bought: with fewer than four, one such event can disconnect the platform.",
  fix: "Order transit from another operator, connect it to another router, and list it under `operators` in network.yaml.",
  *find(declaration) {
    if (!isReal(declaration)) return;
    for (const network of declaration.networks) {
      const { operators } = network;
      const at = subject.network(network, "operators");
      const independent = [...Map.groupBy(operators, (operator) => owner(operator, operators)).values()];
      if (independent.length < wanted) {
        const shared = independent.flatMap((same) => (same.length > 1 ? [together(same, operators)] : []));
        const reason = shared.length === 0 ? "" : `: ${shared.join("; ")}`;
        const message = `The network AS${network.asNumber} has ${count(independent.length, "independent operator")} of transit, but needs ${wanted}${reason}.`;
        yield { subject: at, message };
      }
      const routers = new Set(operators.flatMap((operator) => operator.routers));
      if (routers.size === 1 && operators.length > 1) {
        yield {
          subject: at,
          message: `All operators of the network AS${network.asNumber} are connected to router ${[...routers].join()}.`,
        };
      }
    }
  },
});

/** AS number of the last owner known: an operator without a declared owner owns itself, and an owner may be a listed operator. */
function owner(operator: Operator, operators: readonly Operator[], seen: readonly number[] = []): number {
  const number = operator.parentAsNumber ?? operator.asNumber;
  const listed = operators.find(({ asNumber, parentAsNumber }) => asNumber === number && parentAsNumber !== undefined);
  return listed === undefined || seen.includes(number) ? number : owner(listed, operators, [...seen, number]);
}

/** Why several operators count as one. */
function together(same: readonly Operator[], operators: readonly Operator[]): string {
  const names = same.map(({ name }) => name).join(" and ");
  const [{ asNumber }] = same as [Operator];
  return same.every((operator) => operator.asNumber === asNumber)
    ? `${names} have the same AS number, ${asNumber}`
    : `${names} belong to the same owner, AS${owner(same[0]!, operators)}`;
}
