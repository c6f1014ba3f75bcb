import * as pulumi from "@pulumi/pulumi";
import type { HostBootstrap } from "./bootstrap.ts";
import { type Connection, deliveryCommands, type HeldCommands, type Report } from "./commands.ts";
import { type HeldSecrets, masterSecret } from "./master-secret.ts";
import type { AnswerStamp } from "./protocol/answers.ts";
import type { Bundle, Delivery } from "./protocol/bundle.ts";
import { encodeBundle } from "./protocol/digest.ts";
import { deliveryType, resourceName } from "./protocol/resources.ts";

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
  readonly heldCommands: HeldCommands;
  /** Secrets of the DNS provider by the names of their variables, if the host needs any. */
  readonly dnsSecrets?: pulumi.Output<Record<string, string>>;
  /** Stamps of the answers of a backup host, by the host that asks. */
  readonly answers?: Readonly<Record<string, AnswerStamp>>;
  /** Number of the newest answer to this host, if it was ever lost. */
  readonly answered?: number;
  /** Accounts that the host had when it had another SSH host key (stacks/awaited-accounts.ts). */
  readonly awaited?: readonly number[];
  /** Number of repairs requested for this host. When it is raised, both commands run again although nothing else changed. */
  readonly repair: number;
  /** What it waits for: routers that must take what its accounts announce. */
  readonly after?: readonly pulumi.Resource[];
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
  /** When this resource is there, the host has its bundle. */
  readonly end: pulumi.Resource;

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
    const delivery = pulumi.all([master, args.dnsSecrets]).apply(([masterSecret, dnsSecrets]) =>
      JSON.stringify({
        bundle: args.bundle.encoded,
        masterSecret,
        secretEpoch: args.secretEpoch,
        ...(dnsSecrets && { dnsSecrets }),
        ...(args.answers && { answers: args.answers }),
        ...(args.answered !== undefined && { answered: args.answered }),
        ...(args.awaited && { awaited: args.awaited }),
        repair: args.repair,
      } satisfies Delivery),
    );
    const { heldSecrets, secretEpoch } = args;
    const { report, apply } = deliveryCommands({
      machine: args.host,
      connection: args.connection,
      bootstrap: args.bootstrap,
      delivery: secretOnceKnown(delivery),
      // A secret that is made anew is not known in a preview, nor would be the key.
      isKept: (heldSecrets.password ?? heldSecrets.bytes) === secretEpoch,
      delete: "/usr/local/sbin/fairhost-host retire",
      heldCommands: args.heldCommands,
      parent: this,
      after: args.after ?? [],
      options: (inputs) => untouched(args, inputs),
    });
    this.report = report;
    this.end = apply;
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
