import { expect, test } from "vitest";
import { type LocalFacts, lifeOfEngine, localFacts, parseEngineLocks } from "./engine-lock.ts";

const message = `error: the stack is currently locked by 2 lock(s). Either wait for the other process(es) to end or delete the lock file with \`pulumi cancel\`.
  file:///srv/state/.pulumi/locks/organization/fairhost/prod/1f3a.json: created by alice@ops1 (pid 4711) at 2026-11-24T14:03:01Z
  file:///srv/state/.pulumi/locks/organization/fairhost/prod/77ce.json: created by bob@ops2 (pid 12) at 2026-11-24T14:05:09+01:00
`;
const [mine, others] = parseEngineLocks(message) as [
  ReturnType<typeof parseEngineLocks>[number],
  ReturnType<typeof parseEngineLocks>[number],
];
const since = Date.parse("2026-11-24T14:03:01Z");
const here = (began: number | undefined, same = true): LocalFacts => ({
  hostname: "ops1",
  began: async () => began,
  same: () => same,
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
  ["a process that began before the lock", here(since - 60_000), "alive"],
  ["one that began in the lock's own second", here(since + 500), "alive"],
  ["no such process", here(undefined), "dead"],
  ["another process that got the id later", here(since + 3_600_000), "dead"],
  ["perhaps another machine of the same name", here(undefined, false), "elsewhere"],
] as const)("%s", async (_what, facts, life) => {
  expect(await lifeOfEngine(mine, facts)).toBe(life);
});

test("a lock of another machine is never judged here", async () => {
  expect(await lifeOfEngine(others, here(undefined))).toBe("elsewhere");
});

test("a lock on state in files is of this machine; on other state only an own record proves that", () => {
  const engine = (url: string) => ({ directory: "/", stack: "prod", environment: { PULUMI_BACKEND_URL: url } });
  expect(localFacts(engine("file:///srv/state"), []).same(mine)).toBe(true);
  expect(localFacts(engine("s3://state"), []).same(mine)).toBe(false);
  expect(localFacts(engine("s3://state"), [4711]).same(mine)).toBe(true);
});

test("when a process began, in milliseconds", async () => {
  const began = await localFacts({ directory: "/", stack: "s", environment: {} }, []).began(process.pid);
  expect(Math.abs(began! - (Date.now() - process.uptime() * 1000))).toBeLessThan(3_000);
});
