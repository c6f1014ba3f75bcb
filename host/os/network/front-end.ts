import { BlockList, isIPv6 } from "node:net";
import { nginx } from "../../../components/http/nginx.host.ts";
import { nftables } from "../../../components/network/nftables.host.ts";
import type { Outside } from "../outside.ts";

/** Where visitors call the front end: a port over one IP version, at all addresses of the host or at this one. */
export interface FrontDoor {
  readonly family: 4 | 6;
  readonly port: number;
  readonly address?: string;
}

/** @param texts a file's text by its path in the bundle. @returns the doors of the front end that its configuration opens: IPv6 first */
export function frontDoors(texts: (path: string) => string | undefined): FrontDoor[] {
  const text = texts(nginx.entry.file) ?? "";
  const doors = [...text.matchAll(/^ *listen (\[::\]|0\.0\.0\.0):(\d+)/gm)].map(([, all, port]): FrontDoor => {
    return { family: all === "[::]" ? 6 : 4, port: Number(port) };
  });
  return doors.sort((a, b) => b.family - a.family);
}

/** Doors that do not open to a client that is not the host itself. */
export async function shutDoors(outside: Outside, doors: readonly FrontDoor[]): Promise<FrontDoor[]> {
  const open = await Promise.all(
    doors.map(({ family, port, address }) => outside.httpAnswers(port, address ?? family)),
  );
  return doors.filter((_, index) => !open[index]);
}

/**
 * Whether a rule that the host declares closes a door to the client: the first of them that matches decides, and back from them the rules of
 * the platform do, which close no door. Those that close SSH to all but controllers are not among them.
 * @param texts a file's text by its path in the bundle
 */
export function isDeclaredShut(
  texts: (path: string) => string | undefined,
  { family, port }: FrontDoor,
  client: Outside["addresses"],
): boolean {
  const [, chain = ""] =
    /^ {2}chain of_host_in \{\n((?: {4}.*\n)*) {2}\}/m.exec(texts(nftables.entry.file) ?? "") ?? [];
  const deciding = chain.split("\n").find((line) => {
    const [, version, ranges] = /\b(ip6?) saddr \{ (.*?) \}/.exec(line) ?? [];
    const [, ports] = /\btcp dport \{ (.*?) \}/.exec(line) ?? [];
    const [, only = `${family}`] = /\bmeta nfproto ipv(\d)/.exec(line) ?? [];
    const isTcp = !/\budp dport|meta l4proto (?!tcp)/.test(line);
    const isPort = ports?.split(", ").some((each) => {
      const [first = 0, last = first] = each.split("-").map(Number);
      return first <= port && port <= last;
    });
    const isFrom = ranges === undefined || ((version === "ip6") === (family === 6) && holds(ranges, client[family]));
    return /\S/.test(line) && isTcp && (isPort ?? true) && only === `${family}` && isFrom;
  });
  return /\b(?:drop|goto refuse)$/.test(deciding ?? "");
}

/** Whether an address is in a set of addresses and ranges, in nft syntax. */
function holds(set: string, address: string): boolean {
  const list = new BlockList();
  for (const each of set.split(", ")) {
    const [range = "", length] = each.split("/");
    const type = isIPv6(range) ? "ipv6" : "ipv4";
    list.addSubnet(range, Number(length ?? (type === "ipv6" ? 128 : 32)), type);
  }
  return list.check(address, isIPv6(address) ? "ipv6" : "ipv4");
}

/** For a message: `port 80 over IPv6, port 443 of 2001:db8::1`. */
export function doorsInWords(doors: readonly FrontDoor[]): string {
  return doors
    .map(({ family, port, address }) => `port ${port} ${address === undefined ? `over IPv${family}` : `of ${address}`}`)
    .join(", ");
}
