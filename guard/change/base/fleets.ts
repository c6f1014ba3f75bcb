import { basename, dirname, join } from "node:path";
import { textOf } from "../../../fleet/load/read-fleet.ts";
import { readSource } from "../../../fleet/load/source.ts";
import type { Finding } from "../../rule.ts";
import { filesNamed, hasCommit, textAt } from "./git.ts";

/** A fleet of a repository. */
export interface FoundFleet {
  /** Directory, relative to the repository, with `/`. */
  readonly place: string;
  /** Its identity: `fleet` of its network.yaml, otherwise the directory's name. */
  readonly id: string;
  /** Whether network.yaml says it. */
  readonly named: boolean;
}

/** What a review of one fleet compares. */
export interface Pairing {
  readonly before: FoundFleet | undefined;
  readonly after: FoundFleet | undefined;
  readonly notices: readonly string[];
  readonly findings: readonly Pick<Finding, "message" | "approval">[];
}

/** Every fleet of a directory. @param files each network.yaml in it, by its place; default: of its working tree */
export async function fleetsIn(root: string, files?: readonly string[]): Promise<FoundFleet[]> {
  const found = files ?? (await filesNamed(root, "network.yaml"));
  return Promise.all(found.map((file) => fleetAt(root, dirname(file) === "." ? "" : dirname(file))));
}

/** The fleet of a directory. Whatever else is wrong with its network.yaml is for the loader to say. */
export async function fleetAt(root: string, place: string): Promise<FoundFleet> {
  const directory = join(root, place);
  const said = idOf(textOf(directory, "network.yaml") ?? "");
  return said === undefined ? { place, id: basename(directory), named: false } : { place, id: said, named: true };
}

/**
 * Where a fleet was in an earlier commit, by its identity: its directory may have moved since. `undefined` if it was in none.
 * @param place its directory in `commit`
 */
export async function sameFleetAt(
  root: string,
  commit: string,
  place: string,
  earlier: string,
): Promise<string | undefined> {
  const idAt = async (of: string, directory: string) => {
    const text = await textAt(root, of, join(directory, "network.yaml"));
    if (text === undefined) return undefined;
    return idOf(text) ?? basename(directory);
  };
  const [id, there] = await Promise.all([idAt(commit, place), idAt(earlier, place)]);
  if (id === undefined || there === id) return place;
  // The first commit has none before it, and where history is cut off it is not here.
  const files = (await hasCommit(root, earlier)) ? await filesNamed(root, "network.yaml", earlier) : [];
  const places = files.map((file) => dirname(file));
  for (const each of places) if ((await idAt(earlier, each)) === id) return each;
  return there === undefined ? undefined : place;
}

function idOf(text: string): string | undefined {
  const said = (readSource("network.yaml", text).source.data as { readonly fleet?: unknown } | null | undefined)?.fleet;
  return typeof said === "string" ? said : undefined;
}

/**
 * Pairs the fleet that is asked for with itself in the base, by its identity, wherever its directory is. A fleet that seems new while
 * another one vanishes is blocked, because its deletions would not show.
 * @param asked directory of the fleet; it may have moved
 */
export function pairFleets(before: readonly FoundFleet[], after: readonly FoundFleet[], asked: string): Pairing {
  const at = (fleets: readonly FoundFleet[]) => fleets.find(({ place }) => place === asked);
  const called = (fleets: readonly FoundFleet[], id: string | undefined) => fleets.filter((each) => each.id === id);
  const was = at(before);
  const head = at(after) ?? called(after, was?.id)[0];
  if (!head) return { before: was, after: undefined, notices: [], findings: [] };
  const same = called(before, head.id);
  const base = same.find(({ place }) => place === head.place) ?? same[0] ?? was;
  const findings: Pick<Finding, "message" | "approval">[] = [];
  const block = (message: string, approval?: Finding["approval"]) =>
    findings.push({ message, ...(approval && { approval }) });

  const twins = called(after, head.id);
  if (twins.length > 1 && twins.length > same.length) {
    block(
      `${twins.map(({ place }) => place).join(" and ")} are both fleet ${head.id}. Write a \`fleet\` of its own into the network.yaml of the new one.`,
    );
  }
  if (base && base.id !== head.id && !base.named) {
    block(
      `Changes the identity of the fleet from ${base.id} to ${head.id}. Write \`fleet: ${base.id}\` into network.yaml.`,
      {
        action: "renumber",
        resource: `fleet ${base.id}`,
      },
    );
  }
  if (was && base !== was) {
    block(
      `${asked} held fleet ${was.id} and holds fleet ${head.id} now: this review does not show what happens to ${was.id}. Keep fleet ${was.id} in that directory.`,
    );
  }
  const vanished = before.filter(({ id }) => id !== base?.id && called(after, id).length === 0);
  for (const { id, place } of vanished) {
    if (base) {
      block(`Fleet ${id} (${place}) is missing after the change. This review does not show what is deleted with it.`, {
        action: "delete",
        resource: `fleet ${id}`,
      });
      continue;
    }
    block(
      `Fleet ${id} (${place}) vanishes, and fleet ${head.id} (${head.place}) is new: what is deleted does not show. If it is the same fleet, write \`fleet: ${id}\` into ${head.place}/network.yaml; otherwise add the new fleet in a change of its own.`,
    );
  }
  const moved = base && base.place !== head.place;
  const notices = moved ? [`Fleet ${head.id} was in ${base.place}, and is in ${head.place} now.`] : [];
  return { before: base, after: head, notices, findings };
}
