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

const checked = plain(target, "target of requests");
