import { testGuardRule, to, valid } from "../../testing/test-guard-rule.ts";
import { changed } from "../../testing/test-rule.ts";
import { policiesHold } from "./policies-hold.ts";

testGuardRule(policiesHold, {
  "a fleet that breaks a rule of the policies after the change": {
    change: to(changed(valid, "hosts", 0, (host) => ({ ...host, mirrors: host.mirrors.slice(0, 1) }))),
    expect: ["blocked: host h1 mirrors: mounts-on-mirrors: Host h1 has no mirror for /srv/accounts."],
    alsoFound: ["redundancy-kept"],
  },
});
