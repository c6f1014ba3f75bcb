import { createHash } from "node:crypto";
import { lstat, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { subject } from "../../../components/registry/subject.ts";
import { count } from "../../../lib/text/text.ts";
import { rules } from "../../../policies/rules.generated.ts";
import type { Finding } from "../../rule.ts";
import { guardRules } from "../../rules.generated.ts";
import { submoduleNow } from "./git.ts";

/** How another program than this one differs from its base. */
export interface ProgramChange {
  /** Relative to its repository. */
  readonly files: readonly string[];
  /** Of the files as they are now, so that an approval of one program is not one of another. Hexadecimal. */
  readonly digest: string;
}

/** Reads what a program's changed files are now, without running any of it. */
export async function programChange(root: string, commit: string, files: readonly string[]): Promise<ProgramChange> {
  const hash = createHash("sha256");
  for (const file of files) {
    const content = (await submoduleAt(root, commit, file)) ?? (await contentOf(join(root, file)));
    hash.update(`${file}\0${content.kind} ${content.bytes.length}\0`).update(content.bytes);
  }
  // 128 bits: nobody finds two programs of one digest, not even whoever writes both.
  return { files, digest: hash.digest("hex").slice(0, 32) };
}

/** Which commit of another repository a submodule is now; its files are not in this one. */
async function submoduleAt(
  root: string,
  commit: string,
  file: string,
): Promise<{ kind: string; bytes: Buffer } | undefined> {
  const status = await lstat(join(root, file)).catch(() => undefined);
  if (!status?.isDirectory()) return undefined;
  const now = await submoduleNow(root, commit, file);
  return { kind: "submodule", bytes: Buffer.from(now) };
}

async function contentOf(path: string): Promise<{ kind: string; bytes: Buffer }> {
  const status = await lstat(path).catch(() => undefined);
  if (!status) return { kind: "gone", bytes: Buffer.alloc(0) };
  if (status.isSymbolicLink()) return { kind: "link", bytes: await readlink(path, "buffer") };
  if (!status.isFile()) return { kind: "other", bytes: Buffer.alloc(0) };
  return { kind: status.mode & 0o100 ? "program" : "file", bytes: await readFile(path) };
}

/** Most files of one part that are named. */
const most = 5;

/** Files by the part of the repository that they are in: `package.json, guard/ (2 files: guard/rule.ts, guard/verdict/review.ts)`. */
export function partsOf(files: readonly string[]): string {
  return [...Map.groupBy(files, (file) => /^[^/]+\//.exec(file)?.[0] ?? file)]
    .map(([part, own]) => {
      if (!part.endsWith("/")) return part;
      const more = own.length > most ? " and more" : "";
      return `${part} (${count(own.length, "file")}: ${own.slice(0, most).join(", ")}${more})`;
    })
    .join(", ");
}

/**
 * Which rules files are, as a sentence: a rule whose body is emptied is known by its file, whatever it would find. Files that rules use are
 * not known as rules.
 */
export function rulesWords(files: readonly string[]): string {
  const names = files.flatMap((file) => {
    const name = /^(?:guard\/rules|components\/.*\/rules|policies\/.*)\/([a-z0-9-]+)\.ts$/.exec(file)?.[1];
    return name !== undefined && (known.has(name) || !file.startsWith("policies/")) ? [name] : [];
  });
  return names.length === 0 ? "" : ` It changes ${names.length === 1 ? "the rule" : "the rules"} ${names.join(", ")}.`;
}

const known = new Set([...rules, ...guardRules].map(({ name }) => name));

/** The finding about a program that this one does not run. */
export function programFinding({ files, digest }: ProgramChange): Finding & { readonly rule: string } {
  return {
    rule: "rules-kept",
    subject: subject.register({}),
    message: `Changes the program, which this review does not run: ${partsOf(files)}.${rulesWords(files)} What it does on hosts, and how it judges later changes, is unknown.`,
    approval: { action: "weaken", resource: `program ${digest}` },
  };
}
