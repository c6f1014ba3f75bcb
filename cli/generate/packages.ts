import type { Needs } from "../../components/registry/bundle-folder.ts";
import { head, load } from "./sources.ts";

/**
 * Debian packages of a host, and units of them that must not run: what kinds, server kinds and bundle folders declare. Written as plain
 * text, because the applier compares them too and must not carry the kinds' schemas.
 */
export async function packages(): Promise<string> {
  const needs = [
    ...Object.entries((await load("components/registry/kinds.generated.ts")).kinds as Declarers).map(named("kind")),
    ...Object.entries((await load("components/http/servers.generated.ts")).servers as Declarers).map(
      named("server kind"),
    ),
    ...((await load("components/registry/bundle-folders.generated.ts")).bundleFolders as FolderList).map((folder) =>
      named("bundle folder")([folder.name, folder]),
    ),
  ];
  return textOfPackages(needs);
}

/** @throws for names that Debian or systemd does not allow, all together */
export function textOfPackages(needs: readonly Named[]): string {
  const wrong = needs.flatMap((own) => [...wrongIn(own, "packages", packageName), ...wrongIn(own, "masks", unitName)]);
  if (wrong.length > 0) throw new Error(wrong.join("\n"));
  return `${head}
/** Debian packages that a host needs in addition to a minimal system, and what needs them; all from the main section of the release. */
export const hostPackages: readonly string[] = [
${lines(needs, "packages")}
];

/** Units that these packages bring and that must not run on a host. */
export const maskedUnits: readonly string[] = [
${lines(needs, "masks")}
];
`;
}

type Declarers = Readonly<Record<string, Needs>>;
type FolderList = readonly (Needs & { readonly name: string })[];
type Member = keyof Needs;
type Named = readonly [name: string, needs: Needs];

const named =
  (what: string) =>
  ([name, needs]: readonly [string, Needs]): Named => [`${what} ${name}`, needs];

/** Debian policy 5.6.1. Both are words of a shell in the bootstrap. */
const packageName = /^[a-z0-9][a-z0-9+.-]+$/;
const unitName = /^[a-z0-9][a-z0-9@_.-]*\.(service|socket|timer|path)$/;

function wrongIn([by, needs]: Named, member: Member, format: RegExp): string[] {
  return (needs[member] ?? [])
    .filter((name) => !format.test(name))
    .map((name) => `${by}: ${JSON.stringify(name)} in \`${member}\` is not a valid name`);
}

/** One line for each name, sorted, with all that declare it. */
function lines(needs: readonly Named[], member: Member): string {
  const uses = needs.flatMap(([by, own]) => (own[member] ?? []).map((name) => ({ name, by })));
  return Object.entries(Object.groupBy(uses, ({ name }) => name))
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, by]) => `  ${JSON.stringify(name)}, // ${by!.map((use) => use.by).join(", ")}`)
    .join("\n");
}
