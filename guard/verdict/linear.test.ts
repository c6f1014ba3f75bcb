import { expect, test } from "vitest";
import type { Element } from "../../components/registry/kind.ts";
import type { Declaration } from "../../components/registry/kinds.generated.ts";
import { defaultLimits } from "../../components/review/limits.file.ts";
import { declarationFixture } from "../../testing/fixtures/fixture.ts";
import { keys } from "../change/diff.ts";
import { sideOf } from "../change/side.ts";
import { review } from "./review.ts";

/** Reads of properties of declared elements, while a change of all accounts is judged: names of deleted ones, and web sites without their passwords. */
function readsFor(accounts: number): number {
  let reads = 0;
  const get = (of: object, name: string | symbol): unknown => {
    reads++;
    return Reflect.get(of, name);
  };
  const counted = (declaration: Declaration): Declaration => {
    const lists = keys.map((key) => {
      const elements = declaration[key] as readonly Element[];
      return [key, elements.map((element) => new Proxy(element, { get }))];
    });
    return { ...declaration, ...Object.fromEntries(lists) };
  };
  const valid = declarationFixture({ hosts: 4, accounts });
  const locked = { ada: `$y$j9T$${"a".repeat(22)}$${"b".repeat(43)}` };
  const deletedNames = valid.accounts.map(({ name }) => `${name}x`);
  const registers = valid.registers.map((each) => ({ ...each, deletedNames }));
  const networks = valid.networks.map((each) => ({ ...each, platformDomain: "accounts.example" }));
  const before = {
    ...valid,
    networks,
    registers,
    httpServers: valid.httpServers.map((each) => ({ ...each, passwords: locked })),
  };
  const after = {
    ...valid,
    networks,
    registers,
    accounts: valid.accounts.map((each) => ({ ...each, name: `${each.name}x` })),
    httpServers: valid.httpServers.map((each) => ({ ...each, idleSeconds: 77 })),
  };
  const [old, next] = [before, after].map((each) => sideOf(counted(each as Declaration)));
  const { changes } = review({ before: old!, after: next!, approvals: [], limits: defaultLimits, today: "2026-11-24" });
  expect(changes.length).toBeGreaterThanOrEqual(2 * accounts);
  return reads;
}

test("four times as many accounts are judged with four times as many looks at what is declared", () => {
  expect(readsFor(200) / readsFor(50)).toBeLessThan(4.2);
});
