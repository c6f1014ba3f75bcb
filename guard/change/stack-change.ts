import { createHash } from "node:crypto";
import { lstat, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { FieldClass } from "../../components/registry/fields/field-class.ts";
import { subject } from "../../components/registry/subject.ts";
import { maxBytes } from "../../fleet/load/read-fleet.ts";
import { readSource } from "../../fleet/load/source.ts";
import { UserError } from "../../lib/user-error.ts";
import type { Finding } from "../rule.ts";

/** The name of a stack whose settings a file has: `Pulumi.<stack>.yaml` at the top of a repository, as Pulumi looks for it. */
export function stackOf(file: string): string | undefined {
  return /^Pulumi\.([^/]+)\.ya?ml$/.exec(file)?.[1];
}

/** Whose values are told: plain names and paths. All others may be secrets. */
const plain: Readonly<Record<string, readonly [FieldClass, means: string]>> = {
  "fairhost:cell": ["identity", "which hosts the stack holds"],
  "fairhost:inventory": ["identity", "which fleet it deploys"],
  "fairhost:knownHosts": ["trust", "which host keys are trusted"],
  "fairhost:sshUser": ["trust", "who logs in to hosts"],
  "fairhost:sshPrivateKeyFile": ["trust", "with which key"],
  "fairhost:secretEpoch": ["trust", "which master secrets are in force"],
  "fairhost:today": ["trust", "the day on which approvals, waivers and releases are judged"],
  secretsprovider: ["trust", "who can read the stack's secrets"],
};
const untold: Readonly<Record<string, readonly [FieldClass, means: string]>> = {
  encryptionsalt: ["trust", "the passphrase of the stack's secrets"],
  encryptedkey: ["trust", "the key of the stack's secrets"],
};
const unknown = ["trust", "not a setting of Fairhost; judged as strictly as trust"] as const;

/**
 * What a change does to the settings of stacks, which are data: a finding for each stack. Its approval names a digest of the new settings.
 * @param before where the base's files are @param after where the new side's are; symlinks are not followed
 */
export async function stackFindings(
  before: string,
  after: string,
  files: readonly string[],
): Promise<Pick<Finding, "subject" | "message" | "approval">[]> {
  const findings = files.map(async (file) => {
    const [was, is] = await Promise.all([before, after].map((root) => settingsIn(join(root, file))));
    const keys = [...new Set([...was!.keys(), ...is!.keys()])].sort();
    const changed = keys.filter((key) => !isDeepStrictEqual(was!.get(key), is!.get(key)));
    if (changed.length === 0) return [];
    const digest = createHash("sha256")
      .update(JSON.stringify([file, changed.map((key) => [key, is!.get(key)])]))
      .digest("hex");
    return {
      subject: subject.register({}),
      message: `Changes the settings of stack ${stackOf(file)} (${file}): ${changed.map((key) => wordsOf(key, was!, is!)).join(", ")}.`,
      approval: { action: "trust", resource: `stack ${digest.slice(0, 32)}` } as const,
    };
  });
  return (await Promise.all(findings)).flat();
}

type Values = ReadonlyMap<string, unknown>;

function wordsOf(key: string, was: Values, is: Values): string {
  const [of, means] = plain[key] ?? untold[key] ?? unknown;
  const told = (value: unknown) =>
    value === undefined ? "none" : typeof value === "object" ? "something" : `${value}`;
  const values = key in plain ? ` ${told(was.get(key))} to ${told(is.get(key))}` : "";
  return `${key}${values} (${of}: ${means})`;
}

const linked = "a file that is a symlink or a directory";

/** Settings of a file by their names, those of `config` without it. What cannot be read as settings is one value. */
async function settingsIn(file: string): Promise<Values> {
  const status = await lstat(file).catch(() => undefined);
  if (!status) return new Map();
  if (status.isSymbolicLink()) return new Map([[linked, `to ${await readlink(file)}`]]);
  if (!status.isFile()) return new Map([[linked, "no"]]);
  if (status.size > maxBytes)
    throw new UserError(`${file} has ${status.size} bytes, more than ${maxBytes}: remove what is no setting`);
  const text = await readFile(file, "utf8");
  const { source, problems } = readSource(file, text);
  // Pulumi reads the file by another library than this one.
  if (problems.length > 0 || source.data === null || typeof source.data !== "object")
    return new Map([["text that is not YAML, or that Pulumi may read as another", text]]);
  const { config, ...others } = source.data as { readonly config?: object };
  return new Map([...Object.entries(others), ...Object.entries(config ?? {})]);
}
