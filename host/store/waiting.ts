import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Machine } from "../os/machine.ts";
import { readOwnIfWhole, type Schema } from "./own-file.ts";

type Place = Pick<Machine, "layout">;

/** Milliseconds after which a host that has heard from nobody may have been declared lost: a restart takes less, a takeover hardly. */
const away = 15 * 60_000;

/** The clock of a host that has just booted is not exact. */
const inexact = 60_000;

const heardFile = ({ layout }: Place) => join(layout.state, "heard");
const waitingFile = ({ layout }: Place) => join(layout.jobs, "fence-waits");

/** Remembers that a backup host, or a delivery, has just said whose the accounts of this host are. */
export function rememberHeard(machine: Machine): void {
  machine.disk.replace(heardFile(machine), `${Date.now()}\n`, 0o600);
}

/** When that was, in milliseconds since 1970; undefined if nobody knows. */
export function lastHeard(machine: Place): number | undefined {
  return readOwnIfWhole(heardFile(machine), isTime);
}

const isTime: Schema<number> = (value): value is number => Number.isSafeInteger(value);

/** Whether that is so long ago that this host may have been declared lost. So it is if the clock has gone back: nobody knows how much time has passed. */
export function mayBeLost(machine: Place): boolean {
  const heard = lastHeard(machine);
  const passed = heard === undefined ? away : Date.now() - heard;
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
