import * as pulumi from "@pulumi/pulumi";
import { count } from "../lib/text/text.ts";

/** How many accounts a refusal names. */
const most = 10;

interface AccountUid {
  readonly number: number;
  readonly uid: number;
}

/**
 * Refuses to give an account of this stack another uid: its files on hosts and in backups belong to the old one. A new default of
 * `uidBase`, as in the release after 0.1.0, would do that to every account of a fleet that does not write its own.
 * @param held uid of each account that the stack holds, by number
 * @param accounts what is declared now; numbers that the stack does not hold are new
 * @throws RunError that names the uids and what to write into network.yaml
 */
export function keepUids(held: ReadonlyMap<number, number>, accounts: readonly AccountUid[], inventory: string): void {
  const known = accounts.flatMap(({ number, uid }) => {
    const was = held.get(number);
    return was === undefined ? [] : { number, was, is: uid };
  });
  const changed = known.filter(({ was, is }) => was !== is);
  if (changed.length === 0) return;
  const lines = changed.slice(0, most).map(({ number, was, is }) => `  account ${number}: ${was} becomes ${is}`);
  if (changed.length > most) lines.push(`  and ${count(changed.length - most, "more account")}`);
  const bases = [...new Set(known.map(({ number, was }) => was - number))];
  const fix =
    bases.length === 1
      ? `write \`uidBase: ${bases[0]}\` into network.yaml of ${inventory}.`
      : `no \`uidBase\` in network.yaml keeps all of them, since their uids begin at ${bases.join(" and ")}; compare the state with its last backup.`;
  throw new pulumi.RunError(
    `Accounts of this stack would get another uid, while their files on hosts keep the old one; nothing was touched.\n${lines.join("\n")}\nFix: ${fix}`,
  );
}
