import { renderAccount, renderAccountDefaults } from "../components/account/render-account.ts";
import { renderSandbox } from "../components/account/render-sandbox.ts";
import { renderRoute, renderRoutes } from "../components/address/render-routes.ts";
import { folderOf } from "../components/bundle-folder.ts";
import { bundleFolders } from "../components/bundle-folders.generated.ts";
import type {
  AccountAddressInputs,
  AccountContainerInputs,
  Declaration,
  HttpServerInputs,
} from "../components/declaration.ts";
import { renderHost } from "../components/host/render-host.ts";
import { renderFrontEnd, renderSites } from "../components/http/render-front-end.ts";
import { renderHttpDefaults, renderHttpServer } from "../components/http/render-http-server.ts";
import { renderAnnouncement, renderBird } from "../components/network/render-bird.ts";
import { renderNftables } from "../components/network/render-nftables.ts";
import { inOrder } from "../lib/in-order.ts";
import { once } from "../lib/once.ts";
import type { Bundle, BundleAccount, BundleFile, BundleGroup, BundleUnit, Group } from "./protocol/bundle.ts";
import { sealBundle, sealGroup } from "./protocol/digest.ts";

interface Part {
  readonly files: readonly BundleFile[];
  readonly units?: readonly BundleUnit[];
  readonly account?: BundleAccount;
}

/**
 * Accounts by number, and what of each is rendered: `whole`, or what follows from these HTTP servers of it, by name. What of an
 * account follows from its servers one by one is theirs alone; the host's part is always whole.
 */
export type Extract = ReadonlyMap<number, "whole" | ReadonlySet<string>>;

/**
 * Every file and unit one host must have, from what is declared: pure, linear in its accounts, the same for every order of
 * the declaration's lists.
 * @param only an extract, for who compares two declarations and knows that the rest is the same in both
 * @throws {RangeError} for a host, address or front end that is not declared, or for text that no configuration may hold
 *   (the inventory's schemas refuse both with file and line)
 */
export function renderBundle(declaration: Declaration, host: string, only?: Extract): Bundle {
  const all = byHost(declaration);
  const addresses = new Map(all.addresses.get(host)?.map((address) => [address.account, address]));
  const servers = Map.groupBy(all.httpServers.get(host) ?? [], ({ account }) => account);
  const accounts = (all.accounts.get(host) ?? []).toSorted((a, b) => a.number - b.number);
  const groups: Partial<Record<Group, BundleGroup>> = { host: renderHostGroup(declaration, host) };
  for (const account of accounts) {
    const part = only ? only.get(account.number) : "whole";
    if (part === undefined) continue;
    const address = addresses.get(account.number);
    if (!address) throw new RangeError(`account ${account.number} has no address on ${host}`);
    const own = (servers.get(account.number) ?? []).toSorted((a, b) => a.number - b.number);
    groups[`account-${account.number}`] = renderAccountGroup(account, address, own, part);
  }
  return sealBundle(host, groups);
}

/** What lies on which host: looked up once for all of them, or each would go through the whole fleet. */
const byHost = once(({ accounts, addresses, httpServers }: Declaration) => {
  const grouped = <T extends { readonly host: string }>(list: readonly T[]) => Map.groupBy(list, ({ host }) => host);
  return { accounts: grouped(accounts), addresses: grouped(addresses), httpServers: grouped(httpServers) };
});

function renderHostGroup(declaration: Declaration, name: string): BundleGroup {
  const host = declaration.hosts.find((entry) => entry.name === name);
  if (!host) throw new RangeError(`host ${name} is not declared`);
  const ports = (declaration.frontEnds.find((entry) => entry.host === name)?.ports ?? []).toSorted((a, b) => a - b);
  return assemble([
    renderHost(),
    { files: renderAccountDefaults() },
    { files: renderSandbox() },
    { files: renderHttpDefaults() },
    { files: renderFrontEnd(ports) },
    { files: renderNftables(host, ports) },
    { files: renderBird(host) },
    renderRoutes(),
  ]);
}

function renderAccountGroup(
  account: AccountContainerInputs,
  address: AccountAddressInputs,
  servers: readonly HttpServerInputs[],
  part: "whole" | ReadonlySet<string>,
): BundleGroup {
  if (part !== "whole") {
    const some = servers.filter(({ name }) => part.has(name));
    return assemble([
      { files: renderSites(address, servers) },
      ...some.map((server) => renderHttpServer(account, server)),
    ]);
  }
  return assemble([
    renderAccount(account),
    { files: renderSites(address, servers) },
    { files: renderAnnouncement(address) },
    { files: renderRoute(address) },
    ...servers.map((server) => renderHttpServer(account, server)),
  ]);
}

/** One group of its parts, sorted by path and name. */
function assemble(parts: readonly Part[]): BundleGroup {
  const files: BundleFile[] = [];
  const units: BundleUnit[] = [];
  let account: BundleAccount | undefined;
  for (const part of parts) {
    files.push(...part.files);
    if (part.units) units.push(...part.units);
    account ??= part.account;
  }
  const stray = files.find(({ path }) => folderOf(path, bundleFolders) === undefined);
  if (stray) throw new RangeError(`${stray.path} is in no registered folder: declare it in a *.host.ts`);
  const [byPath, byName] = [({ path }: BundleFile) => path, ({ name }: BundleUnit) => name];
  return sealGroup({ files: inOrder(files, byPath), units: inOrder(units, byName), ...(account && { account }) });
}
