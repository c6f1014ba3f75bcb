import fc from "fast-check";
import { micromark } from "micromark";
import { gfm, gfmHtml } from "micromark-extension-gfm";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { schema as approvalsSchema } from "../../components/review/approvals.file.ts";
import { everything, reviewOf, unprotected } from "../../testing/fixtures/review-fixture.ts";
import { hostileOutcome, hostileText, hostileUnsound } from "../../testing/hostile-review.ts";
import { formatComment } from "./comment.ts";

/** Renders a comment as a forge does: GitHub's Markdown, with HTML allowed. */
function shown(markdown: string): string {
  return micromark(markdown, { extensions: [gfm()], htmlExtensions: [gfmHtml()], allowDangerousHtml: true });
}

/** Everything outside of code, where forges look for mentions, links and commands. */
function outsideCode(html: string): string {
  return html
    .replace(/<pre>[\s\S]*?<\/pre>|<code>[\s\S]*?<\/code>/g, "")
    .replace(/^<!-- fairhost-guard: [\w./ -]+ -->$/m, "");
}

const ours = new Set(
  "h3 h4 p sub blockquote ul ol li strong em code pre details summary table thead tbody tr th td".split(" "),
);

function expectHarmless(comment: string): void {
  expect(comment.length).toBeLessThan(60_000);
  const html = outsideCode(shown(comment));
  const tags = [...html.matchAll(/<\/?([^\s>]*)([^>]*)>?/g)];
  expect(tags.filter(([, name]) => !ours.has(name!)).map(([tag]) => tag)).toEqual([]);
  // A list may begin at a number; no other element of a comment has an attribute.
  expect(tags.filter(([, , attributes]) => !/^(?: start="\d+")?$/.test(attributes!)).map(([tag]) => tag)).toEqual([]);
  const [opened, closed] = [/<details>/g, /<\/details>/g].map((tag) => html.match(tag)?.length ?? 0);
  expect(opened).toBe(closed);
  expect(html.match(/<h3>/g)).toHaveLength(1);
  const text = html
    .replace(/<[^>]*>/g, "")
    .replace(/&(?:amp|lt|gt|quot);/g, (entity) => ({ "&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"' })[entity]!);
  expect(text).not.toMatch(/[@#!$%~&][a-z0-9_]/i);
  // GitLab treats a line that begins with a slash as a command.
  expect(text).not.toMatch(/^\s*\/[a-z]/m);
  expect(html).not.toContain("hunter2");
}

test("whatever text comes from outside, the comment is short enough, has sound markup and pings nobody", () => {
  fc.assert(
    fc.property(
      fc.oneof(hostileOutcome, hostileUnsound),
      fc.array(fc.record({ host: hostileText, group: hostileText, message: hostileText })),
      (outcome, drift) => expectHarmless(formatComment(outcome, { drift })),
    ),
    { numRuns: 30 },
  );
}, 60_000);

test("the check of this property can fail", () => {
  for (const attack of ["<b>x</b>", "[a](https://b.example)", "@octocat", "<details>", "\n\n/merge", "# x"]) {
    expect(() => expectHarmless(`### Verdict\n\n${attack}\n`), attack).toThrow();
  }
});

/** A comment without the number of all rules, which grows with every kind. */
function countless(comment: string): string {
  return comment.replace(/(All|rules of) \d+/, "$1 N");
}

test("a change with something of everything", async () => {
  const outcome = await reviewOf(everything, unprotected);
  const drift = [
    { host: "par2-web3", group: "host", message: "nftables/fairhost.nft was changed by hand." },
    { host: "par2-web3", group: "account-1014", message: "account-1014.slice has MemoryMax=2G." },
  ];
  const comment = formatComment(outcome, { drift });
  await expect(countless(comment)).toMatchFileSnapshot("golden/everything.md");
  expectHarmless(comment);
  expect(comment).not.toContain("geheim");
});

test("an inventory with problems, and one in which nothing changes", async () => {
  const unsound = await reviewOf({
    "accounts/1001-bakery.yaml": [["plan: small", "plan: smal"]],
    "hosts/par1-web1.yaml": [["cores: 32", "cores: many"]],
  });
  await expect(formatComment(unsound)).toMatchFileSnapshot("golden/unsound.md");
  const nothing = await reviewOf({ "accounts/1001-bakery.yaml": [["number: 1001", "# The first one.\nnumber: 1001"]] });
  await expect(countless(formatComment(nothing))).toMatchFileSnapshot("golden/nothing.md");
});

test("approvals can be copied from the comment, and count only when somebody has signed them", async () => {
  const comment = formatComment(await reviewOf(everything, unprotected));
  const yaml = /```yaml\n([\s\S]*?)\n```/.exec(comment)![1]!;
  const entries = parse(yaml) as object[];
  expect(entries.map((entry) => Object.values(entry).slice(0, 2))).toEqual([
    ["weaken", "host par1-web2"],
    ["weaken", "host par2-web4"],
    ["move", "account 1001"],
    ["replace", "host par2-web1"],
    ["shrink", "plan medium"],
    ["open", "host par1-web1"],
    ["waive", "host par2-web4"],
  ]);
  expect(approvalsSchema.safeParse(entries).success).toBe(false);
  const signed = entries.map((entry) => ({ ...entry, approvedBy: "Kim Example", reason: "Agreed with all of them." }));
  expect(approvalsSchema.safeParse(signed).success).toBe(true);
  const { "hosts/par1-web2.yaml": _, ...approvable } = everything;
  const all = `${everything["approvals.yaml"]}${yaml.replaceAll('By: ""', "By: Kim Example").replaceAll('reason: ""', "reason: Agreed with everybody.")}\n`;
  const again = formatComment(await reviewOf({ ...approvable, "approvals.yaml": all }, unprotected));
  expect(again).toContain("### Safe: 7 approvals used");
});
