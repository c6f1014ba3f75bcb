import { afterEach, describe, expect, test } from "vitest";
import { fakeSsh } from "../../../testing/fakes/ssh/fake-ssh.ts";
import { declarationOf, staticServer } from "../../../testing/fixtures/bundle-fixture.ts";
import type { StackConfig } from "../../engine/stack-config.ts";
import { compareAfter, type Gate, healthGate, type Look, lookBefore } from "./gate.ts";

const stack: StackConfig = {
  ...{ stack: "s", projectDirectory: "/", inventory: "/", cell: undefined, knownHosts: "/dev/null" },
  ...{ sshUser: "root", sshPrivateKeyFile: undefined, today: "2026-11-24" },
};
const sideOf = (...numbers: number[]) => ({
  declaration: declarationOf(numbers.map((number) => ({ number, name: `n${number}`, servers: [staticServer("www")] }))),
});
const ten = sideOf(1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
const same = { before: ten, after: ten };
const well: Look = { healthy: true, problems: [], woken: [] };

let ssh: Disposable | undefined;
afterEach(() => {
  ssh?.[Symbol.dispose]();
  ssh = undefined;
});

/** Statuses by account: 200 unless given; looks before and after a wave of web1. */
async function wave(before: Record<number, number>, after: Record<number, number>, accounts: readonly number[]) {
  const gate = (statuses: Record<number, number>): Gate => {
    return async () => ({
      ...well,
      woken: accounts.map((account) => ({ account, status: statuses[account] ?? 200, ms: 1 })),
    });
  };
  return compareAfter(await lookBefore(["web1"], same, gate(before)), gate(after));
}

describe("an account has no say in the administrator's deploy", () => {
  test.each([
    ["its own 503", 503],
    ["a program that ends without an answer", 502],
    ["a hang", 0],
    ["a hang that the front end ended", 504],
  ])("%s stops nothing and is said", async (_what, status) => {
    expect(await wave({}, { 2: status }, [1, 2, 3])).toEqual({
      problems: [],
      notes: [`web1: account 2 answered 200 before and ${status || "nothing"} now`],
    });
  });

  test("nor if it is the only one asked, or the only one that answered before", async () => {
    expect((await wave({}, { 1: 503 }, [1])).problems).toEqual([]);
    expect((await wave({ 2: 502 }, { 1: 503, 2: 502 }, [1, 2])).problems).toEqual([]);
  });

  test("what did not answer before the wave is not even said", async () => {
    expect(await wave({ 2: 503 }, { 2: 503 }, [1, 2, 3])).toEqual({ problems: [], notes: [] });
  });

  test("what a host says about itself that needs somebody is passed on", async () => {
    const gate: Gate = async () => ({ ...well, notes: ["the state has another master secret"] });
    expect(await compareAfter(await lookBefore(["web1"], same, gate), gate)).toEqual({
      problems: [],
      notes: ["web1: the state has another master secret"],
    });
  });

  test("whoever is suspended on either side is not asked", async () => {
    const [first, ...others] = ten.declaration.accounts;
    const suspended = { ...first!, suspended: { since: "2026-11-27", reason: "unpaid" } };
    const side = { declaration: { ...ten.declaration, accounts: [suspended, ...others] } };
    for (const sides of [
      { before: ten, after: side },
      { before: side, after: ten },
    ]) {
      const asked = new Set<number>();
      for (let wave = 0; wave < 20; wave++) {
        for (const { accounts } of (await lookBefore(["web1"], sides, async () => well)).values())
          for (const account of accounts) asked.add(account);
      }
      expect([...asked]).not.toContain(1);
    }
  });

  test("nor may its units stop a deploy that found them so", async () => {
    const wrong: Look = {
      healthy: false,
      problems: [{ group: "account-7", message: "account-7-http-www.socket is failed" }],
      woken: [],
    };
    const before = await lookBefore(["web1"], same, async () => wrong);
    expect(await compareAfter(before, async () => wrong)).toEqual({
      problems: [],
      notes: ["web1: account-7-http-www.socket is failed"],
    });
    const fine = await lookBefore(["web1"], same, async () => well);
    expect((await compareAfter(fine, async () => wrong)).problems).toEqual([
      "web1: account-7-http-www.socket is failed",
    ]);
  });
});

describe("what stops a deploy", () => {
  test("that all accounts asked fell silent", async () => {
    expect((await wave({ 4: 503 }, { 1: 502, 2: 502, 3: 0, 4: 503 }, [1, 2, 3, 4])).problems).toEqual([
      "web1: none of the accounts asked answers any more: account 1 answered 200 before and 502 now, account 2 answered 200 before and 502 now, account 3 answered 200 before and nothing now",
    ]);
  });

  test("that something is wrong with the host itself, even if it was before", async () => {
    const down: Look = { healthy: false, problems: [{ group: "host", message: "nginx.service is failed" }], woken: [] };
    const before = await lookBefore(["web1"], same, async () => down);
    expect((await compareAfter(before, async () => down)).problems).toEqual(["web1: nginx.service is failed"]);
    expect((await compareAfter(before, async () => ({ ...down, problems: [] }))).problems).toEqual([
      "web1: not healthy",
    ]);
  });
});

describe("the accounts asked", () => {
  test("are chosen anew for each wave, the same before and after it, and are on the host on both sides", async () => {
    const seen = new Set<number>();
    for (let tries = 0; tries < 60; tries++) {
      const asked: (readonly number[])[] = [];
      const gate: Gate = async (_host, accounts) => {
        asked.push(accounts);
        return well;
      };
      await compareAfter(
        await lookBefore(["web1"], { before: ten, after: sideOf(2, 3, 4, 5, 6, 7, 8, 11) }, gate),
        gate,
      );
      expect(asked[1]).toEqual(asked[0]);
      expect(asked[0]).toHaveLength(5);
      for (const account of asked[0]!) seen.add(account);
    }
    expect([...seen].sort()).toEqual([2, 3, 4, 5, 6, 7, 8]);
  });

  test("a host that the wave brings is not asked before", async () => {
    const asked: string[] = [];
    const before = { declaration: { ...ten.declaration, hosts: [] } };
    await lookBefore(["web1"], { before, after: ten }, async (host) => {
      asked.push(host);
      return well;
    });
    expect(asked).toEqual([]);
  });
});

test("the gate: healthy, not healthy, not reachable, and removed", async () => {
  const names = ["web1", "web2", "web3"];
  const hosts = names.map((name) => ({ name, ssh: { address: name, port: 22 } }));
  ssh = fakeSsh(`while [ "$2" != -- ]; do shift; done; host=$1; shift 2; set -- $*; cat >/dev/null
case $host in
  web1) echo "{\\"healthy\\":true,\\"problems\\":[],\\"woken\\":[{\\"account\\":$4,\\"status\\":200,\\"ms\\":1}]}" ;;
  web2) echo '{"healthy":false,"problems":[{"group":"account-7","message":"its socket is down"}],"woken":[]}'; exit 1 ;;
  web3) echo 'ssh: connect to host web3 port 22: Connection refused' >&2; exit 255 ;;
esac`);
  const gate = healthGate(stack, hosts);
  expect((await gate("web1", [12])).woken).toEqual([{ account: 12, status: 200, ms: 1 }]);
  const nothing = [...names, "retired"].map((name) => [name, { accounts: [], look: undefined }] as const);
  expect((await compareAfter(new Map(nothing.slice(1)), gate)).problems).toEqual([
    "web2: its socket is down",
    "web3: web3 (web3 port 22) refuses connections: check that sshd runs there",
  ]);
});

describe("a router", () => {
  const router = { name: "router-1", site: "alpha", manufacturer: "bird", ssh: { address: "fd00::1", port: 22 } };
  const declaration = { ...ten.declaration, routers: [router as never] };
  const both = { before: { declaration }, after: { declaration } };
  const seen =
    (sessions: Record<string, boolean>): Gate =>
    async () => ({ ...well, sessions });
  const compared = async (before: Record<string, boolean>, after: Record<string, boolean>) =>
    compareAfter(await lookBefore(["router-1"], both, seen(before)), seen(after));

  test("that has lost a session stops the deploy", async () => {
    const before = { "operator transit-1": true, "host web1": true };
    expect(await compared(before, { ...before, "operator transit-1": false })).toEqual({
      problems: ["router-1: BGP sessions that were established are not any more: operator transit-1"],
      notes: [],
    });
  });

  test("that has a session less, one more, or one that was down before, does not", async () => {
    expect(
      await compared({ "host web1": true, "host web2": false }, { "host web2": false, "host web3": false }),
    ).toEqual({ problems: [], notes: [] });
  });
});
