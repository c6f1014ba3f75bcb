import { BlockList, isIPv4, isIPv6 } from "node:net";
import { bans } from "../../../components/network/nftables.host.ts";
import { ApplyError, type Machine } from "../machine.ts";

/** An address that is banned. */
interface Ban {
  readonly family: 4 | 6;
  /** Of IPv6 the first of its /64. */
  readonly address: string;
  readonly secondsLeft: number;
  /** How many wrong passwords, by where they were asked for. */
  readonly why: string;
}

/**
 * `fairhost-host bans`, `fairhost-host bans lift ADDRESS`.
 * @returns the work, which gives its exit status; undefined if the words make no sense
 */
export function bansCommand(
  machine: Machine,
  [what, address, ...more]: readonly string[],
  json: boolean,
): (() => Promise<number>) | undefined {
  const print = (line: string) => process.stdout.write(`${line}\n`);
  if (what === undefined) {
    return async () => {
      const all = await listBans(machine);
      if (json) print(JSON.stringify(all));
      else for (const ban of all) print(`${shown(ban)} for another ${ban.secondsLeft} s: ${ban.why}`);
      return 0;
    };
  }
  const plain = address?.replace(/\/(?:64|32)$/, "") ?? "";
  if (what !== "lift" || more.length > 0 || !(isIPv4(plain) || isIPv6(plain))) return undefined;
  return async () => {
    print(`${shown(await lift(machine, plain))} is no longer banned`);
    return 0;
  };
}

const shown = ({ family, address }: Ban) => (family === 6 ? `${address}/64` : address);

/** All bans, those that last longest first. */
async function listBans({ run }: Machine): Promise<Ban[]> {
  const listed = ([6, 4] as const).map(async (family): Promise<Ban[]> => {
    const { status, stdout, stderr } = await run("nft", ["-j", "list", "set", "inet", bans.table, bans.sets[family]]);
    if (status !== 0) throw new ApplyError(`cannot list bans: ${stderr.trim()}. Deploy, if the firewall is not loaded`);
    const { nftables } = JSON.parse(stdout) as {
      nftables: { set?: { elem?: { elem: { val: string; expires?: number; comment?: string } }[] } }[];
    };
    const elements = nftables.flatMap(({ set }) => set?.elem ?? []);
    return elements.map(({ elem: { val, expires, comment } }) => {
      return { family, address: val, secondsLeft: expires ?? 0, why: comment ?? "by hand" };
    });
  });
  return (await Promise.all(listed)).flat().sort((a, b) => b.secondsLeft - a.secondsLeft);
}

async function lift(machine: Machine, address: string): Promise<Ban> {
  const family = isIPv6(address) ? 6 : 4;
  const version = `ipv${family}` as const;
  const banned = (await listBans(machine)).find((ban) => {
    if (ban.family !== family) return false;
    const list = new BlockList();
    list.addSubnet(ban.address, family === 6 ? 64 : 32, version);
    return list.check(address, version);
  });
  if (!banned) throw new ApplyError(`${address} is not banned. \`fairhost-host bans\` lists who is`);
  const words = ["delete", "element", "inet", bans.table, bans.sets[family], `{ ${banned.address} }`];
  const { status, stderr } = await machine.run("nft", words);
  if (status !== 0) throw new ApplyError(`cannot lift the ban of ${banned.address}: ${stderr.trim()}`);
  return banned;
}
