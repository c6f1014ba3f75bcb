import { existsSync } from "node:fs";
import type { Machine } from "./machine.ts";

/** Seconds after which what was in force before is restored, unless the new was confirmed. */
export const seconds = 30;

/**
 * A timer that restores what was in force before, whatever becomes of the applier: for changes that can cut the controller off. It is set
 * before such a change takes effect, and disarmed once SSH has let somebody in with it.
 */
export interface DeadMan {
  /** Part of the timer's name. */
  readonly name: string;
  /** For messages: what is restored, in the plural. */
  readonly what: string;
  /** A file that says what was in force before. Whoever renames it, the timer's service or {@link confirm}, has decided. */
  readonly rescue: string;
  /** The command that restores it from the file. */
  restoring(file: string): readonly [program: string, ...args: string[]];
}

const unitOf = ({ name }: DeadMan) => `fairhost-${name}-dead-man`;

/** Sets the timer. @returns the error, if any: then the change must not take effect */
export async function arm({ run }: Machine, deadMan: DeadMan): Promise<string | undefined> {
  const { rescue } = deadMan;
  await run("systemctl", ["stop", `${unitOf(deadMan)}.timer`]);
  const timer = ["--on-active", `${seconds}s`, "--timer-property", "AccuracySec=1s"];
  // What fails now may work in a moment.
  const script = 'mv "$1" "$2" && shift 2 && for each in 1 2 3 4 5 6; do "$@" && exit; sleep 5; done; exit 1';
  const used = `${rescue}.used`;
  const restoring = ["/bin/sh", "-c", script, "sh", rescue, used, ...deadMan.restoring(used)];
  const armed = await run("systemd-run", ["--quiet", "--collect", "--unit", unitOf(deadMan), ...timer, ...restoring]);
  return armed.status === 0 ? undefined : `cannot set the dead-man timer: ${armed.stderr.trim()}`;
}

/**
 * Disarms the timer.
 * @param worked what is in force now, as it is kept for the next change: a file and its text. Written only if it stays in force
 * @returns the error if it was too late
 */
export async function confirm(
  { disk, run }: Machine,
  deadMan: DeadMan,
  worked?: readonly [file: string, text: string],
): Promise<string | undefined> {
  const { rescue, what } = deadMan;
  try {
    disk.rename(rescue, `${rescue}.confirmed`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return `the new ${what} were not confirmed within ${seconds} s, so the timer has restored the old ones: deploy again`;
  }
  if (worked) disk.replace(...worked, 0o600);
  await run("systemctl", ["stop", `${unitOf(deadMan)}.timer`]);
  return undefined;
}

/** Restores at once. @returns what was wrong, and what came of it. If it fails, the timer stays and tries again. */
export async function restore(machine: Machine, deadMan: DeadMan, wrong: string): Promise<string> {
  const { rescue, what } = deadMan;
  const [program, ...args] = deadMan.restoring(rescue);
  const { status, stderr } = await machine.run(program, args);
  if (status !== 0 && !existsSync(rescue)) return `${wrong}; the timer has restored the old ${what}`;
  if (status !== 0) {
    return `${wrong}; the old ${what} could NOT be restored (${stderr.trim()}), the timer tries again within ${seconds} s`;
  }
  const late = await confirm(machine, deadMan);
  return late === undefined ? `${wrong}; the old ${what} are restored` : `${wrong}; ${late}`;
}
