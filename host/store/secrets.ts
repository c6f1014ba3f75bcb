import { hkdfSync } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Bundle } from "../../delivery/protocol/bundle.ts";
import { ApplyError, type Machine } from "../os/machine.ts";

/**
 * The secret of one account: HKDF-SHA256 of the host's master secret, info `fairhost/account/<number>/<epoch>`, 32 bytes in base64.
 */
export function accountSecret(master: Uint8Array, account: number, epoch: number): string {
  return Buffer.from(hkdfSync("sha256", master, new Uint8Array(), `fairhost/account/${account}/${epoch}`, 32)).toString(
    "base64",
  );
}

/**
 * Makes sure the host has its master secret for the epoch and every account its own. A master secret that is there is never
 * replaced: a delivery with another one (a lost state made a new random value) adopts what the host has.
 * @throws ApplyError when the host is at a later epoch already: its data may be sealed with that one.
 */
export function ensureSecrets(
  { disk, layout }: Machine,
  bundle: Bundle,
  delivered: { readonly master: Uint8Array; readonly epoch: number },
): void {
  const { epoch } = delivered;
  const directory = join(layout.secrets, "accounts");
  for (const path of [layout.secrets, directory]) if (!existsSync(path)) disk.makeDirectory(path, 0o700);
  const latest = latestEpoch(layout.secrets);
  if (epoch < latest) {
    throw new ApplyError(
      `the host's secrets are at epoch ${latest}, the delivery says ${epoch}: set fairhost:secretEpoch to ${latest}; an epoch is never lowered, since data may be sealed with the later one`,
    );
  }
  const masterFile = join(layout.secrets, `master-${epoch}`);
  if (!existsSync(masterFile)) disk.replace(masterFile, Buffer.from(delivered.master).toString("base64"), 0o600);
  const master = Buffer.from(readFileSync(masterFile, "utf8"), "base64");
  if (master.length !== 32) {
    throw new ApplyError(`${masterFile} is damaged (${master.length} bytes instead of 32): restore it from a backup`);
  }
  // Compared, not only looked for: what a power cut left empty is derived again. So these need no fsync each.
  const accounts = Object.values(bundle.groups).flatMap((group) => (group?.account ? [group.account.number] : []));
  const wrong = accounts.filter((number) => {
    const file = join(directory, `${number}`);
    return !existsSync(file) || readFileSync(file, "utf8") !== accountSecret(master, number, epoch);
  });
  for (const number of wrong) {
    disk.replace(join(directory, `${number}`), accountSecret(master, number, epoch), 0o400, { sync: false });
  }
  if (wrong.length > 0) disk.syncFileSystem(directory);
}

function latestEpoch(directory: string): number {
  const epochs = readdirSync(directory).map((name) => Number(/^master-(\d+)$/.exec(name)?.[1] ?? 0));
  return Math.max(0, ...epochs);
}
