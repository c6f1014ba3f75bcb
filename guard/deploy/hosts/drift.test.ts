import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { Declaration } from "../../../components/registry/kinds.generated.ts";
import { declare } from "../../../fleet/declare/declare.ts";
import { loadFleet } from "../../../fleet/load/load.ts";
import { fakeSsh } from "../../../testing/fakes/ssh/fake-ssh.ts";
import { Draft } from "../../../testing/inventory/wrong-inventory.cases.ts";
import type { StackConfig } from "../../engine/stack-config.ts";
import { driftOn } from "./drift.ts";
import { reachedRouters } from "./gate.ts";
import { driftEverywhere } from "./repair.ts";

/** The trial fleet, which has two routers; one of them is reached. */
const inventory = join(mkdtempSync(join(tmpdir(), "fairhost-drift-")), "fleet");
cpSync("inventory/trial", inventory, { recursive: true });
const draft = new Draft(inventory);
const trial = declare((await loadFleet(inventory)).fleet);
const { address } = trial.routers[0]!;
draft.edit(
  "network.yaml",
  `    address: ${address}\n`,
  `    address: ${address}\n    ssh: {address: 192.0.2.1, port: 22}\n`,
);
const { fleet } = await loadFleet(inventory);
const reached = declare(fleet);
const machines = [...fleet.hosts, ...reachedRouters(fleet)];
const config: StackConfig = {
  ...{ stack: "s", projectDirectory: "/", inventory, cell: undefined, knownHosts: "/dev/null" },
  ...{ sshUser: "root", sshPrivateKeyFile: undefined, today: "2026-11-24" },
};
const names = ["router-1", "router-2", ...fleet.hosts.map(({ name }) => name)];

afterAll(() => rmSync(join(inventory, ".."), { recursive: true }));

/** All answer that a file was changed; who was asked, by the port or the address. */
const changed = `{"group":"host","kind":"file-changed","what":"x","message":"x was changed","repaired":"by the next deploy"}`;
const script = `while [ "$2" != -- ]; do shift; done; cat >/dev/null; : >$here/asked-$1; echo '{"host":"x","generation":3,"differences":[${changed}]}'; exit 7`;

async function looked(before: Declaration, wanted: readonly string[]) {
  using ssh = fakeSsh(script);
  const said: string[] = [];
  const repairable = await driftOn(config, machines, (text) => said.push(text))(before, wanted);
  return {
    repairable,
    said: said.join(""),
    asked: readdirSync(ssh.directory).filter((name) => name.startsWith("asked-")),
  };
}

test("a deploy looks at the routers that it touches as at hosts", async () => {
  const { repairable, said, asked } = await looked(reached, ["router-1"]);
  expect(repairable).toEqual(["router-1"]);
  expect(asked).toEqual(["asked-192.0.2.1"]);
  expect(said).toContain("Changed by hand since the last deploy; this deploy overwrites it:");
  expect(said).toContain("1 of 1 router answered; 1 difference on 1 router.");
});

test("not at one that the stack has not delivered to yet, nor at one that it does not reach", async () => {
  expect((await looked(trial, names)).repairable).not.toContain("router-1");
  expect((await looked(reached, names)).repairable).not.toContain("router-2");
});

test("a state that an older release has written keeps nobody from looking", async () => {
  const { name } = fleet.hosts[0]!;
  const { repairable } = await looked({ ...reached, sites: [], addresses: [] }, ["router-1", name]);
  expect(repairable).toEqual([name, "router-1"]);
});

test("a repair asks them too", async () => {
  const asked: string[] = [];
  const drift = async (_: Declaration, names: readonly string[]) => {
    asked.push(...names);
    return [];
  };
  await driftEverywhere({ config, drift });
  expect(asked).toEqual([...fleet.hosts.map(({ name }) => name).sort(), "router-1"]);
});
