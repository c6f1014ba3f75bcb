import { existsSync, readFileSync } from "node:fs";
import { ApplyError, type Machine } from "../os/machine.ts";
import { foldersOf } from "./layout.ts";

/** The manufacturer of the router that this machine is, as `init` was told; undefined on a host. */
export function routerOf({ layout }: Pick<Machine, "layout">): string | undefined {
  return existsSync(layout.router) ? readFileSync(layout.router, "utf8").trim() : undefined;
}

/**
 * Makes this machine a router of a manufacturer for good. A machine that is a host stays one, and a router of one manufacturer does not
 * become another's: its old programs would go on.
 * @throws ApplyError
 */
export function becomeRouter({ disk, layout }: Machine, router: string): void {
  const known = routerOf({ layout });
  if (known === router) return;
  if (foldersOf(router).length === 0) throw new ApplyError(`this applier knows no router of ${router}`);
  if (known === undefined && !existsSync(layout.host)) {
    disk.makeDirectory(layout.state);
    disk.replace(layout.router, `${router}\n`, 0o644);
    return;
  }
  const what = known === undefined ? "a host of the fleet" : `a router of ${known}`;
  throw new ApplyError(
    `this machine is ${what}, but was to become a router of ${router}: check the address of the router in the inventory; if it is meant, install Debian anew on it`,
  );
}

/** A host accepts only bundles with the name of its first one, so that a bundle sent to a wrong address does not take it over. @throws ApplyError */
export function keepHostName({ disk, layout }: Machine, host: string): void {
  const known = existsSync(layout.host) ? readFileSync(layout.host, "utf8").trim() : undefined;
  if (known === undefined) disk.replace(layout.host, `${host}\n`, 0o644);
  if (known === undefined || known === host) return;
  throw new ApplyError(
    `this host is ${known}, but the bundle is for ${host}: check the address of ${host} in the inventory; if the host really was renamed, remove ${layout.host} on it`,
  );
}
