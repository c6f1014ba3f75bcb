import { changed, testRule } from "../../testing/test-rule.ts";
import { nothingVanishes } from "./nothing-vanishes.ts";

testRule(nothingVanishes, {
  "an account and a host without a word": {
    break: (valid) =>
      changed(valid, "registers", 0, (register) => ({
        ...register,
        vanished: [
          { kind: "account", name: "12", protect: true },
          { kind: "host", name: "h7", protect: false },
        ],
      })),
    expect: [
      "register register vanished.0: The protected account 12 is in the stack but missing from the inventory, and tombstones.yaml does not list it.",
      "register register vanished.1: Host h7 is in the stack but missing from the inventory, and retired.yaml does not list it.",
    ],
  },
});
