import { Address6 } from "ip-address";
import { firstEphemeral } from "../../network/nftables/open-ports.ts";
import { canonical } from "../../schema.ts";

/**
 * The port to open for SSH beside 22, if there is one. A loopback address is the controller's own (docs/decisions/0004): its port belongs
 * to a forward, which ends at the host's port 22. So does a port that the firewall opens for nobody, because outgoing connections have it.
 */
export function sshPortOf(ssh: { readonly address: string; readonly port: number }): { readonly sshPort?: number } {
  const address = Address6.isValid(ssh.address) ? canonical(ssh.address) : ssh.address;
  const isForward = /^(?:localhost$|127\.|::1$)/i.test(address);
  return ssh.port === 22 || ssh.port >= firstEphemeral || isForward ? {} : { sshPort: ssh.port };
}
