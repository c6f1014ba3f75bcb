import { posix } from "node:path";
import { folderOf } from "../../components/registry/bundle/bundle-folder.ts";
import { bundleFolders } from "../../components/registry/bundle/bundle-folders.generated.ts";
import type { AnswerStamp } from "../../delivery/protocol/answers.ts";
import type { Bundle, BundleGroup, Delivery } from "../../delivery/protocol/bundle.ts";
import { bundleFormat } from "../../delivery/protocol/bundle.ts";
import { bundleDigest, decodeBundle, hasItsDigest } from "../../delivery/protocol/digest.ts";
import { ApplyError } from "../os/machine.ts";
import { writtenTwice } from "../store/staging/taken-paths.ts";

export interface Received {
  readonly bundle: Bundle;
  /** Undefined for a router, which has no accounts. */
  readonly masterSecret: Buffer | undefined;
  readonly secretEpoch: number;
  readonly dnsSecrets: Readonly<Record<string, string>>;
  readonly answers: Readonly<Record<string, AnswerStamp>>;
  readonly answered?: number;
  readonly awaited: readonly number[];
}

/**
 * Reads a delivery, and refuses all of it unless it is complete, has this format, every digest matches, and every path is in a known
 * folder and in one group only.
 * @param inFull false: the groups are left to whoever receives the same text again; their digests are those of the bundle's. Default true.
 * @throws ApplyError that names the mismatch. It never contains a secret.
 */
export function receive(text: string, inFull = true): Received {
  const delivery = parse(text);
  const { masterSecret, secretEpoch, dnsSecrets = {}, answers = {}, answered, awaited = [] } = delivery;
  const bundle = readBundle(delivery.bundle, inFull);
  const secret = Buffer.from(typeof masterSecret === "string" ? masterSecret : "", "base64");
  const without = masterSecret === undefined && Object.keys(bundle.groups).every((group) => group === "host");
  if (!without && secret.length !== 32) throw refused("the master secret is not 32 bytes in base64");
  if (!without && !(Number.isSafeInteger(secretEpoch) && secretEpoch! >= 1))
    throw refused("the secret's epoch is not a number from 1");
  // Names of files.
  if (!Object.entries(dnsSecrets).every(([name, value]) => /^[A-Z][A-Z0-9_]*$/.test(name) && typeof value === "string"))
    throw refused("a secret of the DNS provider has no name of a variable, or is not text");
  const numbers = [answered ?? 0, ...Object.values(answers).map(({ number }) => number)];
  if (!numbers.every((number) => Number.isSafeInteger(number) && number >= 0))
    throw refused("the number of an answer is not a number from 0");
  if (!awaited.every((number) => Number.isSafeInteger(number) && number >= 1))
    throw refused("the number of an awaited account is not a number from 1");
  return {
    bundle,
    masterSecret: without ? undefined : secret,
    secretEpoch: secretEpoch ?? 1,
    dnsSecrets,
    answers,
    ...(answered !== undefined && { answered }),
    awaited,
  };
}

function parse(text: string): Partial<Delivery> {
  try {
    return JSON.parse(text) as Partial<Delivery>;
  } catch {
    throw refused(`${text.length} characters arrived, which are not a complete JSON document`);
  }
}

function readBundle(encoded: unknown, inFull: boolean): Bundle {
  if (typeof encoded !== "string") throw refused("it contains no bundle");
  let decoded: unknown;
  try {
    decoded = decodeBundle(encoded);
  } catch {
    throw refused("the bundle is damaged (not gzipped JSON)");
  }
  const bundle = decoded as Bundle;
  if (bundle?.format !== bundleFormat) {
    throw refused(
      `the bundle has format ${bundle?.format}, but this applier needs format ${bundleFormat}: run the bootstrap command of the same release first`,
    );
  }
  const problems = inFull ? Object.entries(bundle.groups).flatMap(([name, group]) => problemsOf(name, group!)) : [];
  if (bundleDigest(bundle) !== bundle.digest) problems.push("the bundle's digest does not match its groups");
  if (inFull) problems.push(...writtenTwice(bundle));
  if (problems.length > 0) throw refused(problems.join("; "));
  return bundle;
}

function problemsOf(name: string, group: BundleGroup): string[] {
  const problems: string[] = [];
  if (!hasItsDigest(group)) problems.push(`the digest of group ${name} does not match its content`);
  if (name !== "host" && `account-${group.account?.number}` !== name) {
    problems.push(`group ${name} contains account ${group.account?.number}`);
  }
  for (const { path, content, link } of group.files) {
    if (posix.normalize(path) !== path || folderOf(path, bundleFolders) === undefined) {
      const known = bundleFolders.map((folder) => folder.name).join(", ");
      problems.push(`group ${name}: ${path} is not in a folder known to this applier (${known})`);
    }
    if ((content === undefined) === (link === undefined)) problems.push(`${path} needs either content or link`);
  }
  return problems;
}

function refused(reason: string): ApplyError {
  return new ApplyError(`the delivery is refused and nothing was changed: ${reason}`);
}
