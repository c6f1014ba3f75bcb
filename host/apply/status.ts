import type { ApplyReport } from "../../delivery/protocol/bundle.ts";
import { type FailingTask, failingTasks } from "../inspect/checks/tasks.ts";
import { isProgram } from "../inspect/checks/units.ts";
import type { Machine } from "../os/machine.ts";
import { firewallHash } from "../os/network/nftables.ts";
import { unitsOnReplacedFiles } from "../os/replaced.ts";
import { givenUp, serviceOf, unitStates } from "../os/systemd.ts";
import { findDrift } from "../store/file-drift.ts";
import { possibleBases, readApplied, readCurrent } from "../store/generations.ts";
import { type Holder, holder } from "../store/lock.ts";
import {
  asItMayRun,
  goneAccounts,
  goneInWords,
  heldGroups,
  marked,
  unfinishedCopy,
  waitingForMoves,
} from "../store/moving.ts";
import { readReport } from "../store/report.ts";
import { openRestores } from "../store/restores.ts";
import { waiting } from "../store/waiting.ts";
import { unitsOf } from "./hooks/choose.ts";
import { accountsIn } from "./prepare.ts";

export interface HostStatus {
  readonly host: string;
  readonly generation: number;
  readonly digest: string;
  readonly accounts: number;
  /** Generation whose hooks completed last. */
  readonly applied: number;
  /** A run was interrupted; the next apply or boot completes or rolls back. */
  readonly interrupted: boolean;
  /** Files that were changed, or that are unexpected. */
  readonly drift: readonly string[];
  /** Units that should run but do not, with systemd's name of their state. */
  readonly notRunning: readonly { readonly unit: string; readonly state: string }[];
  /** Services of programs of accounts that failed too often, or ended with `restart: never`: nothing starts them again before the next boot, a change or an administrator. */
  readonly disabled: readonly string[];
  /** Scheduled tasks of accounts whose last run failed. */
  readonly failing: readonly FailingTask[];
  /** Units that still run programs or libraries that an upgrade has replaced. */
  readonly outdated: readonly string[];
  /** Groups of the accounts that are held, because they move, have gone or are unfinished copies: nothing of them runs here. */
  readonly held: readonly string[];
  /** Why accounts are held that have gone, one sentence each. */
  readonly gone: readonly string[];
  /** What was delivered and is not in force yet, because other accounts have not moved away, one sentence each. */
  readonly notYet: readonly string[];
  /** Why programs of accounts wait for a backup host since the boot; undefined if they do not. */
  readonly waiting: string | undefined;
  /** Accounts that are unfinished copies of others: held, and not backed up, until `fairhost-host copy` has ended. */
  readonly copies: readonly string[];
  /** Declared restores that are not done, one sentence each. */
  readonly restores: readonly string[];
  readonly firewall: "as loaded" | "changed" | "none";
  readonly lastResult: ApplyReport["result"] | "none";
  /** The run that holds the lock now. */
  readonly working: Holder | undefined;
}

/** Collects the status. Changes nothing. */
export async function status(machine: Machine): Promise<HostStatus> {
  const { layout, live } = machine;
  const { number, bundle } = readCurrent(machine);
  const applied = readApplied(machine);
  const drift = findDrift(layout.current, { bundle });
  const states = live ? await unitStates(machine) : undefined;
  const wanted = [...unitsOf(asItMayRun(machine, bundle)).values()].filter(({ want }) => want === "start");
  const stopped = states
    ? wanted
        .map(({ name, group }) => ({ unit: name, group, state: states.get(name) ?? "not loaded" }))
        .filter(({ state }) => state !== "active")
    : [];
  const isDisabled = ({ unit, group, state }: (typeof stopped)[number]) =>
    state === givenUp || (state === "failed" && isProgram(unit, group));
  const hash = live ? await firewallHash(machine, bundle) : undefined;
  return {
    host: bundle.host,
    generation: number,
    digest: bundle.digest,
    accounts: accountsIn(bundle),
    applied: applied?.number ?? 0,
    interrupted: possibleBases(machine, { number, bundle, repaired: [] }, applied?.number ?? 0).length > 1,
    drift: [...drift.changed.keys(), ...drift.unknown],
    notRunning: stopped.filter((unit) => !isDisabled(unit)).map(({ unit, state }) => ({ unit, state })),
    failing: failingTasks(machine, bundle),
    disabled: [...new Set(stopped.filter(isDisabled).map(({ unit }) => serviceOf(unit)))],
    outdated: live ? [...unitsOnReplacedFiles(machine).keys()].sort() : [],
    held: heldGroups(machine),
    gone: [...goneAccounts(machine)].map(([number, gone]) => goneInWords(bundle.host, number, gone)),
    notYet: waitingForMoves(machine, bundle),
    waiting: waiting(machine),
    copies: marked(machine, "copying").map((number) => {
      const { from, since } = unfinishedCopy(machine, number)!;
      return `account-${number} is an unfinished copy of account ${from}, started ${since}`;
    }),
    restores: openRestores(machine, bundle).map(({ text }) => text),
    firewall: hash === undefined ? "none" : hash === applied?.firewall ? "as loaded" : "changed",
    lastResult: readReport(layout.report)?.result ?? "none",
    working: holder(layout.lock),
  };
}

/** For a person at the console. */
export function formatStatus(status: HostStatus): string {
  const lines = [
    `host         ${status.host || "(no bundle yet)"}`,
    `generation   ${status.generation} (${status.accounts} accounts, bundle ${status.digest.slice(0, 12)})`,
    `applied      ${status.applied}${status.interrupted ? "  INTERRUPTED: apply again" : ""}`,
    `last result  ${status.lastResult}`,
    `firewall     ${status.firewall}`,
    `drift        ${status.drift.length === 0 ? "none" : status.drift.join(", ")}`,
    `not running  ${status.notRunning.length === 0 ? "none" : status.notRunning.map(({ unit, state }) => `${unit} (${state})`).join(", ")}`,
    `held         ${status.held.length === 0 ? "none" : status.held.join(", ")}`,
    ...status.gone.map((why) => `gone         ${why}`),
    ...status.notYet.map((what) => `not yet      ${what}`),
    ...(status.waiting === undefined ? [] : [`waiting      ${status.waiting}`]),
    ...status.copies.map((copy) => `copy         ${copy}`),
    ...status.restores.map((restore) => `restore      ${restore}`),
    `failing      ${status.failing.length === 0 ? "none" : status.failing.map(inWords).join(", ")}`,
    `outdated     ${status.outdated.length === 0 ? "none" : status.outdated.join(", ")}`,
    `disabled     ${status.disabled.length === 0 ? "none" : status.disabled.join(", ")}`,
  ];
  if (status.working)
    lines.push(`working      ${status.working.work}, process ${status.working.pid}, since ${status.working.since}`);
  return `${lines.join("\n")}\n`;
}

function inWords({ task, failures, result, status, at }: FailingTask): string {
  return `${task} (${failures} in a row, the last at ${at}: ${result} ${status})`;
}
