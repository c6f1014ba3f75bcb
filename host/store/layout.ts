import { join } from "node:path";
import { bundleFolders } from "../../components/bundle-folders.generated.ts";
import { currentGeneration } from "../../delivery/protocol/bundle.ts";

/** Where the applier keeps everything of its own. */
export const stateDirectory = "/var/lib/fairhost";

/** Fixed links from where Debian's programs look to the generation in force; made once by `init`. */
export const fixedLinks: Readonly<Record<string, string>> = Object.fromEntries(
  bundleFolders.flatMap((folder) => (folder.link ? [[folder.link, `${currentGeneration}/${folder.name}`]] : [])),
);

/** A generation's record: written last, it makes the generation complete. */
export const recordName = "generation.json";

/** Of every directory in a generation. */
export const directoryMode = 0o755;

/** Every path of the applier under `root` (`/` on a host, a directory in tests and simulations). */
export interface Layout {
  readonly root: string;
  readonly state: string;
  readonly current: string;
  readonly generations: string;
  /** An older generation nobody needs, of which the next one is made. */
  readonly spare: string;
  readonly secrets: string;
  /** What is known about the last completed apply. */
  readonly applied: string;
  readonly report: string;
  /** The host's name as of its first bundle. */
  readonly host: string;
  /** What stood where `init` put its links. */
  readonly saved: string;
  /** Spooled deliveries and progress of running applies: on /run, so secrets never reach the disk and a reboot clears it. */
  readonly jobs: string;
  readonly lock: string;
  /** A path of the host, below `root`. */
  at(path: string): string;
}

export function layout(root: string): Layout {
  const at = (path: string) => join(root, path);
  const state = at(stateDirectory);
  return {
    root,
    state,
    current: at(currentGeneration),
    generations: join(state, "generations"),
    spare: join(state, "spare"),
    secrets: join(state, "secrets"),
    applied: join(state, "applied.json"),
    report: join(state, "report.json"),
    host: join(state, "host"),
    saved: join(state, "saved"),
    jobs: at("/run/fairhost"),
    lock: at("/run/fairhost/lock"),
    at,
  };
}
