import { expect, test } from "vitest";
import { isTemplate, templateOf } from "./unit-name.ts";

test.each([
  ["account-1-ssh@5.service", "account-1-ssh@.service"],
  // As systemd calls the services of a socket with Accept=yes.
  ["account-1-ssh@3-2001:db8::1:22-2001:db8::9:50123.service", "account-1-ssh@.service"],
  ["a@b@c.service", "a@.service"],
  ["account-1-ssh@.service", undefined],
  ["nginx.service", undefined],
])("%s is an instance of %s", (unit, template) => expect(templateOf(unit)).toBe(template));

test("a template is no unit that can run", () => {
  expect(["ssh@.service", "ssh@1.service", "ssh.service"].map(isTemplate)).toEqual([true, false, false]);
});
