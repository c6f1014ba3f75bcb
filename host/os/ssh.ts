import type { Machine } from "./machine.ts";
import type { Outside } from "./outside.ts";

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
