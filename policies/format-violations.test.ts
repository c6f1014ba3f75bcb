import { expect, test } from "vitest";
import { accountFollowsNumber } from "../components/account/rules/account-follows-number.ts";
import { debianReleaseSupported } from "../components/host/rules/debian-release-supported.ts";
import { twoLinksToTwoSwitches } from "../components/host/rules/two-links-to-two-switches.ts";
import { declarationFixture, today } from "../testing/fixtures/fixture.ts";
import { checkDeclaration } from "./check-declaration.ts";
import { formatViolations } from "./format-violations.ts";

test("says nothing about a valid declaration", () => {
  expect(formatViolations(checkDeclaration(declarationFixture(), today))).toBe("");
});

test("says what, where, why and how to fix it", () => {
  const valid = declarationFixture();
  const broken = {
    ...valid,
    hosts: valid.hosts.slice(0, 2).map((host) => ({ ...host, release: "bookworm", links: host.links.slice(0, 1) })),
  };
  const lines = new Map([["h1", "inventory/prod/hosts/h1.yaml:9"]]);
  expect(
    formatViolations(checkDeclaration(broken, today, [twoLinksToTwoSwitches, debianReleaseSupported]), ({ name }) =>
      lines.get(name),
    ),
  ).toBe(
    `two-links-to-two-switches (critical): Every host has at least two links, on different ports, to different switches.
  inventory/prod/hosts/h1.yaml:9: Host h1 has one link (eth0 to sw1).
  host h2, links: Host h2 has one link (eth0 to sw1).
  Why: With only one link, port or switch, the host and all its accounts lose the network when it fails.
  Fix: Connect a second port of the host to another switch and list both under \`links\`.
  See: docs/reference/rules.md#two-links-to-two-switches

debian-release-supported (critical): Every host runs a supported Debian release (trixie) that is not past its end of life.
  inventory/prod/hosts/h1.yaml:9: Host h1 runs bookworm (Debian 12, end of life 2026-06-10).
  host h2, release: Host h2 runs bookworm (Debian 12, end of life 2026-06-10).
  Why: Without security updates, every new vulnerability can break the isolation between accounts.
  Fix: Move the accounts to another host, install trixie on this one and set \`release\`.
  See: docs/reference/rules.md#debian-release-supported

4 violations of 2 rules.
`,
  );
});

test("a thousand equal violations are one paragraph, in the order of the accounts' numbers", () => {
  const valid = declarationFixture({ accounts: 1000 });
  const accounts = valid.accounts.map((account) => ({ ...account, directory: `/home/${account.number}` })).reverse();
  const lines = formatViolations(checkDeclaration({ ...valid, accounts }, today, [accountFollowsNumber])).split("\n");
  expect(lines).toHaveLength(18);
  expect(lines.slice(1, 12)).toEqual([
    ...Array.from({ length: 10 }, (_, index) => {
      const number = index + 1;
      return `  account ${number}, directory: Account ${number} has directory /home/${number} instead of /srv/accounts/${number}.`;
    }),
    "  and 990 more, up to account 1000, directory.",
  ]);
});
