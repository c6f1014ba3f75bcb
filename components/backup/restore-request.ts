import { createHash } from "node:crypto";
import { z } from "zod";
import { fitTogether, type RestoreRequest, restoredPart, undoneRestore } from "../../delivery/protocol/restores.ts";
import { text } from "../inputs.ts";
import { promise } from "../registry/fields/field-class.ts";
import { format, nameSchema, pastDay } from "../schema.ts";

const day = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/;

const snapshotSchema = format(
  "a day such as 2026-11-28, 8 to 64 characters of a backup's id, or `before` and the id of an earlier restore",
  (says) =>
    z
      .string()
      .regex(
        /^(?:\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])|[0-9a-f]{8,64}|before [a-z](?:[a-z0-9-]{0,30}[a-z0-9])?)$/,
        says,
      ),
  "a day or a backup's id",
);

const wordSchema = format(
  "`all`, `files`, `files PATH` (inside the home, without `admin`), `databases` or `database NAME`",
  (says) => z.string().refine((word) => restoredPart(word) !== undefined, says),
  "what is restored",
);

/** The key `restore` of an account's file. */
export const restoreSchema = z
  .strictObject({
    id: nameSchema.describe(
      "A new name for each restore, such as `shop-2026-11-30`. The host restores once for each: with an id that it knows it does nothing.",
    ),
    snapshot: pastDay(
      snapshotSchema.describe(
        "Which backup: a day (its newest one, UTC), the beginning of an id that `fairhost-host backups` lists, or `before <id>`: what the restore of that id has replaced. A host keeps that for 7 days, and of older restores no more than fits the account's disk limit.",
      ),
    ),
    what: z
      .array(wordSchema)
      .min(1)
      .max(20)
      .describe(
        "What is restored: `all` (home, `/var/lib` and databases), `files` (the home), `files PATH` (a file or directory in it), `databases`, `database NAME`.",
      ),
  })
  .superRefine(({ snapshot, what }, context) => {
    const say = (message: string) => context.addIssue({ code: "custom", path: ["what"], message });
    if (!fitTogether(what)) say("must name nothing twice: one of them is part of another one");
    if (undoneRestore(snapshot) !== undefined && what.join() !== "all")
      say("must be `all` with a snapshot `before <id>`: all that the restore of that id replaced comes back");
  });

/** The same, as the resource has it. */
export const restoreInputs = promise(
  z.strictObject({
    id: text.describe("A new one for each restore."),
    snapshot: text.describe("A day, the beginning of a backup's id, or `before` and the id of an earlier restore."),
    what: z.array(text).describe("`all`, `files`, `files PATH`, `databases`, `database NAME`."),
  }),
  { judged: "data-kept", weaker: "any" },
);

export type Restore = Pick<RestoreRequest, "id" | "snapshot" | "what">;

/** What is restored, and from what, for a sentence: `file or directory sub/page from the backup of 2026-11-28`. */
export function restoreInWords({ snapshot, what }: Restore): string {
  const before = undoneRestore(snapshot);
  if (before !== undefined) return `what restore ${before} replaced`;
  const words = what.map((word) => {
    const part = restoredPart(word);
    switch (part?.of) {
      case "all":
        return "all files and databases";
      case "files":
        return "all files of the home";
      case "databases":
        return "all databases";
      case "path":
        return `${part.path} in the home`;
      case "database":
        return `database ${part.name}`;
      default:
        return word;
    }
  });
  return `${words.join(", ")} from ${day.test(snapshot) ? `the backup of ${snapshot}` : `backup ${snapshot}`}`;
}

/** What an approval names: account, id, backup, and what is restored, by a digest if that cannot be part of a name. */
export function restoreResource(number: number, { id, snapshot, what }: Restore): string {
  const all = what.map((word) => word.replace(" ", "/")).join(":");
  // A path with a colon in it would read as two words.
  const whole = /^[a-z0-9_:./-]{1,150}$/.test(all) && !what.some((word) => word.includes(":"));
  const named = whole ? all : createHash("sha256").update(JSON.stringify(what)).digest("hex").slice(0, 32);
  return `account ${number}:${id}:${snapshot.replace(" ", "-")}:${named}`;
}
