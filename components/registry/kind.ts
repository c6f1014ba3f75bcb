import type { z } from "zod";
import type { Declaring } from "../declaring.ts";
import type { Needs, Variants } from "./bundle/bundle-folder.ts";
import type { Change, ChangeContext, Effect } from "./change.ts";
import type { FileKey, Fleet, FolderKey } from "./files.generated.ts";
import type { Declaration, Identities, KindNames } from "./kinds.generated.ts";

/** A list of the declaration: `hosts`. */
export type Key = keyof Declaration;
/** Name of a kind in messages, waivers and approvals: `host`. */
export type KindName = KindNames[Key];
export type Element<K extends Key = Key> = Declaration[K][number];

/** An element without the host that it is on: an account has the same files on every host, so of a move they are rendered once. */
export type Hostless<K extends Key> = Without<Element<K>>;
/** Of a union, each member. */
type Without<E> = E extends unknown ? Omit<E, "host"> : never;

/** The read-only form of a schema's output. */
export type Immutable<T> = T extends readonly (infer Item)[]
  ? readonly Immutable<Item>[]
  : T extends object
    ? { readonly [Member in keyof T]: Immutable<T[Member]> }
    : T;

/**
 * Everything about one kind of element in one place: what it is, how it is declared from the inventory, and how a change of it is
 * judged. Code that handles kinds loops over the registry (kinds.generated.ts); a kind that is not in it is refused.
 */
export interface Kind<K extends Key = Key> extends Needs {
  readonly key: K;
  readonly name: KindNames[K];
  /** For people: `HTTP server`, and several of them. */
  readonly words: readonly [one: string, many: string];
  /** Of a kind whose elements are served in several ways, by one or more of its inputs: what each way needs, on hosts that have such an element. */
  readonly variants?: readonly Variants<Element<K>>[];
  /** What one is, in a full sentence: for the reference. */
  readonly description: string;
  /** What stands before its name in a sentence, where that is not its word: `address of account`. */
  readonly called?: string;
  /** Type token of its component. It is part of every URN: never change it without an alias. */
  readonly type: `fairhost:${string}:${string}`;
  /** Inputs that identify one element of the kind; empty if there is only one. */
  readonly identity: readonly Identities[K][];
  /** Inputs of its component, as the policy pack reads them. Strict: an input that no rule knows is refused. */
  readonly inputs: z.ZodType<Element<K>>;
  /** Inputs of older releases that are gone: a state may still have them, and nothing reads them. Without it, none. */
  readonly dropped?: readonly string[];
  /** The resource's name in the engine. It contains the number if there is one, so that a renamed element keeps its identity. */
  resourceName(element: Element<K>): string;
  /** Parent of its resource. A parent is part of a resource's identity: do not use one that may change. */
  parent?(element: Element<K>): readonly [kind: KindName, name?: string];
  /**
   * Which stacks contain it, and which cells a change touches. `fleet`: every stack, every cell; `nobody`: every stack, no cell;
   * `host`: only the stack and the cell of the host that it is or belongs to.
   */
  readonly concerns: "fleet" | "nobody" | "host";
  /** Name of the host, for kinds that concern a host. */
  hostOf?(element: Element<K>): string;
  /**
   * Other hosts whose files tell of it, for kinds that concern a host: a change of it is looked for in their files too.
   */
  alsoOn?(element: Element<K>, declaration: Declaration): readonly string[];
  /** Number of its account, for kinds that belong to an account. */
  accountOf?(element: Element<K>): number;
  /** File in which the inventory lists a deleted element; `freely` if it is not listed. */
  readonly retired: "tombstones.yaml" | "retired.yaml" | "freely";
  /** Whether the guard requires an approval for each deletion. `follows`: it is deleted with the element it belongs to, which is judged. */
  readonly deletion: "approval" | "free" | "follows";
  /** Declares all elements of a fleet, or of a cell's part of it, without waivers; these are added later. */
  declare(from: Declaring): readonly Element<K>[];
  /** Where the inventory says it; {@link inNoFile} for what no file says. */
  place(files: Files, name: string): Place | undefined;
  /** Names that a waiver may give: of every one that the files have, sound or not. Kinds that may carry a waiver have it. */
  names?(files: LooseFiles): readonly string[];
  /** What a change does, in words of the trade. Without it: adds, removes, changes this to that. */
  describe?(change: Change<K>, context: ChangeContext): Effect[] | undefined;
  /**
   * Of what has a unit that is called as its resource is: what starts it again once a change has stopped it, `the next request`.
   */
  readonly wokenBy?: string;
}

