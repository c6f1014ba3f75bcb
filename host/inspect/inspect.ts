import {
  type DeclaredFacts,
  type Difference,
  differenceKinds,
  type Inspection,
} from "../../delivery/protocol/inspection.ts";
import { unitsOf } from "../apply/hooks/choose.ts";
import { lookAtDatabases } from "../os/databases/databases.ts";
import { ApplyError, inContainer, type Machine } from "../os/machine.ts";
import { lookAtQuotas } from "../os/quota.ts";
import { unitStates } from "../os/systemd.ts";
import { readCurrent } from "../store/generations.ts";
import { routerOf } from "../store/host-name.ts";
import { foldersOf } from "../store/layout.ts";
import { asItMayRun } from "../store/moving.ts";
import { lookAtBackups, lookAtRestores } from "./checks/backups.ts";
import { lookAtCertificates } from "./checks/certificates.ts";
import { lookAtClock } from "./checks/clock.ts";
import { lookAtMirrors } from "./checks/mirrors.ts";
import { lookAtLinks, lookAtSsh } from "./checks/network.ts";
import { coverEveryUnit, findOverlays } from "./checks/overlays.ts";
import { lookAtKernel, lookAtPrograms, lookAtSystem } from "./checks/programs.ts";
import { lookAtProofs } from "./checks/proofs.ts";
import { lookAtTasks } from "./checks/tasks.ts";
import { lookAtHeld, lookAtProcesses, lookAtReloads, lookAtStates, showUnits } from "./checks/units.ts";
import { lookAtReplaced, lookAtUpgrades } from "./checks/upgrades.ts";
import { lookAtShadows, lookAtUsers } from "./checks/users.ts";
import { driftCheckOf } from "./drift-checks.ts";
import {
  accountNumber,
  lookAtAnswers,
  lookAtApplier,
  lookAtDirectories,
  lookAtFiles,
  lookAtFixtures,
  lookAtGeneration,
  lookAtSecrets,
} from "./files.ts";

/**
 * Compares the host with the generation in force and with what is declared. Changes nothing, and waits for no lock. Of a directory tree
 * only files are compared.
 * @param program file of the applier itself
 */
export async function inspect(machine: Machine, declared: DeclaredFacts, program: string): Promise<Inspection> {
  const generation = readCurrent(machine);
  const { number, bundle } = generation;
  const files = lookAtFiles(machine, generation);
  const overlays = findOverlays(machine, bundle);
  const differences = [
    ...lookAtGeneration(machine, generation, declared),
    ...files,
    ...overlays.map(({ difference }) => difference),
    ...lookAtDirectories(machine, bundle),
    ...lookAtSecrets(machine, bundle),
    ...lookAtAnswers(machine, bundle),
    ...lookAtApplier(program, declared),
  ];
  if (machine.live) {
    const states = await unitStates(machine);
    const shown = await showUnits(machine, generation, states);
    const broken = new Set(files.map(({ what }) => what));
    const router = routerOf(machine);
    const checks = foldersOf(router).flatMap((folder) => driftCheckOf(folder) ?? []);
    const ofBoth = [
      lookAtFixtures(machine),
      ...[...new Set(checks)].map(({ look }) => look(machine, bundle)),
      lookAtReloads(bundle, shown, coverEveryUnit(overlays)),
      lookAtSsh(machine),
      lookAtPrograms(machine, bundle, shown, broken),
      lookAtSystem(machine, declared),
      inContainer(machine) ? [] : lookAtKernel(machine),
    ];
    // What else a router runs is not Fairhost's.
    const ofRouter = () => [lookAtStates(bundle, states).filter(({ what }) => unitsOf(bundle).has(what))];
    const ofHost = () => [
      lookAtStates(asItMayRun(machine, bundle), states),
      lookAtHeld(machine, bundle),
      lookAtTasks(machine, bundle),
      lookAtProcesses(machine, bundle),
      lookAtShadows(machine, bundle),
      lookAtUsers(machine, bundle, broken),
      lookAtQuotas(machine, bundle),
      lookAtDatabases(machine, bundle),
      lookAtBackups(machine, bundle),
      lookAtRestores(machine, bundle),
      lookAtProofs(machine, bundle),
      lookAtLinks(machine, declared),
      lookAtCertificates(machine, bundle),
      lookAtClock(machine, bundle, declared),
      lookAtUpgrades(machine, declared),
      lookAtReplaced(machine, bundle),
      lookAtMirrors(machine, declared),
    ];
    const live = await Promise.all([...ofBoth, ...(router === undefined ? ofHost() : ofRouter())]);
    differences.push(...live.flat());
  }
  return { host: bundle.host, generation: number, differences: differences.sort(byGroupAndKind) };
}

/** The host group first, then by account and kind. */
function byGroupAndKind(a: Difference, b: Difference): number {
  const order = differenceKinds.indexOf(a.kind) - differenceKinds.indexOf(b.kind);
  return accountNumber(a.group) - accountNumber(b.group) || order || (a.what < b.what ? -1 : 1);
}

/** Parses standard input. @throws ApplyError if it is not a JSON object */
export function readFacts(text: string): DeclaredFacts {
  if (text.trim() === "") return {};
  try {
    const facts: unknown = JSON.parse(text);
    if (facts !== null && typeof facts === "object" && !Array.isArray(facts)) return facts;
  } catch {
    // Reported below.
  }
  throw new ApplyError("standard input must contain the declared facts, but it is not a JSON object");
}

/** For a person at the console. */
export function formatInspection({ host, generation, differences }: Inspection): string {
  const lines = differences.map(
    ({ group, kind, message, repaired, note }) =>
      `${group.padEnd(14)} ${note ? "note: " : ""}${kind}: ${message}\n${" ".repeat(15)}repaired ${repaired}`,
  );
  const summary = `${host || "(no bundle yet)"}, generation ${generation}: ${differences.length === 0 ? "no drift" : `${differences.length} differences`}`;
  return `${[...lines, summary].join("\n")}\n`;
}
