import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { HostDrift } from "../guard/drift/inspect-hosts.ts";
import { exitStatuses } from "../lib/user-error.ts";
import { type Cell, stacks, type TwoCells, twoCells } from "../testing/projects/two-cells.ts";
import { setupToolchain } from "../toolchain/setup.ts";

const policyPack = fileURLToPath(new URL("../policies", import.meta.url));
let cells: TwoCells;

beforeAll(async () => {
  await setupToolchain();
  cells = await twoCells();
});

afterAll(() => cells?.[Symbol.asyncDispose]());

/** Runs `pulumi up` in the stack of a cell. @returns its output and whom it delivered to, in order */
async function up(cell: Cell, status = 0): Promise<{ said: string; order: string[] }> {
  const { exitCode, all } = await cells.two.project.pulumi(["up", "--yes", "--skip-preview", "-s", stacks[cell]]);
  expect(exitCode === 0, all).toBe(status === 0);
  const order = (await cells.routers.order()).filter((each) => each.endsWith(" apply"));
  return { said: all, order: order.map((each) => each.replace(" apply", "")) };
}

const account = (number: number, host: string) => {
  const text = `number: ${number}\nname: new-${number}\nplan: small\nprotect: false\nhost: ${host}\nhttpServers: [{name: site, number: 1, kind: static, hostnames: []}]\n`;
  cells.two.draft.write(`accounts/${number}-new-${number}.yaml`, text);
};

/** The prefixes that a router takes from a host, as its program reads them. */
async function taken(router: "router1" | "router2", host: string): Promise<string[]> {
  const [file, lines] = (
    {
      router1: ["bird/bird.conf", new RegExp(`^protocol bgp host_${host} .*?^}`, "ms")],
      router2: ["frr/frr.conf", new RegExp(`^(ipv6 prefix-list host-${host} .*\\n)+`, "m")],
    } as const
  )[router];
  const text = await readFile(join(cells.routers[router].root, "var/lib/fairhost/current", file), "utf8").catch(
    () => "",
  );
  return [...(lines.exec(text)?.[0].matchAll(/fd00:8000:[0-9a-f:]+(?=\/64)/g) ?? [])].map(([prefix]) => prefix);
}
const prefix = (number: number) => `fd00:8000:0:${number.toString(16)}::`;

test("a cell is not deployed before a router takes what it is to announce, and its preview says so", async () => {
  const { said, order } = await up("second", 1);
  expect(said).toContain(
    "web2 would announce fd00:8000:0:3::/64, fd00:8000:0:4::/64, which router-1, router-2 do not take",
  );
  expect(said).toContain("Deploy stack test-routers first.");
  expect(order).toEqual([]);
  const { exitCode, all } = await cells.two.project.pulumi(["preview", "-s", stacks.second]);
  expect(exitCode, all).toBe(0);
  expect(all).toContain("Not yet to be deployed");
});

test("the routers' stack delivers to one router of the site, and to the other once all cells are deployed", async () => {
  const first = await up("routers");
  expect(first.order).toEqual(["router-1"]);
  expect(first.said).toContain(
    "router-2 of site lab waits and keeps what it has: web1 (stack test), web2 (stack test-second) do not announce yet what is declared. Deploy what lacks, then this stack again.",
  );
  expect(await taken("router1", "web1")).toEqual([prefix(1), prefix(2)]);
  expect(await taken("router1", "web2")).toEqual([prefix(3), prefix(4)]);
  expect((await up("main")).order).toEqual(["web1"]);
  // One cell is missing.
  const again = await up("routers");
  expect(again.order).toEqual([]);
  expect(again.said).toContain("web2 (stack test-second) does not announce yet what is declared.");
  expect((await up("second")).order).toEqual(["web2"]);
  expect((await up("routers")).order).toEqual(["router-2"]);
  expect(await taken("router2", "web2")).toEqual([prefix(3), prefix(4)]);
  for (const cell of ["routers", "main", "second"] as const) expect((await up(cell)).order).toEqual([]);
});

test("no stack of a cell delivers to a router, and what changes no announcement goes to both routers in turns", async () => {
  cells.two.draft.edit(
    "network.yaml",
    "    address: fd00:8000::1\n",
    "    address: fd00:8000::1\n    gracefulShutdown: true\n",
  );
  cells.two.draft.edit(
    "network.yaml",
    "    address: fd00:8000::2\n",
    "    address: fd00:8000::2\n    gracefulShutdown: true\n",
  );
  for (const cell of ["main", "second"] as const) expect((await up(cell)).order).toEqual([]);
  expect((await up("routers")).order).toEqual(["router-1", "router-2"]);
});

test("an account that comes and one that goes, cell by cell: a router takes each as long as it is announced", async () => {
  account(7, "web2");
  await rm(join(cells.two.settings.inventory!, "accounts/1-alice.yaml"));
  cells.two.draft.write("tombstones.yaml", "- number: 1\n  name: alice\n  deleted: 2026-11-29\n");
  expect((await up("routers")).order).toEqual(["router-1"]);
  // The one that goes is announced still, and the other router takes it.
  expect(await taken("router1", "web1")).toEqual([prefix(2)]);
  expect(await taken("router2", "web1")).toEqual([prefix(1), prefix(2)]);
  expect((await up("second")).order).toEqual(["web2"]);
  expect((await up("routers")).order).toEqual([]);
  // What changes in the meantime goes to the router that knows more.
  account(8, "web1");
  expect((await up("main", 1)).said).toContain("web1 would announce fd00:8000:0:8::/64");
  expect((await up("routers")).order).toEqual(["router-1"]);
  expect((await up("main")).order).toEqual(["web1"]);
  expect((await up("routers")).order).toEqual(["router-2"]);
  expect(await taken("router2", "web1")).toEqual([prefix(2), prefix(8)]);
  expect(await taken("router2", "web2")).toEqual([prefix(3), prefix(4), prefix(7)]);
});

