import { plain, unitFile } from "./unit-file.ts";

/** One interface of a machine: a port, or several of which one carries everything until it is lost. */
export interface Interface {
  /** Names of the kernel's interfaces, at least one. */
  readonly ports: readonly string[];
  /** Of the interface that several ports become: its name, and its address of the hardware. */
  readonly bond: { readonly name: string; readonly mac: string };
  /** With their prefix lengths, of either family. */
  readonly addresses: readonly string[];
  /** Default routes. */
  readonly gateways?: readonly { readonly address: string; readonly metric: number }[];
}

/** A file of systemd-networkd (systemd.network(5), systemd.netdev(5)): the end of its name, which begins with the interface's. */
export interface InterfaceFile {
  readonly ending: string;
  readonly content: string;
}

const plainInterface = plain(/[a-z][a-z0-9]{1,14}/, "interface name");
const plainWithLength = plain(/[0-9a-f:]+\/\d{1,3}|\d{1,3}(?:\.\d{1,3}){3}\/\d{1,2}/, "address with its prefix length");

/** What systemd-networkd leaves alone: routes of routing programs and of others. Without this they would go with each restart. */
export const othersRoutes = unitFile({ Network: { ManageForeignRoutes: "no", ManageForeignRoutingPolicyRules: "no" } });

/** The files of one interface. One port has its addresses itself. @throws RangeError for a name or address that is none */
export function interfaceFiles({ ports, bond, addresses, gateways = [] }: Interface): InterfaceFile[] {
  const plainPorts = ports.map(plainInterface);
  const name = plainPorts.length === 1 ? plainPorts[0]! : plainInterface(bond.name);
  const addressed = [
    unitFile({
      Match: { Name: name },
      Network: {
        Address: addresses.map(plainWithLength),
        IPv6AcceptRA: "no",
        // Programs that listen on the address start without a link, and stay when it is lost for a moment.
        ConfigureWithoutCarrier: "yes",
      },
    }),
    ...gateways.map(({ address, metric }) => unitFile({ Route: { Gateway: address, Metric: `${metric}` } })),
  ];
  return [
    ...(plainPorts.length === 1
      ? []
      : [
          {
            ending: `${name}.netdev`,
            content: unitFile({
              // Unique in the fleet, and the same whichever link it has and whatever is installed: otherwise neighbours look for it elsewhere.
              NetDev: { Name: name, Kind: "bond", MACAddress: bond.mac },
              // The first link is no better than the other: going back to it would be a second gap.
              Bond: { Mode: "active-backup", MIIMonitorSec: "100ms", UpDelaySec: "1s" },
            }),
          },
          ...plainPorts.map((port) => ({
            ending: `${port}.network`,
            content: unitFile({ Match: { Name: port }, Network: { Bond: name } }),
          })),
        ]),
    { ending: `${name}.network`, content: addressed.join("\n") },
  ];
}
