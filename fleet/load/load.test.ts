import { cpSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { declare } from "../declare/declare.ts";
import { loadFleet } from "./load.ts";

const lab = join(import.meta.dirname, "../../inventory/lab");
let scratch = "";

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "fairhost-load-"));
});
afterAll(() => rmSync(scratch, { recursive: true }));

function copy(name: string): string {
  const directory = join(scratch, name);
  cpSync(lab, directory, { recursive: true });
  return directory;
}

/** Metadata of every file that a write would change. */
function traces(directory: string): unknown[] {
  return readdirSync(directory, { recursive: true, encoding: "utf8" })
    .sort()
    .map((name) => {
      const { ino, mode, size, mtimeMs, ctimeMs } = statSync(join(directory, name));
      return [name, ino, mode, size, mtimeMs, ctimeMs];
    });
}

test("loading writes nothing, even if there are problems", async () => {
  const directory = copy("untouched");
  const before = traces(directory);
  await loadFleet(directory);
  expect(traces(directory)).toEqual(before);

  writeFileSync(join(directory, "accounts/5.yaml"), "number: 1\nname: x\n");
  const beforeWrong = traces(directory);
  await expect(loadFleet(directory)).rejects.toThrow("5.yaml");
  expect(traces(directory)).toEqual(beforeWrong);
});

test("names and order of account files mean nothing", async () => {
  const directory = copy("renamed");
  renameSync(join(directory, "accounts/1-alice.yaml"), join(directory, "accounts/zzz.yaml"));
  renameSync(join(directory, "accounts/4-dave.yaml"), join(directory, "accounts/000.yaml"));
  expect((await loadFleet(directory)).fleet).toEqual((await loadFleet(lab)).fleet);
});

test("the fleet is sorted and frozen, with defaults filled in", async () => {
  const { fleet } = await loadFleet(lab);
  const numbers = fleet.accounts.map(({ number }) => number);
  expect(numbers).toEqual(numbers.toSorted((left, right) => left - right));
  expect(numbers).toEqual(expect.arrayContaining([1, 2, 3, 4]));
  expect(fleet.hosts.map(({ name, cell }) => [name, cell])).toEqual([
    ["web1", "main"],
    ["web2", "main"],
  ]);
  expect(fleet.plans[0]).toMatchObject({ cpuWeight: 100, ioWeight: 100 });
  expect(() => Object.assign(fleet.accounts[0]!.httpServers[0]!.hostnames, { 0: "x.test" })).toThrow(TypeError);
});

test("tombstones may be missing; Windows line ends change nothing", async () => {
  const directory = copy("plain");
  rmSync(join(directory, "tombstones.yaml"));
  const file = join(directory, "accounts/1-alice.yaml");
  writeFileSync(file, readFileSync(file, "utf8").replaceAll("\n", "\r\n"));
  const [{ fleet }, { fleet: expected }] = [await loadFleet(directory), await loadFleet(lab)];
  expect(fleet).toEqual({ ...expected, tombstones: [] });
});

describe("the place of a declared element", () => {
  test.each([
    ["host", "web1", undefined, "hosts/web1.yaml:2"],
    ["host", "web1", "powerSupplies.1.chain", "hosts/web1.yaml:44"],
    ["host", "web1", "powerSupplies.1.feed", "hosts/web1.yaml:42"],
    ["host", "web1", "cell", "hosts/web1.yaml:2"],
    ["frontEnd", "web2", undefined, "hosts/web2.yaml:2"],
    ["plan", "small", "tasksMax", "plans/small.yaml:4"],
    ["site", "lab", "halls.0.chains.1.feed", "sites/lab.yaml:20"],
    ["site", "lab", "emulated", "sites/lab.yaml:13"],
    ["network", "60362", "asNumber", "network.yaml:3"],
    ["router", "router-1", "powerSupplies.0.chain", "network.yaml:18"],
    ["switch", "switch-b", undefined, "network.yaml:40"],
    ["range", "fd00:8000::/32", undefined, "network.yaml:6"],
    ["range", "fd00:8000::/48", "site", "sites/lab.yaml:11"],
    ["switch", "switch-z", undefined, undefined],
    ["account", "2", "host", "accounts/2-bob.yaml:5"],
    ["account", "2", "limits.cpuWeight", "accounts/2-bob.yaml:2"],
    ["address", "3", "prefix", "accounts/3-carol.yaml:2"],
    ["httpServer", "2/app", undefined, "accounts/2-bob.yaml:12"],
    ["httpServer", "2/app", "hostnames.0", "accounts/2-bob.yaml:16"],
    ["httpServer", "2/nothing", undefined, undefined],
    ["account", "77", undefined, undefined],
    ["host", "db7", undefined, undefined],
  ] as const)("%s %s %s", async (kind, name, path, expected) => {
    const { where } = await loadFleet(lab);
    expect(where(kind, name, path)).toBe(expected);
  });
});

test("the lab's fleet declares the addresses and units that its hosts and contents rely on", async () => {
  const declaration = declare((await loadFleet(lab)).fleet);
  expect(declaration.addresses.map(({ host, address }) => [host, address])).toEqual(
    expect.arrayContaining([
      ["web1", "fd00:8000:0:1::1"],
      ["web1", "fd00:8000:0:2::1"],
      ["web2", "fd00:8000:0:3::1"],
      ["web2", "fd00:8000:0:4::1"],
    ]),
  );
  expect(declaration.httpServers.map(({ unit, kind }) => [unit, kind])).toEqual(
    expect.arrayContaining([
      ["account-1-http-blog", "static"],
      ["account-2-http-app", "program"],
      ["account-3-http-site", "static"],
      ["account-4-http-api", "program"],
    ]),
  );
});

test("a thousand accounts load in the time of a thousand small files", async () => {
  const directory = copy("thousand");
  const others = readdirSync(join(directory, "accounts")).length;
  let tries = 0;
  /** Milliseconds for accounts that were never read: of a file that is as it was, what was read is used again. */
  const time = async (count: number) => {
    tries++;
    for (let number = 10; number < 10 + count; number++) {
      const text = `# ${tries}\nnumber: ${number}\nname: n${number}\nplan: small\nhost: web1\nhttpServers:\n  - name: site\n    number: 1\n    kind: static\n    hostnames: [n${number}.test]\n`;
      writeFileSync(join(directory, `accounts/${number}.yaml`), text);
    }
    const start = performance.now();
    await loadFleet(directory);
    return performance.now() - start;
  };
  const hundred = [await time(100), await time(100)];
  // Half a second on two busy cores; quadratic work anywhere would make it a hundred times.
  const thousand = [await time(1000), await time(1000), await time(1000)];
  expect(Math.min(...thousand)).toBeLessThan(30 * Math.max(...hundred));
  const { fleet } = await loadFleet(directory);
  expect(fleet.accounts).toHaveLength(others + 1000);
});
