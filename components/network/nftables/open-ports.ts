import { plain } from "../../../lib/systemd/unit-file.ts";
import { rangeText } from "../../firewall/rule.ts";
import type { OpenPort, OwnPorts } from "../../registry/bundle/renderer.ts";

/** First of the ports that Linux takes for connections to the outside (ip_local_port_range, ip(7)). */
export const firstEphemeral = 32_768;

type Range = readonly [first: number, last: number];

/** Ranges of ports, sorted; those that overlap become one, because nft refuses them in a set. */
export function mergeRanges(ranges: readonly Range[]): Range[] {
  const merged: [first: number, last: number][] = [];
  for (const [first, last] of ranges.toSorted(([left], [right]) => left - right)) {
    const before = merged.at(-1);
    if (before && first <= before[1]) before[1] = Math.max(before[1], last);
    else merged.push([first, last]);
  }
  return merged;
}

/**
 * Ports of one protocol in nft syntax, sorted, `22, 80, 8300-8499`.
 * @throws {RangeError} for what is not a port, or is one that an outgoing connection may have
 */
export function portSet(open: readonly OpenPort[], protocol: OpenPort["protocol"]): string {
  const ranges = open
    .filter((each) => each.protocol === protocol)
    .map(({ port }): Range => (typeof port === "number" ? [port, port] : port));
  for (const [first, last] of ranges) {
    if (![first, last].every((port) => Number.isInteger(port) && port > 0 && port < firstEphemeral) || first > last)
      throw new RangeError(
        `${protocol} port ${first}-${last} cannot be opened: a port is from 1 to ${firstEphemeral - 1}`,
      );
  }
  return mergeRanges(ranges).map(rangeText).join(", ");
}

/** Ports that some accounts have, in nft syntax: `21, 8900-8999`. */
export function ownPortSet({ port, loggedIn = port }: OwnPorts): string {
  return portSet(
    [port, loggedIn].map((each) => ({ protocol: "tcp", port: each })),
    "tcp",
  );
}

/** The set with the addresses of the accounts that have them. */
export function ownPortsSet(name: string): string {
  return `ports_${setName(name)}`;
}

const setName = plain(/[a-z]+/, "name of ports");

/** A line of a chain that names ports; nothing if there are none. @param ports as {@link portSet} gives them */
export function forPorts(ports: string, line: string): string {
  return ports === "" ? "" : `    ${line}\n`;
}

/** A line of a chain for each of the ports that some accounts have. @param side where the account's address and port are */
export function forOwnPorts(own: readonly OwnPorts[], side: "s" | "d", line: (ports: OwnPorts) => string): string {
  return own
    .map((each) => {
      const ports = `tcp ${side}port { ${ownPortSet(each)} }`;
      return `    ip6 ${side}addr @${ownPortsSet(each.name)} ${ports} ${line(each)}\n`;
    })
    .join("");
}
