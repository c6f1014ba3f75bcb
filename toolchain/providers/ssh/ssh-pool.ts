import type { Duplex } from "node:stream";
import type { Client } from "ssh2";
import { type Connection, connectionId, label } from "./ssh-connection.ts";
import type { Dialling } from "./ssh-dial.ts";
import { ConnectionGone, DialError, SessionRefused } from "./ssh-error.ts";

/** OpenSSH's default MaxSessions: more channels than these on one connection are refused. */
const sessionsPerConnection = 10;

/** Connections lost under a command that had not begun, before giving up. */
const mostLosses = 3;

/** Options of a user of the pool. */
export interface Lease {
  readonly cancelled: AbortSignal;
  onRetry(message: string): void;
}

interface Entry {
  readonly client: Promise<Client>;
  active: number;
  limit: number;
  waiting: (() => void)[];
  idle?: NodeJS.Timeout;
}

/**
 * SSH connections, one for each way to reach a host, shared by whatever runs there and closed when idle. What cannot
 * succeed by repetition (refused login, wrong host key) is remembered and answered without asking the host again.
 */
export class SshPool {
  readonly #entries = new Map<string, Entry>();
  readonly #refused = new Map<string, DialError>();
  readonly #idleTime: number;

  /** @param idleTime milliseconds a connection stays open with nothing to do. */
  constructor(idleTime = 20_000) {
    this.#idleTime = idleTime;
  }

  /**
   * Calls `work` with a connection. Waits while the connection has as many sessions as the server allows.
   *
   * @throws DialError if there is no connection; what `work` throws otherwise.
   */
  async use<T>(connection: Connection, lease: Lease, work: (client: Client) => Promise<T>): Promise<T> {
    for (let losses = 0; ; ) {
      const [id, entry] = this.#entry(connection, lease);
      await this.#takeSlot(entry);
      let client: Client | undefined;
      try {
        client = await entry.client;
        return await work(client);
      } catch (error) {
        if (error instanceof ConnectionGone && losses < mostLosses) {
          losses += 1;
          this.#drop(id, entry);
        }
        // Refused although it is the only session of its connection: there is no slot to wait for.
        else if (!(error instanceof SessionRefused) || entry.active === 1) throw error;
        else entry.limit = Math.min(entry.limit, entry.active - 1);
      } finally {
        this.#giveSlot(id, entry);
      }
    }
  }

  /** Closes all connections at once. */
  close(): void {
    for (const [id, entry] of this.#entries) this.#drop(id, entry);
  }

  #entry(connection: Connection, lease: Lease): [string, Entry] {
    const id = connectionId(connection);
    const refused = this.#refused.get(id);
    if (refused) throw refused;
    const known = this.#entries.get(id);
    if (known) return [id, known];
    const entry: Entry = {
      client: this.#open(connection, lease),
      active: 0,
      limit: sessionsPerConnection,
      waiting: [],
    };
    this.#entries.set(id, entry);
    entry.client.then(
      (client) => client.on("close", () => this.#drop(id, entry)),
      (error) => {
        this.#drop(id, entry);
        if (error instanceof DialError && error.final && !lease.cancelled.aborted) this.#refused.set(id, error);
      },
    );
    return [id, entry];
  }

  async #open(connection: Connection, lease: Lease): Promise<Client> {
    const { proxy } = connection;
    if (!proxy) return await dialLate(connection, lease);
    let release: (() => void) | undefined;
    const openTransport = async () => {
      const way = await this.#openWay(connection, proxy, lease);
      release = way.release;
      return way.transport;
    };
    try {
      const client = await dialLate(connection, { ...lease, openTransport });
      client.on("close", () => release?.());
      return client;
    } catch (error) {
      release?.();
      throw error;
    }
  }

  /** Opens a way through the proxy; the proxy's connection counts as used until `release`. */
  #openWay(target: Connection, proxy: Connection, lease: Lease) {
    return new Promise<{ transport: Duplex; release: () => void }>((resolve, reject) => {
      const work = (client: Client) =>
        new Promise<void>((release, refuse) => {
          client.forwardOut("127.0.0.1", 0, target.host, target.port, (error, transport) => {
            if (error) return refuse(new Error(`${label(proxy)} does not forward the connection: ${error.message}`));
            transport.once("close", () => release());
            resolve({ transport, release });
          });
        });
      this.use(proxy, lease, work).catch((error: Error) => {
        const final = error instanceof DialError && error.final;
        reject(new DialError(`proxy: ${error.message}`, final));
      });
    });
  }

  async #takeSlot(entry: Entry): Promise<void> {
    clearTimeout(entry.idle);
    while (entry.active >= entry.limit) await new Promise<void>((resolve) => entry.waiting.push(resolve));
    entry.active += 1;
  }

  #giveSlot(id: string, entry: Entry): void {
    entry.active -= 1;
    entry.waiting.shift()?.();
    if (entry.active > 0 || entry.waiting.length > 0) return;
    entry.idle = setTimeout(() => this.#drop(id, entry), this.#idleTime);
    entry.idle.unref();
  }

  #drop(id: string, entry: Entry): void {
    clearTimeout(entry.idle);
    if (this.#entries.get(id) === entry) this.#entries.delete(id);
    entry.client.then(
      (client) => client.end(),
      () => {},
    );
  }
}

/** ssh2 is loaded with the first connection: a run that changes no host does not load it. */
async function dialLate(connection: Connection, dialling: Dialling): Promise<Client> {
  const { dial } = await import("./ssh-dial.ts");
  return await dial(connection, dialling);
}
