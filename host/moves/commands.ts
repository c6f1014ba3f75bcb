import { readFileSync } from "node:fs";
import { engineNames } from "../../delivery/protocol/databases.ts";
import { restoreInside } from "../archives/restore.ts";
import { otherHost } from "../backups/commands.ts";
import { databasesOf } from "../os/databases/databases.ts";
import type { Machine } from "../os/machine.ts";
import { readCurrent } from "../store/generations.ts";
import { showCertificates, takeCertificates } from "./certificates.ts";
import { passes, receive, send } from "./copy.ts";
import { restoreLost } from "./restore-lost.ts";
import { moveState } from "./state.ts";
import { cancel, empty, expect, expectBackup, keep, land, landWithout, leave, notExpected, stop } from "./steps.ts";

const steps = {
  ...{ expect, keep, stop, empty, land, leave, cancel },
  "expect-backup": expectBackup,
  "land-without-backup": landWithout,
};

/**
 * One part of a move: `fairhost-host move ACCOUNT WHAT`.
 * @returns the work, which gives its exit status; undefined if the words make no sense
 */
export function moveCommand(
  machine: Machine,
  [of, what = "", first, second, ...more]: readonly string[],
): (() => Promise<number>) | undefined {
  const number = Number(of);
  if (!Number.isSafeInteger(number) || number < 1 || more.length > 0) return undefined;
  const print = (text: string) => void process.stdout.write(`${text}\n`);
  const done = (work: () => unknown) => async () => {
    await work();
    return 0;
  };
  if (what === "restore") {
    const engine = engineNames.find((each) => each === first);
    if (!engine || second === undefined) return undefined;
    return done(() => restoreDump(machine, number, { engine, name: second }));
  }
  if (what === "restore-backup") {
    const epoch = Number(second);
    if (first === undefined || !Number.isSafeInteger(epoch) || epoch < 1) return undefined;
    return async () => {
      print(await restoreLost(machine, number, { ...otherHost(first), epoch }));
      return 0;
    };
  }
  if (second !== undefined) return undefined;
  const pass = passes.find((each) => each === first);
  if (what === "send" || what === "receive") {
    return pass && done(() => (what === "send" ? send : receive)(machine, number, pass));
  }
  if (first !== undefined) return undefined;
  switch (what) {
    case "state":
      return done(() => print(JSON.stringify(moveState(machine, number))));
    case "show-certificates":
      return done(() => print(showCertificates(machine, number)));
    case "take-certificates":
      return done(() => takeCertificates(machine, number, readFileSync(0, "utf8")));
    default: {
      if (!Object.hasOwn(steps, what)) return undefined;
      return done(async () => print(await steps[what as keyof typeof steps](machine, number)));
    }
  }
}

/** Restores a dump on standard input into a database of an account that comes here: as the account, in its sandbox and limits. */
async function restoreDump(
  machine: Machine,
  number: number,
  { engine, name }: { readonly engine: (typeof engineNames)[number]; readonly name: string },
): Promise<void> {
  const { bundle } = readCurrent(machine);
  const account = bundle.groups[`account-${number}`]?.account;
  const isDeclared = databasesOf(bundle, number).some((each) => each.engine === engine && each.name === name);
  if (!account || !isDeclared || !moveState(machine, number).coming) throw notExpected(number);
  await restoreInside(machine, account, undefined, { engine, name });
}
