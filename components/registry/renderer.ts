import type { BundleAccount, BundleFile, BundleUnit } from "../../delivery/protocol/bundle.ts";
import type { Element, Key } from "./kind.ts";
import type { Declaration } from "./kinds.generated.ts";

/** What something has on a host. */
export interface Part {
  readonly files: readonly BundleFile[];
  readonly units?: readonly BundleUnit[];
  readonly account?: BundleAccount;
}

/** One host, and what is declared around it. */
export interface HostContext {
  readonly declaration: Declaration;
  readonly host: Element<"hosts">;
}

/** One account on a host, with all that it has, by kind; each list sorted by number, or by name. */
export interface AccountContext {
  readonly account: Element<"accounts">;
  readonly address: Element<"addresses">;
  readonly own: { readonly [K in Key]: readonly Element<K>[] };
}

/**
 * What elements of one kind have on hosts. A file `render-*.ts` of a concept exports one as `renderer`; a host's bundle is made
 * of all of them. Pure: the same declaration always gives the same text.
 */
export interface Renderer<K extends Key = Key> {
  readonly key: K;
  /** The host's own files: the same whatever accounts it has. */
  ofHost?(context: HostContext): Part;
  /** Of one account, what follows from all of its elements together. */
  ofAccount?(context: AccountContext): Part;
  /**
   * Of one account, what follows from one element alone. With it, a change of one element renders that element, and what
   * follows from all, and nothing else of the account.
   */
  ofElement?(element: Element<K>, context: AccountContext): Part;
}
