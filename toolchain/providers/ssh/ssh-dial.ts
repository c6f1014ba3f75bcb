import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { AnyAuthMethod, Client } from "ssh2";
import ssh2 from "ssh2";
import { type Connection, label, missingHostKey } from "./ssh-connection.ts";
import { DialError } from "./ssh-error.ts";
import { changedHostKey, hostKeyAlgorithms, parseHostKey } from "./ssh-host-key.ts";

/** Milliseconds before the first retry, and at most before any. */
const [firstPause, longestPause] = [100, 5000];

// A host that vanishes in the middle of a command is noticed after this many unanswered probes, a minute in all:
// long enough for an overloaded one.
const keepalive = { keepaliveInterval: 15_000, keepaliveCountMax: 4 };

/** Options of an attempt to connect. */
export interface Dialling {
  readonly cancelled: AbortSignal;
  /** Told about failed attempts that will be repeated. */
  onRetry(message: string): void;
  /** Opens the way to the host; without it the way is TCP. */
  openTransport?(): Promise<Duplex>;
}

/**
 * Connects and logs in. Repeats what may pass (refused, unreachable, silent), with growing pauses; never a refused
 * login, since OpenSSH's PerSourcePenalties and fail2ban lock out clients that repeat it, and never a wrong host key.
 *
 * @throws DialError
 */
export async function dial(connection: Connection, dialling: Dialling): Promise<Client> {
  const limit = connection.dialErrorLimit < 0 ? Number.POSITIVE_INFINITY : Math.max(1, connection.dialErrorLimit);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await dialOnce(connection, dialling);
    } catch (error) {
      const { message } = error as Error;
      if (error instanceof DialError && error.final) throw error;
      const times = attempt === 1 ? "1 attempt" : `${attempt} attempts`;
      if (attempt >= limit)
        throw new DialError(`${label(connection)}: no connection after ${times}: ${message}`, false);
      const of = limit === Number.POSITIVE_INFINITY ? "" : `/${limit}`;
      dialling.onRetry(`${label(connection)}: attempt ${attempt}${of} to connect failed: ${message}`);
      const pause = Math.min(firstPause * 1.5 ** (attempt - 1), longestPause);
      await sleep(pause, undefined, { signal: dialling.cancelled }).catch(() => {
        throw new DialError(`${label(connection)}: cancelled while connecting`, true);
      });
    }
  }
}

async function dialOnce(connection: Connection, { cancelled, openTransport }: Dialling): Promise<Client> {
  const name = label(connection);
  if (!connection.hostKey) throw new DialError(`${name}: connection.hostKey is ${missingHostKey}`, true);
  const pinned = finally_(() => parseHostKey(connection.hostKey!), name);
  const authHandler = finally_(() => loginMethods(connection), name);
  const transport = await openTransport?.();
  return await new Promise<Client>((resolve, reject) => {
    const client = new ssh2.Client();
    let wrongKey: string | undefined;
    let handshakeDone = false;
    const fail = (error: DialError) => {
      cancelled.removeEventListener("abort", onCancel);
      reject(error);
      client.destroy();
      transport?.destroy();
    };
    const onCancel = () => fail(new DialError(`${name}: cancelled while connecting`, true));
    cancelled.addEventListener("abort", onCancel);
    client.on("handshake", () => {
      handshakeDone = true;
    });
    client.on("ready", () => {
      client.setNoDelay(true);
      cancelled.removeEventListener("abort", onCancel);
      resolve(client);
    });
    client.on("error", (error: Error & { level?: string; code?: unknown }) => {
      if (wrongKey !== undefined) return fail(new DialError(wrongKey, true));
      if (error.level === "client-authentication" || (handshakeDone && typeof error.code === "number")) {
        return fail(new DialError(refusedLogin(connection), true));
      }
      const seconds = connection.perDialTimeout;
      fail(new DialError(error.level === "client-timeout" ? `no answer within ${seconds} s` : error.message, false));
    });
    client.on("close", () => fail(new DialError("the connection was closed during the handshake", false)));
    if (cancelled.aborted) return onCancel();
    client.connect({
      host: connection.host,
      port: connection.port,
      username: connection.user,
      ...(transport ? { sock: transport } : {}),
      readyTimeout: connection.perDialTimeout * 1000,
      ...keepalive,
      authHandler,
      algorithms: { serverHostKey: hostKeyAlgorithms(pinned) },
      hostVerifier: (blob: Buffer) => {
        if (blob.equals(pinned.blob)) return true;
        wrongKey = changedHostKey(name, pinned, blob);
        return false;
      },
    });
  });
}

/** Turns any error into one that is not retried. */
function finally_<T>(make: () => T, name: string): T {
  try {
    return make();
  } catch (error) {
    throw new DialError(`${name}: ${(error as Error).message}`, true);
  }
}

/** Each given way to log in, once: key, then password; the agent where it is named or nothing else is given. */
function loginMethods(connection: Connection): AnyAuthMethod[] {
  const { user: username, password, privateKey, privateKeyPassword } = connection;
  const methods: AnyAuthMethod[] = [];
  if (privateKey !== undefined) {
    const parsed = ssh2.utils.parseKey(privateKey, privateKeyPassword);
    const key = Array.isArray(parsed) ? parsed[0] : parsed;
    if (!key || key instanceof Error) {
      throw new Error(`connection.privateKey cannot be used: ${key?.message ?? "no key in it"}`);
    }
    if (!key.isPrivateKey()) throw new Error("connection.privateKey holds a public key");
    methods.push({ type: "publickey", username, key });
  }
  if (password !== undefined) {
    methods.push({ type: "password", username, password });
    const prompt = (_n: string, _i: string, _l: string, prompts: unknown[], finish: (answers: string[]) => void) => {
      finish(prompts.map(() => password));
    };
    methods.push({ type: "keyboard-interactive", username, prompt });
  }
  const agent = connection.agentSocketPath ?? (methods.length === 0 ? process.env.SSH_AUTH_SOCK : undefined);
  if (agent) methods.push({ type: "agent", username, agent });
  if (methods.length === 0) {
    throw new Error(
      "no way to log in: give connection.privateKey, .password or .agentSocketPath, or set SSH_AUTH_SOCK",
    );
  }
  return methods;
}

function refusedLogin(connection: Connection): string {
  const given = [
    connection.privateKey !== undefined && "private key",
    connection.password !== undefined && "password",
    (connection.agentSocketPath ?? (connection.privateKey || connection.password ? "" : "agent")) && "agent",
  ].filter(Boolean);
  return (
    `${label(connection)}: the host refused the login (${given.join(", ")}). Not tried again, because repeated refusals ` +
    `lock this machine out. Check that ${connection.user} may log in and has the key in its authorized_keys.`
  );
}
