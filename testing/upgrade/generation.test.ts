import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildApplier } from "../../delivery/build.ts";
import type { ApplyReport, Bundle, BundleAccount, Delivery } from "../../delivery/protocol/bundle.ts";
import { encodeBundle } from "../../delivery/protocol/digest.ts";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { declare } from "../../fleet/declare/declare.ts";
import { loadFleet } from "../../fleet/load/load.ts";
import type { HostStatus } from "../../host/apply/status.ts";
import { Tree } from "../fakes/host-tree.ts";
import { copyInventory, type Recording, recordedHosts, recordings } from "./recordings.ts";

/** What the old release's bootstrap left beside the generation: today's delivery brings another one, which must not win. */
const oldMaster = Buffer.alloc(32, 1).toString("base64");

const cases = recordings.flatMap((recording) =>
  recordedHosts(recording).map((host) => ({ recording, host, version: recording.version })),
);

describe.each(cases)("what $version left on $host", ({ recording, host }) => {
  const tree = new Tree();
  const inFairhost = (path: string) => tree.at(`/var/lib/fairhost/${path}`);
  let bundle: Bundle;

  async function run(args: readonly string[], input = "") {
    const command = [tree.at("applier.mjs"), "--root", tree.root, ...args];
    return execa(process.execPath, command, { input, reject: false });
  }

  async function apply(of: Bundle): Promise<ApplyReport> {
    const masterSecret = Buffer.alloc(32, 7).toString("base64");
    const delivery: Delivery = { bundle: encodeBundle(of), masterSecret, secretEpoch: 1, repair: 0 };
    const { exitCode, stdout, stderr } = await run(["apply"], JSON.stringify(delivery));
    expect(exitCode, stderr + stdout).toBe(0);
    return JSON.parse(stdout) as ApplyReport;
  }

  const status = async () => JSON.parse((await run(["status", "--json"])).stdout) as HostStatus;
  const users = () =>
    readdirSync(inFairhost("current/userdb"))
      .filter((name) => /^a\d+\./.test(name))
      .map(
        (name) =>
          [
            name,
            JSON.parse(readFileSync(inFairhost(`current/userdb/${name}`), "utf8")) as { uid?: number; gid?: number },
          ] as const,
      )
      .map(([name, { uid, gid }]) => `${name} ${uid} ${gid}`);

  async function render(change: (inventory: string) => void = () => {}): Promise<Bundle> {
    const inventory = tree.at("inventory");
    copyInventory(recording, inventory);
    change(inventory);
    return renderBundle(declare((await loadFleet(inventory)).fleet), host);
  }

  beforeAll(async () => {
    const archive = join(recording.directory, "generation", `${host}.tar.gz`);
    await execa("tar", ["-C", tree.root, "-xzpf", archive, "--numeric-owner"]);
    mkdirSync(tree.at("/srv/accounts"), { recursive: true });
    mkdirSync(inFairhost("secrets"), { mode: 0o700 });
    writeFileSync(inFairhost("secrets/master-1"), oldMaster, { mode: 0o600 });
    writeFileSync(tree.at("applier.mjs"), await buildApplier());
    bundle = await render();
  });

  afterAll(() => tree[Symbol.dispose]());

  test("today's applier reads it as the old one did", async () => {
    const recorded = JSON.parse(
      readFileSync(join(recording.directory, "generation", `${host}.status.json`), "utf8"),
    ) as HostStatus;
    // A directory has no packet filter.
    expect(await status()).toEqual({
      ...recorded,
      outdated: [],
      firewall: "none",
      disabled: [],
      failing: [],
      copies: [],
      held: [],
      gone: [],
      notYet: [],
      restores: [],
    });
    expect(recorded).toMatchObject({ host, drift: [], notRunning: [], interrupted: false });
  });

  test("today's bundle is applied, and accounts keep their uids and secrets", async () => {
    const before = await status();
    const known = users();
    expect((await run(["init"])).exitCode).toBe(0);
    const report = await apply(bundle);
    expect(report).toMatchObject({ result: "applied", digest: bundle.digest, errors: [] });
    // Content is not recorded: what the old release had made for accounts is made again. Older generations were readable for all.
    for (const line of report.repaired)
      expect(line).toMatch(/^directories of account-\d+ had been changed$|\/generations had mode 755 instead of 700$/);
    expect(users()).toEqual(known);
    expect(readFileSync(inFairhost("secrets/master-1"), "utf8")).toBe(oldMaster);
    const kept = before.digest === bundle.digest ? [] : [`${before.generation}`];
    expect(readdirSync(inFairhost("generations"))).toEqual(kept);
    if (process.getuid?.() !== 0) return;
    for (const { directory, gid } of accountsOf(bundle)) expect(statSync(tree.at(`${directory}/home`)).gid).toBe(gid);
  });

  test("the second apply changes nothing, and nothing drifts but the secret that the host keeps", async () => {
    expect(await apply(bundle)).toMatchObject({
      result: "unchanged",
      filesWritten: 0,
      hooks: [],
      repaired: [],
      errors: [],
    });
    expect(await status()).toMatchObject({ digest: bundle.digest, drift: [], interrupted: false });
    const { stdout } = await run(["inspect", "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({ host, differences: [{ kind: "secret-other" }] });
  });

  test("a change of one account makes the next generation, of that account alone", async () => {
    const [first] = accountsOf(bundle);
    const { generation } = await status();
    const next = await render((inventory) => rename(recording, inventory, first!.number));
    expect(await apply(next)).toMatchObject({
      result: "applied",
      generation: `${generation + 1}`,
      changedGroups: [`account-${first!.number}`],
      repaired: [],
      errors: [],
    });
    expect(readdirSync(inFairhost("generations"))).toContain(`${generation}`);
  });
});

function accountsOf({ groups }: Bundle): BundleAccount[] {
  return Object.values(groups).flatMap((group) => group?.account ?? []);
}

/** Gives an account another name. */
function rename({ directory }: Recording, inventory: string, number: number): void {
  const file = readdirSync(join(directory, "inventory/accounts")).find((name) => name.startsWith(`${number}-`))!;
  const path = join(inventory, "accounts", file);
  writeFileSync(path, readFileSync(path, "utf8").replace(/^name: .*$/m, "name: renamed"));
}
