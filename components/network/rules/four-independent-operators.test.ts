import { changed, testRule } from "../../../testing/test-rule.ts";
import { fourIndependentOperators } from "./four-independent-operators.ts";

testRule(fourIndependentOperators, {
  "three operators": {
    break: (valid) =>
      changed(valid, "networks", 0, (network) => ({ ...network, operators: network.operators.slice(1) })),
    expect: ["network 64496 operators: The network AS64496 has 3 operators of transit, but needs 4."],
  },
  "one AS number for two": {
    break: (valid) =>
      changed(valid, "networks", 0, (network) => ({
        ...network,
        operators: network.operators.map((operator, index) =>
          index === 3 ? { ...operator, asNumber: 64_501 } : operator,
        ),
      })),
    expect: ["network 64496 operators.3: Operator op4 has AS number 64501, the same as operator op1."],
  },
  "one owner for two": {
    break: (valid) =>
      changed(valid, "networks", 0, (network) => ({
        ...network,
        operators: network.operators.map((operator, index) =>
          index === 0 || index === 2 ? { ...operator, parentAsNumber: 64_510 } : operator,
        ),
      })),
    expect: ["network 64496 operators.2: Operators op1 and op3 belong to the same owner, AS64510."],
  },
  "an operator that owns another": {
    break: (valid) =>
      changed(valid, "networks", 0, (network) => ({
        ...network,
        operators: network.operators.map((operator, index) =>
          index === 1 ? { ...operator, parentAsNumber: 64_501 } : operator,
        ),
      })),
    expect: ["network 64496 operators.1: Operators op1 and op2 belong to the same owner, AS64501."],
  },
  "all on one router": {
    break: (valid) =>
      changed(valid, "networks", 0, (network) => ({
        ...network,
        operators: network.operators.map((operator) => ({ ...operator, routers: ["rt1"] })),
      })),
    expect: ["network 64496 operators: All operators of the network AS64496 are connected to router rt1."],
    alsoBreaks: ["survives-any-single-loss"],
  },
});
