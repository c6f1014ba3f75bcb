import { lstatSync } from "node:fs";
import { apt } from "../../../components/upgrade/apt.host.ts";
import type { Bundle } from "../../../delivery/protocol/bundle.ts";
import type { DeclaredFacts, Difference, Repair } from "../../../delivery/protocol/inspection.ts";
import { unitsOf } from "../../apply/hooks/choose.ts";
import type { Machine } from "../../os/machine.ts";
import { unitsOnReplacedFiles } from "../../os/replaced.ts";

const day = 86_400_000;
/** Days after which package lists, which are read daily, are too old. */
const listsStale = 3;
/** Days after which a run is missing: no host has fewer than one night a week. */
const runMissing = 8;

/** Stamps of apt.systemd.daily, touched after each success. */
const stamps = { lists: "/var/lib/apt/periodic/update-stamp", run: "/var/lib/apt/periodic/upgrade-stamp" };

/** A package with a newer version in the host's package sources. */
interface Pending {
  readonly name: string;
  readonly words: string;
  readonly security: boolean;
}

/**
 * Upgrades that wait, as notes; as drift, those that should have come by themselves and did not: unattended-upgrades holds packages
 * back without a word, and an apt that cannot reach its sources is silent as well. Reads the lists that the host has; asks no mirror.
 */
export async function lookAtUpgrades(
  machine: Machine,
  { upgrades, runtimes = [] }: DeclaredFacts,
  now = Date.now(),
): Promise<Difference[]> {
  if (!upgrades) return [];
  const simulation = [
    "--quiet=2",
    "--simulate",
    "--ignore-hold",
    "--allow-change-held-packages",
    "--option",
    "Debug::NoLocking=true",
    "dist-upgrade",
  ];
  const { status, stdout, stderr } = await machine.run("apt-get", simulation, { timeout: 300_000 });
  if (status !== 0) {
    const message = `apt cannot work out upgrades: ${stderr.trim().split("\n").at(-1)}`;
    return [stuck(message, "run `dpkg --configure -a` and `apt-get --fix-broken install`, read what they say")];
  }
  const pending = pendingIn(stdout);
  const security = pending.filter((each) => each.security);
  const [own, others] = [true, false].map((declared) =>
    pending.filter(({ name, security }) => !security && runtimes.includes(name) === declared),
  );
  const byAsOf = "set `upgrades.asOf` in the inventory to today, then deploy";
  return [
    ...(upgrades.security ? lookAtRuns(machine, security, now) : []),
    ...waiting(security, "security upgrades wait", upgrades.security ? "wait for the next upgrade night" : byAsOf),
    ...waiting(own!, "upgrades of declared runtimes wait", byAsOf),
    ...waiting(others!, "upgrades wait", byAsOf),
  ];
}

/** Lines of a simulated upgrade: `Inst curl [8.1-1] (8.2-1 Debian:13.2/stable [all])`. A new package has no old version. */
function pendingIn(simulated: string): Pending[] {
  return [...simulated.matchAll(/^Inst (\S+) \[(\S+)\] \((\S+) ([^[]*)/gm)].map(([, name, was, is, sources]) => {
    return { name: name!, words: `${name} ${was} to ${is}`, security: /\bDebian-Security:/.test(sources!) };
  });
}

/** Whether the nightly upgrade did what it is for. Counted from the day on which Fairhost set it up. */
function lookAtRuns(machine: Machine, security: readonly Pending[], now: number): Difference[] {
  const since = timeOf(machine, apt.link) ?? now;
  const [lists, run] = [stamps.lists, stamps.run].map((path) => timeOf(machine, path));
  const old = (time: number | undefined, days: number) => now - Math.max(time ?? 0, since) > days * day;
  const last = (time: number | undefined) => (time === undefined ? "never" : `last on ${new Date(time).toISOString()}`);
  const differences: Difference[] = [];
  if (old(lists, listsStale)) {
    differences.push(
      stuck(`package lists were read ${last(lists)}`, "see `journalctl -u apt-daily`, run `apt-get update`"),
    );
  }
  if (old(run, runMissing)) {
    const message = `security upgrades were installed ${last(run)}`;
    differences.push(stuck(message, "see `journalctl -u apt-daily-upgrade` and /var/log/unattended-upgrades"));
  } else if (security.length > 0 && lists !== undefined && run !== undefined && run > lists) {
    const message = `the last upgrade night left out ${named(security)}`;
    differences.push(stuck(message, "run `unattended-upgrade --dry-run --debug`, which says why"));
  }
  return differences;
}

function timeOf({ layout }: Machine, path: string): number | undefined {
  return lstatSync(layout.at(path), { throwIfNoEntry: false })?.mtimeMs;
}

function stuck(message: string, fix: string): Difference {
  return { group: "host", kind: "upgrade-stuck", what: "apt", message, repaired: `by hand: ${fix}` };
}

function waiting(pending: readonly Pending[], what: string, fix: string): Difference[] {
  if (pending.length === 0) return [];
  const message = `${what}: ${named(pending)}`;
  return [
    {
      group: "host",
      kind: "upgrade-pending",
      what: pending[0]!.name,
      message,
      repaired: `by hand: ${fix}`,
      note: true,
    },
  ];
}

function named(pending: readonly Pending[]): string {
  return listed(pending.map(({ words }) => words));
}

/** The first five. */
function listed(names: readonly string[]): string {
  const more = names.length - 5;
  return `${names.slice(0, 5).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

/**
 * Programs that go on with files that an upgrade has replaced, as notes. The host's own units are drift, which the next deploy repairs
 * (host/inspect/checks/programs.ts). Programs of accounts are never restarted for it: most end by themselves when idle.
 */
export function lookAtReplaced(machine: Machine, bundle: Bundle): Difference[] {
  const own = unitsOf(bundle);
  const units = [...unitsOnReplacedFiles(machine).keys()].filter((unit) => own.get(unit)?.group !== "host").sort();
  const isAccounts = (unit: string) => /^account-\d+-/.test(unit);
  const note = (names: readonly string[], who: string, fix: string): Difference[] => {
    if (names.length === 0) return [];
    const message = `${who} still run files that were replaced on disk: ${listed(names)}`;
    const repaired: Repair = `by hand: ${fix}`;
    return [{ group: "host", kind: "program-outdated", what: names[0]!, message, repaired, note: true }];
  };
  return [
    ...note(
      units.filter(isAccounts),
      "programs of accounts",
      "they take the new files when they start again; `systemctl try-restart` does it now",
    ),
    ...note(
      units.filter((unit) => !isAccounts(unit)),
      "other units",
      "`systemctl restart` them, or reboot",
    ),
  ];
}
