import type { Element } from "../../../components/registry/kind.ts";
import { UserError } from "../../../lib/user-error.ts";
import { type Reach, runOn } from "./moves.ts";

/** An account that a deploy lets its host restore. */
export interface DeclaredRestore {
  readonly account: number;
  readonly host: string;
  readonly id: string;
}

type Accounts = readonly Pick<Element<"accounts">, "number" | "host" | "restore">[];

/** Restores that a change newly asks for, of accounts that stay on their host: of others no host does any. */
export function restoresBetween(before: Accounts, after: Accounts): DeclaredRestore[] {
  const known = new Map(before.map((account) => [account.number, account]));
  return after.flatMap(({ number, host, restore }) => {
    const was = known.get(number);
    if (restore === undefined || was?.host !== host || was.restore?.id === restore.id) return [];
    return [{ account: number, host, id: restore.id }];
  });
}

/**
 * Lets hosts do what they were told to, after their update, and waits for it. A host goes on with it by itself if the connection breaks.
 * @returns what was not done, one sentence each
 */
export async function runRestores(
  reach: Reach,
  restores: readonly DeclaredRestore[],
  say: (text: string) => void,
): Promise<string[]> {
  const problems: string[] = [];
  for (const { account, host, id } of restores) {
    say(`account ${account}: restore ${id} on ${host}\n`);
    try {
      const words = ["restore-declared", `${account}`];
      say(await runOn(reach, host, words, `restore ${id} of account ${account} on ${host}`));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      problems.push(error.message);
    }
  }
  return problems;
}
