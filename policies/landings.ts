import type { AccountContainerInputs, Declaration } from "../components/registry/kinds.generated.ts";
import { needsOf, placeLargestFirst, roomOn } from "./placement.ts";

/** Accounts that come to a host because another one, or a whole site, is lost. */
export interface Landing {
  /** `host web1`, `site par1`. */
  readonly lost: string;
  readonly host: string;
  readonly accounts: readonly AccountContainerInputs[];
}

/**
 * Who comes where if any one host or site is lost: accounts with a standby to it, others to hosts of their group (same site and cell) as `capacity-after-host-loss`
 * places them.
 * @param matters whether it is asked where an account comes; a host without any such account is left out
 */
export function landings(
  { hosts, accounts, plans }: Declaration,
  matters: (account: AccountContainerInputs) => boolean,
): Landing[] {
  const siteOf = new Map(hosts.map(({ name, site }) => [name, site]));
  const standing = accounts.filter((account) => account.standby !== undefined && matters(account));
  const toStandby = [...Map.groupBy(standing, ({ standby }) => standby!)].flatMap(([host, copies]) => [
    ...landed(host, copies, ({ host: from }) => `host ${from}`),
    ...landed(
      host,
      copies.filter(({ host: from }) => siteOf.get(from) !== siteOf.get(host)),
      ({ host: from }) => `site ${siteOf.get(from)}`,
    ),
  ]);
  const pieces = needsOf(accounts, plans);
  const room = roomOn(hosts, pieces);
  const onHost = Map.groupBy(pieces, ({ account }) => account.host);
  const groups = Map.groupBy(
    hosts.filter(({ role, lost }) => role !== "backup" && lost === undefined),
    ({ site, cell }) => `${site} ${cell}`,
  );
  const toGroup = [...groups.values()].flatMap((members) =>
    members.flatMap(({ name }) => {
      const moving = (onHost.get(name) ?? []).filter(({ account, takeover }) => takeover && !account.standby);
      if (!moving.some(({ account }) => matters(account))) return [];
      const others = members.filter((other) => other.name !== name);
      const { placed } = placeLargestFirst(
        moving,
        others.map((other) => ({ name: other.name, ...room.get(other.name)! })),
      );
      const byHost = Map.groupBy(placed, ({ host }) => host);
      return [...byHost].flatMap(([host, there]) => {
        const come = there.map(({ piece }) => piece.account).filter(matters);
        return come.length === 0 ? [] : [{ lost: `host ${name}`, host, accounts: come }];
      });
    }),
  );
  return [...toStandby, ...toGroup];
}

function landed(
  host: string,
  copies: readonly AccountContainerInputs[],
  lost: (account: AccountContainerInputs) => string,
): Landing[] {
  return [...Map.groupBy(copies, lost)].map(([what, accounts]) => ({ lost: what, host, accounts }));
}
