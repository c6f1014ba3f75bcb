import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isAhead, keptProofs, type Proof, proofNamespace, type SignedProof } from "../../delivery/protocol/proofs.ts";
import { accountDirectory } from "../archives/archives.ts";
import { ApplyError, type Machine, type Run } from "../os/machine.ts";
import { isRecord, readOwnIfWhole, type Schema } from "../store/own-file.ts";

/** Milliseconds after which records of an account that is not here any more go: no plan takes proofs that are older. */
const gone = 366 * 86_400_000;

/** A proof, or why it is none: somebody has changed it, or it is of another host. */
export type ReadProof = { readonly proof: Proof } | { readonly invalid: string };

function directoryOf({ layout }: Machine): string {
  return join(layout.state, "proofs");
}

/** Of each only that it is a record: {@link readProof} looks at the rest. */
const areProofs: Schema<SignedProof[]> = (value): value is SignedProof[] =>
  Array.isArray(value) && value.every(isRecord);

/** Proofs of drills on this host, by the account's number, the oldest first. What is damaged is an empty list. */
export function storedProofs(machine: Machine): ReadonlyMap<number, readonly SignedProof[]> {
  const directory = directoryOf(machine);
  const names = existsSync(directory) ? readdirSync(directory) : [];
  return new Map(
    names.flatMap((name): [number, readonly SignedProof[]][] => {
      const [, number] = /^(\d+)\.json$/.exec(name) ?? [];
      if (number === undefined) return [];
      return [[Number(number), (readOwnIfWhole(join(directory, name), areProofs) ?? []).slice(-keptProofs - 1)]];
    }),
  );
}

/** What is known of how an account's backups can be restored. */
export interface Proven {
  /** The newest drill in which all was restored. */
  readonly last?: Proof;
  /** The newest of all, if that failed. */
  readonly failed?: Proof;
  /** Why a record that is newer than these says nothing. */
  readonly invalid?: string;
}

/** @param stored of {@link storedProofs}, if many accounts are looked at */
export async function provenOf(
  machine: Machine,
  host: string,
  account: number,
  stored = storedProofs(machine),
  now = Date.now(),
): Promise<Proven> {
  const signed = stored.get(account);
  if (!signed) return {};
  const keys = publicKeys(machine);
  let failed: Proof | undefined;
  let invalid = signed.length === 0 ? "it is damaged" : undefined;
  const more = () => ({ ...(failed && { failed }), ...(invalid !== undefined && { invalid }) });
  for (const each of signed.toReversed()) {
    const read = await readProof(machine.run, each, account, host, keys);
    if ("invalid" in read) invalid ??= read.invalid;
    else if (isAhead(read.proof.time, now)) invalid ??= `it is dated ${read.proof.time}, in the future`;
    else if (read.proof.outcome === "restored") return { last: read.proof, ...more() };
    else failed ??= read.proof;
  }
  return more();
}

/** Since when there are drills on this host: milliseconds; undefined before the first. */
export function proofsBegan(machine: Machine): number | undefined {
  return statSync(directoryOf(machine), { throwIfNoEntry: false })?.birthtimeMs;
}

/**
 * Since when drills could have restored an account: it is here, and an apply has brought drills. Milliseconds; undefined if nobody knows. What is dated in
 * the future does not count.
 */
export function drilledSince(
  machine: Machine,
  account: number,
  now: number,
  began = proofsBegan(machine),
): number | undefined {
  const born = statSync(accountDirectory(machine, account), { throwIfNoEntry: false })?.birthtimeMs;
  const known = [born, began].filter((time) => time !== undefined && !isAhead(time, now));
  return known.length === 0 ? undefined : Math.max(...(known as number[]));
}

/** Removes records of accounts that have not been on this host for longer than any proof counts. @param here numbers */
export function removeOld(machine: Machine, here: ReadonlySet<number>, now = Date.now()): void {
  const directory = directoryOf(machine);
  for (const number of storedProofs(machine).keys()) {
    const path = join(directory, `${number}.json`);
    if (!here.has(number) && now - statSync(path).mtimeMs > gone) machine.disk.remove(path);
  }
}

