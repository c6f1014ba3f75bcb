import * as pulumi from "@pulumi/pulumi";
import { stampAnswers } from "../components/backup/stamps.ts";
import type { Fleet } from "../components/registry/files.generated.ts";
import { type Declaration, kinds } from "../components/registry/kinds.generated.ts";
import type { Violation } from "../components/rule.ts";
import type { AnswerStamp } from "../delivery/protocol/answers.ts";
import { declare } from "../fleet/declare/declare.ts";
import { InventoryError, loadFleet } from "../fleet/load/load.ts";
import { checkDeclaration, judgeDeclaration } from "../policies/check-declaration.ts";
import { nothingVanishes } from "../policies/data/nothing-vanishes.ts";
import { formatViolations } from "../policies/format-violations.ts";
import { describeWaived } from "../policies/waivers.ts";
import { refuseUnknownCell } from "./cell-stacks.ts";
import type { Holdings } from "./holdings.ts";
import { keepUids } from "./keep-uids.ts";
import { requestedRepairs } from "./repairs.ts";
import { restoreUnderGuard } from "./restore-under-guard.ts";
import { routersInOrder } from "./routers-in-order.ts";
import type { Settings } from "./settings.ts";

interface Declared extends Pick<Holdings, "repairs" | "secrets" | "commands" | "hosts" | "delivered"> {
  readonly fleet: Fleet;
  readonly declaration: Declaration;
  /** Of all cells. */
  readonly whole: Declaration;
  /** Routers to which the stack of routers may deliver now; in any other stack undefined. */
  readonly due: ReadonlySet<string> | undefined;
  readonly stamps: ReadonlyMap<string, AnswerStamp>;
}

/**
 * Loads the inventory, checks the whole fleet against the mandatory rules, shows waived violations, and returns the declaration of this
 * cell's stack, the number of repairs requested for each of its hosts, the stamps of answers to them, and the master secrets and commands that it holds.
 * This runs before any resource exists, so no flag of the engine can skip it.
 * @throws RunError with all problems or all violations at once, with file and line; or for an account that would get another uid.
 */
export async function declared(
  { inventory, cell, today }: Pick<Settings, "inventory" | "cell" | "today">,
  holdings: () => Promise<Holdings>,
): Promise<Declared> {
  const { fleet, where } = await loadFleet(inventory).catch((error: unknown) => {
    if (error instanceof InventoryError)
      throw new pulumi.RunError(`The inventory has problems; nothing was touched.\n${error.message}`);
    throw error;
  });
  const refuse = (violations: readonly Violation[]) => {
    if (violations.length === 0) return;
    const place = (subject: { kind: Parameters<typeof where>[0]; name: string; path?: string }) => {
      const found = where(subject.kind, subject.name, subject.path);
      return found && `${inventory}/${found}`;
    };
    throw new pulumi.RunError(
      `The fleet breaks mandatory rules; nothing was touched.\n${formatViolations(violations, place)}`,
    );
  };
  const { violations, waived } = judgeDeclaration(declare(fleet), today);
  for (const each of waived) pulumi.log.warn(describeWaived(each));
  refuse(violations);
  // Only now: reading the state leaves a trace in the state of a new stack.
  const { held, repairs, uids, hosts, secrets, commands, delivered, sent } = await holdings();
  const whole = declare(fleet, { held });
  const heldHosts = held.flatMap(({ kind, name }) => (kind === kinds.hosts.name ? name : []));
  refuseUnknownCell(pulumi.getStack(), cell, whole.hosts, heldHosts);
  keepUids(uids, whole.accounts, inventory);
  refuse(checkDeclaration(whole, today, [nothingVanishes]));
  const declaration = cell === undefined ? whole : declare(fleet, { cell, held });
  const due = await routersInOrder({ whole, cell, sent });
  restoreUnderGuard(hosts, declaration, pulumi.runtime.isDryRun());
  const requested = requestedRepairs(declaration, repairs);
  const stamps = stampAnswers(declaration, delivered.stamps, delivered.masters);
  return { fleet, declaration, whole, due, repairs: requested, secrets, commands, hosts, delivered, stamps };
}
