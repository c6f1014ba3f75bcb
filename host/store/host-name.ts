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

/**
 * A host takes no delivery of a router, nor a router one of a host: the first of either, sent to a wrong address, has no name to be told by.
 * @param forRouter whether the delivery is a router's: it has no master secret
 * @throws ApplyError
 */
export function requireSameKind(machine: Pick<Machine, "layout">, forRouter: boolean): void {
  const router = routerOf(machine);
  if (forRouter === (router !== undefined)) return;
  const what = router === undefined ? "this machine is no router, but" : `this machine is a router of ${router}, but`;
  const whose = forRouter ? "a router: it has no master secret" : "a host";
  throw new ApplyError(
    `${what} the delivery is for ${whose}. Nothing was changed: check the address to which it was sent; a machine that is to be a router needs the router's bootstrap first`,
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
