import type { Bundle } from "../../delivery/protocol/bundle.ts";
import { accountsOf } from "../store/generations.ts";
import { ApplyError, type Machine } from "./machine.ts";
import { ask } from "./systemd.ts";

/** systemd's name for the mount of /srv/accounts (systemd-escape(1)). */
const unit = "srv-accounts.mount";

/**
 * Refuses to go on while the file system of the accounts is declared, in /etc/fstab or by a unit, but not mounted: their directories would be
 * made on the root file system, where the mount then hides them.
 * @throws ApplyError
 */
export async function ensureAccountsMounted(machine: Machine, bundle: Bundle): Promise<void> {
  if (!machine.live || accountsOf(bundle).length === 0) return;
  const shown = await ask(machine, ["show", "--property=LoadState,ActiveState", unit]);
  if (!shown.includes("LoadState=loaded") || shown.includes("ActiveState=active")) return;
  throw new ApplyError(
    `/srv/accounts is not mounted, but this host declares a file system for it (${unit}): nothing was changed. Mount it with \`systemctl start ${unit}\`, or see \`systemctl status ${unit}\`; then deploy again`,
  );
}
