import { existsSync, readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { utcToday } from "../lib/today.ts";

/** Default passphrase of an activated shell (toolchain/activate): everybody knows it. */
const labPassphrase = "lab";

/** The stack's configuration (`Pulumi.<stack>.yaml`), checked as a whole. Paths are relative to the project. */
export interface Settings {
  /** Directory of the fleet. */
  readonly inventory: string;
  /** Only this cell's hosts; all hosts if not set. */
  readonly cell: string | undefined;
  /** Text of the OpenSSH known_hosts file. */
  readonly knownHosts: string;
  readonly sshUser: string;
  /** Text of the private key; without it the SSH agent is used. */
  readonly privateKey: pulumi.Output<string> | undefined;
  readonly secretEpoch: number;
  /** Secrets of the DNS provider that are set, by the names of their variables. */
  readonly dnsSecrets: Readonly<Record<string, pulumi.Output<string>>>;
  /** Day on which waivers and Debian releases are judged, ISO 8601 (`fairhost:today`); by default today. */
  readonly today: string;
}

/** @throws RunError that lists all missing keys and files at once, each with its fix. */
export function readSettings(config = new pulumi.Config("fairhost")): Settings {
  const problems: string[] = [];
  const need = (key: string, example: string) => {
    const value = config.get(key);
    if (!value) problems.push(`fairhost:${key} is not set: run \`pulumi config set fairhost:${key} ${example}\``);
    return value ?? "";
  };
  const read = (key: string, path: string) => {
    if (path && existsSync(path)) return readFileSync(path, "utf8");
    if (path)
      problems.push(
        `fairhost:${key}: no file ${path}${path.startsWith(".lab/") ? ": start the lab, which writes it, with `npm run lab -- up`" : ""}`,
      );
    return "";
  };
  if (process.env.PULUMI_CONFIG_PASSPHRASE === labPassphrase && pulumi.getStack() !== "lab")
    problems.push(
      `the passphrase "${labPassphrase}" is public and only for the lab: if this stack has it, change it first with \`pulumi stack change-secrets-provider passphrase\`, which asks for the new one; then set PULUMI_CONFIG_PASSPHRASE to that`,
    );
  const inventory = need("inventory", "inventory/prod");
  const knownHosts = read("knownHosts", need("knownHosts", "inventory/prod/known_hosts"));
  const keyFile = config.get("sshPrivateKeyFile");
  const privateKey = keyFile === undefined ? undefined : pulumi.secret(read("sshPrivateKeyFile", keyFile));
  const secretEpoch = config.getNumber("secretEpoch") ?? 1;
  const today = config.get("today") ?? utcToday();
  if (Number.isNaN(Date.parse(`${today}T00:00:00Z`)))
    problems.push(
      `fairhost:today is "${today}", which is not a valid date: write one such as 2026-11-22, or remove it`,
    );
  const dnsSecrets = readDnsSecrets(problems);
  if (problems.length > 0)
    throw new pulumi.RunError(`The stack's configuration is incomplete:\n  ${problems.join("\n  ")}`);
  return {
    inventory,
    cell: config.get("cell"),
    knownHosts,
    sshUser: config.get("sshUser") ?? "root",
    privateKey,
    secretEpoch,
    dnsSecrets,
    today,
  };
}

const dnsSecretsKey = "fairhost:dnsSecrets";

/** The command that sets a secret; it asks for the value. */
export const setDnsSecret = (name: string) => `pulumi config set --secret --path ${dnsSecretsKey}.${name}`;

/** The names are plain, the values secret. */
function readDnsSecrets(problems: string[]): Settings["dnsSecrets"] {
  const set = pulumi.runtime.getConfig(dnsSecretsKey);
  if (set === undefined) return {};
  const { data } = z.record(z.string(), z.string().min(1)).safeParse(parsed(set));
  if (data === undefined) {
    problems.push(
      `${dnsSecretsKey} is not a secret text for each variable: remove it with \`pulumi config rm ${dnsSecretsKey}\`, then run \`${setDnsSecret("RFC2136_TSIG_SECRET")}\` for each`,
    );
    return {};
  }
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [name, pulumi.secret(value)]));
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
