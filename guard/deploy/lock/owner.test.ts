import { expect, test } from "vitest";
import { lifeOf, type Owner, self } from "./owner.ts";

const me: Owner = {
  ...{ user: "alice", hostname: "ops1", machine: "m1", boot: "b1", namespace: "pid:[1]", pid: 10, started: "1000" },
};
const runs = async () => true;
const gone = async () => false;

test.each([
  ["runs here", {}, runs, "alive"],
  ["ran here", {}, gone, "dead"],
  ["ran here before the machine was booted again", { boot: "b0" }, runs, "dead"],
  ["runs on another machine", { hostname: "ops2", machine: "m2" }, gone, "elsewhere"],
  ["runs on another machine of the same name", { machine: "m2" }, gone, "elsewhere"],
  ["runs in another container", { namespace: "pid:[2]" }, gone, "elsewhere"],
] as const)("an owner that %s", async (_what, change, look, life) => {
  expect(await lifeOf({ ...me, ...change }, me, look)).toBe(life);
});

test("without a machine id, another boot proves nothing", async () => {
  expect(await lifeOf({ ...me, machine: "", boot: "b0" }, { ...me, machine: "" }, runs)).toBe("elsewhere");
});

test("this process is alive", async () => {
  const own = await self();
  expect(own.pid).toBe(process.pid);
  expect(await lifeOf(own, own)).toBe("alive");
  expect(await lifeOf({ ...own, started: "1" }, own)).toBe("dead");
});
