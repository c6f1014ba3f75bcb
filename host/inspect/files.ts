import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { answersDirectory } from "../../delivery/protocol/answers.ts";
import { hostAnswers } from "../../delivery/protocol/backups.ts";
import type { Bundle, Group } from "../../delivery/protocol/bundle.ts";
import { byDeploy, type DeclaredFacts, type Difference } from "../../delivery/protocol/inspection.ts";
import { missingFixtures } from "../apply/init.ts";
import { groupOfPath } from "../apply/validate/problem.ts";
import type { Machine } from "../os/machine.ts";
import { wrongDirectories } from "../store/accounts.ts";
import { exposedFiles } from "../store/closed.ts";
import { type FileDrift, findDrift } from "../store/file-drift.ts";
import { accountsOf, filesOf, type Generation, modeOf, possibleBases, readApplied } from "../store/generations.ts";
import { holder } from "../store/lock.ts";
import { readReport } from "../store/report.ts";
import { otherMaster, secretDirectories } from "../store/secrets.ts";

/** Files of the generation in force. */
export function lookAtFiles({ layout }: Machine, generation: Generation): Difference[] {
  const files = filesOf(generation.bundle);
  const { changed, unknown } = findDrift(layout.current, generation);
  const groupOf = groupOfPath(generation.bundle);
  return [
    ...[...changed].map(([path, kind]): Difference => {
      const file = files.get(path)!;
      const message = `${path} ${sentences[kind]({ mode: modeOf(file), link: file.link })}`;
      return { group: file.group, kind, what: path, message, repaired: byDeploy };
    }),
    ...unknown.map((path): Difference => {
      const group = groupOf(path) ?? accountInName(generation.bundle, path);
      const message = `${path} is unexpected: only the applier should write there`;
      return { group, kind: "file-added", what: path, message, repaired: byDeploy };
    }),
  ];
}

const sentences: Readonly<Record<FileDrift, (file: { mode: number; link: string | undefined }) => string>> = {
  "file-removed": () => "is missing",
  "file-changed": () => "was changed",
  "link-changed": ({ link }) => `is not a symlink to ${link}`,
  "owner-changed": () => "does not belong to root",
  "mode-changed": ({ mode }) => `does not have mode ${mode.toString(8)}`,
};

/** The group of the account whose number is in the path: `account-12-x.service`. */
function accountInName(bundle: Bundle, path: string): Group {
  const [, number] = /(?:^|\/)account-(\d+)[-.]/.exec(path) ?? [];
  const group: Group = `account-${Number(number)}`;
  return bundle.groups[group] ? group : "host";
}

/** Checks the symlinks from Debian's paths to the generation, and the recovery unit; `init` creates them. */
export function lookAtFixtures(machine: Machine): Difference[] {
  return missingFixtures(machine).map(({ path, wanted }) => {
    return {
      group: "host",
      kind: "fixed-link",
      what: path,
      message: `${path} is not ${wanted}`,
      repaired: byDeploy,
    };
  });
}

export function lookAtDirectories(machine: Machine, bundle: Bundle): Difference[] {
  return accountsOf(bundle).flatMap(([group, account]) =>
    wrongDirectories(machine, account).map(({ path, wrong, repairable }): Difference => {
      const repaired = repairable ? byDeploy : "by hand: move it away, then deploy";
      return { group, kind: "account-directory", what: path, message: `${path} ${wrong}`, repaired };
    }),
  );
}

