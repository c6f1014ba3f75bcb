import { z } from "zod";
import { type BundleFile, currentGeneration } from "../../../delivery/protocol/bundle.ts";
import { assignments, execLine, type Settings } from "../../../lib/systemd/unit-file.ts";
import { ownText } from "../../../lib/text/own-text.ts";
import { command, environment, homePath } from "../../inputs.ts";
import type { Hostless } from "../../registry/kind.ts";
import { argumentSchema, homePathSchema, nameSchema, variableSchema } from "../../schema.ts";
import { accountSettings, commandInside, init, insideHome, ownRecords } from "../account-paths.ts";
import { netlinkSettings } from "./netlink-filter.ts";

/** A program and its arguments, in an account's file. */
export const commandEntry = z.array(argumentSchema).min(1).max(64);

/** Keys of a program that an account runs, apart from HTTP servers, in its file. */
export const programEntry = {
  name: nameSchema
    .max(24)
    .describe(
      "Name, unique among the HTTP servers, services and scheduled tasks of the account, and part of the unit's name. At most 24 characters.",
    ),
  command: commandEntry.describe(
    "Program and its arguments, not interpreted by a shell. The program is an absolute path in the host's /usr or a path inside the account's home. An argument may be empty.",
  ),
  directory: z
    .union([z.literal("."), homePathSchema])
    .default(".")
    .describe("Working directory of the program, inside the account's home. Default `.`, the home itself."),
  environment: z
    .record(variableSchema, argumentSchema)
    .default({})
    .describe(
      "Environment variables of the program; with its arguments 128 KiB at most. Do not use them for secrets: previews show them.",
    ),
};

/** Inputs of such a program. */
export const programInputs = {
  command: command().describe("Program and its arguments."),
  directory: homePath().describe("Where it is started."),
  environment: environment().describe("Environment variables."),
};

interface OwnProgram {
  readonly command: readonly string[];
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** What starts such a program in the sandbox: a script of the bundle, and its own first arguments. */
interface Started {
  /** Name of the unit without suffix and `account-<number>-`; names the log. */
  readonly unit: string;
  /** Bundle path of the script. */
  readonly script: string;
  /** Arguments before DIRECTORY N ASSIGNMENT... COMMAND... */
  readonly words?: readonly string[];
}

/** Bundle path of what such scripts have in common. */
export const commonScript = "libexec/own-program";

/** Directory of these scripts inside the sandbox. */
const inside = "/opt/fairhost";

/**
 * `[Service]` settings of a unit that runs a program of an account without a socket. The account's own variables are arguments of the
 * script, which gives them to the program alone (docs/how-to/develop/add-a-kind.md).
 */
export function programSettings(account: Hostless<"accounts">, program: OwnProgram, started: Started): Settings {
  const { unit, script, words = [] } = started;
  const common = accountSettings(account, unit);
  const own = assignments(program.environment);
  const run = [`${inside}/run`, ...words, insideHome(account, program.directory), `${own.length}`, ...own];
  return {
    ...common,
    BindPaths: [
      common.BindPaths,
      ownRecords(account),
      `${currentGeneration}/${script}:${inside}/run ${currentGeneration}/${commonScript}:${inside}/own-program`,
      netlinkSettings.bind,
    ],
    RestrictAddressFamilies: netlinkSettings.addressFamilies,
    LoadCredential: `account-secret:/var/lib/fairhost/secrets/accounts/${account.number}`,
    // The kernel kills what uses most memory, and the script, which is small, says so and goes on.
    OOMPolicy: "continue",
    ExecStart: execLine([...netlinkSettings.command, ...init, ...run, ...commandInside(account, program.command)]),
  };
}

/** {@link commonScript}. */
export function commonScriptFile(): BundleFile {
  return { path: commonScript, content: ownText(import.meta.dirname, "own-program.sh") };
}
