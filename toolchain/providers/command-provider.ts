import { localCommand } from "./command-local.ts";
import { remoteCommand } from "./command-remote.ts";
import { copyToRemote } from "./copy-to-remote.ts";
import type { Provider } from "./resource.ts";
import { SshPool } from "./ssh-pool.ts";

/** The version of `@pulumi/command` whose resources these are. A test compares it with package.json. */
export const commandVersion = "1.2.1";

/** The command provider, with a pool of SSH connections of its own. */
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
