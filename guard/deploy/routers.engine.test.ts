import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "../../testing/fakes/controller.ts";
import { type RouterPair, routerPair } from "../../testing/projects/router-pair.ts";
import { type TwoHosts, twoHosts } from "../../testing/projects/two-hosts.ts";
import { setupToolchain } from "../../toolchain/setup.ts";
import type { HostDrift } from "../drift/inspect-hosts.ts";

/** One guarded deploy to two routers of two makers, which are real: Debian, BIRD and FRR, and sessions with all their neighbours. */
const policyPack = fileURLToPath(new URL("../../policies", import.meta.url));
let two: TwoHosts;
let pair: RouterPair;

const whole = [
  ["web1", "web2", "transit-1", "transit-3"],
  ["web1", "web2", "transit-2", "transit-4"],
];
const established = () => Promise.all([pair.router1.established(), pair.router2.established()]);
const forwards = () =>
  until("answers over both", async () => `${await pair.router1.fetch()} ${await pair.router2.fetch()}` === "200 200");

beforeAll(async () => {
  await setupToolchain();
  two = await twoHosts({}, "trial");
  pair = await routerPair(two);
  // Each is delivered to while the port of the other one has no carrier.
  const { exitCode, all } = await two.project.pulumi(["up", "--yes", "--skip-preview"]);
  expect(exitCode, all).toBe(0);
  await forwards();
  expect(await established()).toEqual(whole);
  await pair.order();
}, 600_000);

afterAll(async () => {
  await pair?.[Symbol.asyncDispose]();
  await two?.[Symbol.asyncDispose]();
});

const run = () => two.guard(["deploy", "--yes", "--no-drift", "--policy-pack", policyPack]);

async function deploy(status: number): Promise<string> {
  const { exitCode, all } = await run();
  expect(exitCode, all).toBe(status);
  return all;
}

const newAccount = (number: number) =>
  two.draft.write(
    `accounts/${number}-new-${number}.yaml`,
    `number: ${number}\nname: new-${number}\nplan: small\nhost: web1\nhttpServers: [{name: site, number: 1, kind: static, hostnames: []}]\n`,
  );

test("a new account goes to one router, is seen healthy, then to its host, then to the other router", async () => {
  newAccount(7);
  const said = await deploy(0);
  expect(said).toMatch(/Wave 1 of 3, router-1\./);
  expect(said).toMatch(/Wave 3 of 3, router-2\./);
  expect(await pair.order()).toEqual([
    ...["router-1 health", "router-1 apply", "router-1 health"],
    ...["web1 health", "web1 apply", "web1 health"],
    ...["router-2 health", "router-2 apply", "router-2 health"],
  ]);
  const prefix = "fd00:8000:0:7::/64";
  await pair.announce("web1", prefix);
  for (const { machine } of [pair.router1, pair.router2])
    await until("a way to it", async () =>
      (await machine.run(`ip -6 route show ${prefix}`)).stdout.includes(" via fd00:8000::11 "),
    );
  expect(await established()).toEqual(whole);
});

test("a router that loses a session goes back by itself, and the other one, which would lose its own, is left alone", async () => {
  const changes = [1, 2].map((n) => [`neighbor: fd00:9:${n}::1`, `neighbor: fd00:9:${n}::9`] as const);
  for (const [right, wrong] of changes) two.draft.edit("network.yaml", right, wrong);
  const approval = { action: "trust", resource: "network 60362", approvedBy: "Grace", reason: "both have moved" };
  const expires = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
  two.draft.write("approvals.yaml", JSON.stringify([{ ...approval, expires }]));
  const said = await deploy(5);
  expect(said).toContain("the session with operator transit-1 is not established any more");
  expect(said).toContain("In doubt (old or new generation, never a mix): router-1.\nUnchanged: router-2.\n");
  expect(await pair.order()).toEqual(["router-1 health", "router-1 apply"]);
  await forwards();
  expect(await established()).toEqual(whole);
  for (const [right, wrong] of changes) two.draft.edit("network.yaml", wrong, right);
});

test("what was changed by hand on a router is drift, and a repair delivers to this router alone", async () => {
  await pair.router2.sh("vtysh -c 'conf t' -c 'ipv6 route fd00:77::/64 reject'");
  const drift = async () => {
    const { stdout, stderr } = await two.guard(["drift", "--json"]);
    if (stdout === "") throw new Error(stderr);
    return (JSON.parse(stdout) as HostDrift[]).flatMap((each) => {
      if (!each.router) return [];
      const kinds = "error" in each ? [each.error] : each.differences.flatMap(({ kind, note }) => (note ? [] : kind));
      return [[each.host, kinds]];
    });
  };
  expect(await drift()).toEqual([
    ["router-1", []],
    ["router-2", ["configuration-not-loaded"]],
  ]);
  await pair.order();
  const { exitCode, all } = await two.guard(["deploy", "--yes", "--repair", "--policy-pack", policyPack]);
  expect(exitCode, all).toBe(0);
  expect((await pair.order()).filter((each) => /^router-.* apply$/.test(each))).toEqual(["router-2 apply"]);
  expect(await drift()).toEqual([
    ["router-1", []],
    ["router-2", []],
  ]);
});

test("a router that does not come back from its delivery keeps it from the other one, which carries all", async () => {
  newAccount(8);
  await pair.order();
  const running = deploy(5);
  const order: string[] = [];
  await until(
    "the delivery",
    async () => order.push(...(await pair.order())) > 0 && order.includes("router-1 apply"),
    300,
  );
  await pair.router1.machine.stop();
  const said = await running;
  expect(said).toContain("In doubt (old or new generation, never a mix): router-1.\nUnchanged: web1, router-2.\n");
  expect([...order, ...(await pair.order())]).toEqual(["router-1 health", "router-1 apply"]);
  await until("answers over the other one", async () => (await pair.router2.fetch()) === "200");
});
