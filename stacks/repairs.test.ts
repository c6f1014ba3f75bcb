import { expect, test } from "vitest";
import type { Declaration } from "../components/registry/kinds.generated.ts";
import { requestedRepairs } from "./repairs.ts";

const machines = {
  hosts: [{ name: "web1" }, { name: "web2" }],
  routers: [{ name: "router-1", ssh: { address: "fd00::1", port: 22 } }, { name: "by-hand" }],
} as unknown as Pick<Declaration, "hosts" | "routers">;
const before = new Map([
  ["web1", 2],
  ["gone", 7],
]);

test("earlier requests stay, a new request adds one", () => {
  expect([...requestedRepairs(machines, before, {})]).toEqual([
    ["web1", 2],
    ["web2", 0],
    ["router-1", 0],
  ]);
  expect([...requestedRepairs(machines, before, { FAIRHOST_REPAIR: "web2, web1,web2" })]).toEqual([
    ["web1", 3],
    ["web2", 1],
    ["router-1", 0],
  ]);
});

test("an unknown host is refused, and the known hosts are named", () => {
  expect(() => requestedRepairs(machines, before, { FAIRHOST_REPAIR: "web3,web1,by-hand" })).toThrow(
    "FAIRHOST_REPAIR names web3, by-hand, which are not in this stack; nothing was touched. Hosts of the stack: web1, web2, router-1",
  );
});
