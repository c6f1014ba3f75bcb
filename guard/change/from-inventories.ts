import { join } from "node:path";
import { deliversToRouters, routersCell, unknownCell } from "../../components/declaring.ts";
import { openSsh } from "../../components/firewall/open-ssh.ts";
import type { Declaration } from "../../components/registry/kinds.generated.ts";
import { nothingDeclared, type Subject, subject } from "../../components/registry/subject.ts";
import type { Approval } from "../../components/review/approvals.file.ts";
import { defaultLimits, type Limits, schema as limitsSchema } from "../../components/review/limits.file.ts";
import type { Bundle } from "../../delivery/protocol/bundle.ts";
import { routerBundles } from "../../delivery/render-router-bundle.ts";
import { heldBy } from "../../fleet/declare/declare.ts";
import type { Loaded } from "../../fleet/load/load.ts";
import { formatProblems, InventoryError } from "../../fleet/load/problem.ts";
import { count } from "../../lib/text/text.ts";
import { UserError } from "../../lib/user-error.ts";
import type { Outcome, Where } from "../verdict/outcome.ts";
import { conclude, examine, type Review, type ReviewInput } from "../verdict/review.ts";
import { levels, type Weighed } from "../verdict/weigh.ts";
import { type Base, openBase } from "./base/base.ts";
import { ownProgram, type Program } from "./base/program.ts";
import { programFinding } from "./base/program-change.ts";
import { carriedFinding, carriedHosts, staying } from "./effects/carried-hosts.ts";
import { daysAhead } from "./effects/days-ahead.ts";
import { fileChanges } from "./effects/file-changes.ts";
import type { Side } from "./side.ts";
import { withBeside } from "./two-steps/beside.ts";
import { type TwoSteps, twoSteps } from "./two-steps/two-steps.ts";

export interface InventoriesOptions {
  /** What to compare with: a directory that holds a fleet, or a commit of this repository by any name that git knows. */
  readonly base: string;
  /** Directory of the fleet to judge: `inventory/prod`. */
  readonly inventory: string;
  /** Review only this cell's hosts and what is on them. The rules still judge the whole fleet. */
  readonly cell?: string | undefined;
  /** ISO 8601. */
  readonly today: string;
}

/**
 * Reviews a change from two inventories alone: without Pulumi, state or secrets, and without contacting a host. Each side is read
 * by its own program, so that changed renderers and changed rules show.
 * @throws Error with the fix, if there is nothing to compare with
 */
export async function reviewInventories(options: InventoriesOptions): Promise<Outcome> {
  await using base = await openBase(options.base, options.inventory);
  let head: Loaded;
  try {
    head = await ownProgram.loadFleet(base.head);
  } catch (error) {
    if (!(error instanceof InventoryError)) throw error;
    return { kind: "unsound", ...common(options, base), notices: base.notices, problems: error.problems };
  }
  // Awaited here, because the base's files are removed when this returns.
  if (!base.program) return await compare(options, head, base, ownProgram);
  try {
    return await compare(options, head, base, await base.program());
  } catch (error) {
    // An old base lacks functions that this program needs. Then its inventory is read by this program instead.
    return await compare(options, head, base, ownProgram, (error as Error).message.split("\n")[0]);
  }
}

