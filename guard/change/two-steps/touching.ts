import { join } from "node:path";
import { namesAbove, namesOf } from "../../../components/http/web-site/web-address.ts";
import { fileKinds } from "../../../components/registry/files.generated.ts";
import type { Kind } from "../../../components/registry/kind.ts";
import { kinds } from "../../../components/registry/kinds.generated.ts";
import type { History } from "../base/base.ts";
import { commitsIn, filesRemoved } from "../base/history.ts";
import { changesBetween } from "../diff.ts";
import type { Step } from "./step.ts";

/** Names that the files of accounts of this change had before: a file can be renamed between two steps. */
export async function formerFiles(
  { root, commit, place }: History,
  since: string,
  { wholes }: Step,
): Promise<string[]> {
  const numbers = changesBetween(wholes.before, wholes.after).flatMap(({ kind, before, after }) => {
    const { accountOf }: Kind = kinds[kind];
    return [before, after].flatMap((side) => (side && accountOf?.(side)) ?? []);
  });
  const asked = [...new Set(numbers)].slice(0, mostNames);
  if (asked.length === 0) return [];
  // However the number is written, it stands in a line of the file.
  const pattern = `(^|[^0-9])(${asked.join("|")})([^0-9]|$)`;
  return filesRemoved(root, commit, since, join(place, fileKinds.accounts.path), pattern);
}

/** Most host names that are looked for; of a change that claims more, these show that it does. */
const mostNames = 200;

/**
 * Commits that touched a host name which this change claims, in whatever account's file: the account that had it need not be in this
 * change.
 */
export async function touchingClaimed(
  { root, commit, place }: History,
  since: string,
  { wholes }: Step,
): Promise<string[]> {
  const [had, has] = [wholes.before, wholes.after].map(({ httpServers }) => new Set(httpServers.flatMap(namesOf)));
  const claimed = [...has!].filter((name) => !had!.has(name)).slice(0, mostNames);
  if (claimed.length === 0) return [];
  const pattern = claimed.flatMap((name) => patternsOf(name, wholes.before.networks[0]?.platformDomain)).join("|");
  return commitsIn(root, commit, since, [join(place, fileKinds.accounts.path)], pattern);
}

/** Lines of accounts' files from which a host name, or one that gives an account power over it, follows. */
function patternsOf(name: string, platformDomain: string | undefined): string[] {
  const quoted = (text: string) => text.replaceAll(/[^\w-]/g, "\\$&");
  const own = name.replace(/^\*\./, "");
  const above = namesAbove(own).map(quoted);
  const platform = platformDomain !== undefined && own.endsWith(`.${platformDomain}`);
  return [
    // Itself, a wildcard over it, what is below it; then what is above it.
    quoted(own),
    ...above.map((parent) => `(^|[^a-z0-9.-])(\\*\\.)?${parent}([^a-z0-9.-]|$)`),
    ...(platform
      ? [
          `^name: *["']?${quoted(
            own
              .slice(0, -platformDomain.length - 1)
              .split(".")
              .at(-1)!,
          )}["']?$`,
        ]
      : []),
  ];
}
