import * as pulumi from "@pulumi/pulumi";
import type { Declaration } from "../components/registry/kinds.generated.ts";

/**
 * An account that goes from a lost host to another one must not begin there without its data: `guard deploy` restores its newest backup, `pulumi up`
 * alone restores nothing.
 * @param held host of each account in the state
 * @throws RunError in an update that the guard does not run
 */
export function restoreUnderGuard(
  held: ReadonlyMap<number, string>,
  { accounts, hosts }: Pick<Declaration, "accounts" | "hosts">,
  isPreview: boolean,
): void {
  if (isPreview || process.env.FAIRHOST_DEPLOY) return;
  const lost = new Set(hosts.flatMap(({ name, lost }) => (lost === undefined ? [] : name)));
  const gone = accounts.filter(({ number, host }) => host !== held.get(number) && lost.has(held.get(number) ?? ""));
  if (gone.length === 0) return;
  const lines = gone.map(
    ({ number, name, host }) => `account ${number} (${name}): from ${held.get(number)} to ${host}`,
  );
  throw new pulumi.RunError(
    `Accounts of lost hosts are restored from their backups, which only \`npm run guard -- deploy\` does; nothing was touched.\n  ${lines.join("\n  ")}`,
  );
}
