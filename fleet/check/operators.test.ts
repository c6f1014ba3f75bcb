import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Draft } from "../../testing/inventory/wrong-inventory.cases.ts";
import { InventoryError, loadFleet } from "../load/load.ts";

const file = "network.yaml";

/** What the fleet for trials is refused for after an edit of its network. */
async function problems(from: string, to: string): Promise<string[]> {
  const directory = mkdtempSync(join(tmpdir(), "fairhost-operators-"));
  try {
    cpSync(join(import.meta.dirname, "../../inventory/trial"), directory, { recursive: true });
    new Draft(directory).edit(file, from, to);
    const found = await loadFleet(directory).catch((error: unknown) => error);
    if (found instanceof InventoryError) return found.problems.map(({ message }) => message);
    if (found instanceof Error) throw found;
    return [];
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test.each<[what: string, from: string, to: string, ...messages: string[]]>([
  ["nothing", "", ""],
  [
    "the AS number of a host",
    "asNumber: 64496\n",
    "asNumber: 4200000011\n",
    'operator "transit-1" has the AS number 4200000011 of a host of this fleet, at hosts/web1.yaml:13',
  ],
  [
    "an owner with the AS number of the fleet",
    "asNumber: 64496\n",
    "asNumber: 64496\n    parentAsNumber: 60362\n",
    'the owner of operator "transit-1" has the AS number 60362 of this fleet',
  ],
  [
    "both ends of a session at one address",
    "neighbor: fd00:9:1::1",
    "neighbor: fd00:9:1:0::2",
    'the address "fd00:9:1:0::2" of operator "transit-1" is one of this fleet\'s own, at network.yaml:20',
  ],
  [
    "the router of the session as its neighbour",
    "neighbor: fd00:9:1::1",
    "neighbor: fd00:8000::1\n        prefixLength: 32",
    'the address "fd00:8000::1" of operator "transit-1" is one of this fleet\'s own, at network.yaml:82',
    'the address "fd00:8000::1" of operator "transit-1" is not in the /32 of the router\'s own, "fd00:9:1::2"',
  ],
  [
    "both ends over IPv4 at one address",
    "neighbor4: 198.18.2.0",
    "neighbor4: 198.18.2.1",
    'the address "198.18.2.1" of operator "transit-2" is one of this fleet\'s own, at network.yaml:33',
  ],
  [
    "two routers with one address",
    "address: fd00:9:2::2\n        neighbor: fd00:9:2::1",
    "address: fd00:9:1::2\n        neighbor: fd00:9:1::7",
    'the address of a session "fd00:9:1::2" is already used at network.yaml:20',
  ],
  [
    "two operators of one router on the link of an exchange",
    "address: fd00:9:3::2\n        neighbor: fd00:9:3::1",
    "address: fd00:9:1::2\n        neighbor: fd00:9:1::7",
  ],
  [
    "two operators at one address",
    "address: fd00:9:2::2\n        neighbor: fd00:9:2::1",
    "address: fd00:9:1::3\n        neighbor: fd00:9:1::1",
    'the address "fd00:9:1::1" of operator "transit-2" is also that of operator "transit-1", at network.yaml:21',
  ],
  [
    "two routers on the link of one operator",
    "    routers: [router-1]\n    sessions:\n      - router: router-1\n        address: fd00:9:1::2\n",
    "    routers: [router-1, router-2]\n    sessions:\n      - router: router-2\n        address: fd00:9:1::3\n        neighbor: fd00:9:1::1\n      - router: router-1\n        address: fd00:9:1::2\n",
    'router "router-2" names its ports, but not the one to operator "transit-1"',
  ],
])("%s", async (_, from, to, ...messages) => {
  expect((await problems(from, to)).sort()).toEqual(messages.sort());
});
