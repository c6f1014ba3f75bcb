import { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { maskOutput } from "../lib/text/mask.ts";
import type { HostBootstrap } from "./bootstrap.ts";
import { type Dialed, type HeldCommand, whoeverDeploys } from "./held-command.ts";
import type { ApplyReport } from "./protocol/bundle.ts";
import { resourceName } from "./protocol/resources.ts";

/** Undefined before the first delivery; without a generation if a delivery was interrupted. */
export type Report =
  | (Pick<ApplyReport, "result" | "errors" | "notes"> & Partial<Pick<ApplyReport, "generation">>)
  | undefined;

/** How the controller reaches a host or a router. The host key is always pinned; it cannot be omitted. */
export interface Connection {
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** `<type> <base64>`, as in known_hosts. */
  readonly hostKey: string;
  /** A private key in OpenSSH form; without it the SSH agent at `SSH_AUTH_SOCK` is used. */
  readonly privateKey?: pulumi.Output<string>;
}

/** What the stack holds of the commands on a host or a router. */
export type HeldCommands = Readonly<Partial<Record<"bootstrap" | "apply", HeldCommand>>>;

export interface CommandsArgs {
  /** Name of the host or router. */
  readonly machine: string;
  readonly connection: Connection;
  /** Constant text of the bootstrap command and the payload on its standard input. */
  readonly bootstrap: Pick<HostBootstrap, "script" | "payload">;
  /** Standard input of the apply command. */
  readonly delivery: pulumi.Input<string>;
  /** Whether nothing in the delivery is made anew in this run. */
  readonly isKept: boolean;
  /** Command that runs there when the apply command is deleted. Without it nothing does. */
  readonly delete?: string;
  readonly heldCommands: HeldCommands;
  readonly parent: pulumi.Resource;
  /** The bootstrap does not run before these. */
  readonly after: readonly pulumi.Resource[];
  /** Options of a command with these inputs. */
  readonly options?: (inputs: object) => pulumi.ComponentResourceOptions;
}

export interface DeliveryCommands {
  /** The last report of the applier. */
  readonly report: pulumi.Output<Report>;
  /** The command that ends the delivery. */
  readonly apply: pulumi.Resource;
}

/**
 * The two commands that deliver to a host or a router: the bootstrap (packages, the applier) and one apply command with the whole bundle
 * on its standard input. Both run again when their input changes, and change nothing if nothing differs.
 */
export function deliveryCommands(args: CommandsArgs): DeliveryCommands {
  const { machine, parent, after, heldCommands, options = () => ({}) } = args;
  const dialed = dial(args.connection);
  const bootstrapInputs = { create: args.bootstrap.script, stdin: args.bootstrap.payload };
  const bootstrapArgs = {
    connection: whoeverDeploys(dialed, bootstrapInputs, heldCommands.bootstrap),
    ...bootstrapInputs,
    logging: "stderr",
    addPreviousOutputInEnv: false,
  } as const;
  const bootstrap = new remote.Command(resourceName(machine, "bootstrap"), bootstrapArgs, {
    additionalSecretOutputs,
    ...{ parent, dependsOn: [...after], customTimeouts: { create: "30m", update: "30m" } },
    ...options(bootstrapArgs),
  });
  const applyInputs = { create: "/usr/local/sbin/fairhost-host apply", stdin: args.delivery };
  const applyArgs = {
    connection: whoeverDeploys(dialed, applyInputs, args.isKept ? heldCommands.apply : undefined),
    ...applyInputs,
    ...(args.delete !== undefined && { delete: args.delete }),
    logging: "stderr",
    addPreviousOutputInEnv: false,
  } as const;
  const apply = new remote.Command(resourceName(machine, "apply"), applyArgs, {
    additionalSecretOutputs,
    ...{ parent, dependsOn: bootstrap, customTimeouts: { create: "30m", update: "30m", delete: "10m" } },
    ...options(applyArgs),
  });
  // With --continue-on-error the update continues: a dead host must not keep the reports of others out of the stack's outputs.
  for (const command of [bootstrap, apply]) leaveFailureToEngine(command);
  const report = pulumi.recover(apply.stdout, () => brokenOff).apply((stdout) => readReport(machine, stdout));
  return { report: pulumi.unsecret(report), apply };
}

/**
 * What a machine prints, a broken or hostile one may have from its standard input: the official provider keeps both as they are, and state,
 * backups and history would show them.
 */
const additionalSecretOutputs = ["stdout", "stderr"];

/** Few attempts to connect, each with a time limit: a dead host fails within a minute (the provider's default is ten attempts). */
function dial(connection: Connection): Dialed {
  const { address, port, user, hostKey, privateKey } = connection;
  return {
    host: address,
    port,
    user,
    hostKey,
    dialErrorLimit: 3,
    perDialTimeout: 20,
    ...(privateKey && { privateKey }),
  };
}

/** Stands for the output of an interrupted delivery. A complete one always has output. */
const brokenOff = "";

/** `stdout` is missing if an update targets only other hosts (`--target`) and this host is new. */
function readReport(machine: string, stdout: string | undefined): Report {
  if (stdout === undefined) return undefined;
  if (stdout === brokenOff) {
    return {
      result: "failed",
      errors: [{ group: "host", message: `Not delivered: see the error of ${machine} in the output of Pulumi.` }],
    };
  }
  const { result, generation, errors, notes } = parseReport(machine, stdout.trim().split("\n").at(-1)!);
  return { result, generation, errors, ...(notes && { notes }) };
}

/** The report is shown, so it must not be a secret, nor have one: not even in the message about what is no report, which would repeat a part of it. */
function parseReport(machine: string, line: string): ApplyReport {
  try {
    return JSON.parse(line, (_, value: unknown) =>
      typeof value === "string" ? maskOutput(value) : value,
    ) as ApplyReport;
  } catch {
    throw new Error(`${machine} answered with something that is not a report of its applier`);
  }
}

/** The engine reports a failed resource. The SDK would report it again for each unused output, and end the program with a stack trace. */
function leaveFailureToEngine(resource: pulumi.Resource): void {
  for (const output of Object.values(resource))
    if (pulumi.Output.isInstance(output)) pulumi.recover(output, () => null);
}
