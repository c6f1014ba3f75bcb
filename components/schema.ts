import { Address4, Address6 } from "ip-address";
import { z } from "zod";
import { falsePunycode, fixHostname, fixPlain, withFix } from "./fixes.ts";
import { meaning } from "./inputs.ts";

/** Gives a schema its error message, and the title that editors and docs/reference/inventory.md show. */
export function format<T extends z.ZodType>(words: string, make: (says: { error: string }) => T, title = words): T {
  return make({ error: `must be ${words}` }).meta({ title });
}

export const nameWords = "1 to 32 lower-case letters, digits or inner hyphens, starting with a letter";

/** A name that people type and that is part of unit names: lower-case letters, digits and inner hyphens, 1 to 32 characters, a letter first. */
export const nameSchema = format(
  nameWords,
  (says) => z.string().regex(/^[a-z](?:[a-z0-9-]{0,30}[a-z0-9])?$/, says),
  "a name",
);

/** One line: a newline would begin another directive. Without \p{Cc}, so that it means the same in JSON Schema. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
const lineFormat = /^[^\u0000-\u001f\u007f-\u009f]*$/;

/** Text without control characters. */
export const lineSchema = format(
  "one line without control characters",
  (says) => z.string().regex(lineFormat, says),
  "one line",
);

/** A line of text for people, which nothing is compared with: a city. */
export const textSchema = lineSchema.min(1).max(100);

/**
 * What nobody sees in a text: characters without a form (Unicode, `Default_Ignorable_Code_Point`: zero-width ones, fillers), separators of
 * lines, the empty pattern of Braille. Not among them: those that join letters of some scripts, and those that choose the form of a sign.
 */
const unseen = /(?!\u200c|\u200d|\ufe0e|\ufe0f)[\p{Default_Ignorable_Code_Point}\p{Cf}\p{Zl}\p{Zp}\u2800]/u;

/** Distinct letters and digits of a text: what is left if nothing is counted that is blank, a sign, or there only to fill. */
function lettersOf(text: string): Set<string> {
  return new Set(text.replace(/\p{Default_Ignorable_Code_Point}/gu, "").match(/[\p{L}\p{N}]/gu) ?? []);
}

/** Who answers for something. A name that looks empty, or like another one, would be nobody's. */
export const personSchema = format(
  "the name of a person, in characters that show",
  (says) =>
    textSchema.refine(
      (text) => !unseen.test(text) && text.trim() === text && /\p{L}/u.test([...lettersOf(text)].join("")),
      says,
    ),
  "name of a person",
);

/** Why something is allowed that else is not: 10 to 500 characters, without spaces at the ends and repeated ones. */
export const reasonSchema = format(
  "a reason in words, at least 10 characters that show",
  (says) =>
    lineSchema
      .min(10)
      .max(500)
      .refine(
        (text) =>
          text.length < 10 ||
          (!unseen.test(text) && text.trim().replace(/\s+/gu, " ").length >= 10 && lettersOf(text).size >= 3),
        says,
      ),
  "one line",
);

/**
 * Text that is compared with other text of people or makers. ASCII, because a letter of another alphabet that looks the same, or a
 * character that does not show, would make a second name of one.
 */
export const plainSchema = withFix(
  format(
    "plain letters, digits, spaces and signs (ASCII)",
    (says) => z.string().regex(/^[ -~]*$/, says),
    "plain letters, digits, spaces and signs",
  ),
  fixPlain,
);

/** A name as a maker prints it: a model, a serial number. */
export const labelSchema = plainSchema.min(1).max(100);

/** Text of an environment value or a command argument. */
export const argumentSchema = meaning(lineSchema.max(4096), "argument");

/** Name of an environment variable, as shells and programs know it: `http_proxy` too (environ(7)). */
export const variableSchema = format("letters, digits and _, not a digit first", (says) =>
  z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/, says),
);

