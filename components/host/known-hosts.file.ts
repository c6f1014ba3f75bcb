import { z } from "zod";
import { knownHostsOf } from "../../lib/known-hosts.ts";
import { key, trust } from "../registry/fields/field-class.ts";
import type { FileKind } from "../registry/file.ts";
import { plainSchema } from "../schema.ts";

const lineOfKnownHosts = z.strictObject({
  marker: key(z.enum(["@cert-authority", "@revoked"]))
    .optional()
    .describe("What is special about the key."),
  names: key(plainSchema.min(1)).describe(
    "Names and addresses of the host, with commas between them; plain or hashed.",
  ),
  type: key(plainSchema.min(1)).describe("Type of the key, such as ssh-ed25519."),
  key: key(
    z.string().regex(/^[A-Za-z0-9+/]+=*$/, { error: "must be a public key in base64, as ssh-keyscan prints it" }),
  ).describe("The public key, in base64."),
});

export const schema = trust(z.array(lineOfKnownHosts));

/** Public keys of hosts, in the format of OpenSSH (sshd(8)). */
export const file = {
  key: "knownHosts",
  name: "known_hosts",
  path: "known_hosts",
  shown: "known_hosts",
  title: "Public SSH keys of the hosts",
  schema,
  judged: "itself",
  fallback: [],
  read: knownHostsOf,
} as const satisfies FileKind;
