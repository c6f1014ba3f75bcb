import { expect, test } from "vitest";
import type { Declaration } from "../../components/registry/kinds.generated.ts";
import { nothingDeclared } from "../../components/registry/subject.ts";
import { declarationFixture, today } from "../../testing/fixtures/fixture.ts";
import { rules } from "../rules.generated.ts";
import { shapes } from "./elements.ts";
import { kindsRead } from "./kinds-read.ts";
import { onlyTypeOf } from "./policies.ts";

const ofResource = rules.filter(({ scope }) => scope === "resource");

test("most rules about single resources are about one type", () => {
  const types = Object.fromEntries(ofResource.map((rule) => [rule.name, onlyTypeOf(rule)]));
  expect(types).toMatchObject({
    "two-disks": "fairhost:host:BareMetalHost",
    "uid-in-range": "fairhost:account:AccountContainer",
    "limits-set": undefined,
    "devices-on-two-chains": undefined,
  });
  for (const rule of ofResource) {
    expect(types[rule.name], rule.name).toEqual(kindsRead(rule).size === 1 ? expect.any(String) : undefined);
  }
  const several = Object.values(types).filter((type) => type === undefined);
  expect(several.length).toBeLessThan(ofResource.length / 2);
});

test("a rule says nothing of other types, whatever is in them", () => {
  for (const rule of ofResource) {
    const type = onlyTypeOf(rule);
    for (const { kind } of type === undefined ? [] : shapes.values()) {
      if (kind === shapes.get(type!)!.kind) continue;
      // Touching anything of the element throws, so not even a look goes unseen.
      const untouchable = new Proxy({}, { get: () => expect.fail(`${rule.name} looks at ${kind}`) });
      const declaration: Declaration = {
        ...nothingDeclared,
        [kind]: declarationFixture()[kind].map(() => untouchable),
      };
      expect(rule.check(declaration, today)).toEqual([]);
    }
  }
});
