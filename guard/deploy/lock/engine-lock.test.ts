import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { describe, expect, test } from "vitest";
import { type LocalFacts, lifeOfEngine, localFacts, type PastEngine, parseEngineLocks } from "./engine-lock.ts";
import { type Owner, self } from "./owner.ts";

const message = `error: the stack is currently locked by 2 lock(s). Either wait for the other process(es) to end or delete the lock file with \`pulumi cancel\`.
  file:///srv/state/.pulumi/locks/organization/fairhost/prod/1f3a.json: created by alice@ops1 (pid 4711) at 2026-11-24T14:03:01Z
  file:///srv/state/.pulumi/locks/organization/fairhost/prod/77ce.json: created by bob@ops2 (pid 12) at 2026-11-24T14:05:09+01:00
`;
const [mine, others] = parseEngineLocks(message) as [
  ReturnType<typeof parseEngineLocks>[number],
  ReturnType<typeof parseEngineLocks>[number],
];
const since = Date.parse("2026-11-24T14:03:01Z");
const me: Owner = {
  ...{
    user: "alice",
    hostname: "ops1",
    machine: "0f".repeat(16),
    boot: "b1",
    namespace: "pid:[4026531836]",
    pid: 10,
    started: "1000",
  },
};
const here = (began: readonly number[], change: Partial<LocalFacts> = {}): LocalFacts => ({
  ...{ me, engines: [], seesAll: true, began: async () => began, runs: async () => false },
  ...change,
});

test("every lock in the engine's message is found", () => {
  expect(mine).toEqual({
    path: "file:///srv/state/.pulumi/locks/organization/fairhost/prod/1f3a.json",
    user: "alice",
    hostname: "ops1",
    pid: 4711,
    since: "2026-11-24T14:03:01Z",
  });
  expect(others).toMatchObject({ user: "bob", hostname: "ops2", pid: 12 });
  expect(parseEngineLocks("error: connection refused")).toEqual([]);
});

test.each([
  ["a process that began before the lock", here([since - 60_000]), "alive"],
  ["one that began in the lock's own second", here([since + 500]), "alive"],
  ["no such process", here([]), "dead"],
  ["another process that got the id later", here([since + 3_600_000]), "dead"],
  ["a later one, and one of a container that has the id too", here([since + 3_600_000, since - 1_000]), "alive"],
  ["perhaps a process of another container or machine", here([], { seesAll: false }), "elsewhere"],
] as const)("%s", async (_what, facts, life) => {
  expect(await lifeOfEngine(mine, facts)).toBe(life);
});

describe("an engine with a record", () => {
  const boot = Number(/^btime (\d+)$/m.exec(readFileSync("/proc/stat", "utf8"))?.[1]) * 1000;
  const ticks = (milliseconds: number) => `${(milliseconds - boot) / 10}`;
  const engine = (change: Partial<PastEngine> = {}): PastEngine => ({
    ...me,
    ...{ pid: 4711, started: ticks(since - 5_000), began: "2026-11-24T14:02:50Z" },
    ...change,
  });
  const life = (past: PastEngine, runs = false) =>
    lifeOfEngine(mine, here([], { seesAll: false, engines: [past], runs: async () => runs }));

  test("is judged by machine, boot, namespace and start", async () => {
    expect(await life(engine())).toBe("dead");
    expect(await life(engine(), true)).toBe("alive");
    expect(await life(engine({ namespace: "pid:[2]" }))).toBe("elsewhere");
    expect(await life(engine({ machine: "m2" }))).toBe("elsewhere");
    expect(await life(engine({ boot: "b0", started: "77" }))).toBe("dead");
  });

  test("is not taken for another one that happens to have its id", async () => {
    expect(await life(engine({ started: ticks(since - 3_600_000) }))).toBe("elsewhere");
    expect(await life(engine({ started: ticks(since + 10_000) }))).toBe("elsewhere");
    expect(await life(engine({ boot: "b0", started: "77", began: "2026-11-24T15:00:00Z" }))).toBe("elsewhere");
  });
});

test("a lock of another machine is never judged here", async () => {
  expect(await lifeOfEngine(others, here([]))).toBe("elsewhere");
});

test("everything is seen only with state in files of this machine, outside of every container", async () => {
  const seesAll = async (url: string) =>
    (await localFacts({ directory: "/", stack: "prod", environment: { PULUMI_BACKEND_URL: url } }, [])).seesAll;
  const outside = (await self()).namespace === "pid:[4026531836]";
  expect(await seesAll(`file://${tmpdir()}`)).toBe(outside);
  expect(await seesAll("file:///proc")).toBe(false);
  expect(await seesAll("s3://state")).toBe(false);
});

test("when a process began, in milliseconds", async () => {
  const facts = await localFacts({ directory: "/", stack: "s", environment: {} }, []);
  const [began] = await facts.began(process.pid);
  expect(Math.abs(began! - (Date.now() - process.uptime() * 1000))).toBeLessThan(3_000);
});
