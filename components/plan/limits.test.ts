import { describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { sideOf } from "../../guard/change/side.ts";
import { review } from "../../guard/verdict/review.ts";
import { checkDeclaration } from "../../policies/check-declaration.ts";
import { declarationFixture, today } from "../../testing/fixtures/fixture.ts";
import { kind as account } from "../account/account-container.kind.ts";
import { renderAccount } from "../account/render-account.ts";
import { boundRule } from "../account-network/links.ts";
import { renderAccountFirewall } from "../account-network/render-account-firewall.ts";
import { renderer as cacheRenderer } from "../cache/render-cache.ts";
import type { Element } from "../registry/kind.ts";
import type { Declaration } from "../registry/kinds.generated.ts";
import { nothingDeclared } from "../registry/subject.ts";
import { defaultLimits } from "../review/limits.file.ts";
import type { Limit } from "./limits.ts";
import { schema as planSchema } from "./plan.file.ts";
import { kind as plan } from "./plan.kind.ts";

/** The table with one limit more: everything below reads it in place of the real one. */
const table: Record<string, Limit> = vi.hoisted(() => ({}));
vi.mock("./limits.ts", async (original) => {
  const { limits } = await original<typeof import("./limits.ts")>();
  Object.assign(table, limits, {
    madeUp: {
      schema: z.int().min(1).describe("A limit that no plan has."),
      word: "files",
      unit: "",
      slice: (value: number) => ["MadeUpMax", `${value}`],
    } satisfies Limit,
  });
  return { limits: table };
});

/** The valid declaration, whose plan and accounts have this much of it. */
function withMadeUp(madeUp: number): Declaration {
  const valid = declarationFixture();
  return {
    ...valid,
    plans: valid.plans.map((each) => ({ ...each, madeUp })),
    accounts: valid.accounts.map((each) => ({ ...each, limits: { ...each.limits, madeUp } })),
  } as Declaration;
}

const many = withMadeUp(1_000_000);
const { madeUp: _, ...without } = { madeUp: 0, ...declarationFixture().accounts[0]!.limits };

describe("a limit that is added to the table is in force everywhere", () => {
  test("a plan must have it, within its bounds", () => {
    const own = {
      ...{ name: "small", memoryMaxMb: 512, tasksMax: 128, diskGb: 10, retentionDays: 7 },
      survives: ["disk"],
    };
    const refused = (entry: object) => planSchema.safeParse(entry).error?.issues.map(({ path }) => path.join("."));
    expect(refused({ ...own, madeUp: 1_000_000 })).toBeUndefined();
    expect(refused(own)).toEqual(["madeUp"]);
    expect(refused({ ...own, madeUp: 0 })).toEqual(["madeUp"]);
  });

  test("a state of a release without a limit that has a default is read as if it had promised that", () => {
    const { inodes: _, ...older } = many.accounts[0]!.limits;
    expect(account.inputs.parse({ ...many.accounts[0]!, limits: older }).limits).toMatchObject({ inodes: 250_000 });
  });

  test("the inputs of a plan and of an account have it, and nothing is read without it", () => {
    expect(plan.inputs.safeParse(many.plans[0]).success).toBe(true);
    expect(account.inputs.safeParse(many.accounts[0]).success).toBe(true);
    const lacking = account.inputs.safeParse({ ...many.accounts[0]!, limits: without });
    expect(lacking.error?.issues.map(({ path }) => path.join("."))).toEqual(["limits.madeUp"]);
  });

  test("limits-set refuses an account without", () => {
    expect(checkDeclaration(many, today)).toEqual([]);
    expect(checkDeclaration(withMadeUp(0), today).map(({ rule, message }) => `${rule}: ${message}`)).toEqual([
      "limits-set: Account 1 has madeUp 0, which is out of bounds.",
      "limits-set: Account 2 has madeUp 0, which is out of bounds.",
      "limits-set: Account 3 has madeUp 0, which is out of bounds.",
      "limits-set: Plan small has madeUp 0, which is out of bounds.",
    ]);
  });

  test("promises-kept asks for an approval of less, and the diff has its word", () => {
    const few = withMadeUp(10);
    const judge = (before: Declaration, after: Declaration) =>
      review({ before: sideOf(before), after: sideOf(after), approvals: [], limits: defaultLimits, today });
    const { level, findings, effects } = judge(many, few);
    expect(level).toBe("needs approval");
    expect(findings.map(({ rule, message, approval }) => [rule, message, approval])).toEqual([
      ["promises-kept", "Plan small promises less: files 1000000 to 10.", { action: "shrink", resource: "plan small" }],
    ]);
    expect(effects.map(({ sentence }) => sentence)).toContain("Limits of account 1 (acme-1): files 1000000 to 10.");
    expect(judge(few, many).level).toBe("safe");
    // None at all is no question of approval.
    expect(judge(many, withMadeUp(0)).level).toBe("blocked");
  });

  test("one account's own is looked at as well", () => {
    const accounts = many.accounts.map((each, index) =>
      index > 0 ? each : { ...each, limits: { ...each.limits, madeUp: 10 } },
    );
    const { findings } = review({
      ...{ before: sideOf(many), after: sideOf({ ...many, accounts } as Declaration) },
      ...{ approvals: [], limits: defaultLimits, today },
    });
    expect(findings.filter(({ rule }) => rule === "promises-kept")).toMatchObject([
      { level: "needs approval", message: "Account 1 (acme-1) gets less: files 1000000 to 10." },
    ]);
  });

  test("the account's slice has it", () => expect(textOf(many.accounts[0]!)).toContain("\nMadeUpMax=1000000\n"));
});

/** All text that a host has of an account. */
function textOf(element: Element<"accounts">): string {
  return renderAccount(element)
    .files.map(({ content }) => content ?? "")
    .join("");
}

/** Limits that hosts do not enforce, though nothing says so. */
function unenforced(limits: Readonly<Record<string, Limit>>): string[] {
  const [element] = many.accounts;
  return Object.entries(limits).flatMap(([name, { slice, service, quota, bound, cache, schema }]) => {
    // Another value than the default, which is not written.
    const own = { ...element!, limits: { ...element!.limits, [name]: 4321 } };
    if (service) return textOf(own).includes(`\n${service(4321)?.join("=")}\n`) ? [] : [name];
    if (slice) return textOf(own).includes(`\n${slice(4321).join("=")}\n`) ? [] : [name];
    if (bound) {
      const whole = { account: own, address: many.addresses[0]!, own: nothingDeclared, opens: [] };
      const text = renderAccountFirewall(whole)[0]?.content ?? "";
      return text.includes(`${boundRule(bound, 4321)}\n`) && text.includes("4321") ? [] : [name];
    }
    if (cache) {
      const server = { ...declarationFixture().httpServers[0]!, cache: true };
      const whole = {
        account: own,
        address: many.addresses[0]!,
        own: { ...nothingDeclared, httpServers: [server] },
        opens: [],
      };
      return JSON.stringify(cacheRenderer.ofElements!(whole).files).includes(" 4321 ") ? [] : [name];
    }
    if (!quota) return /not yet in force/.test(schema.description ?? "") ? [] : [name];
    const [of, amount] = quota(4321);
    const sum = renderAccount(own).account.quotas!.reduce((total, each) => total + each[of], 0);
    return sum === amount ? [] : [name];
  });
}

test("every limit is written into the account's slice, quotas, firewall or cache, or its description says that it is not yet in force", async () => {
  const { limits } = await vi.importActual<typeof import("./limits.ts")>("./limits.ts");
  expect(unenforced(limits)).toEqual([]);
  const { quota: _, ...silent } = limits.diskGb;
  const { bound: __, ...unbounded } = limits.mailsPerMinute;
  expect(unenforced({ mailsPerMinute: unbounded })).toEqual(["mailsPerMinute"]);
  expect(unenforced({ silent })).toEqual(["silent"]);
  const { service: ___, ...unopened } = limits.openFiles;
  expect(unenforced({ openFiles: unopened })).toEqual(["openFiles"]);
  expect(unenforced({ other: { ...limits.inodes, quota: (value) => ["inodes", value + 1] } })).toEqual(["other"]);
  expect(unenforced({ other: { ...table.madeUp!, slice: (value) => ["Other", `${value}`] } })).toEqual(["other"]);
});
