import { isIP } from "node:net";
import { domainToASCII, domainToUnicode } from "node:url";
import { z } from "zod";

/** What to do about a text that a schema refuses: `write "www.example.org": without the dot at its end`. */
type Fix = (text: string) => string | undefined;

const fixes = z.registry<{ readonly fix: Fix }>();

/**
 * Says of a schema how to write what it refuses, for the slips that people make.
 * @param fix words for the fix of a message; `undefined` if it cannot tell what is meant
 */
export function withFix<S extends z.ZodType>(schema: S, fix: (text: string, schema: S) => string | undefined): S {
  fixes.add(schema, { fix: (text) => fix(text, schema) });
  return schema;
}

/** What to do about a text that a schema refuses, if that is known. */
export function fixOf(schema: z.ZodType, text: string): string | undefined {
  return fixes.get(schema)?.fix(text);
}

/** Which character of a text that is compared is refused, and where; counted from 1, as people see them. */
export function fixPlain(text: string): string | undefined {
  const characters = [...text];
  const at = characters.findIndex((character) => !/^[ -~]$/.test(character));
  if (at < 0) return undefined;
  const odd = characters[at]!;
  const code = `U+${odd.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`;
  const shows = /^[\p{L}\p{N}\p{P}\p{S}]$/u.test(odd);
  const known = shows ? `${odd} (${code})` : `${code}, which does not show`;
  const plain = odd.normalize("NFKC");
  const what = shows && /^[ -~]+$/.test(plain) ? `write it as ${plain}` : shows ? "write a plain one" : "remove it";
  return `character ${at + 1} is ${known}: ${what}`;
}

/** Slips in names of DNS, in the order in which they are taken out. */
const slips: readonly (readonly [why: string, without: (text: string) => string])[] = [
  ["without spaces", (text) => text.trim()],
  ["without scheme, port and path", (text) => text.replace(/^[a-z]+:\/\//i, "").replace(/[:/].*$/, "")],
  ["without the dot at its end", (text) => text.replace(/\.+$/, "")],
  ["with one dot between its labels", (text) => text.replace(/\.{2,}/g, ".").replace(/^\./, "")],
  ["as DNS has it (Punycode)", (text) => (/^[\x20-\x7e]*$/.test(text) ? text : domainToASCII(text))],
  ["in lower-case letters", (text) => text.toLowerCase()],
];

/** How to write a name of DNS that is refused: without the slips that can be taken out of it. */
export function fixName(text: string, schema: z.ZodType): string | undefined {
  const why: string[] = [];
  const meant = slips.reduce((name, [reason, without]) => {
    const next = without(name);
    if (next !== name) why.push(reason);
    return next;
  }, text);
  return meant !== text && schema.safeParse(meant).success ? `write "${meant}": ${why.join(", ")}` : undefined;
}

/** A label that begins as one in Punycode does, but stands for no name (RFC 5891, section 5.4): browsers do not ask for it, and no CA gives it a certificate. */
export function falsePunycode(name: string): string | undefined {
  return name.split(".").find((label) => {
    if (!label.startsWith("xn--")) return false;
    const meant = domainToUnicode(label);
    return /^[\x20-\x7e]*$/.test(meant) || domainToASCII(meant) !== label;
  });
}

/** How to write the host name of a web site that is refused. */
export function fixHostname(text: string, schema: z.ZodType): string | undefined {
  const label = falsePunycode(text);
  if (label !== undefined) return `copy the name as DNS has it: ${label} is not Punycode for any name`;
  if (text.includes("*")) {
    const meant = text.startsWith("*.") ? fixName(text, schema) : undefined;
    if (meant !== undefined) return meant;
    return "write *. and a host name, such as *.example.org, or each host name on its own: * stands for one whole label at the beginning";
  }
  if (isIP(text) !== 0) {
    return "leave it out: the account's address leads to its lowest-numbered HTTP server without an entry";
  }
  if (/^[\w.-]+$/.test(text) && text.includes("_")) {
    return "write it with hyphens: an underscore cannot be in a host name (RFC 1123, 2.1)";
  }
  const meant = fixName(text, schema);
  if (meant !== undefined || !/^[a-z0-9-]+$/i.test(text)) return meant;
  return "write the whole name, with its domain, such as www.example.org";
}
