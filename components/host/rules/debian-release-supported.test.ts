import { expect, test } from "vitest";
import { declarationFixture } from "../../../testing/fixtures/fixture.ts";
import { changed, testRule } from "../../../testing/test-rule.ts";
import { debianReleaseSupported } from "./debian-release-supported.ts";

testRule(debianReleaseSupported, {
  "an old release": {
    break: (valid) => changed(valid, "hosts", 0, (host) => ({ ...host, release: "bookworm" })),
    expect: ["host h1 release: Host h1 runs bookworm (Debian 12, end of life 2026-06-10)."],
  },
  "an unknown release": {
    break: (valid) => changed(valid, "hosts", 0, (host) => ({ ...host, release: "sid" })),
    expect: ["host h1 release: Host h1 runs sid (unknown release)."],
  },
});

test("a supported release is accepted until its last day", () => {
  const { hosts, ...others } = declarationFixture();
  const valid = { ...others, hosts: hosts.slice(0, 1) };
  expect(debianReleaseSupported.check(valid, "2028-08-09")).toEqual([]);
  expect(debianReleaseSupported.check(valid, "2028-08-10").map(({ message }) => message)).toEqual([
    "Host h1 runs trixie (Debian 13, end of life 2028-08-09).",
  ]);
});
