import { changed, testRule } from "../../../testing/test-rule.ts";
import { frontEndPorts } from "./front-end-ports.ts";

testRule(frontEndPorts, {
  "SSH on every account's address": {
    break: (valid) => changed(valid, "frontEnds", 0, (frontEnd) => ({ ...frontEnd, ports: [80, 443, 22] })),
    expect: ["frontEnd h1 ports.2: The front end of host h1 opens port 22, which is not 80 or 443."],
  },
});
