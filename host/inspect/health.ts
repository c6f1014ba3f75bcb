import { sites } from "../../components/http/sites.host.ts";
import type { Bundle, Group } from "../../delivery/protocol/bundle.ts";
import type { Health } from "../../delivery/protocol/inspection.ts";
import { sampleOf } from "../../lib/sample.ts";
import { count } from "../../lib/text/text.ts";
import { unitsOf } from "../apply/hooks/choose.ts";
import type { Machine } from "../os/machine.ts";
import { doorsInWords, type FrontDoor, frontDoors, isDeclaredShut, shutDoors } from "../os/network/front-end.ts";
import { type RouterSessions, routerSessions } from "../os/network/router-sessions.ts";
import { openOutside } from "../os/outside.ts";
import { listensAgain, reasonFor, unitStates } from "../os/systemd.ts";
import { filesOf, readCurrent } from "../store/generations.ts";
import { routerOf } from "../store/host-name.ts";
import { asItMayRun, goneAccounts, goneInWords, isMarked, waitingForMoves } from "../store/moving.ts";
import { otherMaster } from "../store/secrets.ts";
import { waiting } from "../store/waiting.ts";
import { lookAtStates } from "./checks/units.ts";
import { accountNumber } from "./files.ts";

/** Most accounts that get a request: with more given, or none, a sample of that many. */
const most = 5;

/** Milliseconds that a request may take: the front end itself gives up on a cold start after 60 s. */
const patience = 65_000;

/**
 * Checks that all units that should run do, that the front end answers, also visitors from elsewhere, and asks some accounts for a real page
 * through it, which wakes them. Changes nothing else, but that a socket which an account has ended listens again. What an account answers, or that it does not, is reported but is no problem of the host: it is up to the
 * account. The controller compares it with an earlier answer (guard/deploy/hosts/gate.ts).
 * @param accounts numbers of accounts to ask; with none, or more than five, a sample of five, chosen anew each time
 */
export async function health(machine: Machine, accounts: readonly number[]): Promise<Health> {
  const { number, bundle } = readCurrent(machine);
  const problems: { group: Group; message: string }[] = [];
  if (number === 0)
    return { healthy: false, problems: [{ group: "host", message: "nothing was ever applied" }], woken: [] };
  const ours = unitsOf(bundle);
  for (const { group, what, message } of lookAtStates(asItMayRun(machine, bundle), await unitStates(machine))) {
    // A service of an account is its own program, which may stop when it likes.
    if (!ours.has(what) || (group !== "host" && (what.endsWith(".service") || (await listensAgain(machine, what)))))
      continue;
    problems.push({ group, message: `${message}: ${await reasonFor(machine, what)}` });
  }
  const router = routerOf(machine);
  const sessions = router === undefined ? undefined : await routerSessions(machine);
  const texts = (path: string) => filesOf(bundle).get(path)?.content;
  const doors = frontDoors(texts);
  const answering: FrontDoor[] = [];
  for (const door of doors) {
    const address = door.family === 6 ? "::1" : "127.0.0.1";
    const { status, error } = await get(address, door.port, "localhost");
    if (status !== 0) answering.push(door);
    else
      problems.push({
        group: "host",
        message: `the front end does not answer at ${address} on port ${door.port}: ${error}`,
      });
  }
  const reached = sitesOf(bundle).filter(({ account }) => !isMarked(machine, "held", account));
  for (const account of accounts.filter((account) => !bundle.groups[`account-${account}`]))
    problems.push({ group: "host", message: `account ${account} is not on this host` });
  // Who asks an account that waits would wait too.
  const why = waiting(machine);
  if (why !== undefined) problems.push({ group: "host", message: why });
  const asked = why === undefined ? chosen(accounts, reached) : [];
  const woken = await Promise.all(
    asked.map(async ({ account, address }) => {
      const begin = performance.now();
      const { status } = await get(address, doors[0]?.port ?? 80, `[${address}]`);
      return { account, status, ms: Math.round(performance.now() - begin) };
    }),
  );
  const seen = await fromOutside(machine, texts, answering, asked[0]?.address);
  if (seen.problem !== undefined) problems.push({ group: "host", message: seen.problem });
  const other = otherMaster(machine);
  const gone = [...goneAccounts(machine)].filter(([number]) => bundle.groups[`account-${number}`]);
  if (gone[0]) {
    const held = gone.length === 1 ? "it is" : `it and ${count(gone.length - 1, "other account")} are`;
    const message = `${goneInWords(bundle.host, ...gone[0])}, so ${held} held; if the inventory does not say so, deploy here with --repair`;
    problems.push({ group: "host", message });
  }
  const down = [...(sessions ?? [])].flatMap(([name, { established }]) => (established ? [] : name));
  if (sessions && down.length === sessions.size)
    problems.push({ group: "host", message: "no BGP session is established" });
  const notes = [
    other,
    seen.note,
    ...waitingForMoves(machine, bundle).map((what) => `not in force yet: ${what}`),
    ...(down.length > 0 ? [`BGP sessions that are not established: ${down.join(", ")}`] : []),
  ].filter((note) => note !== undefined);
  return {
    healthy: problems.length === 0,
    problems,
    woken,
    ...(notes.length > 0 && { notes }),
    ...(sessions && { sessions: inWords(sessions) }),
  };
}

