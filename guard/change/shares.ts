import type { AccountContainerInputs, Declaration } from "../../components/registry/kinds.generated.ts";

/** Processor share of the accounts of one plan on one host. */
export interface Share {
  readonly accounts: number;
  /** Cores of each account when all accounts want all cores: its weight among all weights of the host. */
  readonly guaranteedCores: number;
  /** Cores of each account when no other account wants any. */
  readonly burstCores: number;
}

/** How the share of the accounts of one plan on one host changes. */
export interface ShareChange {
  readonly host: string;
  readonly plan: string;
  readonly before: Share | undefined;
  readonly after: Share | undefined;
}

/** Fair-share forecast: every host and plan whose share changes, by host and plan. */
export function shareChanges(before: Declaration, after: Declaration): ShareChange[] {
  const [old, next] = [sharesOf(before), sharesOf(after)];
  return [...new Set([...old.keys(), ...next.keys()])].sort().flatMap((key) => {
    const [host, plan] = key.split(" ") as [string, string];
    const [was, is] = [old.get(key), next.get(key)];
    const same = was?.guaranteedCores === is?.guaranteedCores && was?.burstCores === is?.burstCores;
    return same ? [] : [{ host, plan, before: was, after: is }];
  });
}

function sharesOf({ hosts, accounts }: Declaration): Map<string, Share> {
  const cores = new Map(hosts.map(({ name, capacity }) => [name, capacity.cores]));
  const shares = new Map<string, Share>();
  for (const [host, own] of Map.groupBy(accounts, (account) => account.host)) {
    const weights = own.reduce((sum, { limits }) => sum + limits.cpuWeight, 0);
    for (const [plan, members] of Map.groupBy(own, (account: AccountContainerInputs) => account.plan)) {
      const burstCores = cores.get(host) ?? 0;
      const guaranteedCores = (burstCores * members[0]!.limits.cpuWeight) / weights;
      shares.set(`${host} ${plan}`, { accounts: members.length, guaranteedCores, burstCores });
    }
  }
  return shares;
}