/** Checks that they exist, and that only root can read them, without reading them. */
export function lookAtSecrets(machine: Machine, bundle: Bundle): Difference[] {
  const exposed = exposedFiles(machine, bundle).map(({ path, wrong }): Difference => {
    const name = secretDirectories(machine).includes(dirname(path)) ? basename(path) : "";
    const group: Group = bundle.groups[`account-${Number(name)}`] ? `account-${Number(name)}` : "host";
    const message = `${path} ${wrong}: others could have read it; if an account could, rotate the secrets`;
    return { group, kind: "secret-exposed", what: path, message, repaired: byDeploy };
  });
  const missing = accountsOf(bundle).flatMap(([group, { number }]): Difference[] => {
    const missing = secretDirectories(machine)
      .map((directory) => join(directory, `${number}`))
      .filter((path) => !existsSync(path));
    return missing.map((path) => {
      return { group, kind: "secret-missing", what: path, message: `${path} is missing`, repaired: byDeploy };
    });
  });
  const message = otherMaster(machine);
  const repaired = "by hand: raise fairhost:secretEpoch by one and deploy" as const;
  const what = machine.layout.secrets;
  return [
    ...exposed,
    ...missing,
    ...(message ? [{ group: "host", kind: "secret-other", what, message, repaired } as const] : []),
  ];
}

/** What a backup host says to hosts about themselves. Its stamps only the controller can make, so nothing here knows them. */
export function lookAtAnswers({ layout }: Machine, bundle: Bundle): Difference[] {
  const answers = (bundle.groups.host?.files ?? []).filter(({ path }) => path.startsWith(hostAnswers));
  return answers.flatMap(({ path, content }): Difference[] => {
    const what = layout.at(join(answersDirectory, basename(path)));
    const text = existsSync(what) ? readFileSync(what, "utf8") : undefined;
    if (text?.startsWith(content!)) return [];
    const kind = text === undefined ? "file-removed" : "file-changed";
    const message = `${what} ${text === undefined ? "is missing" : "was changed"}: ${basename(path)} asks here whether it is lost`;
    return [{ group: "host", kind, what, message, repaired: byDeploy }];
  });
}

/** Compares the generation in force with what is declared. */
export function lookAtGeneration(
  machine: Machine,
  { number, bundle }: Generation,
  { digests }: DeclaredFacts,
): Difference[] {
  const differences: Difference[] = [];
  const applied = readApplied(machine)?.number ?? 0;
  const now = holder(machine.layout.lock);
  const what = `generation ${number}`;
  if (now && existsSync(machine.layout.at(`/proc/${now.pid}`))) {
    const message = `${now.work} (process ${now.pid}, since ${now.since}) is running: drift found now may be temporary`;
    const repaired = "by hand: inspect again when it has ended" as const;
    differences.push({ group: "host", kind: "apply-interrupted", what, message, repaired, note: true });
  } else if (possibleBases(machine, { number, bundle, repaired: [] }, applied).length > 1) {
    const message = `an apply was interrupted: ${what} is in force, but the last completed hooks are those of generation ${applied}`;
    differences.push({ group: "host", kind: "apply-interrupted", what, message, repaired: byDeploy });
  }
  if (!digests) return differences;
  const refused = new Map(
    (readReport(machine.layout.report)?.errors ?? []).map(({ group, message }) => [group, message]),
  );
  for (const group of new Set([...Object.keys(digests), ...Object.keys(bundle.groups)]) as Set<Group>) {
    const [is, should] = [bundle.groups[group]?.digest, digests[group]];
    if (is === should) continue;
    const why = refused.get(group);
    const message =
      should === undefined
        ? `${group} is on the host but no longer declared`
        : `${group} ${is === undefined ? "was never applied" : "differs from its declaration"}${why === undefined ? "" : `; the last deploy refused it: ${why}`}`;
    differences.push({ group, kind: "generation-outdated", what, message, repaired: byDeploy });
  }
  return differences;
}

/** @param program the file that runs now */
export function lookAtApplier(program: string, { applier }: DeclaredFacts): Difference[] {
  if (applier === undefined) return [];
  if (createHash("sha256").update(readFileSync(program)).digest("hex") === applier) return [];
  const message = `${program} is not the applier that this release installs`;
  return [{ group: "host", kind: "applier-other", what: program, message, repaired: byDeploy }];
}

/** The host's own group comes before any account's. */
export function accountNumber(group: Group): number {
  return group === "host" ? -1 : Number(group.slice("account-".length));
}
