import { randomBytes } from "node:crypto";
import type { Machine } from "./machine.ts";

/** Name of the network namespace that stands for the outside. Only the run that holds the applier's lock makes one. */
const namespace = "fairhost-outside";
/** Both ends of the link between the host and that namespace; the host's end first. */
const ends = [
  { device: "fairhost-out0", mac: "02:00:00:fa:17:01" },
  { device: "fairhost-out1", mac: "02:00:00:fa:17:02" },
] as const;

/** A client beside the host: its packets come in by a link, from an address that is not the host's own. */
export interface Outside extends AsyncDisposable {
  /** Whether an SSH server sends its greeting within 5 s. @param address of the host; one that nobody else can reach, or none, means the link's own. */
  sshAnswers(port: number, address?: string): Promise<boolean>;
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
  const remove = () => run("ip", ["netns", "delete", namespace]);
  // What a killed run left. The link goes with the namespace.
  await remove();
  const [own, client] = ends;
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
  return {
    addresses: { 4: four.there, 6: six.there },
    async sshAnswers(port, address) {
      const own = families.find(({ family }) => family === (/^[\d.]+$/.test(address ?? "") ? 4 : 6))!.here;
      const target = reachable(address) ? address : own;
      const scan = ["ssh-keyscan", "-T", "5", "-t", "ed25519", "-p", `${port}`, target];
      const { stdout, stderr } = await run("ip", ["netns", "exec", namespace, ...scan]);
      return `${stdout}${stderr}`.includes("SSH-");
    },
    async [Symbol.asyncDispose]() {
      await remove();
    },
  };
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
