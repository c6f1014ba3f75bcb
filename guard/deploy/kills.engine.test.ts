import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";
import type { SimulatedHost } from "../../testing/fakes/simulated-host.ts";
import { type TwoHosts, twoHosts } from "../../testing/projects/two-hosts.ts";
import { setupToolchain } from "../../toolchain/setup.ts";
import { processesOf } from "./lock/orphans.ts";
import { type DeployRecord, readRecords, recordsDirectory } from "./record.ts";

const policyPack = fileURLToPath(new URL("../../policies", import.meta.url));
const plainDeploy = ["deploy", "--yes", "--no-drift", "--policy-pack", policyPack];

async function serverOn(host: SimulatedHost, unit: string): Promise<string> {
  return readFile(join(host.root, "var/lib/fairhost/current/systemd", `${unit}.service`), "utf8");
}

async function stateResources({ project }: TwoHosts): Promise<{ urns: string[]; pending: number }> {
  const { stdout } = await project.pulumi(["stack", "export"]);
  const { deployment } = JSON.parse(stdout) as {
    deployment: { resources: { urn: string }[]; pending_operations?: unknown[] };
  };
  return { urns: deployment.resources.map(({ urn }) => urn), pending: deployment.pending_operations?.length ?? 0 };
}

/** A generator of numbers in [0, 1), the same every time (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

async function killEngine(record: DeployRecord | undefined): Promise<void> {
  const processes = record ? await processesOf(record.id) : [];
  for (const { pid, name } of processes) if (name === "pulumi") process.kill(pid, "SIGKILL");
}

/**
 * Kills deploys of one fleet at these moments (fractions of a deploy); after each, one command must complete everything.
 * @param half shifts which process is killed
 */
async function survive(half: number, moments: readonly number[]): Promise<void> {
  await using fleet = await twoHosts();
  const deployed = async (idleSeconds: number, what: string) => {
    const { exitCode, all } = await fleet.guard([...plainDeploy, "--wait", "60"]);
    expect(exitCode, `${what}: ${all}`).toBe(0);
    expect(await serverOn(fleet.web1, "account-1-http-blog"), `${what}: ${all}`).toContain(`${idleSeconds}`);
    expect(await serverOn(fleet.web2, "account-3-http-site"), `${what}: ${all}`).toContain(`${idleSeconds}`);
  };
  const records = () => readRecords(recordsDirectory(fleet.engine));
  fleet.change(100);
  await deployed(100, "the first deploy");
  fleet.change(101);
  const begin = performance.now();
  await deployed(101, "the second deploy");
  const whole = performance.now() - begin;
  for (const [round, moment] of moments.entries()) {
    const victim = (["both", "engine", "guard"] as const)[(2 * half + round) % 3]!;
    const idleSeconds = 102 + round;
    fleet.change(idleSeconds);
    const running = fleet.guard(plainDeploy);
    await sleep(whole * moment);
    const record = (await records()).at(-1);
    if (victim !== "engine") running.kill("SIGKILL");
    if (victim !== "guard") await killEngine(record);
    await running;
    await deployed(idleSeconds, `${victim} killed after ${Math.round(whole * moment)} ms`);
  }
  const { urns, pending } = await stateResources(fleet);
  expect(new Set(urns).size).toBe(urns.length);
  expect(urns.filter((urn) => urn.includes("command:remote:Command"))).toHaveLength(4);
  expect(pending).toBe(0);
  const all = await records();
  expect(all.every(({ result, ended, seconds }) => result !== "running" && ended && seconds !== undefined)).toBe(true);
  const interrupted = all.filter(({ result }) => result === "interrupted").length;
  expect(interrupted).toBeGreaterThanOrEqual(Math.floor(moments.length / 2));
  for (const { id } of all) expect(await processesOf(id)).toEqual([]);
  expect((await fleet.guard(["records"])).all).toContain("interrupted");
}

beforeAll(async () => {
  await setupToolchain();
});

/** A minute for every two; set `FAIRHOST_KILLS=10` to test more. */
const kills = Number(process.env.FAIRHOST_KILLS ?? 4);

test(`at ${kills} moments of a deploy in two waves: one command completes state and hosts`, {
  timeout: 900_000,
}, async () => {
  // Two fleets at a time: an engine waits more than it computes.
  const random = seeded(20_261_124);
  const moments = Array.from({ length: kills }, (_, index) => (index + random()) / kills);
  await Promise.all(
    [0, 1].map((half) =>
      survive(
        half,
        moments.filter((_, index) => index % 2 === half),
      ),
    ),
  );
});
