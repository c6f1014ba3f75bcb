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
 * Whom requests to an address reach, as `name:port/path`, alike for all spellings of it. All addresses of the account's own network (127.1, localhost, `[::]`) are `localhost`; what
 * answers in the clear and over TLS on one port counts as one. For comparisons alone.
 * @param to of {@link targetSchema}; what is no address (a port above 65535) is returned as it is
 */
export function destination(to: string): string {
  if (!URL.canParse(to)) return to;
  const { protocol, hostname, port, pathname } = new URL(to);
  const name = hostname.replace(/\.$/, "");
  const path = pathname.replace(/%[0-9a-f]{2}/gi, (octet) => String.fromCharCode(Number.parseInt(octet.slice(1), 16)));
  const at = `${loopback.test(name) ? "localhost" : name}:${port || (protocol === "https:" ? 443 : 80)}`;
  return `${at}${path}`.replaceAll(/\/+/g, "/").replace(/\/$/, "");
}

/** As `URL` writes them: it turns 127.1, 0x7f.1 and 2130706433 into 127.0.0.1, and 0 into 0.0.0.0. The names are those of Debian's /etc/hosts and of systemd-resolved. */
const loopback =
  /^(?:(?:.*\.)?localhost|ip6-localhost|ip6-loopback|127\.[\d.]+|0\.0\.0\.0|\[::1?\]|\[::ffff:(?:7f[\da-f]{2}:[\da-f]{1,4}|0:0)\])$/;

const checked = plain(target, "target of requests");
