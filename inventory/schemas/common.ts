import { Address4, Address6 } from "ip-address";
import { z } from "zod";

/** A name people type and units carry: lower-case letters, digits and inner hyphens, 1 to 32 characters, a letter first. */
export const nameSchema = z.string().regex(/^[a-z](?:[a-z0-9-]{0,30}[a-z0-9])?$/, {
  error: "must be 1 to 32 lower-case letters, digits or inner hyphens, starting with a letter",
});

/** One line: a newline would begin another directive. Spelt out instead of \p{Cc}, so that it means the same in JSON Schema. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
const lineFormat = /^[^\u0000-\u001f\u007f-\u009f]*$/;

/** Text without control characters. */
export const lineSchema = z.string().regex(lineFormat, { error: "must be one line without control characters" });

/** A line of text for people: a model, a serial number, a city. */
export const textSchema = lineSchema.min(1).max(100);

/** An IPv6 address in any textual form of RFC 4291; compare it only after {@link canonical}. */
export const address6Schema = z
  .string()
  .refine((text) => Address6.isValid(text) && !/[/%]/.test(text), {
    error: "must be an IPv6 address such as 2a00:b6e0::11",
  })
  .meta({ format: "ipv6" });

/** An IPv6 prefix whose host bits are zero, such as `2a00:b6e0:1::/48`. */
export const prefix6Schema = z.string().refine(
  (text) => {
    if (!/^[^/]+\/\d{1,3}$/.test(text) || !Address6.isValid(text)) return false;
    const address = new Address6(text);
    return address.startAddress().canonicalForm() === new Address6(text.split("/")[0]!).canonicalForm();
  },
  { error: "must be an IPv6 prefix with zero host bits, such as 2a00:b6e0:1::/48" },
);

/** An IPv4 address, four numbers. */
export const address4Schema = z
  .string()
  .refine((text) => /^\d+\.\d+\.\d+\.\d+$/.test(text) && Address4.isValid(text), {
    error: "must be an IPv4 address such as 185.31.40.11",
  })
  .meta({ format: "ipv4" });

/** An IPv4 range whose host bits are zero, such as `185.31.40.0/22`. */
export const prefix4Schema = z.string().refine(
  (text) => {
    if (!/^\d+\.\d+\.\d+\.\d+\/\d{1,2}$/.test(text) || !Address4.isValid(text)) return false;
    return new Address4(text).startAddress().correctForm() === text.split("/")[0];
  },
  { error: "must be an IPv4 range with zero host bits, such as 185.31.40.0/22" },
);

/** A fully qualified host name of a web site (RFC 1123), lower case, no trailing dot, at most 253 characters. */
export const hostnameSchema = z
  .string()
  .max(253)
  .regex(/^(?=.*[a-z])(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, {
    error: "must be a lower-case host name with at least one dot, such as www.example.org",
  });

/** A path inside the account's home: relative, no `..`, no empty part, no characters a unit file or nginx would read specially. */
export const homePathSchema = z.string().regex(/^(?!.*(?:^|\/)\.\.?(?:\/|$))[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*$/, {
  error: "must be a relative path inside the account's home, such as www or www/blog, without .. or special characters",
});

/** The canonical text of an IPv6 address (RFC 5952): what is compared and what is written. */
export function canonical(address: string): string {
  return new Address6(address).correctForm();
}

/** The canonical text of an IPv6 prefix. */
export function canonicalPrefix(prefix: string): string {
  const [address, length] = prefix.split("/") as [string, string];
  return `${canonical(address)}/${length}`;
}
