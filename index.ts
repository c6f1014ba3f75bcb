import "./lib/lazy-modules.ts";
import { loadBootstrap } from "./delivery/bootstrap.ts";
import { awaitedAccounts } from "./stacks/awaited-accounts.ts";
import { connections } from "./stacks/connections.ts";
import { declared } from "./stacks/declared.ts";
import { neededDnsSecrets } from "./stacks/dns-secrets.ts";
import { holdings } from "./stacks/holdings.ts";
import { leanSdk } from "./stacks/lean-sdk.ts";
import { platform } from "./stacks/platform.ts";
import { readSettings } from "./stacks/settings.ts";

leanSdk();
const settings = readSettings();
const { fleet, declaration, whole, due, repairs, secrets, commands, stamps, ...held } = await declared(
  settings,
  holdings,
);
const reached = connections(fleet, declaration, settings);

const { hosts, routers } = await platform({
  declaration,
  whole,
  due,
  connections: reached,
  bootstrap: await loadBootstrap(),
  secretEpoch: settings.secretEpoch,
  dnsSecrets: neededDnsSecrets(declaration, settings.dnsSecrets),
  repairs,
  secrets,
  commands,
  stamps,
  awaited: awaitedAccounts(declaration, reached, { ...held, commands }),
});

/** Outputs: the last report of each host and router, with result, generation and errors by account. One object, since the engine warns of an export without a value. */
export default { hosts, ...(routers && { routers }) };
