import { createHash } from "node:crypto";
import { type FieldChange, fieldChanges, fieldWords } from "../../../components/registry/fields/field-changes.ts";
import type { FileKind } from "../../../components/registry/file.ts";
import { type FileKey, type Fleet, fileKinds } from "../../../components/registry/files.generated.ts";
import { subject } from "../../../components/registry/subject.ts";
import { isPinOf, type KnownHost } from "../../../lib/known-hosts.ts";
import { count } from "../../../lib/text/text.ts";
import type { Finding } from "../../rule.ts";

/** What a change does to the files of a fleet that are declared by no component. */
export interface FileChanges {
  /** One sentence for each file that says something else: texts too. */
  readonly notices: readonly string[];
  readonly findings: readonly (Finding & { readonly rule: string })[];
}

/** Most fields of one file that are named. */
const most = 8;

/** What differs in one file, and the finding about what of it needs an approval. */
export interface ChangesOfFile {
  readonly key: FileKey;
  readonly path: string;
  readonly changes: readonly FieldChange[];
  readonly open: readonly FieldChange[];
  readonly finding?: Finding & { readonly rule: string };
}

/**
 * Compares the files that judge themselves (`judged: "itself"`), field by field, by the classes of their schemas. What a guard rule judges
 * in words of its own is only said.
 */
export function fileChanges(before: Fleet, after: Fleet): FileChanges {
  const files = changesOfFiles(before, after);
  return {
    notices: files.map(({ path, changes }) => `${path} changes: ${wordsOf(changes)}.`),
    findings: files.flatMap(({ finding }) => finding ?? []),
  };
}

/** The same with the fields, of each file in which something differs. */
export function changesOfFiles(before: Fleet, after: Fleet): ChangesOfFile[] {
  return (Object.entries(fileKinds) as [FileKey, FileKind][]).flatMap(([key, { path, schema, judged }]) => {
    if (judged !== "itself") return [];
    const was: unknown = before[key];
    // An older release, whose fleet either side may be, did not read the file; nor did it say what has a default now.
    if (was === undefined || after[key] === undefined) return [];
    const [old, next] = [was, after[key] as unknown].map((side) => schema.safeParse(side).data ?? side);
    const changes = fieldChanges(schema, old, next);
    if (changes.length === 0) return [];
    const weaker = changes.filter((each) => each.weaker && each.judged.judged === undefined);
    const open = key === "knownHosts" ? weaker.filter((each) => !isPin(each, before, after)) : weaker;
    return [{ key, path, changes, open, ...(open.length > 0 && { finding: findingOf(key, path, open) }) }];
  });
}

function wordsOf(changes: readonly FieldChange[]): string {
  const more = changes.length - most;
  return [...changes.slice(0, most).map(fieldWords), ...(more > 0 ? [`${count(more, "more field")}`] : [])].join(", ");
}

/** Whether a line of known_hosts only pins one key to a declared host, whose `ssh` is judged. */
function isPin({ was, is }: FieldChange, before: Fleet, after: Fleet): boolean {
  const sides = [
    [was, before],
    [is, after],
  ] as const;
  return sides.every(
    ([line, { hosts, knownHosts }]) =>
      line === undefined ||
      isPinOf(
        line as KnownHost,
        knownHosts,
        hosts.map(({ ssh }) => ssh),
      ),
  );
}

/** An approval of limits is of all of them, as where an earlier change raised them; of keys it names these lines and no others. */
function findingOf(key: FileKey, path: string, changes: readonly FieldChange[]): Finding & { rule: string } {
  const words = wordsOf(changes);
  const about = { rule: "trust-approved", subject: subject.register({}) };
  switch (key) {
    case "limits": {
      const message = `Lets one update do more (${path}): ${words}.`;
      return { ...about, message, approval: { action: "weaken", resource: "limits deployment" } };
    }
    case "knownHosts": {
      const message = `Changes which keys are trusted beside those of declared hosts (${path}): ${words}. Patterns and certificate authorities are trusted for whoever they match.`;
      return { ...about, message, approval: { action: "trust", resource: `known ${digestOf(changes)}` } };
    }
    default: {
      const message = `Changes ${path}: ${words}.`;
      return { ...about, message, approval: { action: "trust", resource: `file ${digestOf(changes)}` } };
    }
  }
}

function digestOf(changes: readonly FieldChange[]): string {
  const said = changes.map(({ path, was, is }) => [path, was, is]);
  return createHash("sha256").update(JSON.stringify(said)).digest("hex").slice(0, 32);
}
