import { expect, test } from "vitest";
import { declarationFixture } from "../../../testing/fixtures/fixture.ts";
import { carriedAway, carriedFinding } from "./carried-hosts.ts";

const stack = declarationFixture();
const [first, ...others] = stack.hosts as [(typeof stack.hosts)[number]];
const after = { ...stack, hosts: others, accounts: stack.accounts.filter(({ host }) => host !== first.name) };
const elsewhere = { ...stack, hosts: [{ ...first, cell: "b" }, ...others] };

test("a host that a stack gives up because it is in another cell now: said with both cells, and what to do first", () => {
  const [carried, ...more] = carriedAway(stack, after, elsewhere);
  expect(more).toEqual([]);
  const accounts = stack.accounts.filter(({ host }) => host === first.name).length;
  expect(carried).toEqual({ name: first.name, from: first.cell, to: "b", accounts });
  expect(carriedFinding(carried!)).toMatchObject({
    message: expect.stringMatching(
      new RegExp(`^Moves host ${first.name}, with .* from cell ${first.cell} to cell b\\. `),
    ),
    approval: { action: "move", resource: `cell b/${first.name}` },
  });
});

test("a host that the inventory no longer has, and one that stays, are not carried", () => {
  expect(carriedAway(stack, after, after)).toEqual([]);
  expect(carriedAway(stack, stack, elsewhere)).toEqual([]);
});
