import type { Needs, Variants } from "../../components/registry/bundle/bundle-folder.ts";
import { head, load } from "./sources.ts";

/**
 * Debian packages of hosts, and units of them that must not run: what kinds, their variants and bundle folders declare. Written as plain
 * text, because the applier compares them too and must not carry the kinds' schemas.
 */
export async function packages(): Promise<string> {
  const kinds = Object.entries((await load("components/registry/kinds.generated.ts")).kinds as Declarers);
  const variants = kinds.flatMap(([, { variants }]) => variants ?? []);
  return textOfPackages({
    always: [
      ...kinds.map(named("kind")),
      ...((await load("components/registry/bundle/bundle-folders.generated.ts")).bundleFolders as FolderList).map(
        (folder) => named("bundle folder")([folder.name, folder]),
      ),
    ],
    whereUsed: variants.flatMap(({ word, needs }) => Object.entries(needs).map(named(word))),
  });
}

/** @throws for names that Debian or systemd does not allow, all together */
export function textOfPackages(needs: { readonly always: readonly Named[]; readonly whereUsed: readonly Named[] }) {
  const all = [...needs.always, ...needs.whereUsed];
  const wrong = all.flatMap((own) => [...wrongIn(own, "packages", packageName), ...wrongIn(own, "masks", unitName)]);
  if (wrong.length > 0) throw new Error(wrong.join("\n"));
  return `${head}
/** Debian packages that every host needs in addition to a minimal system, and what needs them; all from the main section of the release. */
export const hostPackages: readonly string[] = [
${lines(needs.always, "packages")}
];

/** Those that a host needs only if something declared on it does. */
export const packagesWhereUsed: readonly string[] = [
${lines(needs.whereUsed, "packages")}
];

/** Units that packages of both lists bring and that must not run on a host. */
export const maskedUnits: readonly string[] = [
${lines(all, "masks")}
];
`;
}

type Declarers = Readonly<Record<string, Needs & { readonly variants?: readonly Variants<unknown>[] }>>;
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
