import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Element } from "../components/registry/kind.ts";
import type { Declaration } from "../components/registry/kinds.generated.ts";
import { allKinds } from "../components/registry/subject.ts";
import { declare } from "../fleet/declare/declare.ts";
import { loadFleet } from "../fleet/load/load.ts";
import { fullFleet } from "../testing/fixtures/full-fleet.ts";
import { type Rendered, renderBundle } from "./render-bundle.ts";

/** An account that has one of everything, and others of the example fleet. */
const declaration = declare(fullFleet((await loadFleet(join(import.meta.dirname, "../inventory/prod"))).fleet));
const group = (account: number) => `account-${account}` as const;

/** The same account on another host, with all that is its own. */
function moved({ number, host }: Element<"accounts">): readonly [to: string, Declaration] {
  const to = declaration.hosts.find(({ name, role }) => role === "accounts" && name !== host)!.name;
  const lists = allKinds.flatMap(({ key, accountOf }) => {
    if (!accountOf) return [];
    const elements = (declaration[key] as readonly Element[]).map((element) =>
      accountOf(element as never) === number && "host" in element ? { ...element, host: to } : element,
    );
    return [[key, elements] as const];
  });
  return [to, { ...declaration, ...Object.fromEntries(lists) }];
}

describe.each(declaration.accounts.map((account) => [account.name, account] as const))("%s", (_, account) => {
  const [to, after] = moved(account);
  const own = group(account.number);

  test("has the same files, units and directories on whichever host", () => {
    const [was, is] = [renderBundle(declaration, account.host).groups[own], renderBundle(after, to).groups[own]];
    expect(is).toEqual(was);
    expect(is!.digest).toBe(was!.digest);
  });

  test("is rendered once for a move", () => {
    const rendered: Rendered = new Map();
    const only = new Map([[account.number, "whole" as const]]);
    const was = renderBundle(declaration, account.host, only, rendered).groups[own];
    expect(renderBundle(after, to, only, rendered).groups[own]).toBe(was);
  });

  test("is rendered again where anything else of it differs, also inside of a list or a map", () => {
    const changes = [
      { accounts: after.accounts.map((each) => ({ ...each, limits: { ...each.limits, tasksMax: 77 } })) },
      { addresses: after.addresses.map((each) => ({ ...each, prefix: "fd00:77::/64", address: "fd00:77::1" })) },
      { httpServers: after.httpServers.map((each) => ({ ...each, hostnames: [...each.hostnames, "other.example"] })) },
      { httpServers: after.httpServers.filter(({ account: of }) => of !== account.number) },
    ];
    for (const change of changes) {
      const rendered: Rendered = new Map();
      renderBundle(declaration, account.host, undefined, rendered);
      const other = { ...after, ...change };
      expect(renderBundle(other, to, undefined, rendered).groups[own]).toEqual(renderBundle(other, to).groups[own]);
    }
  });
});
