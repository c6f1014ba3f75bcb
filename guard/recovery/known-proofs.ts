import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Declaration } from "../../components/registry/kinds.generated.ts";
import { isAhead, usualProofDays } from "../../delivery/protocol/proofs.ts";
import { count } from "../../lib/text/text.ts";
import type { Answer } from "./recovery.ts";

const time = z.iso.datetime({ offset: true });
const schema = z.record(z.string(), z.object({ asked: time, proof: time }));
type Known = z.output<typeof schema>;

/** Milliseconds. */
const day = 86_400_000;

/** Part of its time after which a proof that no drill has renewed is announced. Drills renew it after half of it. */
const announced = 0.75;

const fileIn = (directory: string) => join(directory, "known-proofs");

/**
 * Remembers, beside the deploys' records, the newest proof of each account as its host gave it: a preview contacts no host. What only informs is begun anew if it is damaged.
 * @param directory of the deploys' records
 * @param answers of hosts that were asked now: what is known of others stays
 * @param accounts of the stack: what is known of one that has gone, or to another host, is forgotten
 * @param now milliseconds
 */
export async function keepKnownProofs(
  directory: string,
  answers: readonly Answer[],
  accounts: Declaration["accounts"],
  now: number,
): Promise<void> {
  const before = await read(directory);
  const asked = new Map(answers.map((answer) => [answer.host, answer]));
  const next: Known = {};
  for (const { host, number } of [...accounts].sort((left, right) => left.number - right.number)) {
    const key = `${host} ${number}`;
    const answer = asked.get(host);
    const proof = answer?.accounts.find(({ account }) => account === number)?.proof?.time;
    if (proof !== undefined) next[key] = { asked: new Date(now).toISOString(), proof };
    else if (answer === undefined && before[key]) next[key] = before[key];
  }
  await mkdir(directory, { recursive: true });
  const file = fileIn(directory);
  await writeFile(`${file}.new`, `${JSON.stringify(next, undefined, 2)}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
}

/**
 * Sentences about proofs that end soon, or have ended, as hosts said when they were last asked. Only those that were near their end even then: drills renew a proof long before, so of
 * others nobody knows whether one has done so since.
 * @param now milliseconds
 */
export async function endingProofs(
  directory: string,
  { accounts }: Pick<Declaration, "accounts">,
  now: number,
): Promise<string[]> {
  const known = await read(directory);
  return accounts.flatMap(({ host, number, name, backup }): string[] => {
    const { asked, proof } = known[`${host} ${number}`] ?? {};
    if (!backup || asked === undefined || proof === undefined || isAhead(asked, now)) return [];
    const days = backup.proofDays ?? usualProofDays;
    const [began, ends] = [Date.parse(proof), Date.parse(proof) + days * day];
    if (Date.parse(asked) - began < announced * days * day) return [];
    const left = Math.max(1, Math.ceil((ends - now) / day));
    const when = ends > now ? `ends in ${count(left, "day")}` : `ended on ${new Date(ends).toISOString().slice(0, 10)}`;
    const refuses = ends > now ? "After that a deploy" : "A deploy";
    return [
      `The proof that the backup of account ${number} (${name}) on ${host} can be restored ${when}, unless a drill has succeeded since ${host} was asked on ${asked.slice(0, 10)}. ${refuses} to ${host} needs an approval (backups-proven): run \`fairhost-host drill ${number}\` there.`,
    ];
  });
}

async function read(directory: string): Promise<Known> {
  try {
    return schema.parse(JSON.parse(await readFile(fileIn(directory), "utf8")));
  } catch {
    return {};
  }
}