test("a router that refuses keeps the change from the cells and from the other router", async () => {
  account(9, "web2");
  await cells.routers.router1.answerApply("echo 'session operator transit-1 is lost: went back' >&2; exit 5");
  const refused = await up("routers", 1);
  expect([refused.order, refused.said]).toEqual([
    ["router-1"],
    expect.stringContaining("transit-1 is lost: went back"),
  ]);
  expect((await up("second", 1)).order).toEqual([]);
  await cells.routers.router1.answerApply(undefined);
  expect((await up("routers")).order).toEqual(["router-1"]);
  expect((await up("second")).order).toEqual(["web2"]);
  expect((await up("routers")).order).toEqual(["router-2"]);
});

test("the guard keeps the same order, names the routers, and looks for drift where a stack delivers", async () => {
  const applied = async () => (await cells.routers.order()).filter((each) => each.endsWith(" apply"));
  const deploy = async (cell: Cell, status: number) => {
    const args = ["deploy", "--yes", "--no-drift", "--policy-pack", policyPack];
    const { exitCode, all } = await cells.two.guard(args, stacks[cell]);
    expect(exitCode, all).toBe(status);
    return all;
  };
  account(10, "web1");
  expect(await deploy("main", 4)).toContain(
    "web1 would announce fd00:8000:0:a::/64, which router-1, router-2 do not take",
  );
  expect(await deploy("routers", 0)).toContain("Rewrites 1 file of router-1 itself: bird/bird.conf.");
  expect(await applied()).toEqual(["router-1 apply"]);
  // The other one has not changed by hand: it waits.
  const { exitCode, stdout: told } = await cells.two.guard(["drift"], stacks.routers);
  expect(told).toMatch(/^router-1, generation \d+: no drift$/m);
  expect(told).toMatch(/^router-2, generation \d+: waits for a deploy\n {2}router-1 of site lab has what is declared/m);
  expect(told.split("\n").at(-1)).toBe("2 of 2 routers answered; 1 router waits for a deploy.");
  expect(exitCode).toBe(exitStatuses.drift);
  await deploy("main", 0);
  expect(await applied()).toEqual(["web1 apply"]);
  expect(await deploy("routers", 0)).toContain("Rewrites 1 file of router-2 itself: frr/frr.conf.");
  expect(await applied()).toEqual(["router-2 apply"]);
  const drift = async (cell: Cell) => {
    const { stdout, stderr } = await cells.two.guard(["drift", "--json"], stacks[cell]);
    if (stdout === "") throw new Error(stderr);
    return (JSON.parse(stdout) as HostDrift[]).map((each) => [
      each.host,
      "error" in each ? each.error : each.differences.map(({ kind, what }) => `${kind} ${what}`),
    ]);
  };
  expect((await drift("main")).map(([name]) => name)).toEqual(["web1"]);
  expect(await drift("routers")).toEqual([
    ["router-1", []],
    ["router-2", []],
  ]);
});

test("a stack whose cell is misspelt is refused, and keeps what it holds", async () => {
  await cells.two.project.configure({ ...cells.two.settings, cell: "mian" });
  expect((await up("main", 1)).said.replaceAll(/\s+/g, " ")).toContain(
    'fairhost:cell of stack test: no host is in cell "mian"; there are main, routers, second; nothing was touched. Correct it; or first move web1 to the stack of cell main',
  );
  await cells.two.project.configure({ ...cells.two.settings, cell: "main" });
  expect((await up("main")).order).toEqual([]);
});

test("a cell whose last host left the inventory is deployed for the last time", async () => {
  const fleet = cells.two.settings.inventory!;
  const gone = (await readdir(join(fleet, "accounts"))).filter((file) => /^[3479]-/.test(file));
  for (const file of gone) await rm(join(fleet, "accounts", file));
  const all = [1, 3, 4, 7, 9].map((number) => `- number: ${number}\n  name: gone\n  deleted: 2026-11-29\n`);
  cells.two.draft.write("tombstones.yaml", all.join(""));
  for (const cell of ["routers", "second", "routers"] as const) await up(cell);
  await rm(join(fleet, "hosts/web2.yaml"));
  cells.two.draft.write("retired.yaml", "- kind: host\n  name: web2\n  retired: 2026-11-30\n");
  expect((await up("second")).said).toContain("fairhost:host:BareMetalHost web2 deleting");
  // Now it holds none, and may as well be misspelt.
  expect((await up("second", 1)).said.replaceAll(/\s+/g, " ")).toContain("Correct it; the stack holds no host");
});

test("the stack of a cell that was emptied is removed, contacts nobody, and the others go on without it", async () => {
  const remove = async (cell: Cell) => {
    for (const args of [
      ["destroy", "--yes", "--skip-preview", "-s", stacks[cell]],
      ["stack", "rm", "--yes", stacks[cell]],
    ]) {
      const { exitCode, all } = await cells.two.project.pulumi(args);
      expect(exitCode, all).toBe(0);
    }
  };
  await cells.routers.order();
  await remove("second");
  // One cell is left. Its stack delivers to the routers from now on, which get what is declared; that of the routers has none.
  expect((await up("main")).order).toEqual(["router-1", "router-2"]);
  expect((await up("routers", 1)).said.replaceAll(/\s+/g, " ")).toContain("Remove it (`pulumi destroy`");
  await remove("routers");
  expect(await cells.routers.order()).toEqual([]);
  expect((await up("main")).order).toEqual([]);
});
