import { existsSync, readFileSync } from "node:fs";
import { ApplyError, type Machine } from "../os/machine.ts";

/** A host accepts only bundles with the name of its first one, so that a bundle sent to a wrong address does not take it over. @throws ApplyError */
export function keepHostName({ disk, layout }: Machine, host: string): void {
  const known = existsSync(layout.host) ? readFileSync(layout.host, "utf8").trim() : undefined;
  if (known === undefined) disk.replace(layout.host, `${host}\n`, 0o644);
  if (known === undefined || known === host) return;
  throw new ApplyError(
    `this host is ${known}, but the bundle is for ${host}: check the address of ${host} in the inventory; if the host really was renamed, remove ${layout.host} on it`,
  );
}
