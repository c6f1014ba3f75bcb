import type { Provider } from "../resource.ts";
import { SshPool } from "../ssh/ssh-pool.ts";
import { localCommand } from "./command-local.ts";
import { remoteCommand } from "./command-remote.ts";
import { copyToRemote } from "./copy-to-remote.ts";

/** The version of `@pulumi/command` whose resources these are. A test compares it with package.json. */
export const commandVersion = "1.2.1";

/**
 * The command provider, with a pool of SSH connections of its own. Where it differs from upstream, on purpose:
 * - a connection without `hostKey` is refused; upstream trusts any host then;
 * - one connection for each way to a host, closed when idle; upstream opens one for each command and closes none;
 * - `perDialTimeout` covers the login too; a refused login or a wrong host key is not tried again;
 * - an SSH agent is asked only if it is named or nothing else is given;
 * - a failure tells the command's first line and the end of its stderr, with secret inputs hidden; upstream prints
 *   all of both outputs, and the whole command;
 * - no functions (`local.run`) and no `CopyFile`.
 */
export function commandProvider(): Provider {
  const pool = new SshPool();
  return {
    name: "command",
    version: commandVersion,
    resources: {
      "command:local:Command": localCommand(),
      "command:remote:Command": remoteCommand(pool),
      "command:remote:CopyToRemote": copyToRemote(pool),
    },
    close: () => pool.close(),
  };
}
