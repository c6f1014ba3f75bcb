import { changed, testRule } from "../../../testing/test-rule.ts";
import { uniqueUser } from "./unique-user.ts";

testRule(uniqueUser, {
  "two users with one name": {
    break: (valid) => changed(valid, "users", "1/deploy", (user) => ({ ...user, name: "ada" })),
    expect: ["user 1/ada name: User 1/ada is declared twice."],
  },
});
