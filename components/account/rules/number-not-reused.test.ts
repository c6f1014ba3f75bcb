import { changed, testRule } from "../../../testing/test-rule.ts";
import { numberNotReused } from "./number-not-reused.ts";

testRule(numberNotReused, {
  "a deleted account's number": {
    break: (valid) => changed(valid, "registers", 0, (register) => ({ ...register, tombstones: [60_000, 2] })),
    expect: ["account 2 number: Account 2 (acme-2) has the number of a deleted account."],
  },
  "a host's name again": {
    break: (valid) => changed(valid, "registers", 0, (register) => ({ ...register, retired: ["host h1"] })),
    expect: ["host h1 name: Host h1 has the name of a retired host."],
  },
  "a router and a site that are in use": {
    break: (valid) =>
      changed(valid, "registers", 0, (register) => ({ ...register, retired: ["router rt2", "site beta"] })),
    expect: [
      "router rt2 name: Router rt2 has the name of a retired router.",
      "site beta name: Site beta has the name of a retired site.",
    ],
  },
});
