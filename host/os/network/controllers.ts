import { controllerSets } from "../../../components/network/nftables.host.ts";
import type { Machine } from "../machine.ts";
import type { Outside } from "../outside.ts";
import { opensOne, type SshDoor } from "../ssh/ssh.ts";

/** A table of nftables. */
export interface Table {
  readonly family: string;
  readonly name: string;
}

/** The address that the controller comes from (sshd(8), SSH_CONNECTION); nobody is connected at boot. */
function controller(): string | undefined {
  return process.env.SSH_CONNECTION?.split(" ")[0];
}

/** Who is shut out, for a message. */
export function fromController(): string {
  const address = controller();
  return address === undefined ? "" : ` from ${address}`;
}

/**
 * Whether SSH opens to those whom the rules in the kernel name as controllers, since rules may close it to all others: the client outside is
 * one of them for as long as it is tried. False if somebody is connected who is none of them.
 */
export async function opensToController(
  { run }: Machine,
  tables: readonly Table[],
  outside: Outside,
  doors: readonly SshDoor[],
): Promise<boolean> {
  const element = async (verb: "add" | "delete" | "get", address: string): Promise<boolean> => {
    const set = controllerSets[address.includes(":") ? 6 : 4];
    const tried = tables.map(({ family, name }) => run("nft", [verb, "element", family, name, set, `{ ${address} }`]));
    return (await Promise.all(tried)).some(({ status }) => status === 0);
  };
  const connected = controller();
  if (connected !== undefined && !(await element("get", connected))) return false;
  const added: string[] = [];
  // One that is in already, of a range, must not be taken out of it.
  for (const address of Object.values(outside.addresses))
    if (!(await element("get", address)) && (await element("add", address))) added.push(address);
  const opens = await opensOne(outside, doors);
  for (const address of added) await element("delete", address);
  return opens;
}
