import { Command } from "commander";
import { loadBootstrap } from "../../delivery/bootstrap.ts";
import { declare } from "../../fleet/declare/declare.ts";
import { InventoryError, loadFleet } from "../../fleet/load/load.ts";
import { checkout } from "../../guard/change/base.ts";
import { formatDrift } from "../../guard/drift/format-drift.ts";
import { type HostDrift, inspectHosts, sshTarget } from "../../guard/drift/inspect-hosts.ts";
import { readStackConfig, StackConfigError } from "../../guard/engine/stack-config.ts";
import { hasDrift } from "../../host/inspect/finding.ts";

/** What the command was asked for and cannot do. */
class UsageError extends Error {}

/**
 * Asks the hosts of a stack what they really have against what the inventory declares. Changes nothing.
 * @param names hosts to ask; all of the stack's when there are none
 * @throws StackConfigError, InventoryError or UsageError before any host is asked
 */
export async function drift(stack: string, projectDirectory: string, names: readonly string[]): Promise<HostDrift[]> {
  const config = readStackConfig(stack, projectDirectory);
  const { fleet } = await loadFleet(config.inventory);
  const declaration = declare(fleet, config.cell === undefined ? {} : { cell: config.cell });
  const there = declaration.hosts.map(({ name }) => name);
  const unknown = names.filter((name) => !there.includes(name));
  if (unknown.length > 0)
    throw new UsageError(`${config.stack} has no host ${unknown.join(", ")}; its hosts: ${there.join(", ")}`);
  const asked = new Set(names.length > 0 ? names : there);
  const targets = fleet.hosts.filter(({ name }) => asked.has(name)).map((host) => sshTarget(config, host));
  const { applier } = await loadBootstrap();
  return inspectHosts(declaration, targets, { applier });
}

interface Options {
  readonly stack: string;
  readonly host?: readonly string[];
  readonly cwd: string;
  readonly json?: true;
}

/** `guard drift`: what hosts have that nobody declared. */
export const driftCommand = new Command("drift")
  .description("Asks every host of a stack what it really has against what is declared. Nothing is changed.")
  .requiredOption("-s, --stack <stack>", "the stack; its hosts are those of Pulumi.<stack>.yaml")
  .option("--host <name...>", "only these hosts")
  .option("--cwd <directory>", "the project's directory", checkout)
  .option("--json", "print one JSON document for programs")
  .addHelpText(
    "after",
    "\nExit status: 0 no drift, 1 drift, 2 wrong usage or configuration, 3 a host could not be asked.",
  )
  .action(async ({ stack, host = [], cwd, json }: Options) => {
    try {
      const results = await drift(stack, cwd, host);
      process.stdout.write(json ? `${JSON.stringify(results, undefined, 2)}\n` : formatDrift(results, stack));
      if (results.some((result) => "error" in result)) process.exitCode = 3;
      else if (results.some((result) => "findings" in result && hasDrift(result.findings))) process.exitCode = 1;
    } catch (error) {
      const known = [UsageError, StackConfigError, InventoryError].some((kind) => error instanceof kind);
      console.error(known ? (error as Error).message : error);
      process.exitCode = 2;
    }
  });
