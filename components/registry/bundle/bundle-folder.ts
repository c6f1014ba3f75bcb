/**
 * One folder of a host's generation, with everything that the applier, the renderers and the guard need to know about it. Every
 * bundle path begins with the name of a folder. A concept declares its folders beside its renderers, one in each `<name>.host.ts`, and `npm run generate`
 * lists them in bundle-folders.generated.ts. The applier carries these modules: they hold data and import only this one.
 */
export interface BundleFolder<Names extends FunctionNames = FunctionNames> extends Needs {
  readonly name: string;
  /** Path at which Debian's programs look for it: the applier's `init` makes a symlink from there to the folder in force. */
  readonly link?: string;
  /**
   * Routers of these manufacturers have it (components/network/router-systems), or `all` that the applier serves: those that a folder
   * names. Without it, only hosts.
   */
  readonly routers?: "all" | readonly string[];
  /** Hosts do not have it: only routers. */
  readonly notOnHosts?: true;
  /** Files of others at {@link link} are not set aside: a host may need them. It is not set up until somebody has moved them. */
  readonly leavesOthers?: true;
  /** Bundle path of the file that the symlink leads to, where programs read a file of their own among others'. */
  readonly linksTo?: string;
  /**
   * Bundle path of the file that includes the others, by relative paths, and the unit that reads it: a drop-in names the file on
   * the unit's command line.
   */
  readonly entry?: { readonly file: string; readonly unit: string };
  /**
   * Validates changed files before they are in force. A command gets the path of the entry file as its last argument (without
   * an entry: the path of each changed file). A name stands for a function in host/apply/validate/validate.ts.
   */
  readonly validator?: Names["validator"] | readonly [program: string, ...args: string[]];
  readonly takesEffect: TakesEffect<Names>;
  /**
   * Detects drift of the running host: the name of a check in host/inspect/drift-checks.ts. The files themselves are always
   * compared, and so is the time at which a reloaded unit read them.
   */
  readonly drift?: Names["drift"];
  /** Directory in sandboxes at which files of the folder itself may be mounted, the same for all accounts. Without it a unit that mounts one is refused. */
  readonly inSandboxes?: string;
  /**
   * Files of an account in it lead nobody to it and make nothing run: they may be in force before its data is on the host, when it moves
   * there (host/store/moving.ts). All others follow once its data is complete.
   */
  readonly showsNobody?: true;
  /** Its {@link ofAccount} are all {@link OwnFile.shown}. */
  readonly shown?: true;
  /**
   * Files that concern one account alone, and all that they may say. Every other file is a boundary: something that runs as root reads
   * it, or it decides who is separated from whom and who is reached, so a change of it needs an approval.
   */
  readonly ofAccount?: readonly OwnFile[];
  /**
   * Files of the host's own that are no boundary either: all that they may say follows from what has an approval of its own, and nobody takes them for more.
   * The group `host` in a path is the host that the file is about, with which it may go. Other groups mean nothing.
   */
  readonly follows?: readonly Pick<OwnFile, "path" | "lines">[];
}

/**
 * Files that each account has for itself. Patterns fit as a whole, and a named group must be what the declaration gives the account
 * under that name (`Owner` in own-files.ts): `/accounts\/(?<number>\d+)/`. What no pattern fits is a boundary. Two entries for one
 * path are two forms that the file may have.
 */
export interface OwnFile {
  /** Path inside the folder. */
  readonly path: RegExp;
  /** Lines that it may have, in any order. In a file of systemd after their section: `[Service] User=a7`, a word of a list each on its own. */
  readonly lines?: readonly RegExp[];
  /** Beginnings of lines that it must have. */
  readonly needs?: readonly string[];
  /** A section with a line for each limit of accounts that has a directive of its own, and no usual value which a drop-in of all accounts sets. */
  readonly needsLimits?: "Slice";
  /** Instead of lines, the target of a symlink. */
  readonly link?: RegExp;
  /** It must not go while its account stays on the host: without it the account is not limited. */
  readonly stays?: true;
  /** The account's owner finds a copy in `admin/config`: it has no secret, and no hash of one. What does not say so is not shown. */
  readonly shown?: true;
}

/**
 * What a kind or a bundle folder needs of Debian on every host, and a variant of a kind (a server kind, an engine of databases) on hosts
 * where one is declared: `npm run generate` lists it for all of them in delivery/protocol/packages.generated.ts, the bootstrap installs
 * it, drift looks for it, and the lab's image has it.
 */
export interface Needs {
  /** Packages of the release's main section. Name each one whose programs or files it uses, also if another kind names it too. */
  readonly packages?: readonly string[];
  /**
   * Units that these packages bring and that must never run on a host, for example a daemon that accounts start for themselves. They
   * are masked on every host before the packages are installed, since Debian starts a daemon as soon as it is installed.
   */
  readonly masks?: readonly string[];
}

/** Ways in which elements of a kind are served. */
export interface Variants<Element> {
  /** One of them, for people: `server kind`. */
  readonly word: string;
  /** What each needs, by its name. */
  readonly needs: Readonly<Record<string, Needs>>;
  /** The name of an element's. */
  of(element: Element): string;
}

/** Names by which folders refer to functions in host/, and units that they reload. */
interface FunctionNames {
  readonly validator: string;
  readonly loader: string;
  readonly reloaded: string;
  readonly drift: string;
}

/** The names that these folders use. A table of functions with this type does not compile if one is missing. */
export interface NamesIn<Folder extends BundleFolder> extends FunctionNames {
  readonly validator: Extract<Extract<Folder, { validator: unknown }>["validator"], string>;
  readonly loader: Extract<Folder["takesEffect"], { by: "load" }>["loader"];
  readonly reloaded: Extract<Folder["takesEffect"], { by: "reload" }>["unit"];
  readonly drift: Extract<Folder, { drift: string }>["drift"];
}

/** One sentence for a review of a change. @param paths bundle paths that are new or changed */
export type Words = (host: string, paths: readonly string[]) => string;

/** How changed files take effect on the running host. */
export type TakesEffect<Names extends FunctionNames = FunctionNames> =
  /** systemd reads all its units again. */
  | { readonly by: "daemon-reload" }
  /**
   * A function in host/apply/hooks/hooks.ts loads it into the kernel or the journal, before any unit stops or starts; the entry's unit is never
   * restarted for it. `first`: before all others; if it fails, the apply stops.
   */
  | { readonly by: "load"; readonly loader: Names["loader"]; readonly first?: true; readonly says: Words }
  /** The unit is reloaded: `systemctl reload-or-restart`, unless host/os/daemons.ts has a better way for it. */
  | { readonly by: "reload"; readonly unit: Names["reloaded"]; readonly says: Words }
  /** Restarts the units that list the files in their `restartOn`. `unnoticed`: a unit whose restart interrupts nothing. */
  | { readonly by: "restart"; readonly unnoticed?: { readonly unit: string; readonly says: Words } }
  /** Programs read the files at every look-up. */
  | { readonly by: "look-up" };

/** The folder of a bundle path. @returns undefined if it is not declared */
export function folderOf<Folder extends { readonly name: string }>(
  path: string,
  folders: readonly Folder[],
): Folder | undefined {
  return folders.find(({ name }) => path[name.length] === "/" && path.startsWith(name));
}
