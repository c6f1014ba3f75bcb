/**
 * Runs in the visitor's namespace: sends requests to every account at a steady rate, over IPv6 and IPv4. Gets its targets as the first message of its parent, and
 * answers every other message with what it has seen since the last one.
 */
import { createSocket, type Socket } from "node:dgram";
import { patience, requestPort, requestRate, type Seen, type Targets } from "./protocol.ts";

class Account {
  readonly account: number;
  readonly #address: string;
  readonly #socket: Socket;
  /** When each request was sent that is not answered yet, by its number. */
  readonly #open = new Map<number, number>();
  #next = 0;
  #answered = 0;
  #lost = 0;
  #gap = 0;
  #last = performance.now();

  constructor(account: number, address: string, source: string) {
    this.account = account;
    this.#address = address;
    this.#socket = createSocket(source.includes(":") ? { type: "udp6", ipv6Only: true } : { type: "udp4" });
    this.#socket.on("message", (message) => this.#answer(message.readUInt32BE()));
    // Without a way there the request is lost.
    this.#socket.on("listening", () => this.#socket.on("error", () => {}));
    this.#socket.bind(0, source);
  }

  ask(): void {
    const number = this.#next++;
    const message = Buffer.alloc(4);
    message.writeUInt32BE(number);
    const now = performance.now();
    this.#open.set(number, now);
    for (const [old, sent] of this.#open) {
      if (now - sent <= patience) break;
      this.#open.delete(old);
      this.#lost++;
    }
    this.#socket.send(message, requestPort, this.#address, () => {});
  }

  #answer(number: number): void {
    if (!this.#open.delete(number)) return;
    // One way, one order: what was sent before has no answer any more.
    for (const old of this.#open.keys()) {
      if (old > number) break;
      this.#open.delete(old);
      this.#lost++;
    }
    const now = performance.now();
    this.#gap = Math.max(this.#gap, now - this.#last);
    this.#last = now;
    this.#answered++;
  }

  seen(): Seen {
    const longestGap = Math.round(Math.max(this.#gap, performance.now() - this.#last));
    const seen = { account: this.account, answered: this.#answered, lost: this.#lost, longestGap };
    this.#answered = 0;
    this.#lost = 0;
    this.#gap = 0;
    return seen;
  }
}

let accounts: Account[] | undefined;
process.on("message", (message: Targets) => {
  if (accounts !== undefined) {
    process.send!(accounts.map((each) => each.seen()));
    return;
  }
  const all = message.accounts.map(({ account, address, source }) => new Account(account, address, source));
  accounts = all;
  let sent = 0;
  const begin = performance.now();
  setInterval(() => {
    const due = ((performance.now() - begin) / 1000) * requestRate;
    for (; sent < due; sent++) all[sent % all.length]!.ask();
  }, 5);
});
process.on("disconnect", () => process.exit());
