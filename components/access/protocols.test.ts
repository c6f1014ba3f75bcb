import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { declarationFixture } from "../../testing/fixtures/fixture.ts";
import type { ChangeContext } from "../registry/change.ts";
import { describeChange, describing } from "../registry/describe.ts";
import { subject } from "../registry/subject.ts";
import { byPassword, protocols } from "./protocols.ts";
import { entries } from "./user.kind.ts";

/** A protocol that stands in the list and nowhere else would be accepted, and let nobody in. */

const valid = declarationFixture({ hosts: 1, accounts: 1 });
const [ada] = valid.users;
const page = readFileSync(join(import.meta.dirname, "../../docs/how-to/accounts/log-in-to-an-account.md"), "utf8");

/** What the account's group of the bundle says with these users. */
const rendered = (users: typeof valid.users) => JSON.stringify(renderBundle({ ...valid, users }, "h1").groups);

describe.each(protocols)("the protocol %s", (protocol) => {
  const user = { ...ada!, directory: "www", protocols: [protocol] };

  test("lets its users in: some renderer has files for them", () => {
    const none = { ...user, protocols: [] };
    expect(rendered([user]) === rendered([none]), "no render-*.ts looks at this protocol of users").toBe(false);
  });

  test("is named in the sentence about a new user (user.kind.ts), as its users call it", () => {
    const sides = [
      { ...valid, users: [] },
      { ...valid, users: [user] },
    ] as const;
    const [effect] = describeChange(
      { kind: "users", op: "create", subject: subject.user(user), paths: [], untold: [], after: user },
      describing(...sides, { accounts: [] } as Partial<ChangeContext["changes"]> as ChangeContext["changes"]),
    );
    const words = new Map<string, string>(byPassword).get(protocol) ?? protocol.toUpperCase();
    expect(effect!.sentence).toMatch(new RegExp(`by ${words}\\b|over ${words}\\b`));
  });

  test("is explained to administrators (user.kind.ts) and to its users (log-in-to-an-account.md)", () => {
    expect(entries.unwrap().element.shape.protocols.description).toContain(`\`${protocol}\``);
    expect(page, "the table of the page has no row for it").toContain(`\n| \`[${protocol}]\``);
  });
});
