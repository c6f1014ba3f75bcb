import { type Fixture, upTo } from "../../testing/fixtures/kind-fixture.ts";
import { powerSuppliesFixture } from "../../testing/fixtures/power-supplies.ts";
import type { BareMetalHostInputs } from "../registry/kinds.generated.ts";

/** A valid host, number `index` (from 1); addresses are in the documentation prefix 2001:db8::/32. `change` is what differs.
 */
export function hostFixture(index = 1, change: Partial<BareMetalHostInputs> = {}): BareMetalHostInputs {
  const disk = (slot: number) => ({
    slot: `bay${slot}`,
    serial: `S${index}-${slot}`,
    model: "PM893",
    sizeGb: 960,
    kind: "ssd",
    hotSwap: true,
  });
  return {
    name: `h${index}`,
    cell: "main",
    role: "accounts",
    manufacturer: "supermicro",
    model: "AS-1115",
    serial: `C${index}`,
    managementAddress: `2001:db8:1:0:2::${index.toString(16)}`,
    site: "alpha",
    hall: "one",
    rack: `r${index}`,
    release: "trixie",
    architecture: "amd64",
    runtimes: ["ruby"],
    upgrades: {
      security: true,
      reboot: false,
      nights: [["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"][index % 7]!],
    },
    address: `2001:db8:1:0:1::${index.toString(16)}`,
    asNumber: 4_200_000_000 + index,
    ssh: { address: `2001:db8:1:0:1::${index.toString(16)}`, port: 22, hostKey: `ssh-ed25519 AAAA${index}` },
    disks: [disk(0), disk(1)],
    mirrors: [
      { name: "system", level: "raid1", disks: ["bay0", "bay1"], mount: "/" },
      { name: "data", level: "raid1", disks: ["bay0", "bay1"], mount: "/srv/accounts" },
    ],
    powerSupplies: powerSuppliesFixture,
    links: [
      { port: "eth0", switch: "sw1", switchPort: `p${index}`, switchManufacturer: "arista" },
      { port: "eth1", switch: "sw2", switchPort: `p${index}`, switchManufacturer: "juniper" },
    ],
    capacity: { cores: 32, memoryMb: 262_144, diskGb: 900 },
    routers: [
      { name: "rt1", address: "2001:db8:1::1", asNumber: 64_496 },
      { name: "rt2", address: "2001:db8:1::2", asNumber: 64_496 },
    ],
    ...change,
  };
}

/** The backup host of site `beta`: {@link siteFixture}. */
function backupHostFixture(): BareMetalHostInputs {
  const address = "2001:db8:2:0:1::1";
  return hostFixture(60_000, {
    name: "b1",
    role: "backup",
    site: "beta",
    rack: "r1",
    address,
    managementAddress: "2001:db8:2:0:2::1",
    ssh: { address, port: 22, hostKey: "ssh-ed25519 AAAAb1" },
  });
}

export const fixture: Fixture<"hosts"> = ({ hosts }) => [
  ...upTo(hosts).map((index) => hostFixture(index)),
  backupHostFixture(),
];
