import { createHash } from "node:crypto";
import type { Properties, Value } from "../properties.ts";
import type { Failure, Shape } from "../shape.ts";

const endpointShape = {
  agentSocketPath: { type: "string" },
  dialErrorLimit: { type: "integer", default: 10, least: -1 },
  host: { type: "string", required: true },
  hostKey: { type: "string" },
  password: { type: "string", secret: true },
  perDialTimeout: { type: "integer", default: 15, least: 0 },
  port: { type: "number", default: 22, least: 1 },
  privateKey: { type: "string", secret: true },
  privateKeyPassword: { type: "string", secret: true },
  user: { type: "string", default: "root" },
} as const satisfies Shape;

/** The inputs that say how to reach a host. */
export const connectionShape = { ...endpointShape, proxy: { type: endpointShape } } as const satisfies Shape;

/** How to reach a host by SSH, without secret envelopes. */
export interface Connection {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** The only host key accepted: a line as in `ssh_host_ed25519_key.pub`. */
  readonly hostKey: string | undefined;
  readonly password: string | undefined;
  /** A private key's whole text, PEM or OpenSSH. */
  readonly privateKey: string | undefined;
  readonly privateKeyPassword: string | undefined;
  readonly agentSocketPath: string | undefined;
  /** Attempts to connect before giving up; -1: without end. */
  readonly dialErrorLimit: number;
  /** Seconds one attempt may take from the first packet to the end of the login; 0: without end. */
  readonly perDialTimeout: number;
  /** The host to go through. */
  readonly proxy: Connection | undefined;
}

/** Reads a `connection` input that passed `connectionShape` and has no secret envelopes any more. */
export function parseConnection(value: Value): Connection {
  const properties = value as Properties;
  const text = (name: string) => properties[name] as string | undefined;
  const number = (name: keyof typeof endpointShape, fallback: number) => (properties[name] as number) ?? fallback;
  return {
    host: text("host") ?? "",
    port: number("port", endpointShape.port.default),
    user: text("user") ?? endpointShape.user.default,
    hostKey: text("hostKey"),
    password: text("password"),
    privateKey: text("privateKey"),
    privateKeyPassword: text("privateKeyPassword"),
    agentSocketPath: text("agentSocketPath"),
    dialErrorLimit: number("dialErrorLimit", endpointShape.dialErrorLimit.default),
    perDialTimeout: number("perDialTimeout", endpointShape.perDialTimeout.default),
    proxy: properties.proxy ? parseConnection(properties.proxy) : undefined,
  };
}

/** `root@db1:22`, `root@[fd00::1]:22`. */
export function label(connection: Connection): string {
  const host = connection.host.includes(":") ? `[${connection.host}]` : connection.host;
  return `${connection.user}@${host}:${connection.port}`;
}

/** The same text for connections that may share one SSH session; tells nothing of the secrets in them. */
export function connectionId(connection: Connection): string {
  return createHash("sha256").update(JSON.stringify(connection)).digest("hex");
}

/** Text of the error for a missing host key. */
export const missingHostKey =
  "required: this provider never trusts an unknown host (the official provider would). " +
  "Give the host's public key as in its /etc/ssh/ssh_host_ed25519_key.pub: `ssh-ed25519 AAAA...`";

/** Host keys that a `connection` input lacks. Known and unknown values are in wire form without secret envelopes. */
export function checkHostKeys(connection: Value | undefined, path = "connection"): Failure[] {
  if (typeof connection !== "object" || connection === null) return [];
  const { hostKey, proxy } = connection as Properties;
  const failures: Failure[] = hostKey ? [] : [{ property: `${path}.hostKey`, reason: missingHostKey }];
  return [...failures, ...checkHostKeys(proxy, `${path}.proxy`)];
}
