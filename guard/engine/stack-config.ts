import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { z } from "zod";
import { readSource } from "../../fleet/load/source.ts";
import { utcToday } from "../../lib/today.ts";
import { UserError } from "../../lib/user-error.ts";

/** The plain part of a stack's configuration (`Pulumi.<stack>.yaml`), read without the engine. Paths are absolute. */
export interface StackConfig {
  readonly stack: string;
  readonly projectDirectory: string;
  /** Directory of the fleet. */
  readonly inventory: string;
  /** Only this cell's hosts; all hosts if not set. */
  readonly cell: string | undefined;
  /** OpenSSH known_hosts file. */
  readonly knownHosts: string;
  readonly sshUser: string;
  /** Without it the SSH agent is used. */
  readonly sshPrivateKeyFile: string | undefined;
  /** Day on which approvals, waivers and Debian releases are judged, ISO 8601; by default today. */
  readonly today: string;
}

/** All problems of a stack's configuration, with their fixes. */
class StackConfigError extends UserError {}

const secret = z.looseObject({ secure: z.string() });
const text = z
  .union([z.string().min(1), secret], { error: "must be text" })
  .refine((value) => typeof value === "string", {
    error: "is encrypted, which is not supported: set it without --secret",
  })
  .transform(String);

/** Other settings are ignored here. */
const schema = z.looseObject({
  "fairhost:inventory": text,
  "fairhost:knownHosts": text,
  "fairhost:cell": text.optional(),
  "fairhost:sshUser": text.default("root"),
  "fairhost:sshPrivateKeyFile": text.optional(),
  "fairhost:dnsSecrets": z
    .record(
      z.string(),
      z.looseObject(
        { secure: z.string() },
        {
          error:
            "has a secret in plain text: set each with `pulumi config set --secret --path`, and rotate what was here",
        },
      ),
    )
    .optional(),
  "fairhost:today": z.iso.date({ error: "must be a date such as 2026-11-22" }).default(utcToday),
});

const examples: Readonly<Record<string, string>> = {
  "fairhost:inventory": "inventory/prod",
  "fairhost:knownHosts": "inventory/prod/known_hosts",
};

/**
 * Reads a stack's configuration file.
 * @param stack name as for `pulumi -s`; of `organization/project/stack` only the last part counts
 * @throws StackConfigError with every problem at once
 */
export function readStackConfig(stack: string, projectDirectory: string): StackConfig {
  const name = stack.split("/").at(-1)!;
  const file = `Pulumi.${name}.yaml`;
  const refuse = (problems: readonly string[]): never => {
    throw new StackConfigError(`${file} is not complete:\n  ${problems.join("\n  ")}`, "wrong usage");
  };
  const path = join(projectDirectory, file);
  if (!existsSync(path))
    refuse([`no such file in ${projectDirectory}: choose another stack, or \`pulumi stack init ${name}\``]);
  // Pulumi reads it by another library: what the two may read differently is refused.
  const { source, problems: unread } = readSource(file, readFileSync(path, "utf8"));
  if (unread.length > 0) refuse(unread.map(({ line, message, fix }) => `line ${line}: ${message}: ${fix}`));
  const config: unknown = (source.data as { config?: unknown } | null)?.config ?? {};
  const result = schema.safeParse(config);
  const problems = (result.error?.issues ?? []).map(({ path: [key = "config"], message }) =>
    examples[String(key)] !== undefined && (config as Record<string, unknown>)[String(key)] === undefined
      ? `${String(key)} is not set: run \`pulumi config set ${String(key)} ${examples[String(key)]}\``
      : `${String(key)} ${message}`,
  );
  const found = (result.data ?? {}) as Partial<z.infer<typeof schema>>;
  const at = (key: "fairhost:inventory" | "fairhost:knownHosts" | "fairhost:sshPrivateKeyFile"): string | undefined => {
    const value = (result.success ? found : (config as typeof found))[key];
    if (typeof value !== "string") return undefined;
    const absolute = resolve(projectDirectory, value);
    if (!existsSync(absolute))
      problems.push(
        `${key}: no file ${value}${value.startsWith(".lab/") ? ": start the lab, which writes it, with `npm run lab -- up`" : ""}`,
      );
    return absolute;
  };
  const [inventory, knownHosts] = [at("fairhost:inventory"), at("fairhost:knownHosts")];
  const sshPrivateKeyFile = at("fairhost:sshPrivateKeyFile");
  if (problems.length > 0) refuse(problems);
  return {
    stack: name,
    projectDirectory,
    inventory: inventory!,
    cell: found["fairhost:cell"],
    knownHosts: knownHosts!,
    sshUser: found["fairhost:sshUser"]!,
    sshPrivateKeyFile,
    today: found["fairhost:today"]!,
  };
}
