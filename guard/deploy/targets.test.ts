import { expect, test } from "vitest";
import { stagesOf, strayHosts, targetsOf } from "./targets.ts";

const step = (urn: string) => ({ op: "update", urn, type: "t", name: urn, replaceKeys: [] });
const sides = {
  engine: ["web1", "web1-apply", "account-7", "plan-small", "web2-apply", "web1-apply"].map(step),
  hostsOf: new Map([
    ["web1", ["web1"]],
    ["web1-apply", ["web1"]],
    ["account-7", ["web1", "web3"]],
    ["plan-small", []],
    ["web2-apply", ["web2"]],
    ["web1-front-end", ["web1"]],
  ]),
};

test("targets of a wave are the changed resources of its hosts, each once, and nothing else", () => {
  expect(targetsOf(sides, { hosts: ["web1"] })).toEqual(["web1", "web1-apply", "account-7"]);
  expect(targetsOf(sides, { hosts: ["web2"] })).toEqual(["web2-apply"]);
});

test("hosts that a wave would touch and must not", () => {
  expect(strayHosts(sides, { hosts: ["web1", "web3"] })).toEqual(["web2"]);
  expect(strayHosts(sides, { hosts: ["web1", "web2", "web3"] })).toEqual([]);
});

test("a change that touches no host is one stage", () => {
  expect(stagesOf([])).toEqual([{ hosts: [] }]);
});
