import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type TwoHosts, twoHosts } from "../testing/projects/two-hosts.ts";
import { type Routers, withRouters } from "../testing/projects/with-routers.ts";
import { setupToolchain } from "../toolchain/setup.ts";

let two: TwoHosts;
let routers: Routers;

beforeAll(async () => {
  await setupToolchain();
  two = await twoHosts();
  routers = await withRouters(two);
  routers.reach();
});

afterAll(async () => {
  await routers?.[Symbol.asyncDispose]();
  await two?.[Symbol.asyncDispose]();
});

async function up(status = 0): Promise<string> {
  const { exitCode, all } = await two.project.pulumi(["up", "--yes", "--skip-preview"]);
  expect(exitCode === 0, all).toBe(status === 0);
  return all;
}

const applied = async () => (await routers.order()).filter((each) => each.endsWith(" apply"));
const inForce = (root: string, file: string) => readFile(join(root, "var/lib/fairhost/current", file), "utf8");
const hosts = [expect.stringMatching(/^web\d apply$/), expect.stringMatching(/^web\d apply$/)];

/** A new account, which hosts announce and routers take. */
const newAccount = (number: number) => {
  const text = `number: ${number}\nname: new-${number}\nplan: small\nhost: web1\nhttpServers: [{name: site, number: 1, kind: static, hostnames: []}]\n`;
  two.draft.write(`accounts/${number}-new-${number}.yaml`, text);
};

test("one `up` delivers to one router of the site, then to its hosts, then to the other router", async () => {
  await up();
  expect(await applied()).toEqual(["router-1 apply", ...hosts, "router-2 apply"]);
  expect(await inForce(routers.router1.root, "bird/bird.conf")).toContain("fd00:8000:0:1::/64");
  expect(await inForce(routers.router2.root, "frr/frr.conf")).toContain("fd00:8000:0:1::/64");
  const { stdout } = await two.project.pulumi(["stack", "output", "routers", "--json"]);
  expect(JSON.parse(stdout)).toMatchObject({
    "router-1": { result: "applied", generation: "1", errors: [] },
    "router-2": { result: "applied", generation: "1", errors: [] },
  });
});

test("a second `up` contacts nobody, and what concerns one router alone goes to it alone", async () => {
  await up();
  expect(await routers.order()).toEqual([]);
  two.draft.edit("network.yaml", "address: fd00:8000::2\n", "address: fd00:8000::2\n    gracefulShutdown: true\n");
  await up();
  expect(await routers.order()).toEqual(["router-2 apply"]);
});

test("a router that refuses keeps the change from the hosts and from the other router", async () => {
  newAccount(7);
  await routers.router1.answerApply("echo 'session operator transit-1 is lost: went back' >&2; exit 5");
  expect(await up(1)).toContain("session operator transit-1 is lost: went back");
  expect(await applied()).toEqual(["router-1 apply"]);
  await routers.router1.answerApply(undefined);
  await up();
  expect(await applied()).toEqual(["router-1 apply", "web1 apply", "router-2 apply"]);
});

test("a router without `ssh` is not contacted any more, and goes on with what it has", async () => {
  const before = await inForce(routers.router1.root, "bird/bird.conf");
  const ssh = `    ssh:\n      address: 127.0.0.1\n      port: ${routers.router1.port}\n`;
  two.draft.edit("network.yaml", ssh, "");
  newAccount(8);
  await up();
  const order = await routers.order();
  // The other one is the first of the site now.
  expect(order).toEqual(["router-2 apply", "web1 apply"]);
  expect(await inForce(routers.router1.root, "bird/bird.conf")).toBe(before);
});