/** The time that accounts without a proof have begins: an apply that brings drills does it, whether they run or not. */
export function beginProofs(machine: Machine): void {
  machine.disk.makeDirectory(directoryOf(machine), 0o700);
}

/** Signs a proof with all SSH host keys of this host, by one of which the inventory knows it, and keeps it. */
export async function keepProof(machine: Machine, proof: Proof): Promise<SignedProof> {
  const text = JSON.stringify(proof);
  const signatures: string[] = [];
  for (const key of hostKeys(machine)) {
    const sign = ["-Y", "sign", "-q", "-f", key, "-n", proofNamespace];
    const { status, stdout, stderr } = await machine.run("ssh-keygen", sign, { input: text });
    if (status !== 0) throw new ApplyError(`${key} does not sign: ${stderr.trim()}`);
    signatures.push(stdout);
  }
  if (signatures.length === 0) throw new ApplyError("this host has no SSH host key to sign with");
  const signed: SignedProof = { text, signatures };
  const all = [...(storedProofs(machine).get(proof.account) ?? []), signed];
  // However often it fails afterwards, the newest that says that all was restored stays.
  const newest = all.findLastIndex(({ text }) => text?.includes('"outcome":"restored"'));
  const keeping = all.filter((_, index) => index === newest || index >= all.length - keptProofs);
  beginProofs(machine);
  machine.disk.replace(join(directoryOf(machine), `${proof.account}.json`), `${JSON.stringify(keeping)}\n`, 0o600);
  return signed;
}

function hostKeys({ layout }: Machine): string[] {
  return ["ed25519", "ecdsa", "rsa"]
    .map((type) => layout.at(`/etc/ssh/ssh_host_${type}_key`))
    .filter((path) => existsSync(path));
}

/** Public keys of this host, as `known_hosts` has them. */
function publicKeys(machine: Machine): string[] {
  return hostKeys(machine)
    .map((path) => `${path}.pub`)
    .filter((path) => existsSync(path))
    .map((path) => readFileSync(path, "utf8").trim().split(" ").slice(0, 2).join(" "));
}

/**
 * Checks a proof with OpenSSH: nothing here knows how signatures work.
 * @param account whose it should be
 * @param keys of the host on which it should have been made: type and key in base64 each
 */
export async function readProof(
  run: Run,
  { text, signatures }: Partial<SignedProof>,
  account: number,
  on: string,
  keys: readonly string[],
): Promise<ReadProof> {
  if (typeof text !== "string" || !Array.isArray(signatures)) return { invalid: "it is damaged" };
  const directory = mkdtempSync(join(tmpdir(), "fairhost-proof-"));
  try {
    const [signers, file] = [join(directory, "signers"), join(directory, "signature")];
    writeFileSync(signers, keys.map((key) => `${on} ${key}\n`).join(""), { mode: 0o600 });
    for (const signature of signatures) {
      writeFileSync(file, `${signature}`, { mode: 0o600 });
      const verify = ["-Y", "verify", "-q", "-f", signers, "-I", on, "-n", proofNamespace, "-s", file];
      if ((await run("ssh-keygen", verify, { input: text })).status !== 0) continue;
      const proof = parsed(text);
      if (!proof) return { invalid: "it is damaged" };
      if (proof.account === account && proof.on === on) return { proof };
      return { invalid: `it is of account ${proof.account}, on ${proof.on}` };
    }
    return { invalid: `no key of ${on} has signed this text` };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Also a host that has signed it may have written anything. */
function parsed(text: string): Proof | undefined {
  try {
    const read: unknown = JSON.parse(text);
    return typeof read === "object" && read !== null ? (read as Proof) : undefined;
  } catch {
    return undefined;
  }
}
