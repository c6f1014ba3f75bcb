import { remote, type types } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { RandomBytes } from "@pulumi/random";
import type { ApplyReport, Bundle, Delivery } from "./protocol/bundle.ts";
import { encodeBundle } from "./protocol/digest.ts";

/** Nothing before the first delivery; no generation where a delivery broke off. */
type Report = (Pick<ApplyReport, "result" | "errors"> & Partial<Pick<ApplyReport, "generation">>) | undefined;

/** How the controller reaches a host. The host key is always pinned: there is no way to leave it out. */
export interface Connection {
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** `<type> <base64>`, as in known_hosts. */
  readonly hostKey: string;
  /** A private key in OpenSSH form; without one the SSH agent at `SSH_AUTH_SOCK` is asked. */
  readonly privateKey?: pulumi.Output<string>;
}

/** A bundle as it travels, and what is shown of it. */
export interface PackedBundle {
  readonly digest: string;
  /** How many accounts the host has. */
  readonly accounts: number;
  /** Gzip, base64. */
  readonly encoded: string;
}

/** Packs a host's bundle for {@link HostDelivery}: the bundle itself need not be kept. */
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
  readonly bootstrap: { readonly script: string; readonly payload: string; readonly digest: string };
  readonly bundle: PackedBundle;
  /** Raised to rotate the host's master secret on purpose. */
  readonly secretEpoch: number;
  /** How many times a repair of this host was asked for: raised, both commands run again although nothing else changed. */
  readonly repair: number;
}

/**
 * Brings one host to its bundle: a bootstrap command (packages, the applier) and one apply command that carries the
 * whole bundle on its standard input. Both run again when their input changes and change nothing when nothing differs.
 * Deleting it retires the accounts' units; the accounts' data stay.
 */
export class HostDelivery extends pulumi.ComponentResource {
  /** What the applier reported last: result, generation, errors by account. */
  declare readonly report: pulumi.Output<Report>;

  constructor(name: string, args: HostDeliveryArgs, opts?: pulumi.ComponentResourceOptions) {
    const shown = {
      host: args.host,
      digest: args.bundle.digest,
      applier: args.bootstrap.digest,
      accounts: args.bundle.accounts,
      secretEpoch: args.secretEpoch,
      repair: args.repair,
    };
    super("fairhost:remote:HostDelivery", name, shown, opts);
    const master = new RandomBytes(
      `${args.host}-master-secret`,
      { length: 32, keepers: { epoch: `${args.secretEpoch}` } },
      { parent: this },
    );
    const connection = dial(args.connection);
    const bootstrap = new remote.Command(
      `${args.host}-bootstrap`,
      {
        connection,
        create: args.bootstrap.script,
        stdin: args.bootstrap.payload,
        logging: "stderr",
        addPreviousOutputInEnv: false,
      },
      { parent: this, customTimeouts: { create: "30m", update: "30m" } },
    );
    const delivery = master.base64.apply((masterSecret) =>
      JSON.stringify({
        bundle: args.bundle.encoded,
        masterSecret,
        secretEpoch: args.secretEpoch,
        repair: args.repair,
      } satisfies Delivery),
    );
    const apply = new remote.Command(
      `${args.host}-apply`,
      {
        connection,
        create: "/usr/local/sbin/fairhost-host apply",
        delete: "/usr/local/sbin/fairhost-host retire",
        stdin: pulumi.secret(delivery),
        logging: "stderr",
        addPreviousOutputInEnv: false,
      },
      { parent: this, dependsOn: bootstrap, customTimeouts: { create: "30m", update: "30m", delete: "10m" } },
    );
    // With --continue-on-error the update goes on: one dead host must not keep the others' reports from the stack's outputs.
    for (const command of [bootstrap, apply]) leaveFailureToEngine(command);
    this.report = pulumi.recover(apply.stdout, () => brokenOff).apply((stdout) => readReport(args.host, stdout));
    this.registerOutputs({ ...shown, report: this.report });
  }
}

/** Few dials, each bounded: a dead host fails within a minute (upstream's default is ten dials). */
function dial(connection: Connection): types.input.remote.ConnectionArgs {
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

/** In place of what a delivery that ended would have said; it never says nothing. */
const brokenOff = "";

/** `stdout` is missing when an update of other hosts alone (`--target`) leaves this one, which is new, for later. */
function readReport(host: string, stdout: string | undefined): Report {
  if (stdout === undefined) return undefined;
  if (stdout === brokenOff) {
    return {
      result: "failed",
      errors: [{ group: "host", message: `Not delivered: see what the engine says of ${host}.` }],
    };
  }
  const { result, generation, errors } = JSON.parse(stdout.trim().split("\n").at(-1)!) as ApplyReport;
  return { result, generation, errors };
}

/** The engine tells of a resource that failed; the SDK would tell again, for each output that nobody looks at, and end the program with a stack trace. */
function leaveFailureToEngine(resource: pulumi.Resource): void {
  for (const output of Object.values(resource))
    if (pulumi.Output.isInstance(output)) pulumi.recover(output, () => null);
}
