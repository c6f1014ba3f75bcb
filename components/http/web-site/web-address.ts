import { domainToASCII } from "node:url";
import { z } from "zod";
import { falsePunycode, fixHostname, withFix } from "../../fixes.ts";
import { format, hostname } from "../../schema.ts";

/**
 * Host names of web sites, with or without a path: the addresses by which visitors reach an HTTP server. A host name belongs to one
 * account, with everything below its `/`: programs of one account set cookies for all of it (RFC 6265, section 8.6).
 */

const label = "*.";

/** A host name, or `*.example.org` for all names that have one label more than `example.org`, as a certificate for it has them (RFC 9525, section 6.3). */
export const siteNameSchema = withFix(
  format("a lower-case host name with at least one dot, such as www.example.org, or *.example.org", (says) =>
    z
      .string()
      .max(253)
      .regex(new RegExp(`^(?:\\*\\.(?=[^.]+\\.))?${hostname}$`), says)
      .refine((name) => falsePunycode(name) === undefined, says),
  ),
  fixHostname,
);

/** Parts of a path that the front end looks at: each part more is a look-up more for every request. */
const mostParts = 3;

const part = "(?!\\.(?:\\.|[wW][eE][bB][dD][aA][vV])?(?:/|$))[A-Za-z0-9._~-]+";

/** A host name and one to three parts of a path, without characters that a client may write in two ways. */
export const siteAddressSchema = withFix(
  format("a host name and a path of one to three parts, such as example.org/blog, without a / at its end", (says) =>
    z
      .string()
      .max(500)
      .regex(new RegExp(`^${hostname}(?:/${part}){1,${mostParts}}$`), says)
      .refine((address) => falsePunycode(nameIn(address)) === undefined, says),
  ),
  (text, schema) => {
    const bare = text
      .trim()
      .replace(/^[a-z]+:\/\//i, "")
      .replace(/\/+$/, "");
    const slash = bare.indexOf("/");
    if (slash < 0) return "list a whole host name in `hostnames`: an address here has a path";
    const name = bare.slice(0, slash);
    const meant = (/^[\x20-\x7e]*$/.test(name) ? name : domainToASCII(name)) + bare.slice(slash);
    const why = [
      ...(bare === text ? [] : ["without scheme and / at its end"]),
      ...(meant === bare ? [] : ["as DNS has it (Punycode)"]),
    ];
    return meant !== text && schema.safeParse(meant).success ? `write "${meant}": ${why.join(", ")}` : undefined;
  },
);

/** The host name of an address. */
export function nameIn(address: string): string {
  const end = address.indexOf("/");
  return (end < 0 ? address : address.slice(0, end)).toLowerCase();
}

const none: readonly string[] = [];

/** All host names that a server answers for, wholly or below a path; sorted, each once. */
export function namesOf({
  hostnames,
  addresses = none,
}: {
  readonly hostnames: readonly string[];
  readonly addresses?: readonly string[];
}): string[] {
  const [first] = hostnames;
  // Most have one.
  if (first !== undefined && hostnames.length === 1 && addresses.length === 0) return [nameIn(first)];
  return [...new Set([...hostnames, ...addresses].map(nameIn))].sort();
}

/** The wildcard that covers a name, if one may. */
export function wildcardOf(name: string): string | undefined {
  if (name.startsWith(label)) return undefined;
  const parent = name.slice(name.indexOf(".") + 1);
  return parent.includes(".") ? `${label}${parent}` : undefined;
}

/** The host names above one that an account could have: `shop.example.org`, `example.org` for `www.shop.example.org`. */
export function namesAbove(hostname: string): string[] {
  const isWildcard = hostname.startsWith(label);
  const labels = (isWildcard ? hostname.slice(label.length) : hostname).split(".");
  return labels.slice(isWildcard ? 0 : 1, -1).map((_, index, rest) => [...rest.slice(index), labels.at(-1)].join("."));
}
