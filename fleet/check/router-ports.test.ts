import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Draft } from "../../testing/inventory/wrong-inventory.cases.ts";
import { InventoryError, loadFleet } from "../load/load.ts";

const file = "network.yaml";
const toSwitchB = "      - port: enp2s0\n        switch: switch-b\n      - port: enp3s0\n        router: router-2\n";

/** What the fleet for trials is refused for after an edit of its network. */
async function problems(...edits: readonly (readonly [from: string, to: string])[]): Promise<string[]> {
  const directory = mkdtempSync(join(tmpdir(), "fairhost-ports-"));
  try {
    cpSync(join(import.meta.dirname, "../../inventory/trial"), directory, { recursive: true });
    const draft = new Draft(directory);
    for (const [from, to] of edits) draft.edit(file, from, to);
    const found = await loadFleet(directory).catch((error: unknown) => error);
    return found instanceof InventoryError ? found.problems.map(({ message }) => message) : [];
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test.each<[what: string, from: string, to: string, ...messages: string[]]>([
  ["nothing", "", ""],
  [
    "a link without a port",
    toSwitchB,
    toSwitchB.replace(/.*\n.*switch-b\n/, ""),
    'router "router-1" names its ports, but not the one to switch "switch-b"',
  ],
  [
    "a port twice",
    toSwitchB,
    toSwitchB.replace("enp2s0", "enp1s0"),
    'the port "enp1s0" is already used at network.yaml:84',
  ],
  [
    "a switch with one link and two ports",
    toSwitchB,
    `${toSwitchB}      - port: enp9s0\n        switch: switch-b\n`,
    'router "router-1" has more ports to switch "switch-b" than links',
  ],
  [
    "an operator of the other router",
    "operator: transit-1",
    "operator: transit-2",
    'there is no operator "transit-2" that router "router-1" is connected to',
    'router "router-1" names its ports, but not the one to operator "transit-1"',
  ],
  [
    "two things at one port",
    "switch: switch-b\n      - port: enp3s0\n        router: router-2",
    "switch: switch-b\n        router: router-2",
    "got a map, must name what is at the other end: one `switch`, `router` or `operator`",
    'router "router-1" names its ports, but not the one to switch "switch-b"',
    'router "router-1" names its ports, but not the one to router "router-2"',
  ],
  [
    "a port that the kernel cannot have",
    toSwitchB,
    toSwitchB.replace("enp2s0", "xe-0/0/1"),
    'router "router-1" is made by bird, which has no port "xe-0/0/1"',
  ],
  [
    "the name of the interface that ports become",
    toSwitchB,
    toSwitchB.replace("enp2s0", "bond0"),
    'router "router-1" is made by bird, which has no port "bond0"',
  ],
  [
    "a session that leaves the prefix of its link",
    "neighbor: fd00:9:1::1",
    "neighbor: fd00:9:1:1::1",
    'the address "fd00:9:1:1::1" of operator "transit-1" is not in the /64 of the router\'s own, "fd00:9:1::2"',
  ],
  [
    "an IPv4 session that leaves the prefix of its link",
    "neighbor4: 198.18.2.0",
    "neighbor4: 198.18.2.2",
    'the address "198.18.2.2" of operator "transit-2" is not in the /31 of the router\'s own, "198.18.2.1"',
  ],
  [
    "one end of an IPv4 session",
    "        neighbor4: 198.18.2.0\n",
    "",
    "got a map, must have both `address4` and `neighbor4`, or neither",
  ],
  [
    "IPv4 over both sessions",
    "neighbor4: 198.18.2.0",
    "neighbor4: 198.18.2.0\n        ipv4: true",
    "got true, must not be true beside `address4`: IPv4 goes over one session",
  ],
])("ports of routers: %s", async (_, from, to, ...messages) => {
  expect(await problems(...(from === "" ? [] : [[from, to] as const]))).toEqual(messages);
});

test("a longer or shorter prefix of a link is taken as it is said", async () => {
  const length = (prefixLength: number, neighbor: string) =>
    problems(["neighbor: fd00:9:1::1", `neighbor: ${neighbor}\n        prefixLength: ${prefixLength}`]);
  expect(await length(48, "fd00:9:1:1::1")).toEqual([]);
  expect(await length(127, "fd00:9:1::3")).toEqual([]);
  expect(await length(127, "fd00:9:1::1")).toHaveLength(1);
});
