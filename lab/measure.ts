import { httpPort } from "../components/http/kinds/server.ts";
import type { AccountContainerInputs, Declaration, HttpServerInputs } from "../components/registry/kinds.generated.ts";
import { UserError } from "../lib/user-error.ts";
import * as lab from "./lab-api.ts";

/** Measurements of one account, from outside and from a program of another account. */
export interface Seen {
  readonly account: string;
  readonly host: string;
  readonly prefix: string;
  /** Milliseconds from request to answer with its server stopped before. */
  readonly coldMs: number;
  readonly warmMs: number;
  /** Seconds after the last request until the account had no processes; undefined if that took too long. */
  readonly idleStopSeconds: number | undefined;
  /** Results of another account's program: `connect` to the account's server, `read` of its directory. */
  readonly neighbour: { readonly by: string; readonly connect: string; readonly read: string };
}

/** Requests a page inside the lab's network; fails unless the answer is 200. */
export async function request(url: string, maxSeconds = 60): Promise<{ body: string; ms: number }> {
  const format = "\n%{http_code} %{time_total}";
  const { stdout } = await lab.curl([
    "--silent",
    "--show-error",
    "--max-time",
    `${maxSeconds}`,
    "--write-out",
    format,
    url,
  ]);
  const lines = stdout.split("\n");
  const [status, seconds] = lines.pop()!.split(" ");
  if (status !== "200") throw new UserError(`${url} answered ${status}: ${lines.join("\n").slice(0, 500)}`);
  return { body: lines.join("\n"), ms: Number(seconds) * 1000 };
}

/** Waits until the lab's router has learnt the prefix from the host. */
export async function announced(prefix: string, seconds = 60): Promise<void> {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await sleep(500)) {
    const { stdout } = await lab.exec(["ip", "-6", "route", "show", prefix]);
    if (stdout.includes("via")) return;
  }
  throw new UserError(
    `${prefix} was not announced to the lab's router within ${seconds} s: see \`birdc show protocols\` on the host`,
  );
}

/** Measures cold and warm requests, isolation and idle stop of every account with a server. Takes about the longest idle time. */
export async function measure(declaration: Declaration): Promise<Seen[]> {
  const served = declaration.accounts.filter((account) => serverOf(declaration, account));
  const requests = new Map<number, { coldMs: number; warmMs: number }>();
  // Hosts in parallel, the accounts of one host one after the other: nothing else must run during a cold start.
  const oneByOne = async (accounts: readonly AccountContainerInputs[]) => {
    for (const account of accounts) requests.set(account.number, await coldAndWarm(declaration, account));
  };
  await Promise.all([...Map.groupBy(served, ({ host }) => host).values()].map(oneByOne));
  const neighbours = new Map<number, Seen["neighbour"]>();
  for (const account of served) neighbours.set(account.number, await probe(declaration, account));
  const idle = await idleStops(served);
  return served.map((account) => ({
    account: account.name,
    host: account.host,
    prefix: addressOf(declaration, account.number).prefix,
    ...requests.get(account.number)!,
    idleStopSeconds: idle.get(account.number),
    neighbour: neighbours.get(account.number)!,
  }));
}

async function coldAndWarm(declaration: Declaration, account: AccountContainerInputs) {
  const { prefix, address } = addressOf(declaration, account.number);
  await announced(prefix);
  await lab.sshRun(account.host, ["systemctl", "stop", `${serverOf(declaration, account)!.unit}.service`]);
  const { ms: coldMs } = await request(`http://[${address}]/`);
  const { ms: warmMs } = await request(`http://[${address}]/`);
  return { coldMs, warmMs };
}

/**
 * Lets another account's program, in its sandbox, try to connect to the port of the account's program and to read its directory. First checks
 * that the program can read its own home, so that a refusal is meaningful.
 */
async function probe(declaration: Declaration, target: AccountContainerInputs): Promise<Seen["neighbour"]> {
  const isNeighbour = (account: AccountContainerInputs) =>
    account.number !== target.number && serverOf(declaration, account)?.kind === "program";
  const candidates = declaration.accounts.filter(isNeighbour);
  const by = candidates.find((account) => account.host === target.host) ?? candidates[0];
  if (!by) return { by: "nobody", connect: "not tried", read: "not tried" };
  // The front end is for everybody, neighbours too; the account's own network, where its programs listen, is not.
  const address = addressOf(declaration, target.number).address.replace(/::1$/, "::2");
  const port = `${httpPort(serverOf(declaration, target) ?? { number: 1 })}`;
  const from = addressOf(declaration, by.number).address;
  const ask = async (path: string) => {
    const query = new URLSearchParams({ address, port, path });
    return JSON.parse((await request(`http://[${from}]/probe?${query}`)).body) as { connect: string; read: string };
  };
  const own = await ask(`/home/${by.name}`);
  if (own.read !== "ok") throw new UserError(`the probe in ${by.name} cannot read its own home: ${own.read}`);
  return { by: by.name, ...(await ask(target.directory)) };
}

/** Counts the tasks of each HTTP server in the kernel; an idle one has none, or no control group. Services of accounts always run. */
const countTasks =
  "grep -H . /sys/fs/cgroup/account.slice/account-*.slice/account-*-http-*.service/pids.current || true";

async function idleStops(accounts: readonly AccountContainerInputs[]): Promise<Map<number, number>> {
  const stopped = new Map<number, number>();
  const begin = Date.now();
  const hosts = [...new Set(accounts.map(({ host }) => host))];
  while (stopped.size < accounts.length && Date.now() - begin < 120_000) {
    await sleep(2_000);
    for (const host of hosts) {
      const { stdout } = await lab.sshRun(host, ["sh", "-c", countTasks]);
      for (const { number, slice } of accounts.filter((account) => account.host === host)) {
        const busy = new RegExp(`/${slice}/[^/]*/pids.current:[1-9]`).test(stdout);
        if (!stopped.has(number) && !busy) stopped.set(number, (Date.now() - begin) / 1000);
      }
    }
  }
  return stopped;
}

function serverOf(declaration: Declaration, { number }: AccountContainerInputs): HttpServerInputs | undefined {
  return declaration.httpServers.find((server) => server.account === number);
}

function addressOf(declaration: Declaration, account: number) {
  return declaration.addresses.find((address) => address.account === account)!;
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
