import { hkdfSync } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Bundle } from "./bundle.ts";
import { ApplyError, type Machine } from "./machine.ts";

/**
 * The secret of one account: HKDF-SHA256 of the host's master secret, info `fairhost/account/<number>/<epoch>`, 32 bytes in base64.
 */
export function accountSecret(master: Uint8Array, account: number, epoch: number): string {
  return Buffer.from(hkdfSync("sha256", master, new Uint8Array(), `fairhost/account/${account}/${epoch}`, 32)).toString(
    "base64",
  );
}

/**
 * Makes sure the host has its master secret for the epoch and every account its own. A secret that is there is never
 * replaced: a delivery with another one (a lost state made a new random value) adopts what the host has.
 * @throws ApplyError when the host is at a later epoch already: its data may be sealed with that one.
 */
export function ensureSecrets(
  machine: Machine,
  bundle: Bundle,
  { master: delivered, epoch }: { readonly master: Uint8Array; readonly epoch: number },
): void {
  const { disk, layout } = machine;
  const accounts = join(layout.secrets, "accounts");
  for (const directory of [layout.secrets, accounts]) if (!existsSync(directory)) disk.makeDirectory(directory, 0o700);
  const latest = latestEpoch(layout.secrets);
  if (epoch < latest) {
    throw new ApplyError(
      `the host's secrets are at epoch ${latest}, the delivery says ${epoch}: set fairhost:secretEpoch to ${latest}; an epoch is never lowered, since data may be sealed with the later one`,
    );
  }
  const masterFile = join(layout.secrets, `master-${epoch}`);
  if (!existsSync(masterFile)) disk.replace(masterFile, Buffer.from(delivered).toString("base64"), 0o600);
  const master = Buffer.from(readFileSync(masterFile, "utf8"), "base64");
  if (master.length !== 32) {
    throw new ApplyError(`${masterFile} is damaged (${master.length} bytes instead of 32): restore it from a backup`);
  }
  // The record is written last: a crash in between derives all of them again.
  const marker = join(layout.secrets, "epoch");
  const rotated = !existsSync(marker) || Number(readFileSync(marker, "utf8")) !== epoch;
  for (const group of Object.values(bundle.groups)) {
    if (!group?.account) continue;
    const file = join(accounts, `${group.account.number}`);
    if (rotated || !existsSync(file)) disk.replace(file, accountSecret(master, group.account.number, epoch), 0o400);
  }
  if (rotated) disk.replace(marker, `${epoch}\n`, 0o600);
}

function latestEpoch(directory: string): number {
  const epochs = readdirSync(directory).map((name) => Number(/^master-(\d+)$/.exec(name)?.[1] ?? 0));
  return Math.max(0, ...epochs);
}
