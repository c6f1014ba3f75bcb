import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Bundle, Group } from "../../delivery/protocol/bundle.ts";
import { missingFixtures } from "../apply/init.ts";
import { groupOfPath } from "../apply/validate/problem.ts";
import type { Machine } from "../os/machine.ts";
import { wrongDirectories } from "../store/accounts.ts";
import { type FileDrift, findDrift } from "../store/file-drift.ts";
import { accountsOf, filesOf, type Generation, modeOf, possibleBases, readApplied } from "../store/generations.ts";
import { holder } from "../store/lock.ts";
import { readReport } from "../store/report.ts";
import { byDeploy, type DeclaredFacts, type Finding } from "./finding.ts";

/** Files of the generation in force. */
export function lookAtFiles({ layout }: Machine, generation: Generation): Finding[] {
  const files = filesOf(generation.bundle);
  const { changed, unknown } = findDrift(layout.current, generation);
  const groupOf = groupOfPath(generation.bundle);
  return [
    ...[...changed].map(([path, kind]): Finding => {
      const file = files.get(path)!;
      const message = `${path} ${sentences[kind]({ mode: modeOf(file), link: file.link })}`;
      return { group: file.group, kind, what: path, message, repaired: byDeploy };
    }),
    ...unknown.map((path): Finding => {
      const group = groupOf(path) ?? accountInName(generation.bundle, path);
      const message = `${path} is in no bundle: nobody but the applier should write there`;
      return { group, kind: "file-added", what: path, message, repaired: byDeploy };
    }),
  ];
}

const sentences: Readonly<Record<FileDrift, (file: { mode: number; link: string | undefined }) => string>> = {
  "file-removed": () => "is missing",
  "file-changed": () => "has another text than was written",
  "link-changed": ({ link }) => `should be a link to ${link} and is not`,
  "owner-changed": () => "should belong to root and does not",
  "mode-changed": ({ mode }) => `should have the mode ${mode.toString(8)} and has not`,
};

/** An account's group when a name in the path is one of its own: `account-12-x.service`. */
export function accountInName(bundle: Bundle, path: string): Group {
  const [, number] = /(?:^|\/)account-(\d+)[-.]/.exec(path) ?? [];
  const group: Group = `account-${Number(number)}`;
  return bundle.groups[group] ? group : "host";
}

/** What `init` made: links from Debian's paths to the generation, the recovery unit. */
export function lookAtFixtures(machine: Machine): Finding[] {
  return missingFixtures(machine).map(({ path, wanted }) => {
    return {
      group: "host",
      kind: "fixed-link",
      what: path,
      message: `${path} should be ${wanted} and is not`,
      repaired: byDeploy,
    };
  });
}

export function lookAtDirectories(machine: Machine, bundle: Bundle): Finding[] {
  return accountsOf(bundle).flatMap(([group, account]) =>
    wrongDirectories(machine, account).map(({ path, wrong, mendable }): Finding => {
      const repaired = mendable ? byDeploy : "by hand: move away what stands there, then deploy";
      return { group, kind: "account-directory", what: path, message: `${path} ${wrong}`, repaired };
    }),
  );
}

/** Whether they are there; what they are is nobody's business. */
export function lookAtSecrets({ layout }: Machine, bundle: Bundle): Finding[] {
  return accountsOf(bundle).flatMap(([group, { number }]) => {
    const path = join(layout.secrets, "accounts", `${number}`);
    if (existsSync(path)) return [];
    return [{ group, kind: "secret-missing", what: path, message: `${path} is missing`, repaired: byDeploy }];
  });
}

/** What is in force against what is declared. */
export function lookAtGeneration(
  machine: Machine,
  { number, bundle }: Generation,
  { digests }: DeclaredFacts,
): Finding[] {
  const findings: Finding[] = [];
  const applied = readApplied(machine)?.number ?? 0;
  const now = holder(machine.layout.lock);
  const what = `generation ${number}`;
  if (now && existsSync(machine.layout.at(`/proc/${now.pid}`))) {
    const message = `${now.work} (process ${now.pid}, since ${now.since}) is at work: what is found now may pass`;
    const repaired = "by hand: look again when it is done" as const;
    findings.push({ group: "host", kind: "apply-interrupted", what, message, repaired, note: true });
  } else if (possibleBases(machine, { number, bundle, repaired: [] }, applied).length > 1) {
    const message = `an apply was cut off: ${what} is in force, the hooks of ${applied} were completed last`;
    findings.push({ group: "host", kind: "apply-interrupted", what, message, repaired: byDeploy });
  }
  if (!digests) return findings;
  const refused = new Map(
    (readReport(machine.layout.report)?.errors ?? []).map(({ group, message }) => [group, message]),
  );
  for (const group of new Set([...Object.keys(digests), ...Object.keys(bundle.groups)]) as Set<Group>) {
    const [is, should] = [bundle.groups[group]?.digest, digests[group]];
    if (is === should) continue;
    const why = refused.get(group);
    const message =
      should === undefined
        ? `${group} is in force and no longer declared`
        : `${group} ${is === undefined ? "was never applied" : "is not the declared one"}${why === undefined ? "" : `; the last deploy refused it: ${why}`}`;
    findings.push({ group, kind: "generation-outdated", what, message, repaired: byDeploy });
  }
  return findings;
}

/** @param program the file that runs now */
export function lookAtApplier(program: string, { applier }: DeclaredFacts): Finding[] {
  if (applier === undefined) return [];
  if (createHash("sha256").update(readFileSync(program)).digest("hex") === applier) return [];
  const message = `${program} is not the applier that this release installs`;
  return [{ group: "host", kind: "applier-other", what: program, message, repaired: byDeploy }];
}

/** The host's own group comes before any account's. */
export function accountNumber(group: Group): number {
  return group === "host" ? -1 : Number(group.slice("account-".length));
}
