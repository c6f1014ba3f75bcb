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

/** What a deploy has done since it began. */
interface Progress {
  readonly record: DeployRecord;
  /** Whether the engine has written the stack's state. */
  readonly stateWritten: boolean;
  /** Commands that each host got, of the applier alone: `apply`, `health`. */
  readonly web1: readonly string[];
  readonly web2: readonly string[];
}

/**
 * Moments at which a deploy is killed: the first time that this is so. They are events, not times, so they are the same on a
 * machine of any speed. The order makes the first four tell most.
 */
const moments: Readonly<Record<string, (progress: Progress) => boolean>> = {
  "the first host has the new files or gets them": ({ web1 }) => web1.includes("apply"),
  "the state has the first operation": ({ stateWritten }) => stateWritten,
  "the second wave runs": ({ record }) => record.waves[1]?.result === "running",
  "the record is there, and the preview runs": () => true,
  "the second host has the new files or gets them": ({ web2 }) => web2.includes("apply"),
  "the change is judged": ({ record }) => record.level !== undefined,
  "the first wave runs": ({ record }) => record.waves[0]?.result === "running",
  "the first host is asked for its health": ({ web1 }) => web1.includes("health"),
};
const victims = ["both", "engine", "guard"] as const;

interface Kill {
  readonly moment: keyof typeof moments;
  readonly victim: (typeof victims)[number];
}

/** Every moment with one victim, then every moment with the next. */
function kill(index: number): Kill {
  const names = Object.keys(moments);
  const victim = victims[(index + Math.floor(index / names.length)) % victims.length]!;
  return { moment: names[index % names.length]!, victim };
}

async function engineOf({ id }: DeployRecord): Promise<number | undefined> {
  return (await processesOf(id)).find(({ name }) => name === "pulumi")?.pid;
}

/** Fails the test if the deploy ends before the kill: at each moment it has much left to do. */
async function killAt(fleet: TwoHosts, { moment, victim }: Kill): Promise<void> {
  const directory = recordsDirectory(fleet.engine);
  const known = new Set((await readRecords(directory)).map(({ id }) => id));
  const state = join(fleet.project.directory, "state/.pulumi/stacks/fairhost/test.json");
  const applied = async (host: SimulatedHost) =>
    (await host.seen()).commands.map(({ command }) => /fairhost-host (\S+)/.exec(command)?.[1] ?? "");
  const before = {
    state: await readFile(state, "utf8"),
    web1: await applied(fleet.web1),
    web2: await applied(fleet.web2),
  };
  const progress = async (): Promise<Progress | undefined> => {
    const record = (await readRecords(directory)).find(({ id }) => !known.has(id));
    if (!record) return undefined;
    const [web1, web2] = [await applied(fleet.web1), await applied(fleet.web2)];
    return {
      record,
      stateWritten: (await readFile(state, "utf8")) !== before.state,
      web1: web1.slice(before.web1.length),
      web2: web2.slice(before.web2.length),
    };
  };

  const running = fleet.guard(plainDeploy);
  let over = false;
  const ended = running.then((result) => {
    over = true;
    return result;
  });
  for (;;) {
    if (over) throw new Error(`a deploy ended before this was seen: ${moment}\n${(await ended).all}`);
    const now = await progress();
    const engine = now && moments[moment]!(now) ? await engineOf(now.record) : undefined;
    // Only while an engine runs: otherwise a guard that is killed leaves nothing behind.
    if (engine !== undefined) {
      if (victim !== "engine") running.kill("SIGKILL");
      if (victim !== "guard") process.kill(engine, "SIGKILL");
      break;
    }
    await sleep(5);
  }
  const { signal, exitCode, all } = await ended;
  if (victim === "engine") expect(exitCode, `a deploy whose engine is killed fails: ${all}`).toBe(5);
  else expect(signal, `${moment}: ${all}`).toBe("SIGKILL");
}

/** Kills deploys of one fleet, its first one too; after each kill, one command must complete everything. */
async function survive(kills: readonly Kill[]): Promise<void> {
  await using fleet = await twoHosts();
  const deployed = async (idleSeconds: number, what: string) => {
    const { exitCode, all } = await fleet.guard([...plainDeploy, "--wait", "60"]);
    expect(exitCode, `${what}: ${all}`).toBe(0);
    expect(await serverOn(fleet.web1, "account-1-http-blog"), `${what}: ${all}`).toContain(`${idleSeconds}`);
    expect(await serverOn(fleet.web2, "account-3-http-site"), `${what}: ${all}`).toContain(`${idleSeconds}`);
  };
  const records = () => readRecords(recordsDirectory(fleet.engine));
  for (const [round, each] of kills.entries()) {
    const idleSeconds = 101 + round;
    fleet.change(idleSeconds);
    await killAt(fleet, each);
    await deployed(idleSeconds, `${each.victim} killed when ${each.moment}`);
    const { urns, pending } = await stateResources(fleet);
    expect(new Set(urns).size).toBe(urns.length);
    expect(urns.filter((urn) => urn.includes("command:remote:Command"))).toHaveLength(4);
    expect(pending).toBe(0);
  }
  const all = await records();
  expect(all.map(({ result }) => result)).toEqual(
    kills.flatMap(({ victim }) => [victim === "engine" ? "failed" : "interrupted", "succeeded"]),
  );
  expect(all.every(({ ended, seconds }) => ended && seconds !== undefined)).toBe(true);
  for (const { id } of all) expect(await processesOf(id)).toEqual([]);
}

beforeAll(async () => {
  await setupToolchain();
});

/** Half a minute for each; set `FAIRHOST_KILLS=24` for every moment with every victim. */
const count = Number(process.env.FAIRHOST_KILLS ?? 4);

test(`at ${count} moments of a deploy in two waves: one command completes state and hosts`, {
  timeout: 900_000,
}, async () => {
  // Two fleets at a time: an engine waits more than it computes.
  const kills = Array.from({ length: count }, (_, index) => kill(index));
  await Promise.all([0, 1].map((half) => survive(kills.filter((_, index) => index % 2 === half))));
});
