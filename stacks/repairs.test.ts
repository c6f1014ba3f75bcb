import { expect, test } from "vitest";
import { requestedRepairs } from "./repairs.ts";

const hosts = [{ name: "web1" }, { name: "web2" }];
const before = new Map([
  ["web1", 2],
  ["gone", 7],
]);

test("what was asked for stays, what is asked for now is one more", () => {
  expect([...requestedRepairs(hosts, before, {})]).toEqual([
    ["web1", 2],
    ["web2", 0],
  ]);
  expect([...requestedRepairs(hosts, before, { FAIRHOST_REPAIR: "web2, web1,web2" })]).toEqual([
    ["web1", 3],
    ["web2", 1],
  ]);
});

test("a host that is not there is refused, and those that are get named", () => {
  expect(() => requestedRepairs(hosts, before, { FAIRHOST_REPAIR: "web3,web1" })).toThrow(
    "FAIRHOST_REPAIR names web3, which this stack does not have; nothing was touched. Its hosts: web1, web2",
  );
});
