import { z } from "zod";
import { plain } from "../../../lib/systemd/unit-file.ts";
import { format } from "../../schema.ts";

/** Without a query, and without characters that mean something in a map of nginx or in a configuration of Apache. */
const target = /https?:\/\/[a-z0-9-]+(?:\.[a-z0-9-]+)*(?::[0-9]{1,5})?(?:\/[A-Za-z0-9._~/%+,=@&-]*)?/;

/** An address to which requests or visitors are sent. */
export const targetSchema = format(
  "an address such as https://www.example.org or https://example.org/shop, without a query",
  (says) =>
    z
      .string()
      .max(500)
      .regex(new RegExp(`^${target.source}$`), says),
);

/** Checks the address, and takes the / at its end away: a path follows, which begins with one. */
export function plainTarget(to: string): string {
  return checked(to).replace(/\/$/, "");
}

/**
 * Whom requests to an address reach, as `name:port/path`, alike for all spellings of it. All addresses that are the account's own in its network (127.1, localhost, `[::]`, 100.64.0.9, the host's
 * name) are `localhost`; what answers in the clear and over TLS on one port counts as one. For comparisons alone.
 * @param to of {@link targetSchema}; what is no address (a port above 65535) is returned as it is
 */
function destination(to: string): string {
  if (!URL.canParse(to)) return to;
  const { protocol, hostname, port, pathname } = new URL(to);
  const name = hostname.replace(/\.$/, "");
  const path = pathname.replace(/%[0-9a-f]{2}/gi, (octet) => String.fromCharCode(Number.parseInt(octet.slice(1), 16)));
  const at = `${own.test(name) ? "localhost" : name}:${port || (protocol === "https:" ? 443 : 80)}`;
  return `${at}${path}`.replaceAll(/\/+/g, "/").replace(/\/$/, "");
}

/**
 * As `URL` writes them: it turns 127.1, 0x7f.1 and 2130706433 into 127.0.0.1, and 0 into 0.0.0.0. The names are those of Debian's /etc/hosts and of systemd-resolved. A name without a dot is the host's
 * own, which the account's /etc/hosts leads to loopback (view-etc.sh). Of {@link accounts4} the firewall lets an account reach its own address alone.
 */
const own =
  /^(?:(?:.*\.)?localhost|[^.[]+|127\.[\d.]+|0\.0\.0\.0|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.\d+\.\d+|\[::1?\]|\[::ffff:(?:7f[\da-f]{2}:[\da-f]{1,4}|0:0)\])$/;

/**
 * Whether requests to one address reach what answers at the other, or inside of it.
 * @returns the name that decides it, if one is the account's own network and the other a name: whoever has it in DNS may lead it to the account's address
 */
export function reaches(one: string, other: string): boolean | { readonly ifOwn: string } {
  const [a, b] = [destination(one), destination(other)];
  if (within(a, b)) return true;
  const [first, second] = [hostIn(a), hostIn(b)];
  const name = first === "localhost" ? second : second === "localhost" ? first : undefined;
  if (name === undefined || !isName(name)) return false;
  return within(a.slice(first.length), b.slice(second.length)) && { ifOwn: name };
}

/** Whether a path is the other, or inside of it. */
export function within(one: string, other: string): boolean {
  return `${one}/`.startsWith(`${other}/`) || `${other}/`.startsWith(`${one}/`);
}

const hostIn = (at: string) => /^(?:\[[^\]]*\]|[^:]*)/.exec(at)![0];
const isName = (host: string) => !/^(?:\[.*|[\d.]+)$/.test(host);

const checked = plain(target, "target of requests");
