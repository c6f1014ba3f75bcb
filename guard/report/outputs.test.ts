import { expect, test } from "vitest";
import { everything, reviewOf, unprotected } from "../../testing/fixtures/review-fixture.ts";
import type { Reviewed } from "../verdict/outcome.ts";
import { reportSchema, toJson } from "./json.ts";
import { toSvg } from "./picture.ts";
import { sharesSvg } from "./shares-picture.ts";
import { formatText } from "./text.ts";

const outcome = (await reviewOf(everything, unprotected)) as Reviewed;

test("JSON matches its schema strictly and contains no secret", () => {
  const report = toJson(outcome);
  expect(reportSchema.strict().parse(JSON.parse(JSON.stringify(report)))).toEqual(report);
  expect(JSON.stringify(report)).not.toContain("geheim");
  expect(report).toMatchObject({
    schemaVersion: 1,
    verdict: "blocked",
    affected: { hosts: 6, stopped: 2, seconds: 12, losing: 1 },
    missingApprovals: [
      { action: "weaken", resource: "host par1-web2" },
      { action: "weaken", resource: "host par2-web4" },
      { action: "move", resource: "account 1001" },
      { action: "replace", resource: "host par2-web1" },
      { action: "shrink", resource: "plan medium" },
      { action: "open", resource: "host par1-web1" },
      { action: "waive", resource: "host par2-web4" },
    ],
    unusedApprovals: [{ resource: "host par1-web9" }],
    counterexamples: [{ cut: ["feed feed-north at par1"], hosts: ["par1-web2"], accounts: 3 }, { accounts: 3 }],
  });
  const approved = report.findings.find(({ level }) => level === "safe");
  expect(approved).toMatchObject({
    rule: "data-kept",
    where: "inventory/prod/accounts/1002-choir.yaml:2 (before)",
    approved: { daysLeft: 7 },
  });
});

test("JSON of an inventory with problems", async () => {
  const report = toJson(await reviewOf({ "accounts/1001-bakery.yaml": [["plan: small", "plan: smal"]] }));
  expect(reportSchema.strict().parse(report)).toMatchObject({
    verdict: "blocked",
    problems: [{ file: "inventory/prod/accounts/1001-bakery.yaml", line: 4 }],
    findings: [],
  });
});

test("text for a terminal, byte for byte; it fits unless a word is longer", async () => {
  const text = formatText(outcome, {
    drift: [{ host: "par2-web3", group: "account-1014", message: "MemoryMax=2G by hand." }],
  });
  await expect(text).toMatchFileSnapshot("golden/everything.txt");
  expect(text).not.toContain("geheim");
});

/** CSS class of a drawn element. */
function drawn(svg: string, element: string): string | undefined {
  const tag = [...svg.matchAll(/<(?:g|path|rect)( [^>]*)>/g)].find(([, attributes]) =>
    attributes!.includes(` data-element="${element}"`),
  );
  return tag && /class="([^"]*)"/.exec(tag[1]!)![1];
}

test("picture: touched elements are amber, those of the worst counterexample are red, with a legend", async () => {
  const svg = toSvg(outcome);
  await expect(svg).toMatchFileSnapshot("golden/everything.svg");
  expect(drawn(svg, "chain a of hall hall-a at par1")).toBe("chain cut");
  expect(drawn(svg, "host par1-web2")).toBe("host down");
  expect(drawn(svg, "host par2-web1")).toBe("host touched");
  expect(drawn(svg, "disk bay1 of host par2-web1")).toBe("part touched");
  expect(drawn(svg, "host par2-web3")).toBe("host");
  expect(svg).toContain(">touched by the change<");
  const untouched = toSvg((await reviewOf({})) as Reviewed);
  expect(untouched).not.toMatch(/touched|legend/);
});

test("picture of shares: each host on which they change, before and after; nothing of others", async () => {
  const svg = sharesSvg(outcome);
  await expect(svg).toMatchFileSnapshot("golden/shares.svg");
  const changed = new Set(outcome.review.shares.map(({ host }) => host));
  const drawnHosts = [...svg.matchAll(/>host ([^<]*)</g)].map(([, host]) => host);
  expect(drawnHosts).not.toEqual([]);
  expect(drawnHosts.filter((host) => !changed.has(host!))).toEqual([]);
  // No bar is longer than its host.
  for (const [, x, wide] of svg.matchAll(/<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)" height="12" fill/g))
    expect(Number(x) + Number(wide)).toBeLessThanOrEqual(150 + 560 + 0.1);
  // 512 MiB of 256 GiB are seen, and no text is cut off.
  expect(svg).toMatch(/width="3" height="12" fill="[^"]*"><title>small: 0.5 GiB, 0.25 GiB each</);
  expect(svg).not.toContain("…");
  expect(sharesSvg((await reviewOf({})) as Reviewed)).toContain("Fair shares of 0 hosts that change");
});
