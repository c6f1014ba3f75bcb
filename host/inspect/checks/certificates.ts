import { X509Certificate } from "node:crypto";
import { existsSync, lstatSync, readdirSync, readFileSync, statSync } from "node:fs";
import type { Bundle } from "../../../delivery/protocol/bundle.ts";
import { certificates, heldBack, ownCertificates, securedNames } from "../../../delivery/protocol/certificates.ts";
import type { Difference } from "../../../delivery/protocol/inspection.ts";
import type { Machine } from "../../os/machine.ts";
import { filesOf } from "../../store/generations.ts";

/** Days before the end of a certificate from which its renewal has gone wrong for long: it is tried from a third of its time on. */
const soon = 20;
const day = 86_400_000;

/**
 * Certificates that end within 20 days, or have ended. Only those are read that are due by the time of their file, and those that accounts bring;
 * a name that has none yet is in its account's log.
 */
export function lookAtCertificates(machine: Machine, bundle: Bundle, now = Date.now()): Difference[] {
  const { layout } = machine;
  const ending = [...filesOf(bundle).values()].flatMap(({ path, content = "", group }) => {
    if (!(path.startsWith(`${securedNames}/`) && path.endsWith(".certificates"))) return [];
    return [...content.matchAll(/^(\S+) (\S+);$/gm)].flatMap(([, name, base]): Difference[] => {
      const file = layout.at(`${certificates}/${base}.pem`);
      const stat = lstatSync(file, { throwIfNoEntry: false });
      const own = existsSync(layout.at(`${ownCertificates}/${base}`));
      if (!stat?.isFile() || (stat.mtimeMs > now && !own)) return [];
      const left = daysOf(file, now);
      if (left !== undefined && left >= soon) return [];
      const end = left === undefined ? "cannot be read" : left < 0 ? "has ended" : `ends in ${Math.floor(left)} days`;
      const repaired = own
        ? (`by hand: ask the account's owner to put a newer one into its file; else the CA's takes its place a day before` as const)
        : (`by hand: see \`journalctl -u fairhost-certificates\` and the account's admin/logs/certificates.log` as const);
      return [
        {
          group,
          kind: "certificate-ending",
          what: name!,
          message: `the ${own ? "own " : ""}certificate of ${name} ${end}`,
          repaired,
        },
      ];
    });
  });
  return [...ending, ...lookAtHeld(machine, now)];
}

/** What the CA gives no more certificates for now: it limits how many of a domain there are in a week. */
function lookAtHeld({ layout }: Machine, now: number): Difference[] {
  const directory = layout.at(heldBack);
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .sort()
    .flatMap((domain): Difference[] => {
      const until = statSync(`${directory}/${domain}`).mtimeMs;
      if (until <= now) return [];
      const whom = domain === "_all" ? "this host" : `names below ${domain}`;
      return [
        {
          group: "host",
          kind: "certificate-held",
          what: domain,
          message: `the CA gives ${whom} no more certificates before ${new Date(until).toISOString()}`,
          repaired: "by hand: nothing to do, they are asked for then; or use a wildcard, which needs one for all names",
          note: true,
        },
      ];
    });
}

/** Days until a certificate ends; undefined if the file has none. */
function daysOf(file: string, now: number): number | undefined {
  try {
    return (Date.parse(new X509Certificate(readFileSync(file)).validTo) - now) / day;
  } catch {
    return undefined;
  }
}
