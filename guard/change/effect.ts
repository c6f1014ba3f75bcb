import type { Declaration } from "../../components/declaration.ts";
import type { Subject } from "../../components/rule.ts";
import { shown } from "../../fleet/load/problem.ts";
import type { Change } from "./diff.ts";

/** One thing that happens, in the words of the trade. */
export interface Effect {
  readonly subject: Subject;
  /** One sentence. */
  readonly sentence: string;
  /** Whom it touches: accounts, by number. */
  readonly accounts: readonly number[];
  /** Seconds that these accounts do not answer; 0: nobody notices. */
  readonly seconds: number;
  /** Data or an identity is given up. */
  readonly destroys: boolean;
}

/** Numbers of the accounts of a host. */
export function accountsOn({ accounts }: Declaration, host: string): number[] {
  return accounts.filter((account) => account.host === host).map(({ number }) => number);
}

/** At most five, then how many more. */
export function listed(words: readonly string[]): string {
  return words.length <= 5 ? words.join(", ") : `${words.slice(0, 5).join(", ")} and ${words.length - 5} more`;
}

/** Properties that differ, with their values where these are short: `idleSeconds 300 to 60`. */
export function differences(
  { paths, before, after }: Pick<Change, "paths" | "before" | "after">,
  only = paths,
): string {
  return listed(
    only.map((path) => {
      // What an account's programs are given may be a secret, against all advice: only that it changes is told.
      if (/^(command|environment)\b/.test(path)) return path;
      const [old, next] = [before, after].map((side) => valueAt(side, path));
      return old === undefined && next === undefined ? path : `${path} ${old ?? "none"} to ${next ?? "none"}`;
    }),
  );
}

/** A scalar at a path, as a message shows it; nothing if there is something else, or nothing. */
function valueAt(value: unknown, path: string): string | undefined {
  const found = path
    .split(".")
    .reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], value);
  return found === undefined || typeof found === "object" ? undefined : shown(found);
}
