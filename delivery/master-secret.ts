import type * as pulumi from "@pulumi/pulumi";
import { RandomBytes, RandomPassword } from "@pulumi/random";
import { masterOfPassword } from "./protocol/digest.ts";
import { resourceName } from "./protocol/resources.ts";

/** Epochs of the master secrets of one host that the stack holds, by the kind of resource that holds them. */
export interface HeldSecrets {
  readonly password?: number;
  readonly bytes?: number;
}

/**
 * A host's master secret: 32 bytes in base64, a secret output. Another epoch makes another one.
 *
 * The secret of a `RandomPassword` is in an output, which the state holds encrypted. That of a `RandomBytes`, which 0.1.0 took, is with the
 * official provider also the resource's id, and ids are plain text in the state, in its backups and on the screen. A stack keeps its
 * `RandomBytes` until the epoch is raised, because nothing may rotate unasked (docs/decisions/0022).
 * @param opts `protect` keeps it from being deleted, but not from being rotated
 */
export function masterSecret(
  host: string,
  epoch: number,
  held: HeldSecrets,
  opts: pulumi.CustomResourceOptions,
): pulumi.Output<string> {
  const name = resourceName(host, "master-secret");
  const keepers = { epoch: `${epoch}` };
  // A rotation deletes it; until then its delivery, which is protected and needs it, keeps it in the stack.
  if (held.bytes === epoch) {
    return new RandomBytes(name, { length: 32, keepers }, { ...opts, protect: false }).base64;
  }
  const isRotated = held.password !== undefined && held.password !== epoch;
  // 64 of 62 characters carry 381 bits; the digest of them is as good as 32 random bytes.
  const protect = opts.protect === true && !isRotated;
  const { result } = new RandomPassword(name, { length: 64, special: false, keepers }, { ...opts, protect });
  // Undefined in an update that targets only other hosts (`--target`), if this host is new.
  return result.apply((text: string | undefined) => (text === undefined ? "" : masterOfPassword(text)));
}
