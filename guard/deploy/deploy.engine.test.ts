import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Proof, proofNamespace } from "../../delivery/protocol/proofs.ts";
import type { SimulatedHost } from "../../testing/fakes/simulated-host.ts";
import { type TwoHosts, twoHosts } from "../../testing/projects/two-hosts.ts";
import { setupToolchain } from "../../toolchain/setup.ts";
import { ensureDebianPackages } from "../../toolchain/system/system.ts";
import { readStackConfig } from "../engine/stack-config.ts";
import { type DeployOptions, deploy } from "./deploy.ts";
import { deployLock } from "./lock/lock.ts";
import { readRecords, recordsDirectory } from "./record.ts";

const policyPack = fileURLToPath(new URL("../../policies", import.meta.url));
const plainDeploy = ["deploy", "--yes", "--no-drift", "--policy-pack", policyPack];

const expires = new Date(Date.now() + 10 * 86_400_000).toISOString().slice(0, 10);

let two: TwoHosts;
const healthy = { healthy: true, problems: [], woken: [] };

const records = () => readRecords(recordsDirectory(two.engine));
const lastRecord = async () => (await records()).at(-1)!;

async function run(args: readonly string[], status: number): Promise<string> {
  const { exitCode, all } = await two.guard(args);
  expect(exitCode, all).toBe(status);
  return all;
}

/** Everything that both hosts saw during some work. */
async function seenDuring(work: () => Promise<unknown>): Promise<{ connections: number[]; order: string[] }> {
  const hosts = [two.web1, two.web2];
  const before = await Promise.all(hosts.map((host) => host.seen()));
  await work();
  const after = await Promise.all(hosts.map((host) => host.seen()));
  const fresh = after.flatMap(({ commands }, index) =>
    commands.slice(before[index]!.commands.length).map((each) => ({ ...each, host: `web${index + 1}` })),
  );
  return {
    connections: after.map(({ connections }, index) => connections - before[index]!.connections),
    order: fresh
      .sort((left, right) => left.at - right.at)
      .map(({ host, command }) => `${host} ${/fairhost-host (move 1 .*|\S+)/.exec(command)?.[1] ?? "bootstrap"}`),
  };
}

async function serverOn(host: SimulatedHost, unit: string): Promise<string> {
  return readFile(join(host.root, "var/lib/fairhost/current/systemd", `${unit}.service`), "utf8");
}

function inProcess(options: Partial<DeployOptions>): Promise<Awaited<ReturnType<typeof deploy>>> {
  const config = readStackConfig("test", two.engine.directory);
  const say = () => {};
  return deploy({
    ...{ engine: two.engine, config, policyPack, say, gate: async () => healthy, confirm: async () => true },
    reach: () => ["false"],
    ...options,
  });
}

beforeAll(async () => {
  await setupToolchain();
  two = await twoHosts();
});

afterAll(async () => {
  await two?.[Symbol.asyncDispose]();
});

