import { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { HostBootstrap } from "./bootstrap.ts";
import { type Dialed, type HeldCommand, whoeverDeploys } from "./held-command.ts";
import { type HeldSecrets, masterSecret } from "./master-secret.ts";
import type { AnswerStamp } from "./protocol/answers.ts";
import type { ApplyReport, Bundle, Delivery } from "./protocol/bundle.ts";
import { encodeBundle } from "./protocol/digest.ts";
import { deliveryType, resourceName } from "./protocol/resources.ts";

/** Undefined before the first delivery; without a generation if a delivery was interrupted. */
type Report = (Pick<ApplyReport, "result" | "errors" | "notes"> & Partial<Pick<ApplyReport, "generation">>) | undefined;

/** How the controller reaches a host. The host key is always pinned; it cannot be omitted. */
export interface Connection {
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** `<type> <base64>`, as in known_hosts. */
  readonly hostKey: string;
  /** A private key in OpenSSH form; without it the SSH agent at `SSH_AUTH_SOCK` is used. */
  readonly privateKey?: pulumi.Output<string>;
}

/** A bundle in encoded form, and facts to show about it. */
export interface PackedBundle {
  readonly digest: string;
  /** Number of accounts of the host. */
  readonly accounts: number;
  /** Gzip, base64. */
  readonly encoded: string;
}

/** Packs a host's bundle for {@link HostDelivery}, so that the bundle itself need not be kept in memory. */
export function packBundle(bundle: Bundle): PackedBundle {
  return {
    digest: bundle.digest,
    accounts: Object.values(bundle.groups).filter((group) => group?.account).length,
    encoded: encodeBundle(bundle),
  };
}

export interface HostDeliveryArgs {
  readonly host: string;
  readonly connection: Connection;
  /** Constant text of the bootstrap command and the payload on its standard input. */
  readonly bootstrap: HostBootstrap;
  readonly bundle: PackedBundle;
  /** Raise it to rotate the host's master secret. */
  readonly secretEpoch: number;
  /** What the stack holds of the host's master secrets. */
  readonly heldSecrets: HeldSecrets;
  /** What the stack holds of the host's commands. */
  readonly heldCommands: Readonly<Partial<Record<"bootstrap" | "apply", HeldCommand>>>;
  /** Secrets of the DNS provider by the names of their variables, if the host needs any. */
  readonly dnsSecrets?: pulumi.Output<Record<string, string>>;
  /** Stamps of the answers of a backup host, by the host that asks. */
  readonly answers?: Readonly<Record<string, AnswerStamp>>;
  /** Number of the newest answer to this host, if it was ever lost. */
  readonly answered?: number;
  /** Number of repairs requested for this host. When it is raised, both commands run again although nothing else changed. */
  readonly repair: number;
  /** The host is lost: nothing is sent, and all stays as the state has it. */
  readonly lost: boolean;
}

/**
 * Delivers its bundle to one host: a bootstrap command (packages, the applier) and one apply command with the whole bundle on its
 * standard input. Both run again when their input changes, and change nothing if nothing differs.
 * Deleting it stops the accounts' units; the accounts' data stay. With `protect`, its commands and the master secret are protected too.
 */
export class HostDelivery extends pulumi.ComponentResource {
  /** The last report of the applier: result, generation, errors by account, and what needs somebody. */
  declare readonly report: pulumi.Output<Report>;

  constructor(args: HostDeliveryArgs, opts?: pulumi.ComponentResourceOptions) {
    const shown = {
      host: args.host,
      digest: args.bundle.digest,
      applier: args.bootstrap.digest,
      packages: args.bootstrap.packages,
      accounts: args.bundle.accounts,
      secretEpoch: args.secretEpoch,
      repair: args.repair,
    };
    super(deliveryType, resourceName(args.host, "delivery"), shown, { ...opts, ...untouched(args, shown) });
    const master = masterSecret(args.host, args.secretEpoch, args.heldSecrets, {
      parent: this,
      protect: opts?.protect ?? false,
    });
    const { heldCommands, heldSecrets, secretEpoch } = args;
    const dialed = dial(args.connection);
    const bootstrapInputs = { create: args.bootstrap.script, stdin: args.bootstrap.payload };
    const bootstrapArgs = {
      connection: whoeverDeploys(dialed, bootstrapInputs, heldCommands.bootstrap),
      ...bootstrapInputs,
      logging: "stderr",
      addPreviousOutputInEnv: false,
    } as const;
    const bootstrap = new remote.Command(resourceName(args.host, "bootstrap"), bootstrapArgs, {
      ...{ parent: this, customTimeouts: { create: "30m", update: "30m" } },
      ...untouched(args, bootstrapArgs),
    });
    const delivery = pulumi.all([master, args.dnsSecrets]).apply(([masterSecret, dnsSecrets]) =>
      JSON.stringify({
        bundle: args.bundle.encoded,
        masterSecret,
        secretEpoch: args.secretEpoch,
        ...(dnsSecrets && { dnsSecrets }),
        ...(args.answers && { answers: args.answers }),
        ...(args.answered !== undefined && { answered: args.answered }),
        repair: args.repair,
      } satisfies Delivery),
    );
    const applyInputs = { create: "/usr/local/sbin/fairhost-host apply", stdin: delivery };
    // A secret that is made anew is not known in a preview, nor would be the key.
    const isKept = (heldSecrets.password ?? heldSecrets.bytes) === secretEpoch;
    const applyArgs = {
      connection: whoeverDeploys(dialed, applyInputs, isKept ? heldCommands.apply : undefined),
      create: applyInputs.create,
      delete: "/usr/local/sbin/fairhost-host retire",
      stdin: secretOnceKnown(delivery),
      logging: "stderr",
      addPreviousOutputInEnv: false,
    } as const;
    const apply = new remote.Command(resourceName(args.host, "apply"), applyArgs, {
      ...{ parent: this, dependsOn: bootstrap, customTimeouts: { create: "30m", update: "30m", delete: "10m" } },
      ...untouched(args, applyArgs),
    });
    // With --continue-on-error the update continues: a dead host must not keep the reports of others out of the stack's outputs.
    for (const command of [bootstrap, apply]) leaveFailureToEngine(command);
    this.report = pulumi.recover(apply.stdout, () => brokenOff).apply((stdout) => readReport(args.host, stdout));
    this.registerOutputs({ ...shown, report: this.report });
  }
}

/** Options with which a resource of a lost host stays as it is, and goes without a command there when its host is removed. */
function untouched({ lost }: HostDeliveryArgs, inputs: object): pulumi.ComponentResourceOptions {
  return lost ? { ignoreChanges: Object.keys(inputs), retainOnDelete: true } : {};
}

/**
 * The official provider makes a secret that is unknown in a preview an empty text, which the plan of that preview then demands. An unknown
 * value has nothing to hide, so it is no secret until it is known.
 */
function secretOnceKnown<T>(value: pulumi.Output<T>): pulumi.Output<T> {
  // The SDK declares it for its own use alone.
  const { isKnown } = value as unknown as { readonly isKnown: Promise<boolean> };
  const marked = isKnown.then((known) => (known ? pulumi.secret(value) : pulumi.unsecret(value)));
  return pulumi.output(marked) as pulumi.Output<T>;
}

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
function readReport(host: string, stdout: string | undefined): Report {
  if (stdout === undefined) return undefined;
  if (stdout === brokenOff) {
    return {
      result: "failed",
      errors: [{ group: "host", message: `Not delivered: see the error of ${host} in the output of Pulumi.` }],
    };
  }
  const { result, generation, errors, notes } = JSON.parse(stdout.trim().split("\n").at(-1)!) as ApplyReport;
  return { result, generation, errors, ...(notes && { notes }) };
}

/** The engine reports a failed resource. The SDK would report it again for each unused output, and end the program with a stack trace. */
function leaveFailureToEngine(resource: pulumi.Resource): void {
  for (const output of Object.values(resource))
    if (pulumi.Output.isInstance(output)) pulumi.recover(output, () => null);
}
