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
      "register register vanished.0: The stack has the protected account 12, the inventory has not, and tombstones.yaml does not say that it is gone.",
      "register register vanished.1: The stack has host h7, the inventory has not, and retired.yaml does not say that it is gone.",
    ],
  },
});
