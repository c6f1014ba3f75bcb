import { expect, test } from "vitest";
import { declarationFixture, today } from "../../../testing/fixtures/fixture.ts";
import { changed, testRule } from "../../../testing/test-rule.ts";
import { fourIndependentOperators } from "./four-independent-operators.ts";

testRule(fourIndependentOperators, {
  "three operators": {
    break: (valid) =>
      changed(valid, "networks", 0, (network) => ({ ...network, operators: network.operators.slice(1) })),
    expect: ["network 64496 operators: The network AS64496 has 3 independent operators of transit, but needs 4."],
  },
  "one AS number for two": {
    break: (valid) =>
      changed(valid, "networks", 0, (network) => ({
        ...network,
        operators: network.operators.map((operator, index) =>
          index === 3 ? { ...operator, asNumber: 64_501 } : operator,
        ),
      })),
    expect: [
      "network 64496 operators: The network AS64496 has 3 independent operators of transit, but needs 4: op1 and op4 have the same AS number, 64501.",
    ],
  },
  "one owner for two": {
    break: (valid) =>
      changed(valid, "networks", 0, (network) => ({
        ...network,
        operators: network.operators.map((operator, index) =>
          index === 0 || index === 2 ? { ...operator, parentAsNumber: 64_510 } : operator,
        ),
      })),
    expect: [
      "network 64496 operators: The network AS64496 has 3 independent operators of transit, but needs 4: op1 and op3 belong to the same owner, AS64510.",
    ],
  },
  "an operator that owns another": {
    break: (valid) =>
      changed(valid, "networks", 0, (network) => ({
        ...network,
        operators: network.operators.map((operator, index) =>
          index === 1 ? { ...operator, parentAsNumber: 64_501 } : operator,
        ),
      })),
    expect: [
      "network 64496 operators: The network AS64496 has 3 independent operators of transit, but needs 4: op1 and op2 belong to the same owner, AS64501.",
    ],
  },
  "an owner who is owned": {
    break: (valid) =>
      changed(valid, "networks", 0, (network) => ({
        ...network,
        operators: network.operators.map((operator, index) =>
          index < 2 ? { ...operator, parentAsNumber: index === 0 ? 64_510 : 64_501 } : operator,
        ),
      })),
    expect: [
      "network 64496 operators: The network AS64496 has 3 independent operators of transit, but needs 4: op1 and op2 belong to the same owner, AS64510.",
    ],
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

test("a fifth operator may belong to the owner of another: four are independent", () => {
  const valid = declarationFixture();
  const fifth = changed(valid, "networks", 0, (network) => ({
    ...network,
    operators: [
      ...network.operators,
      { name: "op5", asNumber: 64_505, parentAsNumber: network.operators[0]!.asNumber, routers: ["rt1"] },
    ],
  }));
  expect(fourIndependentOperators.check(fifth, today)).toEqual([]);
});