/** A place in a file. */
export interface Place {
  readonly source: Located;
  readonly path: readonly (string | number)[];
}

/** One valid file of an inventory: its content, and the place of each property. */
export interface Located<T = unknown> {
  readonly file: string;
  readonly whole: T;
  at(path: Place["path"], what: "key" | "value"): { line: number; column: number };
}

type FileOf<K extends FileKey> = K extends FolderKey ? Fleet[K][number] : Fleet[K];

/** The files of a valid inventory, for {@link Kind.place}. */
export interface Files {
  /** A file of a folder by its name or number. */
  entry<K extends FileKey>(folder: K, name: string): Located<FileOf<K>> | undefined;
  /** All files of a folder, or the one file. */
  all<K extends FileKey>(key: K): readonly Located<FileOf<K>>[];
}

/** What is left of a value when its wrong parts are taken out: every part may be missing. */
export type Loose<T> = T extends readonly (infer Item)[]
  ? (Loose<Item> | undefined)[]
  : T extends object
    ? { [Member in keyof T]?: Loose<T[Member]> | undefined }
    : T;

/** The files of an inventory that need not be sound. */
export interface LooseFiles {
  all<K extends FileKey>(key: K): readonly { readonly file: string; readonly loose: Loose<FileOf<K>> }[];
}

/** Where elements of a kind stand. */
type Standing = Required<Pick<Kind, "place" | "names">>;

/** Of what has a file of its own. @param by the property that the files of the folder are told apart by */
export function ownFile(folder: FolderKey, by: "name" | "number" = "name"): Standing {
  return {
    place(files, name) {
      const source = files.entry(folder, name);
      return source && { source, path: [] };
    },
    names: (files) =>
      files.all(folder).flatMap(({ file, loose }) => {
        const own = (loose as { readonly [Property in typeof by]?: string | number })[by];
        // Its file's name too: what refers to an entry that is wrong, or wrongly named, is not wrong as well.
        const stem = by === "name" ? [file.replace(/^.*\/|\.yaml$/g, "")] : [];
        return own === undefined ? stem : [String(own), ...stem];
      }),
  };
}

/** Of an entry of a list in `network.yaml`, found by its name. */
export function inNetwork(list: "routers" | "switches"): Standing {
  return {
    place(files, name) {
      const [source] = files.all("network");
      const position = source?.whole[list].findIndex((entry) => entry.name === name) ?? -1;
      return source && position >= 0 ? { source, path: [list, position] } : undefined;
    },
    names: (files) =>
      files.all("network").flatMap(({ loose }) => loose[list]?.flatMap((entry) => entry?.name ?? []) ?? []),
  };
}

/** What holds for all that an account has on its host: it moves with the account and may be declared anew. */
export const ofAccount = {
  concerns: "host",
  hostOf: ({ host }: { readonly host: string }) => host,
  accountOf: ({ account }: { readonly account: number }) => account,
  retired: "freely",
} as const;

/** Of an entry of a list in an account's file, named `<account>/<name>`. */
export function inAccount(list: string): Standing {
  type Lists = Readonly<Record<string, readonly ({ readonly name?: string } | undefined)[] | undefined>>;
  const entriesOf = (account: unknown) => (account as Lists | undefined)?.[list] ?? [];
  return {
    place(files, name) {
      const [number = "", own] = name.split("/");
      const source = files.entry("accounts", number);
      const position = entriesOf(source?.whole).findIndex((entry) => entry?.name === own);
      return source && position >= 0 ? { source, path: [list, position] } : undefined;
    },
    names: (files) =>
      files
        .all("accounts")
        .flatMap(({ loose }) => entriesOf(loose).flatMap((entry) => (entry ? [`${loose.number}/${entry.name}`] : []))),
  };
}

/** Of what no file says. */
export function inNoFile(): undefined {}
