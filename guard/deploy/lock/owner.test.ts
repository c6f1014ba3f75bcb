import { expect, test } from "vitest";
import { lifeOf, type Owner, self } from "./owner.ts";

const me: Owner = {
  ...{ user: "alice", hostname: "ops1", machine: "0f".repeat(16), boot: "b1" },
  ...{ namespace: "pid:[4026531836]", pid: 10, started: "1000" },
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

test.each([
  ["without a machine id", { machine: "" }],
  ["with the id of an image that was never started", { machine: "uninitialized" }],
  ["in a container, whose image may run on several machines", { namespace: "pid:[2]" }],
])("%s, another boot proves nothing", async (_where, change) => {
  expect(await lifeOf({ ...me, ...change, boot: "b0" }, { ...me, ...change }, runs)).toBe("elsewhere");
});

test("this process is alive", async () => {
  const own = await self();
  expect(own.pid).toBe(process.pid);
  expect(await lifeOf(own, own)).toBe("alive");
  expect(await lifeOf({ ...own, started: "1" }, own)).toBe("dead");
});
