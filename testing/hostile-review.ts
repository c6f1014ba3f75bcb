import fc from "fast-check";
import { nothingDeclared } from "../components/registry/subject.ts";
import type { Group } from "../delivery/protocol/bundle.ts";
import { sideOf } from "../guard/change/side.ts";
import type { Outcome, Reviewed } from "../guard/verdict/outcome.ts";
import { levels } from "../guard/verdict/weigh.ts";

/** Text that would break out of Markdown, HTML or a forge's own syntax if it were not escaped. */
const attacks = [
  "</details><script>alert(1)</script>",
  "<img src=x onerror=alert(1)>",
  "```\n</details>\n# Safe: nothing found",
  "````` `` ` @everyone",
  "a | b | c\n| --- |\n",
  "[click](https://evil.example) ![x](https://evil.example/x.png)",
  "https://evil.example/ www.evil.example <https://evil.example> me@evil.example",
  "@octocat @org/team #1 !2 ~label $3 %4 &5 GH-6 :tada:",
  "\n/merge\n/close\n",
  "--> <!-- fairhost-guard: inventory/prod -->",
  "\\`\\*_**__~~$x$",
  "1. one\n- two\n> three\n    four\n***\n===\n---",
  "\u202egnp.exe\u200b\u2028\u0000\u001b[31m",
  "&lt;b&gt; &#64;octocat &commat;octocat",
  "password=hunter2",
];

export const hostileText = fc.oneof(
  fc.constantFrom(...attacks),
  fc
    .array(fc.oneof(fc.constantFrom(...attacks), fc.string({ unit: "binary", maxLength: 20 })), { maxLength: 4 })
    .map((parts) => parts.join("")),
  fc.string({ maxLength: 2000, unit: fc.constantFrom("`", "<", "@", "a", "\n", "|", "\\", "&", "_") }),
);

const kind = fc.constantFrom("host", "account", "register", "httpServer");
const subject = fc.record({ kind, name: hostileText });
const approval = fc.record({ action: fc.constantFrom("delete", "move"), resource: hostileText });
const signed = fc.record({
  action: fc.constantFrom("delete", "move"),
  resource: hostileText,
  approvedBy: hostileText,
  reason: hostileText,
  expires: fc.constant("2026-12-01"),
});
const violation = fc.record({
  rule: fc.oneof(hostileText, fc.constantFrom("two-disks", "blast-radius")),
  subject,
  message: hostileText,
});
const waiver = fc.record({
  rule: hostileText,
  owner: hostileText,
  reason: hostileText,
  expires: fc.constant("2026-12-01"),
});
const finding = fc
  .record({
    rule: fc.oneof(fc.constantFrom("data-kept", "policies-hold"), hostileText),
    level: fc.constantFrom(...levels),
    subject,
    message: hostileText,
    approval,
    approved: fc.record({ approval: signed, daysLeft: fc.nat(30) }),
  })
  .map(({ approved, ...rest }) => (rest.level === "safe" ? { ...rest, approved } : rest));
const effect = fc.record({
  subject,
  sentence: hostileText,
  accounts: fc.array(fc.nat(99)),
  seconds: fc.nat(5),
  destroys: fc.boolean(),
});
const amount = fc.double({ min: 0.1, max: 9, noNaN: true });
const amounts = fc.record({ cores: amount, ioPercent: amount, memoryMb: amount, diskGb: amount });
const share = fc.record({ accounts: fc.nat(9), guaranteed: amounts, burst: amounts });
const text = fc.option(hostileText, { nil: undefined });
const file = fc.record({ path: hostileText, before: text, after: text });
const group = fc.constantFrom<Group>("host", "account-1", "account-22");
const host = fc.record({
  host: hostileText,
  groups: fc.array(fc.record({ group, files: fc.array(file, { maxLength: 3 }) }), { maxLength: 3 }),
  applier: fc.boolean(),
  hooks: fc.constant({
    load: [],
    stop: [],
    daemonReload: false,
    stopChanged: [],
    start: [],
    restart: [],
    reload: [],
  }),
});
const wave = fc.record({
  hosts: fc.array(hostileText, { minLength: 1, maxLength: 9 }),
  accounts: fc.nat(9),
  capacityPercent: fc.nat(100),
  overLimit: fc.boolean(),
});

/** As many of each as given, made of few: what is checked is the amount, not the variety. */
function many<T>(of: fc.Arbitrary<T>): fc.Arbitrary<readonly T[]> {
  return fc
    .tuple(fc.array(of, { maxLength: 6 }), fc.constantFrom(0, 1, 1, 1, 2000))
    .map(([some, times]) => Array.from({ length: times }, () => some).flat());
}

/** Outcomes that could never come to be, with hostile text wherever text is. */
export const hostileOutcome: fc.Arbitrary<Outcome> = fc
  .record({
    findings: many(finding),
    effects: many(effect),
    hosts: many(host),
    routers: many(host),
    waves: many(wave),
    stages: many(wave),
    shares: many(fc.record({ host: hostileText, plan: hostileText, before: share, after: share })),
    violations: many(violation),
    waived: many(fc.record({ violation, waiver, at: subject, daysLeft: fc.nat(90) })),
    unusedApprovals: many(signed),
    notices: many(hostileText),
    name: hostileText,
    cell: fc.option(hostileText, { nil: undefined }),
    level: fc.constantFrom(...levels),
    place: fc.option(hostileText, { nil: undefined }),
  })
  .map(({ name, cell, notices, violations, waived, place, ...review }) => {
    const side = sideOf(nothingDeclared);
    const policies = { violations, waived };
    const sides = { before: side, after: side, fleet: nothingDeclared, where: () => place };
    const common = { inventory: name, base: name, cell, today: "2026-11-24", notices };
    return {
      kind: "reviewed",
      ...common,
      ...sides,
      review: { changes: [], engine: [], policies, ...review },
    } as unknown as Reviewed;
  });

export const hostileUnsound: fc.Arbitrary<Outcome> = fc
  .tuple(
    many(
      fc.record({
        file: hostileText,
        line: fc.nat(),
        column: fc.nat(),
        path: hostileText,
        message: hostileText,
        fix: hostileText,
      }),
    ),
    hostileText,
  )
  .map(([problems, inventory]) => ({
    kind: "unsound",
    inventory,
    base: inventory,
    cell: undefined,
    today: "2026-11-24",
    notices: [],
    problems,
  }));
