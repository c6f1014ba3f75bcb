import { expect, test } from "vitest";
import { packageSchema } from "../schema.ts";

test.each(["php8.4-cli", "g++", "openjdk-21-jre-headless", "libc6"])("%s is a package", (name) => {
  expect(packageSchema.safeParse(name).success).toBe(true);
});

// The last two mean to apt-get: remove nginx; take this option.
test.each(["", "PHP", "php 8", "php/sid", "php=8.4", "a;b", "nginx-", "-o"])("%j is no package", (name) => {
  expect(packageSchema.safeParse(name).error?.issues[0]?.message).toBe(
    "must be the name of a Debian package such as php8.4-cli",
  );
});
