/** Folder of the bundle paths at which a host reads what it is to restore in place: `backup/restores/1204`, a {@link RestoreRequest} as JSON. */
export const restoreRequests = "backup/restores/";

/** Days for which a host keeps what a restore has replaced. */
export const keptDays = 7;

/** What is declared of an account: that it gets back what a backup has. A host does it once for each id. */
export interface RestoreRequest {
  readonly account: number;
  readonly id: string;
  /** A day (2026-11-28: its newest backup, UTC), the beginning of a backup's id, or `before` and the id of an earlier restore. */
  readonly snapshot: string;
  /** `all`, `files`, `files PATH`, `databases`, `database NAME`. */
  readonly what: readonly string[];
}

/** One thing that is restored. Names of databases are those of the inventory. */
export type RestoredPart =
  | { readonly of: "all" | "files" | "databases" }
  | { readonly of: "path"; readonly path: string }
  | { readonly of: "database"; readonly name: string };

/** What a word of {@link RestoreRequest.what} means; undefined if it means nothing. Nothing leads out of the home, and logs are not restored. */
export function restoredPart(word: string): RestoredPart | undefined {
  if (word === "all" || word === "files" || word === "databases") return { of: word };
  const [, name] = /^database ([a-z][a-z0-9_]{0,39})$/.exec(word) ?? [];
  if (name !== undefined) return { of: "database", name };
  const [, path] = /^files (.+)$/.exec(word) ?? [];
  if (path === undefined || /\p{Cc}/u.test(path) || Buffer.byteLength(path) > 500) return undefined;
  const names = path.split("/");
  const isPath = names.every((each) => each !== "" && each !== "." && each !== ".." && Buffer.byteLength(each) <= 255);
  return isPath && names[0] !== "admin" ? { of: "path", path } : undefined;
}

/** Whether words go together: none is part of another one. */
export function fitTogether(words: readonly string[]): boolean {
  const under = (word: string, other: string) =>
    (other === "all" && word !== other) ||
    (other === "databases" && word.startsWith("database ")) ||
    (other.startsWith("files") && word.startsWith(other === "files" ? "files " : `${other}/`));
  return new Set(words).size === words.length && !words.some((word) => words.some((other) => under(word, other)));
}

/** The id of an earlier restore, if what it replaced is to come back. */
export function undoneRestore(snapshot: string): string | undefined {
  return /^before (.+)$/.exec(snapshot)?.[1];
}
