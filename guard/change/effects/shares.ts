import type { AccountContainerInputs, Declaration } from "../../../components/registry/kinds.generated.ts";
import { type Amounts, fairShares } from "../../../policies/fair-shares.ts";

/** What each of some accounts has of its host: of one plan, with the plan's limits, or one with limits of its own. */
export interface Share {
  readonly accounts: number;
  readonly guaranteed: Amounts;
  readonly burst: Amounts;
}

/** How the share of accounts on one host changes. */
export interface ShareChange {
  readonly host: string;
  readonly plan: string;
  /** Number of the one account that it is about, if this has limits of its own. */
  readonly account?: number;
  readonly before: Share | undefined;
  readonly after: Share | undefined;
}

/** Every host and plan, and account with limits of its own, whose share changes, by host and plan. */
export function shareChanges(before: Declaration, after: Declaration): ShareChange[] {
  const [old, next] = [sharesOf(before), sharesOf(after)];
  return [...new Set([...old.keys(), ...next.keys()])].sort().flatMap((key) => {
    const [host, plan, account] = key.split(" ") as [string, string, string?];
    const [was, is] = [old.get(key), next.get(key)];
    if (was && is && same(was.guaranteed, is.guaranteed) && same(was.burst, is.burst)) return [];
    return [{ host, plan, ...(account !== undefined && { account: Number(account) }), before: was, after: is }];
  });
}

function same(was: Amounts, is: Amounts): boolean {
  return (Object.keys(was) as (keyof Amounts)[]).every((key) => was[key] === is[key]);
}

/** What accounts have of their hosts: by `<host> <plan>`, or `<host> <plan> <account>` for one with limits of its own. */
export function sharesOf(declaration: Declaration): Map<string, Share> {
  const shares = fairShares(declaration);
  const groups = Map.groupBy(declaration.accounts, keyOf);
  return new Map(
    [...groups].map(([key, members]) => {
      const { guaranteed, burst } = shares.get(members[0]!.number)!;
      return [key, { accounts: members.length, guaranteed, burst }];
    }),
  );
}

function keyOf({ host, plan, number, ownLimits = [] }: AccountContainerInputs): string {
  return ownLimits.length > 0 ? `${host} ${plan} ${number}` : `${host} ${plan}`;
}
