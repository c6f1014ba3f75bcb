import { existsSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type SimulatedHost, simulatedHost } from "../testing/fakes/simulated-host.ts";
import { type TwoHosts, twoHosts } from "../testing/projects/two-hosts.ts";
import { setupToolchain } from "../toolchain/setup.ts";

let two: TwoHosts;
/** What comes in the place of web1's machine. */
let machine: SimulatedHost;

beforeAll(async () => {
  await setupToolchain();
  [two, machine] = await Promise.all([twoHosts(), simulatedHost()]);
  await machine.admit(`${two.web1.privateKeyFile}.pub`);
  two.draft.copy(
    "sites/lab.yaml",
    "sites/far.yaml",
    ["name: lab", "name: far"],
    ["fd00:8000::/48", "fd00:8000:1::/48"],
  );
  two.draft.append("sites/lab.yaml", "backupSite: far\n");
});
afterAll(async () => {
  await Promise.all([two?.[Symbol.asyncDispose](), machine?.[Symbol.asyncDispose]()]);
});

async function pulumi(...args: string[]): Promise<string> {
  const { exitCode, all } = await two.project.pulumi(args);
  expect(exitCode, all).toBe(0);
  return all;
}
const up = () => pulumi("up", "--yes", "--skip-preview");
const on = (host: SimulatedHost, path: string) => join(host.root, "var/lib/fairhost", path);
const notes = async () =>
  (JSON.parse(await pulumi("stack", "output", "hosts", "--json")) as Record<string, { notes?: string[] }>).web1!.notes;
const warning = "web1 has another SSH host key than at its last delivery.";

test("a new machine under the name of a host holds the accounts that the state has on it, and the next deploy differs in nothing", async () => {
  expect(await up()).not.toContain(warning);
  expect(existsSync(on(two.web1, "restoring"))).toBe(false);
  await writeFile(two.settings.knownHosts!, machine.knownHosts + two.web2.knownHosts);
  two.draft.edit("hosts/web1.yaml", `port: ${two.web1.port}`, `port: ${machine.port}`);
  expect(await up()).toContain(warning);
  const held = ["1", "2"].map((number) => readFileSync(on(machine, `restoring/${number}`), "utf8"));
  expect(held).toEqual(Array(2).fill("awaited from this host's backups\n"));
  expect(existsSync(on(two.web2, "restoring"))).toBe(false);
  const note =
    "this is another machine than before: accounts 1, 2 are held until `fairhost-host restore-host` has restored them from the newest backup";
  expect(await notes()).toEqual([note]);
  expect(await pulumi("preview", "--expect-no-changes")).not.toContain(warning);
  // What is delivered later changes nothing about it.
  two.change(31, ["1-alice"]);
  await up();
  expect(await notes()).toEqual([note]);
});
