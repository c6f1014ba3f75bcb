import type { Machine } from "../machine.ts";
import type { Outside } from "../outside.ts";

/** Where an SSH server listens; without an address on all of the host. */
export interface SshDoor {
  readonly address?: string;
  readonly port: number;
}

/**
 * Where the controller comes in: the server's end of its connection (sshd(8), SSH_CONNECTION). Without a connection, as at boot, every
 * socket on which sshd listens, or port 22 if another program does; empty if nothing listens.
 * @returns an error if that cannot be known: nothing that listens would mean nothing to check
 */
export async function sshDoors(
  { run }: Pick<Machine, "run">,
  connection = process.env.SSH_CONNECTION,
): Promise<SshDoor[] | Error> {
  const [, , address, port] = connection?.split(" ") ?? [];
  if (address !== undefined && Number(port) > 0) return [{ address, port: Number(port) }];
  const { status, stdout, stderr } = await run("ss", ["-H", "-l", "-t", "-n", "-p"]);
  if (status !== 0) return new Error(`ss: ${stderr.trim() || `exit status ${status}`}`);
  const listening = stdout.split("\n").flatMap((line) => {
    const [, , , local, , program = ""] = line.trim().split(/\s+/);
    const [, address, port] = /^\[?([^\]]*?)(?:%[^\]]*)?\]?:(\d+)$/.exec(local ?? "") ?? [];
    return address === undefined ? [] : [{ address, port: Number(port), isSshd: program.includes('("sshd"') }];
  });
  const own = listening.filter(({ isSshd }) => isSshd);
  return (own.length > 0 ? own : listening.filter(({ port }) => port === 22)).map(({ address, port }) => ({
    address,
    port,
  }));
}

/** Whether one of the doors opens to a client from outside. */
export async function opensOne(outside: Outside, doors: readonly SshDoor[]): Promise<boolean> {
  return (await Promise.all(doors.map(({ port, address }) => outside.sshAnswers(port, address)))).includes(true);
}

/** Whether an SSH server greets on the host itself: what `inspect` can see without changing anything. */
export async function sshAnswersHere({ run }: Pick<Machine, "run">): Promise<boolean> {
  const doors = await sshDoors({ run });
  if (doors instanceof Error) return false;
  const [door = { port: 22 }] = doors;
  const isWildcard = door.address === undefined || ["*", "::", "0.0.0.0"].includes(door.address);
  const scan = ["-T", "5", "-t", "ed25519", "-p", `${door.port}`, isWildcard ? "localhost" : door.address];
  const { stdout, stderr } = await run("ssh-keyscan", scan);
  return `${stdout}${stderr}`.includes("SSH-");
}

/** Seconds in which the controller's end must have answered. */
const answerWithin = 10;

/**
 * Whether the controller hears what the host says, and the host its answer: something goes over its connection, and its kernel acknowledges
 * it. A connection that has ended was ended by the controller; at boot there is none.
 * @returns the error if it does not
 */
export async function controllerHears(
  { run, say }: Pick<Machine, "run" | "say">,
  connection = process.env.SSH_CONNECTION,
): Promise<string | undefined> {
  const [address, theirs, , own] = connection?.split(" ") ?? [];
  if (address === undefined) return undefined;
  const begun = performance.now();
  say("asking whether the controller is still there");
  for (let pause = 100; ; pause = Math.min(pause * 2, 1000)) {
    const shown = await run("ss", ["-H", "-t", "-n", "-i", "sport", "=", `:${own}`, "and", "dport", "=", `:${theirs}`]);
    const since = performance.now() - begun;
    if (shown.status === 0 && !shown.stdout.includes("ESTAB")) return undefined;
    // Not shown if it was this very millisecond.
    const answered = Number(/\blastack:(\d+)/.exec(shown.stdout)?.[1] ?? 0);
    if (shown.status === 0 && answered < since && !/\bunacked:/.test(shown.stdout)) return undefined;
    if (since > answerWithin * 1000) return `the controller at ${address} does not answer any more`;
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}
