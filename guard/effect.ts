import type { Declaration } from "../components/declaration.ts";
import type { Subject } from "../policies/rule.ts";

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

/** Works something out of an object once, so that what asks for it a thousand times stays linear. */
export function once<T extends object, R>(work: (of: T) => R): (of: T) => R {
  const known = new WeakMap<T, { readonly value: R }>();
  return (of) => {
    let found = known.get(of);
    if (!found) {
      found = { value: work(of) };
      known.set(of, found);
    }
    return found.value;
  };
}
