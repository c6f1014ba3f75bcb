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
 * Makes sure that the host has its master secret for the epoch, and every account its secret. An existing master secret is never
 * replaced: if a delivery has another one (a lost state made a new random value), the host keeps its own, and that is said.
 * @throws ApplyError if the host is already at a later epoch: its data may be encrypted with that one.
 */
export function ensureSecrets(
  { disk, layout, say }: Machine,
  bundle: Bundle,
  delivered: { readonly master: Uint8Array; readonly epoch: number },
): void {
  const { epoch } = delivered;
  const directory = join(layout.secrets, "accounts");
  for (const path of [layout.secrets, directory]) if (!existsSync(path)) disk.makeDirectory(path, 0o700);
  const latest = latestEpoch(layout.secrets);
  if (epoch < latest) {
    throw new ApplyError(
      `the host's secrets are at epoch ${latest}, but the delivery has epoch ${epoch}: set fairhost:secretEpoch to ${latest}; never lower an epoch, since data may be encrypted with the later secret`,
    );
  }
  const masterFile = join(layout.secrets, `master-${epoch}`);
  if (!existsSync(masterFile)) disk.replace(masterFile, Buffer.from(delivered.master).toString("base64"), 0o600);
  const master = Buffer.from(readFileSync(masterFile, "utf8"), "base64");
  if (master.length !== 32) {
    throw new ApplyError(`${masterFile} is damaged (${master.length} bytes instead of 32): restore it from a backup`);
  }
  if (!master.equals(delivered.master)) {
    say(
      `the state has another master secret of epoch ${epoch} than this host, which keeps its own (the state was lost, or the stack was destroyed): a restored state cannot give this host's secrets. To have one in both, raise fairhost:secretEpoch to ${epoch + 1} and deploy`,
    );
  }
  // The content is compared: a file that a power cut left empty is derived again. So these files need no fsync.
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
