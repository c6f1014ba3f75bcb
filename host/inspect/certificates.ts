import { X509Certificate } from "node:crypto";
import { lstatSync, readFileSync } from "node:fs";
import type { Bundle } from "../../delivery/protocol/bundle.ts";
import { certificates } from "../../delivery/protocol/certificates.ts";
import type { Machine } from "../os/machine.ts";
import { filesOf } from "../store/generations.ts";
import type { Difference } from "./difference.ts";

/** Days before the end of a certificate from which its renewal has gone wrong for long: it is tried from a third of its time on. */
const soon = 20;
const day = 86_400_000;

/**
 * Certificates that end within 20 days, or have ended. Only those are read that are due by the time of their file; a name that has none
 * yet is in its account's log.
 */
export function lookAtCertificates({ layout }: Machine, bundle: Bundle, now = Date.now()): Difference[] {
  return [...filesOf(bundle).values()].flatMap(({ path, content = "", group }) => {
    if (!/^nginx\/accounts\/\d+\.certificates$/.test(path)) return [];
    return [...content.matchAll(/^(\S+) /gm)].flatMap(([, name]): Difference[] => {
      const file = layout.at(`${certificates}/${name}.pem`);
      const stat = lstatSync(file, { throwIfNoEntry: false });
      if (!stat?.isFile() || stat.mtimeMs > now) return [];
      const left = daysOf(file, now);
      if (left !== undefined && left >= soon) return [];
      const end = left === undefined ? "cannot be read" : left < 0 ? "has ended" : `ends in ${Math.floor(left)} days`;
      const repaired =
        `by hand: see \`journalctl -u fairhost-certificates\` and the account's admin/logs/certificates.log` as const;
      return [
        { group, kind: "certificate-ending", what: name!, message: `the certificate of ${name} ${end}`, repaired },
      ];
    });
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
