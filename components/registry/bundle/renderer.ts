import type { BundleAccount, BundleFile, BundleUnit } from "../../../delivery/protocol/bundle.ts";
import type { Element, Hostless, Key } from "../kind.ts";
import type { Declaration } from "../kinds.generated.ts";

/** Files, units and directories of something on a host. */
export interface Part {
  readonly files: readonly BundleFile[];
  readonly units?: readonly BundleUnit[];
  readonly account?: BundleAccount;
}

/** One host, with the whole declaration. */
export interface DeclaredHost {
  readonly declaration: Declaration;
  readonly host: Element<"hosts">;
}

/** A port that is open to everybody on the addresses of a host and of all its accounts. */
export interface OpenPort {
  readonly protocol: "tcp" | "udp";
  /** One port, or a range with both its ends. Below 32768: above that the kernel takes ports for connections to the outside. */
  readonly port: number | readonly [first: number, last: number];
  /** `host`: a service of the host itself, closed to accounts. Without it, what is open to the outside is open to them too. */
  readonly of?: "host";
}

/**
 * TCP ports that only some accounts have, at their own addresses. A visitor reaches them, neighbours on the host too, bans close them, and
 * the account's own firewall decides about them, all as for SSH.
 */
export interface OwnPorts {
  /** A word of small letters: the firewall has the addresses of these accounts in a set of this name. */
  readonly name: string;
  /** What visitors do there, for people: `FTPS`. */
  readonly words: string;
  /** Port at which a client begins: how many connections begin is bounded, for all accounts of a host together. */
  readonly port: number;
  /** Ports on which somebody listens only for a client that has logged in; a range has both its ends. */
  readonly loggedIn?: OpenPort["port"];
  /** Whether an account has them. */
  of(own: WholeAccount["own"]): boolean;
}

export interface HostContext extends DeclaredHost {
  /** What all kinds together open. */
  readonly openPorts: readonly OpenPort[];
  /** What they open for some accounts alone. */
  readonly ownPorts: readonly OwnPorts[];
}

/** One account on whichever host. */
export interface AccountContext {
  readonly account: Hostless<"accounts">;
  readonly address: Hostless<"addresses">;
}

/** One account with everything that belongs to it, by kind; each list sorted by number, or by name. */
export interface WholeAccount extends AccountContext {
  readonly own: { readonly [K in Key]: readonly Hostless<K>[] };
  /** Names of the {@link OwnPorts} that it has. */
  readonly opens: readonly string[];
}

/**
 * Renders the files of one kind for hosts. A file `render-*.ts` of a concept exports one as `renderer`; all renderers together make
 * a host's bundle. Pure: the same declaration always gives the same text.
 */
export interface Renderer<K extends Key = Key> {
  readonly key: K;
  /**
   * Whether a suspended account has its parts too. Without it nothing of the kind is on the host while the account is suspended, so a
   * new kind of program or login is refused until it says otherwise. What is kept may hold no unit.
   */
  readonly whileSuspended?: true;
  /**
   * Ports that the kind opens to the outside, on every host or on this one. The firewall drops what comes to any other port. A socket
   * on an open port may answer, never call: a program that gets it from systemd cannot use it to reach others.
   */
  opens?(on: DeclaredHost): readonly OpenPort[];
  /** Ports that only some accounts have. */
  readonly opensForSome?: OwnPorts;
  /** The host's own files: the same whatever accounts it has. */
  ofHost?(context: HostContext): Part;
  /** The part of one account that follows from its number, name, limits and address alone. */
  ofAccount?(context: AccountContext): Part;
  /** The part of one account that follows from all its elements together. */
  ofElements?(account: WholeAccount): Part;
  /** The part of one account on each backup host that keeps its backups (components/backup). It may hold no unit. */
  ofKept?(account: Element<"accounts">): Part;
  /**
   * The part of one account that follows from one element alone. With it, a change of one element renders only that element and
   * the parts that follow from all elements.
   */
  ofElement?(element: Hostless<K>, context: AccountContext): Part;
}
