import { changed, testRule } from "../../../testing/test-rule.ts";
import { uniqueHost } from "./unique-host.ts";

testRule(uniqueHost, {
  "one name for two": {
    break: (valid) => changed(valid, "hosts", 1, (host) => ({ ...host, name: "h1" })),
    expect: ["host h1 name: A host in rack r2 of alpha is named h1, as one in rack r1 of alpha is."],
    alsoBreaks: ["references-exist", "survives-any-single-loss"],
  },
  "one AS number for two": {
    break: (valid) => changed(valid, "hosts", 0, (host) => ({ ...host, asNumber: 4_200_000_002 })),
    expect: ["host h2 asNumber: Host h2 has AS number 4200000002, as host h1 has."],
  },
  "two front ends": {
    break: (valid) => changed(valid, "frontEnds", 1, (frontEnd) => ({ ...frontEnd, host: "h1" })),
    expect: ["frontEnd h1 host: Host h1 has a second front end."],
    alsoBreaks: ["references-exist"],
  },
});
