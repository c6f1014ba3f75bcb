import { Address6 } from "ip-address";
import { z } from "zod";
import { type KnownHost, pinnedKeyIn } from "../../../lib/known-hosts.ts";
import { fixName, withFix } from "../../fixes.ts";
import { number, text } from "../../inputs.ts";
import { trust } from "../../registry/fields/field-class.ts";
import { format } from "../../schema.ts";

/** Address for a TCP connection. */
export const sshAddressSchema = withFix(
  format("a host name or an IP address", (says) =>
    z
      .string()
      .max(253)
      .refine((text) => Address6.isValid(text) || /^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(text), says),
  ),
  fixName,
);

/** Where root logs in to a machine. */
const wayIn = (machine: string) =>
  z.strictObject({
    address: text.describe("Address that the controller connects to."),
    port: number.describe("TCP port that it connects to."),
    hostKey: text
      .exactOptional()
      .describe(
        `Public key that the ${machine} must have, from the inventory's known_hosts file; absent if that has none.`,
      ),
  });

const means = "where root logs in, or the key that it expects there";

/** Where root logs in to a host. A state of 0.1.0 does not say it. */
export const hostSsh = trust(wayIn("host"), { later: true, means });

/** Where root logs in to a router. A router that gets one is trusted from then on. */
export const routerSsh = trust(wayIn("router"), { means });

/** Where root logs in, with the pinned key, as the declaration says it. A key that is revoked is none. */
export function wayTo(
  { address, port }: { readonly address: string; readonly port: number },
  keys: readonly KnownHost[],
) {
  const { key: hostKey } = pinnedKeyIn(keys, address, port);
  return { address, port, ...(hostKey !== undefined && { hostKey }) };
}
