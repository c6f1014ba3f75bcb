import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Machine } from "../os/machine.ts";
import { readOwnIfWhole, type Schema } from "./own-file.ts";

type Place = Pick<Machine, "layout">;

/** Milliseconds after which a host that was off may have been declared lost: a restart takes less, a takeover hardly. */
const away = 15 * 60_000;

/** The clock of a host that has just booted is not exact. */
const inexact = 60_000;

const runningFile = ({ layout }: Place) => join(layout.state, "running");
const waitingFile = ({ layout }: Place) => join(layout.jobs, "fence-waits");

/** Remembers that this host runs its accounts just now: its timer asks whose they are, a backup host has said so, or a delivery. */
export function rememberRunning(machine: Machine): void {
  machine.disk.replace(runningFile(machine), `${Date.now()}\n`, 0o600);
}

/** When that was, in milliseconds since 1970; undefined if nobody knows. */
export function lastRunning(machine: Place): number | undefined {
  return readOwnIfWhole(runningFile(machine), isTime);
}

const isTime: Schema<number> = (value): value is number => Number.isSafeInteger(value);

/** Whether that is so long ago that this host may have been declared lost. So it is if the clock has gone back: nobody knows how much time has passed. */
export function mayBeLost(machine: Place): boolean {
  const ran = lastRunning(machine);
  const passed = ran === undefined ? away : Date.now() - ran;
  return passed >= away || passed < -inexact;
}

/** A boot waits for an answer. The file goes with the boot at the latest. @param why a sentence without its dot, for people */
export function beginWaiting(machine: Machine, why: string): void {
  machine.disk.makeDirectory(machine.layout.jobs, 0o700);
  machine.disk.replace(waitingFile(machine), `${why}\n`, 0o600, { sync: false });
}

/** @returns whether anything waited */
export function endWaiting(machine: Machine): boolean {
  const waited = existsSync(waitingFile(machine));
  machine.disk.remove(waitingFile(machine));
  return waited;
}

/** Why programs of accounts wait; undefined if they do not. */
export function waiting(machine: Place): string | undefined {
  return existsSync(waitingFile(machine)) ? readFileSync(waitingFile(machine), "utf8").trim() : undefined;
}
