import { changed, testRule } from "../../../testing/test-rule.ts";
import { uniqueHost } from "./unique-host.ts";

testRule(uniqueHost, {
  "one name for two": {
    break: (valid) => changed(valid, "hosts", 1, (host) => ({ ...host, name: "h1" })),
    expect: ["host h1 name: Two hosts are named h1: one in rack r1 of alpha, one in rack r2 of alpha."],
    alsoBreaks: ["references-exist", "survives-any-single-loss"],
  },
  "one AS number for two": {
    break: (valid) => changed(valid, "hosts", 0, (host) => ({ ...host, asNumber: 4_200_000_002 })),
    expect: ["host h2 asNumber: Host h2 has AS number 4200000002, the same as host h1."],
  },
  "two front ends": {
    break: (valid) => changed(valid, "frontEnds", 1, (frontEnd) => ({ ...frontEnd, host: "h1" })),
    expect: ["frontEnd h1 host: Host h1 has a second front end."],
    alsoBreaks: ["references-exist"],
  },
});