async function compare(
  options: InventoriesOptions,
  head: Loaded,
  base: Base,
  program: Program,
  failure?: string,
): Promise<Outcome> {
  const { cell, today } = options;
  const inventory = base.place;
  const notices = [...base.notices];
  const old = base.fleet === undefined ? undefined : await loadBase(options, base.fleet, program);
  if (!old) notices.push(`${options.base} has no ${inventory}: everything counts as new.`);
  const carried = carriedHosts(old?.fleet, head.fleet, cell);

  // A carried host stays where it was in what is compared, not in what the rules judge: a cell may need it.
  const before = {
    whole: old ? program.declare(old.fleet) : nothingDeclared,
    part: old ? program.declare(staying(old.fleet, carried, cell), narrowed(cell)) : nothingDeclared,
  };
  const held = heldBy(before.part);
  const after = {
    whole: ownProgram.declare(head.fleet, { held }),
    part: ownProgram.declare(staying(head.fleet, carried, cell), { ...narrowed(cell), held }),
  };
  // Also if only the base has one: what the merge of its cells does to routers is reviewed there.
  const isOfRouters =
    cell === routersCell && [head, old].some((side) => side && deliversToRouters(side.fleet.hosts, cell));
  if (cell !== undefined && !isOfRouters && before.part.hosts.length + after.part.hosts.length === 0) {
    throw new UserError(unknownCell(head.fleet.hosts, cell)!);
  }

  const limits = old ? limitsOf(old) : head.fleet.limits;
  if (JSON.stringify(limits) !== JSON.stringify(head.fleet.limits)) {
    notices.push(
      "This change also changes limits.yaml: it is judged by the old limits, the next change by the new ones.",
    );
  }
  const applier = program === ownProgram ? {} : { before: await program.applier(), after: await ownProgram.applier() };
  const sides = sidesOf(
    { ...before, program, applier: applier.before },
    { ...after, program: ownProgram, applier: applier.after },
  );
  const input = { ...sides, approvals: head.fleet.approvals, limits, today };
  const files = old && fileChanges(old.fleet, head.fleet);
  notices.push(...(files?.notices ?? []), ...openSsh(after.whole));
  const also: NonNullable<ReviewInput["also"]>[number][] = [
    ...(files?.findings ?? []),
    ...daysAhead(old?.fleet, head.fleet, today),
    ...(failure === undefined ? [] : [unjudged(failure)]),
    ...base.stacks.map((finding) => ({ rule: "trust-approved", ...finding })),
    ...(base.foreign ? [programFinding(base.foreign)] : []),
    ...base.findings.map((finding) => ({
      rule: "identity-kept",
      subject: subject.network(after.whole.networks[0]!, "fleet"),
      ...finding,
    })),
    ...carried.map(carriedFinding),
  ];
  const refused = new Map<Approval, string>();
  let examined = examine(input);
  let result = conclude(examined, { ...input, also });
  // Where an approval does not count, another may that nobody has asked about: until all that are used have been.
  const settle = async (approvals: TwoSteps["approvals"]) => {
    for (;;) {
      result = conclude(examined, { ...input, also, refused });
      const used = await approvals(result);
      notices.push(...used.notices);
      for (const [approval, why] of used.refused) refused.set(approval, why);
      if (used.refused.size === 0) return;
    }
  };
  // What another program or an earlier state would have said is compared with what this one says, whatever is approved: an approval counts
  // once, for what is left, and may have been used or refused.
  const unapproved = () => conclude(examined, { ...input, also, approvals: [] });
  let approvals: TwoSteps["approvals"] = async () => ({ notices: [], refused: new Map() });
  if (base.history) {
    const wholes = { before: before.whole, after: after.whole };
    const approvalsBefore = old?.fleet.approvals ?? [];
    const said = await twoSteps(base.history, {
      ...input,
      wholes,
      result: unapproved(),
      approvalsBefore,
      fleetBefore: old?.fleet,
      fleet: head.fleet,
      head: base.head,
      program,
    });
    also.splice(0, also.length, ...withBeside(also, said.beside), ...said.findings);
    examined = { ...examined, found: withBeside(examined.found, said.beside) };
    approvals = said.approvals;
    await settle(approvals);
    notices.push(...said.notices);
  }
  if (program !== ownProgram && program.review) {
    const add = async (excused: readonly (typeof also)[number][]) => {
      const fresh = excused.filter(({ message }) => !also.some((each) => each.message === message));
      also.push(...fresh);
      if (fresh.length > 0) await settle(approvals);
    };
    await add(excusedFindings(program.review({ ...input, approvals: [] }), unapproved()));
    // How it weighs the approvals that count here.
    const counting = input.approvals.filter((approval) => !refused.has(approval));
    await add(excusedFindings(program.review({ ...input, approvals: counting }), result));
  }
  const where: Where = ({ kind, name, path }) => {
    const is = head.where(kind, name, path);
    if (is !== undefined) return join(inventory, is);
    const was = old?.where(kind, name, path);
    return was === undefined ? undefined : `${join(inventory, was)} (before)`;
  };
  return { kind: "reviewed", ...common(options, base), notices, review: result, ...sides, fleet: after.whole, where };
}

