import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { currentGeneration } from "../../../delivery/protocol/bundle.ts";
import { Tree } from "../../../testing/fakes/host-tree.ts";
import type { Run } from "../machine.ts";
import { addressesIn, prefixesOfHosts, watchSessions } from "./router-sessions.ts";

const rules = `table inet fairhost {
  set inside6 { type ipv6_addr; flags interval; auto-merge; elements = { fd00:8000::11, fd00:8000::1:0:2:1 }; }
  set operators4 { type ipv4_addr; elements = { 198.18.3.10 }; }
  tcp dport 179 goto of_neighbors
}
`;

test.each([
  ["fd00:8000::11", true],
  ["fd00:8000:0:0:1:0:2:1", true],
  ["198.18.3.10", true],
  // The beginning of another one.
  ["fd00:8000::1", false],
  ["198.18.3.1", false],
  ["no address", false],
])("%s stands in the rules: %s", (address, stands) => {
  expect(addressesIn(rules)(address)).toBe(stands);
});

test.each(["bird", "frr"])("what a host may announce is read of the text of %s", (maker) => {
  const golden = join(import.meta.dirname, `../../../components/network/router-systems/golden/router-1.${maker}.txt`);
  expect(prefixesOfHosts(readFileSync(golden, "utf8"))).toEqual(
    new Map([
      ["host web1", ["fd00:8000:0:1::/64", "fd00:8000:0:2::/64", "192.0.2.11/32"]],
      ["host web2", ["192.0.2.12/32"]],
    ]),
  );
});

const golden = readFileSync(
  join(import.meta.dirname, "../../../components/network/router-systems/golden/router-1.bird.txt"),
  "utf8",
);
const withoutIPv4 = golden.replaceAll(/^ {2}route \d+\.\S+ unreachable;\n/gm, "");
const [here, everywhere, everywhere4] = ["192.0.2.11", "2001:db8::1", "192.88.99.1"] as const;
const all = { [everywhere]: "default", [everywhere4]: "default", [here]: here };

/** What BIRD says of its sessions with hosts. */
const shown = [1, 2]
  .map(
    (n) => `host_web${n}  BGP        ---        up     12:00:00.000  Established
  BGP state:          Established
    Neighbor address: fd00:8000::1${n}
`,
  )
  .join("\n");

/** What the kernel forwards before and after a change, by destination: the prefix, and who has brought it. */
test.each([
  ["the same as before", golden, all, {}, "bird", undefined],
  [
    "no way out of IPv4",
    golden,
    all,
    { [everywhere4]: "" },
    "bird",
    "the kernel has no default route for IPv4 any more",
  ],
  [
    "no way out of IPv4, of which nothing is owned any more",
    withoutIPv4,
    all,
    { [everywhere4]: "" },
    "bird",
    undefined,
  ],
  ["no way out that somebody else had made", golden, all, { [everywhere]: "" }, "static", undefined],
  [
    "no way to a host",
    golden,
    all,
    { [here]: "" },
    "bird",
    "the kernel has no route to 192.0.2.11/32 of host web1 any more",
  ],
  ["a way that never was", golden, { [everywhere]: "default" }, {}, "bird", undefined],
  [
    "no way to what another host has had",
    golden.replace("192.0.2.11/32", "192.0.2.99/32").replace("192.0.2.12/32", "192.0.2.11/32"),
    all,
    { [here]: "" },
    "bird",
    undefined,
  ],
] as const)("%s", async (_, text, before, change, by, lost) => {
  using tree = new Tree();
  const file = tree.at(`${currentGeneration}/bird/bird.conf`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  let ways: Readonly<Record<string, string>> = before;
  const run: Run = async (program, args) => {
    if (program === "birdc") return { status: 0, stdout: shown, stderr: "" };
    const way = program === "ip" ? ways[args.at(-1)!] : undefined;
    const hop = way === here ? "inet6 fd00:8000::11" : "fe80::1";
    return { status: 0, stdout: way ? `${way} via ${hop} dev eth0 proto ${by} metric 32\n` : "", stderr: "" };
  };
  const look = await watchSessions(tree.machine({ run }));
  ways = { ...before, ...change };
  expect(await look()).toBe(lost);
});
