/**
 * One folder of a host's generation, with all that the applier, the renderers and the guard know of it; every bundle path begins
 * with the name of one. A concept declares its folders beside its renderers, one in each `<name>.host.ts`, and `npm run generate`
 * lists them in bundle-folders.generated.ts. The applier carries these modules: they hold data and import only this one.
 */
export interface BundleFolder<Names extends FunctionNames = FunctionNames> {
  readonly name: string;
  /** Where Debian's programs look for it: the applier's `init` makes a link from there to the folder in force. */
  readonly link?: string;
  /**
   * Bundle path of the file that includes the others, by relative paths, and the unit that reads it: a drop-in names the file on
   * the unit's command line.
   */
  readonly entry?: { readonly file: string; readonly unit: string };
  /**
   * What judges changed files before they are in force. A command gets the path of the entry file as its last argument (without
   * one: of each changed file). A name stands for a function in host/apply/validate/validate.ts.
   */
  readonly validator?: Names["validator"] | readonly [program: string, ...args: string[]];
  readonly takesEffect: TakesEffect<Names>;
  /**
   * How drift of the running host is seen: the name of a check in host/inspect/drift-checks.ts. The files themselves are always
   * compared, and so is the time at which a reloaded unit read them.
   */
  readonly drift?: Names["drift"];
  /**
   * Whether the files stand between accounts, or between them and the outside (firewall, kernel parameters, sandbox, SSH): a change
   * of one needs an approval. A pattern marks some of them, by their paths inside the folder.
   */
  readonly boundary: boolean | RegExp;
}

/** Names by which folders refer to functions in host/, and units they have reloaded. */
interface FunctionNames {
  readonly validator: string;
  readonly loader: string;
  readonly reloaded: string;
  readonly drift: string;
}

/** The names that these folders use. A table of functions typed by them does not compile while one is missing. */
export interface NamesIn<Folder extends BundleFolder> extends FunctionNames {
  readonly validator: Extract<Extract<Folder, { validator: unknown }>["validator"], string>;
  readonly loader: Extract<Folder["takesEffect"], { by: "load" }>["loader"];
  readonly reloaded: Extract<Folder["takesEffect"], { by: "reload" }>["unit"];
  readonly drift: Extract<Folder, { drift: string }>["drift"];
}

/** One sentence for a review of a change. @param paths bundle paths that are new or changed */
export type Words = (host: string, paths: readonly string[]) => string;

/** How the running host comes to follow changed files. */
export type TakesEffect<Names extends FunctionNames = FunctionNames> =
  /** systemd reads all its units again. */
  | { readonly by: "daemon-reload" }
  /**
   * A function in host/apply/hooks/hooks.ts loads it into the kernel, before any unit stops or starts; the entry's unit is never
   * restarted for it. `first`: before all others, and if it fails nothing else is done.
   */
  | { readonly by: "load"; readonly loader: Names["loader"]; readonly first?: true; readonly says: Words }
  /** The unit is reloaded: `systemctl reload-or-restart`, unless host/os/daemons.ts has a better way for it. */
  | { readonly by: "reload"; readonly unit: Names["reloaded"]; readonly says: Words }
  /** Units are restarted that name the files in their `restartOn`. `unnoticed`: one whose restart interrupts nothing. */
  | { readonly by: "restart"; readonly unnoticed?: { readonly unit: string; readonly says: Words } }
  /** Programs read the files whenever they look something up. */
  | { readonly by: "look-up" };

/** The folder a bundle path lies in. @returns undefined if nobody has declared it */
export function folderOf<Folder extends { readonly name: string }>(
  path: string,
  folders: readonly Folder[],
): Folder | undefined {
  return folders.find(({ name }) => path.startsWith(`${name}/`));
}

/** Whether a change of the file needs an approval. What nobody has declared does. */
export function isBoundary(path: string, folders: readonly BundleFolder[]): boolean {
  const folder = folderOf(path, folders);
  if (folder === undefined) return true;
  const { name, boundary } = folder;
  return typeof boundary === "boolean" ? boundary : boundary.test(path.slice(name.length + 1));
}