/** Limits as read by another version of the program, with the defaults of what it did not know. */
function limitsOf({ fleet }: Loaded): Limits {
  return limitsSchema.safeParse(fleet.limits ?? {}).data ?? defaultLimits;
}

async function loadBase({ base, inventory }: InventoriesOptions, fleet: string, program: Program): Promise<Loaded> {
  return program.loadFleet(fleet).catch((error: unknown) => {
    // By its name: another version of the program has a class of its own.
    if ((error as Error)?.name !== "InventoryError") throw error;
    const { problems } = error as InventoryError;
    const some = formatProblems(problems.slice(0, 5), inventory);
    throw new UserError(
      `the inventory of ${base} has ${count(problems.length, "problem")}, so this change cannot be compared with it. First problems:\n${some}`,
    );
  });
}

interface Half {
  readonly whole: Declaration;
  readonly part: Declaration;
  readonly program: Program;
  readonly applier: string | undefined;
}

/** Both sides of the part under review. Rules judge the whole fleet, because half a fleet has half of its redundancy. */
function sidesOf(before: Half, after: Half): { before: Side; after: Side } {
  const wholes = new Map([before, after].map(({ part, whole }) => [part, whole]));
  const judge =
    ({ program }: Half): Side["judge"] =>
    (declaration, today) =>
      program.judge(wholes.get(declaration) ?? declaration, today);
  const side = (half: Half, judges: Side["judge"]): Side => {
    const { whole, part, program, applier } = half;
    return {
      declaration: part,
      whole,
      render: program.render,
      judge: judges,
      rules: program.rules,
      ...(applier && { applier }),
      ...(whole.hosts.length > 0 && part.hosts.length === 0 && { routerBundle: (name) => bundleIn(whole, name) }),
    };
  };
  const own = judge(after);
  // The same function on both sides means that both judge alike.
  return { before: side(before, before.program === after.program ? own : judge(before)), after: side(after, own) };
}

/** What routers get, which are told of the hosts of all cells. */
function bundleIn(whole: Declaration, router: string): Bundle | undefined {
  try {
    return routerBundles(whole).get(router);
  } catch (error) {
    // Then it is compared as far as the part tells, which says why not.
    if (error instanceof RangeError || error instanceof UserError) return undefined;
    throw error;
  }
}

/**
 * Findings of the base's guard that this guard does not have: a change must not weaken the rules that judge it. One element can need several
 * approvals, and a finding that needs another one, of one element alone, excuses none.
 */
function excusedFindings(base: Review, own: Review): NonNullable<ReviewInput["also"]> {
  const keyOf = (rule: string, { kind, name, path = "" }: Subject, approval?: Weighed["approval"]) =>
    `${rule} ${kind} ${name} ${path} ${approval ? `${approval.action} ${approval.resource}` : ""}`;
  const worst = new Map<string, number>();
  for (const { rule, subject: about, alsoOf = [], approval, level } of own.findings) {
    for (const key of [keyOf(rule, about, approval), ...alsoOf.map((each) => keyOf(rule, each))])
      worst.set(key, Math.max(rank({ level }), worst.get(key) ?? 0));
  }
  return base.findings
    .filter((finding) => {
      const { rule, subject: about, approval } = finding;
      return [keyOf(rule, about, approval), keyOf(rule, about)].every((key) => rank(finding) > (worst.get(key) ?? 0));
    })
    .map(({ rule, subject: about, message, approval }) => {
      const said = `Guard rule ${rule} of the base reports this, the changed rule does not: ${message}`;
      return { rule: "rules-kept", subject: about, message: said, ...(approval && { approval }) };
    });
}

function rank({ level }: Pick<Weighed, "level">): number {
  return levels.indexOf(level);
}

function unjudged(failure: string) {
  return {
    rule: "rules-kept",
    subject: subject.register({}),
    message: `The base cannot be judged by its own program: ${failure}. It is unknown whether this change weakens a rule or changes files on hosts.`,
    approval: { action: "weaken", resource: "rule any" },
  } as const;
}

function narrowed(cell: string | undefined): { cell?: string } {
  return cell === undefined ? {} : { cell };
}

function common({ base, cell, today }: InventoriesOptions, { place }: Base) {
  return { base, inventory: place, cell, today };
}
