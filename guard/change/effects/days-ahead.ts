import { valuesOf } from "../../../components/registry/fields/schema-walk.ts";
import type { FileKind } from "../../../components/registry/file.ts";
import { type FileKey, type Fleet, fileKinds } from "../../../components/registry/files.generated.ts";
import { subject } from "../../../components/registry/subject.ts";
import type { Finding } from "../../rule.ts";

interface Said {
  readonly key: FileKey;
  /** `tombstones.yaml`, `account 1001`. */
  readonly where: string;
  readonly path: string;
  readonly day: string;
}

/**
 * Days on which something has happened that are still to come, in whatever file: what is not so yet would be on record as if it were. Where it
 * is tomorrow already, tomorrow has come.
 * @param before what the base says already is no fault of this change
 * @param today ISO 8601
 */
export function daysAhead(before: Fleet | undefined, after: Fleet, today: string): (Finding & { rule: string })[] {
  const tomorrow = new Date(Date.parse(today) + 86_400_000).toISOString().slice(0, 10);
  const ahead = (fleet: Fleet) => pastDays(fleet).filter(({ day }) => day > tomorrow);
  const known = new Set(before && ahead(before).map(({ key, day }) => `${key} ${day}`));
  return ahead(after)
    .filter(({ key, day }) => !known.has(`${key} ${day}`))
    .map(({ where, path, day }) => ({
      rule: "identity-kept",
      subject: subject.register({}),
      message: `Says ${path} ${day} (${where}), a date in the future. Write the day on which it happened.`,
    }));
}

function pastDays(fleet: Fleet): Said[] {
  return (Object.entries(fileKinds) as [FileKey, FileKind][]).flatMap(([key, { name, path: file, schema }]) => {
    const isFolder = file.endsWith("/");
    // An older release, whose fleet the base may be, did not read every folder.
    const entries = (isFolder ? (fleet[key] ?? []) : [fleet[key]]) as readonly object[];
    return entries.flatMap((entry) => {
      const where = isFolder ? `${name} ${Reflect.get(entry, "number") ?? Reflect.get(entry, "name")}` : file;
      return valuesOf(schema, entry, "past day").flatMap(({ path, value }) =>
        typeof value === "string" && /^\d{4}-\d\d-\d\d$/.test(value)
          ? [{ key, where, path: path.replace(/^\d+\./, ""), day: value }]
          : [],
      );
    });
  });
}
