import { describe, expect, test } from "vitest";
import { describeRules } from "./describe-rules.ts";
import { chainRules } from "./render-rules.ts";
import { accountFirewallSchema, declaredFirewall, hostFirewallSchema, readRule, ruleText } from "./rule.ts";

const declared = (rules: unknown) => declaredFirewall(hostFirewallSchema.parse(rules)).firewall;
const problems = (schema: typeof hostFirewallSchema, rule: object) =>
  schema.safeParse([rule]).error?.issues.map(({ path, message }) => `${path.slice(1).join(".")} ${message}`) ?? [];

test("a rule is declared as one line with canonical addresses, and read back from it", () => {
  const lines = declared([
    { action: "accept", direction: "in", protocol: "tcp", ports: [9100, "9200-9300"], hosts: ["2001:DB8:0::/48"] },
    { action: "drop", direction: "out", hosts: ["192.0.2.1", "2001:db8::7"] },
    { action: "reject", direction: "in", protocol: "icmp", ip: 4 },
  ])!;
  expect(lines).toEqual([
    "accept in tcp port 9100,9200-9300 from 2001:db8::/48",
    "drop out all to 192.0.2.1,2001:db8::7",
    "reject in icmp over IPv4",
  ]);
  expect(lines.map((line) => ruleText(readRule(line)))).toEqual(lines);
  expect(declaredFirewall([])).toEqual({});
});

test.each([
  "accept in tcp port 1 from ::/0 }\n",
  "accept in tcp port 22; flush ruleset",
  "accept in tcp from 2001:db8::1,zz",
  "accept",
  "accept out all from ::1",
])("a text that is no rule never gets into a firewall: %j", (text) => {
  expect(() => chainRules([text], "in")).toThrow("is not a rule of a firewall");
});

describe("what a rule of a file cannot say", () => {
  test.each([
    [{ ports: [80] }, "ports needs `protocol: tcp` or `protocol: udp`"],
    [{ protocol: "tcp", ports: ["90-80"] }, "ports.0 must be a port such as 443 or a range such as 8000-8100"],
    [{ protocol: "tcp", ports: [0] }, "ports.0 must be a port such as 443 or a range such as 8000-8100"],
    [
      { hosts: ["2001:db8::1/48"] },
      "hosts.0 must be an IP address or a range with zero host bits, such as 2001:db8::/48",
    ],
    [{ hosts: ["2001:db8::"], ip: 4 }, "hosts.0 must be IPv4, as `ip` says"],
  ])("%j", (wrong, message) => {
    expect(problems(hostFirewallSchema, { action: "accept", direction: "in", ...wrong })).toEqual([message]);
  });

  test.each([
    [{ protocol: "udp" }, "protocol must be `tcp` or `all` with `direction: in`: an account is reached by TCP alone"],
    [{ ip: 4 }, "ip must be 6 with `direction: in`: an account is reached over IPv6 alone"],
    [{ hosts: ["192.0.2.1"] }, "hosts.0 must be IPv6 with `direction: in`: an account is reached over IPv6 alone"],
    [
      { protocol: "tcp", ports: ["1-100"] },
      "ports.0 must be without 80 and 443: web sites are reached at addresses of the front end too, use `passwords`",
    ],
  ])("of an account: %j", (wrong, message) => {
    expect(problems(accountFirewallSchema, { action: "drop", direction: "in", ...wrong })).toEqual([message]);
    expect(problems(accountFirewallSchema, { action: "drop", direction: "out", ...wrong })).toEqual([]);
  });
});

test("in a set of nft nothing overlaps, and each IP version has its rule", () => {
  expect(
    chainRules(
      ["drop in tcp port 80-90,85,85-95 from 2001:db8::/32,2001:db8:1::/48,2001:db8:1::/48,192.0.2.0/24"],
      "in",
    ),
  ).toEqual([
    "ip6 saddr { 2001:db8::/32 } tcp dport { 80-95 } counter drop",
    "ip saddr { 192.0.2.0/24 } tcp dport { 80-95 } counter drop",
  ]);
});

test("a change says what is opened and closed, for whom, and a new order", () => {
  const [web, mail] = ["accept in tcp port 9100 from 2001:db8::/48", "drop out tcp port 25"];
  expect(describeRules("host h1", [], [web])).toEqual([
    `Opens TCP port 9100 of host h1 for 2001:db8::/48: new rule "${web}", number 1 of 1.`,
  ]);
  expect(describeRules("host h1", [web], [mail])).toEqual([
    `Closes TCP port 9100 of host h1 for 2001:db8::/48: the rule "${web}" is gone.`,
    `Closes calls from host h1 to TCP port 25 of everybody: new rule "${mail}", number 1 of 1.`,
  ]);
  expect(describeRules("host h1", [web, mail], [mail, web])).toEqual([
    "Puts rules of the firewall of host h1 in another order: the first that matches decides.",
  ]);
  expect(describeRules("host h1", [web], [web])).toEqual([]);
});
