import { changed, testRule } from "../../../testing/test-rule.ts";
import { strongKeys } from "./strong-keys.ts";

const weak =
  "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQDwQMwBnka0bUZv8QfKqlzRMxZxiNYHLRYD1V1M7fUFospM71pLQhKZR+lFyQmp4vCBCcYCyei6RUpbAK7bu0iiOQGdYyQBFsx3KQ2lSth7EToJzmtEkM/qn6kgk/yUvM2zf/NK/kOlQQnscU+bXqh4YmuNFCnOhGXHPhc4txg5ELFWPHpyrdevzpYoLweDMgTe1O/hNdAtOUsLmmi4AuLzHxunDrpy6zpQFQ0YhS5qYH3r5UswSSsTD1uCv2CVqogfCMwWfOmN254vYchmjtwCSkncpRWXoAV0sA1/7rqRFisi+LB/NFgmYjTjRmi7MMpbgYpaYYWB2e9RklBJKSLV ada@example.org";

testRule(strongKeys, {
  "a key that is too short": {
    break: (valid) => changed(valid, "users", "1/ada", (user) => ({ ...user, keys: [...user.keys, weak] })),
    expect: ["user 1/ada keys.2: Key 2 of user 1/ada is an RSA key of 2048 bits, fewer than 3072."],
  },
  "a key that stands twice, with another comment": {
    break: (valid) =>
      changed(valid, "users", "1/ada", (user) => ({
        ...user,
        keys: [...user.keys, user.keys[0]!.replace("ada@", "a@")],
      })),
    expect: ["user 1/ada keys.2: Key 2 of user 1/ada stands twice."],
  },
});
