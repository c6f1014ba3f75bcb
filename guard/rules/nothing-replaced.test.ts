import { step, testGuardRule, to, valid } from "../../testing/test-guard-rule.ts";
import { changed } from "../../testing/test-rule.ts";
import { nothingReplaced } from "./nothing-replaced.ts";

const replace = { name: "h1-apply", host: "h1", replaceKeys: ["triggers"] };

testGuardRule(nothingReplaced, {
  "the machine of a host": {
    change: to(changed(valid, "hosts", 0, (host) => ({ ...host, serial: "C99" }))),
    expect: ["needs approval: host h1 serial: Replaces the machine of h1, which has 2 accounts. [replace host h1]"],
  },
  "a disk": {
    change: to(
      changed(valid, "hosts", 0, ({ disks: [first, ...disks], ...host }) => ({
        ...host,
        disks: [{ ...first!, serial: "S1-9" }, ...disks],
      })),
    ),
    expect: [
      "needs approval: host h1 disks: Swaps disk bay0 of h1, which has 2 accounts: the mirror has no redundancy while it resyncs, about 80 minutes. [replace host h1]",
    ],
  },
  "a command that the engine replaces, named once for its three steps": {
    change: { engine: ["create-replacement", "replace", "delete-replaced"].map((op) => step({ op, ...replace })) },
    expect: [
      "needs approval: host h1: Pulumi replaces command:remote:Command h1-apply because of triggers: it deletes the old one, which stops everything that it runs. [replace resource h1-apply]",
    ],
  },
});
