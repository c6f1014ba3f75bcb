import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import type { Machine } from "./machine.ts";

/** Names of network namespaces that stand for the outside: one a process, whose number follows. */
const namespaces = "fairhost-outside-";

/** Seconds in which a server must answer. */
const patience = 5;

/** Both ends of the link between the host and a namespace; the host's end first. A name of a link has 15 characters at most. */
const endsOf = (pid: number) =>
  [
    { device: `fh-out0${pid}`, mac: "02:00:00:fa:17:01" },
    { device: `fh-out1${pid}`, mac: "02:00:00:fa:17:02" },
  ] as const;

/** A client beside the host: its packets come in by a link, from an address that is not the host's own. */
export interface Outside extends AsyncDisposable {
  /** Whether an SSH server sends its greeting in time. @param address of the host; one that nobody else can reach, or none, means the link's own. */
  sshAnswers(port: number, address?: string): Promise<boolean>;
  /** Whether an HTTP server answers in time, whatever it says. @param target an address of the host; an IP version means the link's own */
  httpAnswers(port: number, target: string | 4 | 6): Promise<boolean>;
  /** Its addresses, by IP version. */
  readonly addresses: Readonly<Record<4 | 6, string>>;
}

/**
 * Makes a network namespace with a link to the host. What a program on the host sees from `localhost` proves nothing about visitors: a
 * packet filter lets the loopback interface through. The addresses are random, of ranges that no network has (RFC 4193, RFC 2544), so
 * that penalties of the SSH server for one client never add up. Neighbours are fixed: the filter may drop their discovery.
 * @returns the error of the program that failed
 */
export async function openOutside({ run }: Machine): Promise<Outside | string> {
  const namespace = `${namespaces}${process.pid}`;
  // The link goes with the namespace.
  const remove = (name = namespace) => run("ip", ["netns", "delete", name]);
  for (const name of await leftBehind(run)) await remove(name);
  const [own, client] = endsOf(process.pid);
  const families = addressPairs();
  const within = `-n ${namespace}`;
  const steps = [
    `netns add ${namespace}`,
    `link add ${own.device} address ${own.mac} type veth peer name ${client.device} address ${client.mac} netns ${namespace}`,
    `link set ${own.device} up`,
    `${within} link set ${client.device} up`,
    ...families.flatMap(({ family, here, there, length, flags }) => [
      `address add ${here}/${length} dev ${own.device}${flags}`,
      `neighbour replace ${there} lladdr ${client.mac} nud permanent dev ${own.device}`,
      `${within} address add ${there}/${length} dev ${client.device}${flags}`,
      `${within} neighbour replace ${here} lladdr ${own.mac} nud permanent dev ${client.device}`,
      `${within} -${family} route replace default via ${here} dev ${client.device}`,
    ]),
  ];
  for (const step of steps) {
    const { status, stderr } = await run("ip", step.split(" "));
    if (status === 0) continue;
    await remove();
    return `ip: ${stderr.trim()}`;
  }
  const [six, four] = families;
  const inside = (...command: string[]) => run("ip", ["netns", "exec", namespace, ...command]);
  return {
    addresses: { 4: four.there, 6: six.there },
    async sshAnswers(port, address) {
      const own = families.find(({ family }) => family === (/^[\d.]+$/.test(address ?? "") ? 4 : 6))!.here;
      const target = reachable(address) ? address : own;
      const { stdout, stderr } = await inside(
        "ssh-keyscan",
        "-T",
        `${patience}`,
        "-t",
        "ed25519",
        "-p",
        `${port}`,
        target,
      );
      return `${stdout}${stderr}`.includes("SSH-");
    },
    async httpAnswers(port, target) {
      const address = typeof target === "string" ? target : (target === 6 ? six : four).here;
      // Without a name, and without TLS on a port that wants it, the front end answers by itself: no account wakes.
      const ask = String.raw`exec 3<>"/dev/tcp/$0/$1" && printf 'GET / HTTP/1.1\r\n\r\n' >&3 && head -c 5 <&3`;
      const { stdout } = await inside("timeout", `${patience}`, "bash", "-c", ask, address, `${port}`);
      return stdout === "HTTP/";
    },
    async [Symbol.asyncDispose]() {
      await remove();
    },
  };
}

/** Namespaces of runs that were killed. */
async function leftBehind(run: Machine["run"]): Promise<string[]> {
  const { stdout } = await run("ip", ["netns", "list"]);
  const names = stdout.split("\n").map((line) => line.split(" ")[0]!);
  return names.filter((name) => {
    const pid = name.startsWith(namespaces) ? name.slice(namespaces.length) : undefined;
    return pid === `${process.pid}` || (pid !== undefined && !existsSync(`/proc/${pid}`));
  });
}

/** Whether packets of another machine can have this address of the host as destination. */
function reachable(address: string | undefined): address is string {
  return address !== undefined && !/^(?:127\.|::1$|fe80:|0\.0\.0\.0$|::$|\*$)/i.test(address);
}

function addressPairs() {
  const [a, b, c, d, e, f, g] = [...randomBytes(7)] as [number, number, number, number, number, number, number];
  const hex = (...bytes: number[]) => Buffer.from(bytes).toString("hex");
  const prefix = `fd${hex(a)}:${hex(b, c)}:${hex(d, e)}:${hex(f, g)}`;
  const block = `198.${18 + (a & 1)}.${b}`;
  return [
    { family: 6, here: `${prefix}::1`, there: `${prefix}::2`, length: 64, flags: " nodad" },
    { family: 4, here: `${block}.${(c & 0xfc) + 1}`, there: `${block}.${(c & 0xfc) + 2}`, length: 30, flags: "" },
  ] as const;
}
