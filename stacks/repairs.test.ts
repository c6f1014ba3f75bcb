import { expect, test } from "vitest";
import { requestedRepairs } from "./repairs.ts";

const hosts = [{ name: "web1" }, { name: "web2" }];
const before = new Map([
  ["web1", 2],
  ["gone", 7],
]);

test("earlier requests stay, a new request adds one", () => {
  expect([...requestedRepairs(hosts, before, {})]).toEqual([
    ["web1", 2],
    ["web2", 0],
  ]);
  expect([...requestedRepairs(hosts, before, { FAIRHOST_REPAIR: "web2, web1,web2" })]).toEqual([
    ["web1", 3],
    ["web2", 1],
  ]);
});

test("an unknown host is refused, and the known hosts are named", () => {
  expect(() => requestedRepairs(hosts, before, { FAIRHOST_REPAIR: "web3,web1" })).toThrow(
    "FAIRHOST_REPAIR names web3, which is not in this stack; nothing was touched. Hosts of the stack: web1, web2",
  );
});
