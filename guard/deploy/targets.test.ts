import { expect, test } from "vitest";
import { stagesOf, strayHosts, targetsOf } from "./targets.ts";

const step = (urn: string) => ({ op: "update", urn, type: "t", name: urn, replaceKeys: [] });
const sides = {
  engine: [
    "web1",
    "web1-apply",
    "account-7",
    "plan-small",
    "web2-apply",
    "web1-apply",
    "router-1-apply",
    "router-1",
    "site",
  ].map(step),
  hostsOf: new Map([
    ["web1", ["web1"]],
    ["web1-apply", ["web1"]],
    ["account-7", ["web1", "web3"]],
    ["plan-small", []],
    ["web2-apply", ["web2"]],
    ["web1-front-end", ["web1"]],
    ["router-1-apply", ["router-1"]],
    ["router-1-delivery", ["router-1"]],
  ]),
  parents: new Map([
    ["router-1-apply", "router-1-delivery"],
    ["router-1-delivery", "router-1"],
    ["router-1", "site"],
    ["site", "stack"],
  ]),
};

test("targets of a wave are the changed resources of its hosts, each once, and nothing else", () => {
  expect(targetsOf(sides, { hosts: ["web1"] })).toEqual(["web1", "web1-apply", "account-7"]);
  expect(targetsOf(sides, { hosts: ["web2"] })).toEqual(["web2-apply"]);
  // A new router's delivery lies in a component that is new too, at a new site.
  expect(targetsOf(sides, { hosts: ["router-1"] })).toEqual(["site", "router-1", "router-1-apply"]);
});

test("hosts that a wave would touch and must not", () => {
  expect(strayHosts(sides, { hosts: ["web1", "web3"] })).toEqual(["router-1", "web2"]);
  expect(strayHosts(sides, { hosts: ["web1", "web2", "web3", "router-1"] })).toEqual([]);
});

test("a change that touches no host is one stage", () => {
  expect(stagesOf([])).toEqual([{ hosts: [] }]);
});