describe("a deploy under guard", () => {
  test("a new fleet comes in two waves; the second begins when the first host is healthy", async () => {
    const { order } = await seenDuring(() => run(plainDeploy, 0));
    expect(order).toEqual([
      "web1 bootstrap",
      "web1 apply",
      "web1 health",
      "web2 bootstrap",
      "web2 apply",
      "web2 health",
    ]);
    expect(await lastRecord()).toMatchObject({
      result: "succeeded",
      level: "safe",
      waves: [
        { hosts: ["web1"], result: "succeeded" },
        { hosts: ["web2"], result: "succeeded" },
      ],
    });
    expect((await lastRecord()).plan).toMatch(/^[0-9a-f]{64}$/);
  });

  test("nothing to do: no host is contacted", async () => {
    const { connections } = await seenDuring(async () => {
      expect(await run(plainDeploy, 0)).toContain("Nothing to do: the stack already has everything that is declared.");
    });
    expect(connections).toEqual([0, 0]);
  });

  test("a preview gives the verdict, the comment and the picture, and contacts no host", async () => {
    two.change(21);
    const at = (name: string) => join(two.engine.directory, "preview", name);
    const outputs = ["--json", at("preview.json"), "--markdown", at("comment.md"), "--svg", at("picture.svg")];
    const preview = ["preview", "--policy-pack", policyPack, ...outputs];
    const { connections } = await seenDuring(async () => {
      expect(await run(preview, 0)).toContain("Stops 1 HTTP server of account 1 (alice) for about 2 s");
    });
    expect(connections).toEqual([0, 0]);
    expect(await readFile(at("comment.md"), "utf8")).toMatch(/^<!-- .* -->\n\n### Safe/);
    expect(JSON.parse(await readFile(at("preview.json"), "utf8"))).toMatchObject({ verdict: "safe" });
    expect(await readFile(at("picture.svg"), "utf8")).toContain("<svg");
    two.draft.edit("hosts/web1.yaml", "chain: b", "chain: a");
    expect(await run(preview, 4)).toContain("Host web1 has all its power supplies on chain a.");
    expect(await readFile(at("comment.md"), "utf8")).toContain("Host web1 has all its power supplies on chain a.");
    await two.restore();
  });

  test("a wave that is not healthy afterwards is the last one; the next deploy does only the rest", async () => {
    two.change(21);
    await two.web1.setHealth({
      healthy: false,
      problems: [{ group: "host", message: "the front end does not answer" }],
    });
    const first = await seenDuring(async () => {
      const said = await run(plainDeploy, 5);
      expect(said).toContain("Stopped: web1: the front end does not answer");
      expect(said).toContain(
        "Updated: web1.\nUnchanged: web2.\nTo continue: fix the cause, then run `guard deploy` again",
      );
    });
    expect(first.order).toEqual(["web1 health", "web1 apply", "web1 health"]);
    expect(first.connections[1]).toBe(0);
    expect(await lastRecord()).toMatchObject({
      result: "failed",
      waves: [{ result: "failed" }, { result: "waiting" }],
    });
    await two.web1.setHealth(healthy);
    const second = await seenDuring(() => run(plainDeploy, 0));
    expect(second.order).toEqual(["web2 health", "web2 apply", "web2 health"]);
  });

  test("both members of a pair: blocked before any connection to a host", async () => {
    for (const name of ["a", "b"])
      two.draft.edit(
        "network.yaml",
        `name: switch-${name}\n    site: lab\n    hall: hall-1\n    rack: rack-1\n    manufacturer: ${name === "a" ? "arista" : "juniper"}\n    model: `,
        `name: switch-${name}\n    site: lab\n    hall: hall-1\n    rack: rack-1\n    manufacturer: ${name === "a" ? "arista" : "juniper"}\n    model: new `,
      );
    const { connections } = await seenDuring(async () => {
      expect(await run(plainDeploy, 4)).toMatch(/Both switches of a pair change at once: switch-a and\s+switch-b\./);
    });
    expect(connections).toEqual([0, 0]);
    expect(await lastRecord()).toMatchObject({ result: "refused", level: "blocked" });
    await two.restore();
    two.change(21);
  });

  test("a broken rule and an inventory with problems are blocked with the program's own message", async () => {
    two.draft.edit("hosts/web1.yaml", "chain: b", "chain: a");
    expect(await run(plainDeploy, 4)).toContain("Host web1 has all its power supplies on chain a.");
    await two.restore();
    two.change(21);
  });

  test("a change that needs an approval is not deployed", async () => {
    two.draft.edit("network.yaml", "fd00:8000::1\n", "fd00:8000::7\n");
    const { connections } = await seenDuring(async () => {
      expect(await run(plainDeploy, 3)).toContain("nothing-opened");
    });
    expect(connections).toEqual([0, 0]);
    await two.restore();
    two.change(21);
  });

  test("nothing is deployed if the inventory or the state changes before the confirmation", async () => {
    two.change(22);
    const moved = await inProcess({
      confirm: async () => {
        two.change(23);
        return true;
      },
    });
    expect(moved).toEqual({ kind: "failed", reason: "The inventory changed after it was judged: deploy again." });
    const behind = await inProcess({
      confirm: async () => (await two.project.pulumi(["refresh", "--yes", "--skip-preview"])).exitCode === 0,
    });
    expect(behind).toEqual({ kind: "failed", reason: "The state changed after it was judged: deploy again." });
    expect(await serverOn(two.web1, "account-1-http-blog")).toContain("21");
    two.change(21);
  });

  test("drift is repaired although nothing else changes, and only where it is", async () => {
    const repair = () => inProcess({ repair: true, drift: async () => ["web1"] });
    const { order } = await seenDuring(async () => expect(await repair()).toEqual({ kind: "done" }));
    expect(order).toEqual(["web1 bootstrap", "web1 apply"]);
    expect(await lastRecord()).toMatchObject({ result: "succeeded", repaired: ["web1"] });
    expect(await inProcess({})).toEqual({ kind: "nothing to do" });
  });
});

describe("locks", () => {
  const engineLock = async (pid: number, host = hostname()) => {
    const folder = join(two.engine.directory, "state/.pulumi/locks/organization/fairhost/test");
    await mkdir(folder, { recursive: true });
    const timestamp = new Date().toISOString();
    await writeFile(join(folder, "x.json"), JSON.stringify({ pid, username: "eve", hostname: host, timestamp }));
  };

  test("a second deploy ends or waits, and names the running one", async () => {
    const lock = await deployLock(recordsDirectory(two.engine), "guard deploy", 0, () => {});
    const said = await run(plainDeploy, 6);
    expect(said).toMatch(new RegExp(`\`guard deploy\` of \\S+@${hostname()} \\(process ${process.pid}\\) since 20`));
    const waiting = two.guard([...plainDeploy, "--wait", "120"]);
    let heard = "";
    waiting.all.on("data", (data) => (heard += data));
    await expect.poll(() => heard, { timeout: 60_000 }).toContain("Waiting up to 120 s for `guard deploy` of ");
    await lock[Symbol.asyncDispose]();
    const { exitCode, all } = await waiting;
    expect(exitCode, all).toBe(0);
  });

  test("an engine's lock is removed only if its owner is dead", async () => {
    two.draft.edit("accounts/1-alice.yaml", "idleSeconds: 21", "idleSeconds: 24");
    await engineLock(process.pid);
    expect(await run(plainDeploy, 6)).toContain(`eve@${hostname()} (process ${process.pid})`);
    await engineLock(process.pid, "elsewhere");
    expect(await run(["unlock"], 6)).toContain("This machine cannot see whether it still runs: check on ");
    await engineLock(4_194_303);
    expect(await run(["unlock"], 0)).toContain("That process no longer runs; its lock is removed.");
    await engineLock(4_194_303);
    expect(await run(plainDeploy, 0)).toContain("That process no longer runs; its lock is removed.");
  });
});

// Near the end: the other tests have the account on web1.
test("an account that moves takes its data along through this machine, and goes on after a deploy that failed in between", async () => {
  // Hosts that are directories have this machine's programs.
  await ensureDebianPackages(["rsync"]);
  await writeFile(join(two.web1.root, "srv/accounts/1/home/www/kept"), "kept");
  two.draft.edit("accounts/1-alice.yaml", "host: web1", "host: web2");
  const approval = { action: "move", resource: "account 1", approvedBy: "Grace", reason: "web1 is full", expires };
  two.draft.write("approvals.yaml", JSON.stringify([approval]));
  const place = join(two.web2.root, "srv/accounts/1");
  await writeFile(place, "in the way");
  const refused = await run(plainDeploy, 5);
  expect(refused).toContain("archive and remove it");
  expect(await lastRecord()).toMatchObject({ result: "failed", moves: [{ account: 1, from: "web1", to: "web2" }] });
  await rm(place);
  const { order } = await seenDuring(() => run(plainDeploy, 0));
  const steps = order.filter((each) => / apply| (expect|keep|stop|land|leave)$/.test(each));
  expect(steps.toSpliced(2, 2, ...steps.slice(2, 4).sort())).toEqual([
    ...["web2 move 1 expect", "web1 move 1 keep", "web1 apply", "web2 apply"],
    ...["web1 move 1 stop", "web2 move 1 land", "web1 move 1 leave"],
  ]);
  expect(await readFile(join(place, "home/www/kept"), "utf8")).toBe("kept");
  expect(existsSync(join(two.web2.root, "var/lib/fairhost/held/1"))).toBe(false);
  expect(await lastRecord()).toMatchObject({ result: "succeeded" });
});

/** The newest proof of account 2 is so many days old. */
async function proven(days: number): Promise<Proof> {
  const proof: Proof = {
    ...{ account: 2, of: "web1", on: "web1", time: new Date(Date.now() - days * 86_400_000).toISOString() },
    files: { restored: 1, bytes: 5, identical: 1, changedSince: 0 },
    ...{ databases: [], seconds: { restore: 4.5, drill: 6 }, outcome: "restored", wrong: [] },
  };
  const text = JSON.stringify(proof);
  const sign = ["-Y", "sign", "-q", "-f", two.web1.hostKeyFile, "-n", proofNamespace];
  const { stdout: signature } = await execa("ssh-keygen", sign, { input: text, stripFinalNewline: false });
  await writeFile(
    join(two.web1.root, "var/lib/fairhost/proofs/2.json"),
    JSON.stringify([{ text, signatures: [signature] }]),
  );
  return proof;
}

test("an old proof of a backup holds up the deploy to its host, until an approval lets it pass", async () => {
  two.draft.copy("sites/lab.yaml", "sites/other.yaml", ["name: lab\n", "name: other\n"], ["8000::/48", "8000:1::/48"]);
  two.draft.append("sites/lab.yaml", "backupSite: other\n");
  // Not by the guard, which would want approvals for a backup site.
  const up = await two.project.pulumi(["up", "--yes", "--skip-preview"]);
  expect(up.exitCode, up.all).toBe(0);
  const proof = await proven(40);
  two.change(27, ["2-bob"]);
  const { connections, order } = await seenDuring(async () => {
    const said = await run(plainDeploy, 3);
    expect(said).toContain(
      `backups-proven: There is no proof of the last 30 days that the backup of account 2 (bob) on web1 can be restored: it was last restored on ${proof.time}.`,
    );
    expect(said).toContain("Or add to approvals.yaml: action: waive, resource: account 2");
  });
  expect([connections, order]).toEqual([[1, 0], ["web1 backups"]]);
  expect(await lastRecord()).toMatchObject({
    ...{ result: "refused", waves: [] },
    findings: expect.arrayContaining([expect.objectContaining({ rule: "backups-proven", level: "needs approval" })]),
  });
  const waiver = {
    action: "waive",
    resource: "account 2",
    approvedBy: "Grace",
    reason: "this mends the drills",
    expires,
  };
  two.draft.write("approvals.yaml", JSON.stringify([waiver]));
  // Without --yes it ends with the question that only a deploy that may go on asks.
  const asked = await run(
    plainDeploy.filter((word) => word !== "--yes"),
    2,
  );
  expect(asked).toMatch(
    /Approved by Grace: There is no proof of the last 30 days.*Not confirmed: nothing was touched/s,
  );
});

test("a preview announces a proof that ends soon or has ended, as its host said when it was asked last", async () => {
  two.draft.write("approvals.yaml", "[]\n");
  const previewed = async (): Promise<string> => {
    let said = "";
    const { connections } = await seenDuring(async () => {
      said = await run(["preview", "--policy-pack", policyPack], 0);
    });
    expect(connections).toEqual([0, 0]);
    // Its lines end at the width of the page.
    return said.replaceAll(/\s+/g, " ");
  };
  const about = "The proof that the backup of account 2 (bob) on web1 can be restored";
  // The deploy that was held up has asked.
  expect(await previewed()).toContain(`${about} ended on `);
  await proven(25);
  expect(await previewed()).toContain(`${about} ended on `);
  await run(["recovery"], 7);
  expect(await previewed()).toContain(`${about} ends in 5 days, unless a drill has succeeded since web1 was asked on`);
  await proven(1);
  await run(["recovery"], 7);
  expect(await previewed()).not.toContain(about);
});