/** By name, whether it is established. */
function inWords(sessions: RouterSessions): Record<string, boolean> {
  return Object.fromEntries([...sessions].map(([name, { established }]) => [name, established]));
}

interface Site {
  readonly account: number;
  readonly address: string;
}

const ownAddress = new RegExp(`^${sites.name}/names/([0-9a-f]*:[0-9a-f:]*)$`);

/** Accounts with a web site that are not suspended, and its address: each is a name of the front end, too. */
function sitesOf(bundle: Bundle): Site[] {
  return [...filesOf(bundle).values()]
    .flatMap(({ path, content, group }) => {
      const [, address] = ownAddress.exec(path) ?? [];
      const isSuspended = /^\/ \d+\/suspended$/m.test(content ?? "");
      return address !== undefined && !isSuspended ? [{ account: accountNumber(group), address }] : [];
    })
    .sort((a, b) => a.account - b.account);
}

/** The given accounts, or all; of more than {@link most} a sample. In the order of their numbers. */
function chosen(accounts: readonly number[], sites: readonly Site[]): readonly Site[] {
  const asked = accounts.length === 0 ? sites : sites.filter(({ account }) => accounts.includes(account));
  return sampleOf(asked, most).sort((a, b) => a.account - b.account);
}

/**
 * What visitors see, who do not come by the loopback interface: packet filters let that one through.
 * @param answering doors at which the front end answers the host itself
 * @param site an account's address, which is tried too
 */
async function fromOutside(
  machine: Machine,
  texts: (path: string) => string | undefined,
  answering: readonly FrontDoor[],
  site: string | undefined,
): Promise<{ readonly problem?: string; readonly note?: string }> {
  if (!machine.live || answering.length === 0) return {};
  const outside = await openOutside(machine);
  if (typeof outside === "string") return { problem: `cannot see the front end as visitors do: ${outside}` };
  await using _outside = outside;
  const shut = await shutDoors(outside, answering);
  const open = answering.filter((door) => !shut.includes(door));
  const ofSite = site === undefined ? [] : open.filter(({ family }) => family === 6);
  shut.push(
    ...(await shutDoors(
      outside,
      ofSite.map((door) => ({ ...door, address: site! })),
    )),
  );
  const [declared, others] = [true, false].map((known) =>
    shut.filter((door) => isDeclaredShut(texts, door, outside.addresses) === known),
  ) as [FrontDoor[], FrontDoor[]];
  return {
    ...(others.length > 0 && {
      problem: `the front end answers the host itself, but no visitor: ${doorsInWords(others)}. If it is meant to be closed, declare that in \`firewall\` of the host; otherwise see \`nft list ruleset\``,
    }),
    ...(declared.length > 0 && { note: `a declared rule closes the front end: ${doorsInWords(declared)}` }),
  };
}

/** @returns status 0 and the reason if there was no answer */
function get(host: string, port: number, name: string): Promise<{ status: number; error?: string }> {
  // An import would load all of Node's HTTP in every run of the applier, which takes as long as everything else here.
  const { request } = process.getBuiltinModule("node:http");
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(patience);
    const sent = request({ host, port, path: "/", headers: { host: name, connection: "close" }, agent: false, signal });
    sent.once("response", (response) => {
      resolve({ status: response.statusCode ?? 0 });
      response.destroy();
    });
    sent.once("error", (error) => {
      resolve({ status: 0, error: signal.aborted ? `no answer within ${patience / 1000} s` : error.message });
    });
    sent.end();
  });
}

/** For a person at the console. */
export function formatHealth({ healthy, problems, woken, notes = [] }: Health): string {
  return [
    ...notes,
    ...problems.map(({ group, message }) => `${group}: ${message}`),
    ...woken.map(({ account, status, ms }) => `account ${account}: status ${status} after ${ms} ms`),
    healthy ? "healthy\n" : "not healthy\n",
  ].join("\n");
}
