import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Element, Kind } from "../../../components/registry/kind.ts";
import type { Declaration } from "../../../components/registry/kinds.generated.ts";
import { readInputs } from "../../../components/registry/read-inputs.ts";
import { allKinds, nothingDeclared } from "../../../components/registry/subject.ts";
import type { Rule } from "../../../components/rule.ts";
import { digestOf, type HostBootstrap } from "../../../delivery/bootstrap.ts";
import * as fairhost from "../../../fairhost.ts";
import type { Side } from "../side.ts";

/** The programmatic entry of a version of the program (`fairhost.ts`). */
type Entry = typeof fairhost;

/** One version of the program: how it reads, declares, renders and judges an inventory. */
export interface Program extends Pick<Side, "render"> {
  readonly judge: Entry["judgeDeclaration"];
  readonly loadFleet: Entry["loadFleet"];
  readonly declare: Entry["declare"];
  /** Names of its rules and guard rules, so that a removed rule is noticed. */
  readonly rules: readonly string[];
  /** Its own guard, if it has one. */
  readonly review?: Entry["review"];
  /** Its rules about a declaration, to be asked one by one; undefined if it does not offer them. */
  readonly policies?: Entry["policies"] | undefined;
  /** SHA-256 of the applier and of the bootstrap that installs it. */
  readonly applier: () => Promise<string>;
}

/** This program itself. */
export const ownProgram: Program = programOf(fairhost);

function programOf({
  loadFleet,
  declare,
  renderBundle,
  judgeDeclaration,
  review,
  rules,
  policies,
  applierDigest,
}: Entry): Program {
  const judge = judgeDeclaration;
  return { loadFleet, declare, render: renderBundle, judge, review, rules, policies, applier: applierDigest };
}

/**
 * The program in `root`, which must be inside this checkout: Node.js searches packages upwards from there.
 * @throws Error if it lacks a file or a function, or cannot be loaded
 */
export async function programAt(root: string): Promise<Program> {
  const hasEntry = existsSync(join(root, "fairhost.ts"));
  const program = hasEntry ? programOf((await load(root, "fairhost.ts")) as Entry) : await programBeforeEntry(root);
  const missing = Object.entries(program).filter(([name, part]) => part === undefined && name !== "policies");
  if (missing.length > 0) throw new Error(`fairhost.ts lacks ${missing.map(([name]) => name).join(", ")}`);
  return readingToday(program);
}

/** A program whose declarations are read as today's, while it renders and judges its own as it made them. */
function readingToday(program: Program): Program {
  const made = new WeakMap<Declaration, Declaration>();
  const own = (declaration: Declaration) => made.get(declaration) ?? declaration;
  return {
    ...program,
    declare: (...args) => {
      const declaration = program.declare(...args);
      const read = asReadToday(declaration);
      made.set(read, declaration);
      return read;
    },
    render: (declaration, ...rest) => program.render(own(declaration), ...rest),
    judge: (declaration, today) => {
      const its = made.get(declaration);
      if (its || !program.policies) return program.judge(its ?? declaration, today);
      // A rule that reads inputs which are gone cannot judge today's form.
      const { able = [], unable = [] } = Object.groupBy(program.policies, (rule) =>
        canJudge(rule, declaration, today) ? "able" : "unable",
      );
      return { ...program.judge(declaration, today, able), unable: unable.map(({ name }) => name) };
    },
  };
}

function canJudge(rule: Rule, declaration: Declaration, today: string): boolean {
  try {
    rule.check(declaration, today);
    return true;
  } catch {
    return false;
  }
}

/**
 * A declaration of another version of the program, with what that version did not say and meant: the defaults of kinds' inputs, by which
 * its state is read too. What has another form stays as it is, and shows as a change.
 * @throws Error for things of a kind that this program does not know: nobody would see them go
 */
export function asReadToday(declaration: Declaration): Declaration {
  const unknown = Object.entries(declaration).filter(([key, { length }]) => !(key in nothingDeclared) && length > 0);
  if (unknown.length > 0)
    throw new Error(`it declares ${unknown.map(([key]) => key).join(", ")}, which this program does not know`);
  const lists = allKinds.map((kind: Kind) => {
    const elements: readonly Element[] = declaration[kind.key] ?? [];
    return [kind.key, elements.map((element) => readInputs(kind, element).data ?? element)];
  });
  return { ...nothingDeclared, ...Object.fromEntries(lists) };
}

function load(root: string, file: string): Promise<unknown> {
  return import(pathToFileURL(join(root, file)).href);
}

/** A program without `fairhost.ts`: 0.1.0 and older. */
async function programBeforeEntry(root: string): Promise<Program> {
  const at = async <T>(file: string, name: string): Promise<T> => {
    const module = (await load(root, file)) as Readonly<Record<string, unknown>>;
    if (module[name] === undefined) throw new Error(`${file} has no ${name}`);
    return module[name] as T;
  };
  const named = async (file: string, name: string) =>
    (await at<readonly { name: string }[]>(file, name)).map((each) => each.name);
  // A program without a guard has no guard rule to remove.
  const guard = existsSync(join(root, "guard/review.ts"))
    ? {
        rules: await named("guard/guard-rules.ts", "guardRules"),
        review: await at<Entry["review"]>("guard/review.ts", "review"),
      }
    : undefined;
  type Bootstrap = { for(release: string, repair: number): HostBootstrap };
  const bootstrap = await at<() => Promise<Bootstrap>>("host/bootstrap.ts", "loadBootstrap");
  return {
    loadFleet: await at("inventory/load.ts", "loadFleet"),
    declare: await at("inventory/allocate.ts", "declare"),
    render: await at("components/remote/render-bundle.ts", "renderBundle"),
    judge: await at("policies/check-declaration.ts", "judgeDeclaration"),
    policies: await at<Entry["policies"]>("policies/rules.ts", "rules"),
    rules: [...(await named("policies/rules.ts", "rules")), ...(guard?.rules ?? [])],
    ...(guard && { review: guard.review }),
    applier: async () => digestOf((await bootstrap()).for("any", 0)),
  };
}