/** A Debian package. Not with a hyphen at its end: apt-get would remove the package. */
export const packageSchema = format("the name of a Debian package such as php8.4-cli", (says) =>
  z
    .string()
    .max(64)
    .regex(/^[a-z0-9][a-z0-9+.-]*[a-z0-9+]$/, says),
);

/** A date, ISO 8601. */
export const daySchema = z.iso.date().meta({ title: "a date such as 2026-11-22" });

/** A day on which something happened, or a text that can be one: reviews refuse one that is still to come. */
export function pastDay<S extends z.ZodType>(schema: S): S {
  return meaning(schema.clone() as S, "past day");
}

/** An IPv6 address in any textual form of RFC 4291; compare it only after {@link canonical}. */
export const address6Schema = format("an IPv6 address such as 2a00:b6e0::11", (says) =>
  z.string().refine((text) => Address6.isValid(text) && !/[/%]/.test(text), says),
).meta({ format: "ipv6" });

/** An IPv6 prefix whose host bits are zero, such as `2a00:b6e0:1::/48`. */
export const prefix6Schema = withFix(
  format("an IPv6 prefix with zero host bits, such as 2a00:b6e0:1::/48", (says) =>
    z.string().refine((text) => {
      if (!/^[^/]+\/\d{1,3}$/.test(text) || !Address6.isValid(text)) return false;
      const address = new Address6(text);
      return address.startAddress().canonicalForm() === new Address6(text.split("/")[0]!).canonicalForm();
    }, says),
  ),
  (text) => repairPrefix(text, Address6),
);

/** An IPv4 address, four numbers. */
export const address4Schema = format("an IPv4 address such as 185.31.40.11", (says) =>
  z.string().refine((text) => /^\d+\.\d+\.\d+\.\d+$/.test(text) && Address4.isValid(text), says),
).meta({ format: "ipv4" });

/** An IPv4 range whose host bits are zero, such as `185.31.40.0/22`. */
export const prefix4Schema = withFix(
  format("an IPv4 range with zero host bits, such as 185.31.40.0/22", (says) =>
    z.string().refine((text) => {
      if (!/^\d+\.\d+\.\d+\.\d+\/\d{1,2}$/.test(text) || !Address4.isValid(text)) return false;
      return new Address4(text).startAddress().correctForm() === text.split("/")[0];
    }, says),
  ),
  (text) => repairPrefix(text, Address4),
);

/** A range in which host bits are set, without them; nothing is known of what else may be wrong with it. */
function repairPrefix(text: string, family: typeof Address4 | typeof Address6): string | undefined {
  if (!/^[^/]+\/\d{1,3}$/.test(text) || !family.isValid(text)) return undefined;
  const first = new family(text).startAddress().correctForm();
  if (first === new family(text.split("/")[0]!).correctForm()) return undefined;
  return `write "${first}/${text.split("/")[1]}", the range that this address is in`;
}

/** Expression of a fully qualified host name (RFC 1123), lower case, no trailing dot. */
export const hostname =
  "(?=[^/]*[a-z])(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";

/** A fully qualified host name, at most 253 characters. */
export const hostnameSchema = withFix(
  format("a lower-case host name with at least one dot, such as www.example.org", (says) =>
    z
      .string()
      .max(253)
      .regex(new RegExp(`^${hostname}$`), says)
      .refine((name) => falsePunycode(name) === undefined, says),
  ),
  fixHostname,
);

/** A path inside the account's home: relative, no `..`, no empty part, no characters with a special meaning in unit files or nginx. */
export const homePathSchema = meaning(
  format(
    "a relative path inside the account's home, such as www or www/blog, without .. or special characters",
    (says) => z.string().regex(/^(?!.*(?:^|\/)\.\.?(?:\/|$))[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*$/, says),
  ),
  "home path",
);

/** The canonical text of an IPv6 address (RFC 5952): what is compared and what is written. */
export function canonical(address: string): string {
  return new Address6(address).correctForm();
}

/** The canonical text of an IPv6 prefix. */
export function canonicalPrefix(prefix: string): string {
  const [address, length] = prefix.split("/") as [string, string];
  return `${canonical(address)}/${length}`;
}
