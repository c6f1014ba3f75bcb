import { expect, test } from "vitest";
import { encodeBundle } from "../delivery/protocol/digest.ts";
import { dueRouters } from "./due-routers.ts";
import type { HeldElsewhere } from "./holdings.ts";
import { hostsOfAllCells } from "./hosts-of-all-cells.ts";

const route = (prefix: string) => ({ path: "bird/account.conf", content: `route ${prefix} unreachable;\n` });
/** The state of a stack with one host that announces a prefix. */
const holding = (host: string, prefix: string): HeldElsewhere => ({
  sites: new Map([[host, "lab"]]),
  sent: [
    [
      `${host}-apply`,
      JSON.stringify({ bundle: encodeBundle({ groups: { host: { files: [route(prefix)] } } } as never) }),
    ],
  ],
});
const states: Readonly<Record<string, HeldElsewhere>> = {
  prod: holding("web1", "a::/64"),
  "prod-second": holding("web2", "b::/64"),
  "prod-third": holding("web3", "c::/64"),
};
const stacks = new Map([
  ["main", "prod"],
  ["second", "prod-second"],
  ["third", "prod-third"],
  ["routers", "prod-routers"],
]);
const declared = [
  { name: "web1", site: "lab", cell: "main" },
  { name: "web2", site: "lab", cell: "second" },
];
const takes = new Map([
  ["web1", new Set(["a::/64"])],
  ["web2", new Set(["b::/64"])],
]);
const routers = ["router-1", "router-2"].map((name) => ({ name, site: "lab", takes }));
const had = new Map([...takes, ["web3", new Set(["c::/64"])]]);
const taken = new Map(routers.map(({ name }) => [name, had]));

test("while a host announces that has left the inventory as the last one of its cell, one router goes on taking it", async () => {
  const { announced, siteOf, stackOf } = await hostsOfAllCells(declared, stacks, async (stack) => states[stack]!);
  const { due, waits } = dueRouters(routers, { announced, taken }, siteOf, (host) => `${host} of ${stackOf.get(host)}`);
  expect([...due]).toEqual(["router-1"]);
  expect(waits).toEqual([expect.stringContaining("web3 of prod-third does not announce yet what is declared")]);
});

test("a lost host announces nothing, and one that is declared counts where it is declared", async () => {
  const { siteOf, stackOf } = await hostsOfAllCells(
    [
      { ...declared[0]!, lost: "2026-11-29" },
      { ...declared[1]!, cell: "third" },
    ],
    stacks,
    async (stack) => states[stack]!,
  );
  expect([...siteOf.keys()].sort()).toEqual(["web2", "web3"]);
  expect(stackOf.get("web2")).toBe("prod-third");
});
