import { expect, test } from "vitest";
import type { WaiverInputs } from "../components/inputs.ts";
import type { Declaration } from "../components/registry/kinds.generated.ts";
import { declarationFixture, today } from "../testing/fixtures/fixture.ts";
import { changed } from "../testing/test-rule.ts";
import { checkDeclaration, judgeDeclaration } from "./check-declaration.ts";
import { describeWaived } from "./waivers.ts";

const waiver: WaiverInputs = {
  rule: "hot-swap-ssds",
  owner: "Ada",
  reason: "The new backplane comes on Friday.",
  expires: "2026-11-29",
};

/** Host h1 with a disk that is screwed in, and these waivers. */
function screwed(waivers: readonly WaiverInputs[], path: "host" | "account" = "host"): Declaration {
  const valid = declarationFixture();
  const broken = changed(valid, "hosts", 0, (host) => ({
    ...host,
    disks: host.disks.map((disk, index) => ({ ...disk, hotSwap: index === 0 })),
    ...(path === "host" && { waivers }),
  }));
  return path === "host" ? broken : changed(broken, "accounts", 0, (account) => ({ ...account, waivers }));
}

const found = (declaration: Declaration, day = today) =>
  checkDeclaration(declaration, day).map(({ rule, subject, message }) => `${rule} ${subject.path}: ${message}`);

const violation = "hot-swap-ssds disks.1.hotSwap: Disk bay1 of host h1 cannot be hot-swapped.";

test("a waiver allows the violations of its rule on its resource, and says so with the days left", () => {
  const { violations, waived } = judgeDeclaration(screwed([waiver]), today);
  expect(violations).toEqual([]);
  expect(waived.map(describeWaived)).toEqual([
    "Waived until 2026-11-29 (7 days left) by Ada: Disk bay1 of host h1 cannot be hot-swapped. (hot-swap-ssds). The new backplane comes on Friday.",
  ]);
  const last = judgeDeclaration(screwed([waiver]), "2026-11-29");
  expect(last.waived.map(describeWaived)[0]).toContain("(its last day)");
});

test("without the waiver, or with it on another resource, the violation stands", () => {
  expect(found(screwed([]))).toEqual([violation]);
  expect(found(screwed([waiver], "account"))).toEqual([
    violation,
    "waivers-needed waivers.0: The waiver of hot-swap-ssds for account 1, by Ada, matches no violation.",
  ]);
});

test("a path narrows it: to the property, and what is inside", () => {
  for (const path of ["disks", "disks.1", "disks.1.hotSwap"]) expect(found(screwed([{ ...waiver, path }]))).toEqual([]);
  for (const path of ["disks.0", "disks.1.hot", "links"]) {
    expect(found(screwed([{ ...waiver, path }]))).toEqual([
      violation,
      `waivers-needed waivers.0: The waiver of hot-swap-ssds for host h1, ${path}, by Ada, matches no violation.`,
    ]);
  }
});

test("the day after its last the violation stands again, and the waiver is one of its own", () => {
  expect(found(screwed([waiver]), "2026-11-30")).toEqual([
    violation,
    "waivers-in-force waivers.0: The waiver of hot-swap-ssds for host h1, by Ada, ended 1 day ago, on 2026-11-29.",
  ]);
});

test.each([
  ["2027-02-20", []],
  ["2027-02-21", ["ends in 91 days, on 2027-02-21; at most 90 days are allowed"]],
  ["soon", ["ends on soon, which is not a valid date"]],
])("at most 90 days: %s", (expires, expected) => {
  const own = found(screwed([{ ...waiver, expires }])).filter((text) => text.startsWith("waivers-in-force"));
  expect(own).toEqual(
    expected.map((text) => `waivers-in-force waivers.0: The waiver of hot-swap-ssds for host h1, by Ada, ${text}.`),
  );
});

test("a rule that keeps accounts apart cannot be waived; nor can rules about waivers, or none", () => {
  const valid = declarationFixture();
  const shared = changed(valid, "accounts", 1, (account) => ({
    ...account,
    uid: 200_001,
    gid: 200_001,
    waivers: ["unique-uid", "account-follows-number", "waivers-needed", "no-such-rule"].map((rule) => ({
      ...waiver,
      rule,
    })),
  }));
  const texts = found(shared);
  expect(texts).toContain("unique-uid uid: Account 2 has uid 200001, the same as account 1.");
  const own = texts.filter((text) => text.startsWith("waivers-in-force"));
  expect(own.map((text) => text.replace(/.*by Ada, /, ""))).toEqual([
    "names a rule that cannot be waived.",
    "names a rule that cannot be waived.",
    "names a rule that does not exist.",
    "names a rule that does not exist.",
  ]);
});

test("a fixed violation leaves a waiver that matches no violation", () => {
  const fixed = changed(declarationFixture(), "hosts", 0, (host) => ({ ...host, waivers: [waiver] }));
  expect(found(fixed)).toEqual([
    "waivers-needed waivers.0: The waiver of hot-swap-ssds for host h1, by Ada, matches no violation.",
  ]);
});

test("a rule about the stack is waived on the resource that its violation names", () => {
  const valid = declarationFixture();
  const broken = {
    ...valid,
    switches: valid.switches.map((device) => ({ ...device, uplinks: [{ port: "up1", router: "rt1" }] })),
  };
  const waived = changed(broken, "routers", 0, (router) => ({
    ...router,
    waivers: [{ ...waiver, rule: "survives-any-single-loss" }],
  }));
  expect(found(broken)).toHaveLength(1);
  expect(found(waived)).toEqual([]);
});
