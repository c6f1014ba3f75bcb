import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type TwoHosts, twoHosts } from "../../testing/projects/two-hosts.ts";
import { type Routers, withRouters } from "../../testing/projects/with-routers.ts";
import { setupToolchain } from "../../toolchain/setup.ts";
import type { HostDrift } from "../drift/inspect-hosts.ts";

const policyPack = fileURLToPath(new URL("../../policies", import.meta.url));
let two: TwoHosts;
let routers: Routers;

beforeAll(async () => {
  await setupToolchain();
  two = await twoHosts();
  routers = await withRouters(two);
  routers.reach();
  const { exitCode, all } = await two.project.pulumi(["up", "--yes", "--skip-preview"]);
  expect(exitCode, all).toBe(0);
  await routers.order();
});

afterAll(async () => {
  await routers?.[Symbol.asyncDispose]();
  await two?.[Symbol.asyncDispose]();
});

async function deploy(status: number): Promise<string> {
  const { exitCode, all } = await two.guard(["deploy", "--yes", "--no-drift", "--policy-pack", policyPack]);
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
  expect(await routers.order()).toEqual([
    ...["router-1 health", "router-1 apply", "router-1 health"],
    ...["web1 health", "web1 apply", "web1 health"],
    ...["router-2 health", "router-2 apply", "router-2 health"],
  ]);
});

test("a router that is not healthy after its turn keeps the change from everything else", async () => {
  newAccount(8);
  const problems = [{ group: "host" as const, message: "no BGP session is established" }];
  await routers.router1.setHealth({ healthy: false, problems });
  const said = await deploy(5);
  expect(said).toContain("router-1: no BGP session is established");
  expect(said).toContain("Updated: router-1.\nUnchanged: web1, router-2.");
  await routers.router1.setHealth({ healthy: true, problems: [] });
  expect(await routers.order()).toEqual(["router-1 health", "router-1 apply", "router-1 health"]);
  await deploy(0);
  expect((await routers.order()).filter((each) => each.endsWith("apply"))).toEqual(["web1 apply", "router-2 apply"]);
});

test("a file of a router that was changed by hand is drift, and a repair delivers to this router alone", async () => {
  await appendFile(join(routers.router1.root, "var/lib/fairhost/current/bird/bird.conf"), "# by hand\n");
  const drift = async () => {
    const { stdout, stderr } = await two.guard(["drift", "--json"]);
    if (stdout === "") throw new Error(stderr);
    return (JSON.parse(stdout) as HostDrift[]).flatMap((each) => {
      if (!each.router) return [];
      return [[each.host, "error" in each ? each.error : each.differences.map(({ kind, what }) => `${kind} ${what}`)]];
    });
  };
  expect(await drift()).toEqual([
    ["router-1", ["file-changed bird/bird.conf"]],
    ["router-2", []],
  ]);
  await routers.order();
  const { exitCode, all } = await two.guard(["deploy", "--yes", "--repair", "--policy-pack", policyPack]);
  expect(exitCode, all).toBe(0);
  expect((await routers.order()).filter((each) => /^router-.* apply$/.test(each))).toEqual(["router-1 apply"]);
  expect(await drift()).toEqual([
    ["router-1", []],
    ["router-2", []],
  ]);
});
