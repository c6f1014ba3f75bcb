import { setTimeout as sleep } from "node:timers/promises";
import { gaveUp } from "../../lib/systemd/gave-up.ts";
import type { UnitStates } from "../apply/hooks/choose.ts";
import { ApplyError, type Machine, type RunResult } from "./machine.ts";

/**
 * Seconds for which systemd may leave questions unanswered. It answers none while it reads its units again, which took 32 s on a loaded
 * host with 1,000 accounts, and `systemctl` gives up after 25 s.
 */
const silence = 300;

/**
 * Asks systemd something that changes nothing. No answer is not an answer: it is asked again.
 * @throws ApplyError if it has answered nothing for five minutes
 */
export async function ask({ run }: Pick<Machine, "run">, args: readonly string[], pause = 1000): Promise<string> {
  const end = performance.now() + silence * 1000;
  for (;;) {
    const { status, stdout, stderr } = await run("systemctl", args, { timeout: silence * 1000 });
    if (status === 0) return stdout;
    if (performance.now() > end) {
      throw new ApplyError(`systemd has not answered \`systemctl ${args[0]}\` for ${silence} s: ${stderr.trim()}`);
    }
    await sleep(pause);
  }
}

/** State of the socket of an account's HTTP server that was given up: systemd says `failed`, as of one that could not be made. */
export const givenUp = "given up";

/** Every loaded unit with its state, in one call; in two if sockets of accounts are down. Takes as long as there are units: a host with 1,000 accounts has 4,000. */
export function unitStates(machine: Machine): Promise<UnitStates> {
  return listUnits(machine);
}

/** Units by which systemd is asked for their states; of more than these all are asked for. */
const mostNamed = 100;

/**
 * The same of some units alone: systemd compares all names, and says only what it found.
 * @param units names, or patterns of them as `account-1-ssh@*.service`
 */
export async function statesOf(machine: Machine, units: readonly string[]): Promise<UnitStates> {
  if (units.length === 0) return new Map();
  // A pattern has another meaning for what is escaped in a name. That a socket was given up is seen by its service.
  const isPlain = units.every((unit) => /^[\w:.@*-]+$/.test(unit));
  const asked = new Set(units.flatMap((unit) => [unit, serviceOf(unit)]));
  return listUnits(machine, ...(isPlain && asked.size <= mostNamed ? ["--", ...asked] : []));
}

/** What a unit is that is not active, systemctl(1) `--state=help`. */
const notActive = "inactive,failed,activating,deactivating,reloading,refreshing,maintenance";

/** Every loaded unit that is not active, with its state. */
export function statesOfDown(machine: Machine): Promise<UnitStates> {
  return listUnits(machine, `--state=${notActive}`);
}

/**
 * The states of all loaded units again, when some of them were started and stopped since: only of these systemd says that they are active. Of the others it says
 * which are down; none of those that are to run is unloaded while fairhost.target or another one wants it.
 */
export async function statesAgain(
  machine: Machine,
  before: UnitStates,
  touched: ReadonlySet<string>,
): Promise<UnitStates> {
  if (touched.size * 2 > mostNamed) return unitStates(machine);
  const now = await statesOf(machine, [...touched]);
  const others = [...before].filter(([unit, state]) => state === "active" && !touched.has(unit));
  return new Map([...others, ...now, ...(await statesOfDown(machine))]);
}

async function listUnits(machine: Machine, ...which: readonly string[]): Promise<UnitStates> {
  const stdout = await ask(machine, ["list-units", "--all", "--no-pager", "--output=json", ...which]);
  const units = JSON.parse(stdout) as { unit: string; active: string }[];
  const states = new Map(units.map(({ unit, active }) => [unit, active]));
  const down = units.flatMap(({ unit, active }) => {
    const service = serviceOf(unit);
    return active === "failed" && unit.startsWith("account-") && service !== unit && states.get(service) === "failed"
      ? [service]
      : [];
  });
  if (down.length === 0) return states;
  const shown = await ask(machine, ["show", "--property=Id,ExecMainStatus", "--", ...down]);
  for (const block of shown.split("\n\n")) {
    const service = /^Id=(.+)$/m.exec(block)?.[1];
    if (service && block.split("\n").includes(`ExecMainStatus=${gaveUp}`)) states.set(socketOf(service), givenUp);
  }
  return states;
}

/** The service that a socket starts. */
export const serviceOf = (socket: string) => socket.replace(/\.socket$/, ".service");

/** The socket that starts a service. */
export const socketOf = (service: string) => service.replace(/\.service$/, ".socket");

/** Calls systemctl once for all units. An empty list is a success. */
export async function systemctl({ run }: Machine, verb: string, units: readonly string[]): Promise<RunResult> {
  if (units.length === 0) return { status: 0, stdout: "", stderr: "" };
  return run("systemctl", ["--no-ask-password", "--quiet", verb, "--", ...units], { timeout: 600_000 });
}

/**
 * Whether a socket of an account that does not listen can be started; then it listens again. A program with its socket can end that whenever it likes
 * (shutdown(2)), so only one that cannot start says something about the host.
 */
export async function listensAgain(machine: Machine, unit: string): Promise<boolean> {
  if (!unit.endsWith(".socket")) return false;
  await systemctl(machine, "reset-failed", [unit]);
  await systemctl(machine, "start", [unit]);
  return (await unitStates(machine)).get(unit) === "active";
}

/** Whether a file of these units differs from what systemd has read. Loads units that are not loaded yet. */
export async function outdated(machine: Machine, units: readonly string[]): Promise<boolean> {
  if (units.length === 0) return false;
  return (await ask(machine, ["show", "--property=NeedDaemonReload", "--", ...units])).includes("NeedDaemonReload=yes");
}

/** Why a unit does not run, in one line: systemd's result and the end of its log. */
export async function reasonFor({ run }: Machine, unit: string): Promise<string> {
  const properties = "--property=LoadState,ActiveState,SubState,Result,LoadError";
  const shown = await run("systemctl", ["show", properties, "--", unit]);
  const log = await run("journalctl", ["--no-pager", "--quiet", "--output=cat", "--lines=5", "--unit", unit]);
  const facts = shown.stdout.split("\n").filter((line) => line && !line.endsWith('=""') && !line.endsWith("="));
  return [facts.join(" "), ...log.stdout.trim().split("\n")].filter(Boolean).join("; ");
}

/**
 * When a unit was last started or reloaded, in milliseconds since 1970: for systemd a reload is a change of state.
 * @returns undefined if it never was
 */
export async function lastStateChange(machine: Pick<Machine, "run">, unit: string): Promise<number | undefined> {
  return sinceBoot(await ask(machine, ["show", "--property=StateChangeTimestampMonotonic", "--value", "--", unit]));
}

/** When systemd last read all its units, in milliseconds since 1970. */
export async function lastDaemonReload(machine: Machine): Promise<number> {
  return sinceBoot(await ask(machine, ["show", "--property=UnitsLoadTimestampMonotonic", "--value"])) ?? 0;
}

/** Converts a time in microseconds since boot, which no change of the clock affects. 0 means never. */
function sinceBoot(microseconds: string): number | undefined {
  if (!(Number(microseconds) > 0)) return undefined;
  const age = Number(process.hrtime.bigint() / 1000n) - Number(microseconds);
  return Date.now() - age / 1000;
}

/** Error message of a failed command; undefined if it succeeded. */
export async function said(result: Promise<RunResult>): Promise<string | undefined> {
  const { status, stdout, stderr } = await result;
  return status === 0 ? undefined : `${stderr}${stdout}`.trim() || `exit status ${status}`;
}
