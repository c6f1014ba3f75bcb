import { afterAll, beforeAll, expect, test } from "vitest";
import { bootContainer, type ContainerHost } from "../../lab/container.ts";
import { Tree } from "../../testing/fakes/host-tree.ts";
import { succeed } from "../../testing/fakes/placed-host.ts";
import type { Run } from "./machine.ts";
import { statesAgain, statesOf, statesOfDown, unitStates } from "./systemd.ts";

let host: ContainerHost;
let tree: Tree;

const wanted = ["one", "two", "three"].map((name) => `state-${name}.service`);
const many = Array.from({ length: 60 }, (_, index) => `state-many@${index}.service`);
const instances = ["1", "2-a\\x2db"].map((name) => `state-many@${name}.service`);
const calls: (readonly string[])[] = [];

const run: Run = async (program, args) => {
  calls.push(args);
  const { exitCode, stdout, stderr } = await host.run([program, ...args]);
  return { status: exitCode ?? 128, stdout, stderr };
};
const machine = () => tree.machine({ live: true, run });
const among = (states: ReadonlyMap<string, string>) =>
  new Map([...states].filter(([unit]) => unit.startsWith("state-")).sort());

beforeAll(async () => {
  tree = new Tree();
  host = await bootContainer({ name: "states" });
  await succeed(host, [
    "sh",
    "-c",
    `cd /etc/systemd/system
for unit in one two three many@; do printf '[Service]\\nExecStart=/usr/bin/sleep infinity\\n' >state-$unit.service; done
printf '[Unit]\\nWants=%s\\n' '${wanted.join(" ")}' >state.target
systemctl daemon-reload; systemctl start state.target 'state-many@1.service' 'state-many@2-a\\x2db.service'`,
  ]);
});
afterAll(async () => {
  await host.stop();
  tree[Symbol.dispose]();
});

test("states of some units are those among the states of all, also of instances by a pattern", async () => {
  const all = await unitStates(machine());
  expect(among(all)).toEqual(new Map([...instances, ...wanted].sort().map((unit) => [unit, "active"])));
  const asked = ["state-one.service", "state-many@*.service", "state-gone.service"];
  expect(among(await statesOf(machine(), asked))).toEqual(
    new Map([...instances, "state-one.service"].sort().map((unit) => [unit, "active"])),
  );
  expect(calls.at(-1)).toContain("--");
  // As a pattern it would stand for another name.
  expect((await statesOf(machine(), [instances[1]!])).get(instances[1]!)).toBe("active");
  const none = calls.length;
  expect(await statesOf(machine(), [])).toEqual(new Map());
  expect(calls.length).toBe(none);
});

test("after units have changed the states are the same as if all were asked for", async () => {
  const before = await unitStates(machine());
  await succeed(host, [
    "sh",
    "-c",
    `systemctl stop state-two.service 'state-many@1.service'; systemctl kill --signal=KILL state-three.service; systemctl start state-many@3.service
until systemctl is-failed --quiet state-three.service; do sleep 0.1; done`,
  ]);
  const touched = new Set(["state-many@1.service", "state-many@3.service"]);
  const after = among(await unitStates(machine()));
  expect(after.get("state-three.service")).toBe("failed");
  expect(after.get("state-two.service")).toBe("inactive");
  expect(among(await statesAgain(machine(), before, touched))).toEqual(after);
  expect(calls.at(-1)).not.toEqual(["list-units", "--all", "--no-pager", "--output=json"]);
  expect(among(await statesOfDown(machine()))).toEqual(new Map([...after].filter(([, state]) => state !== "active")));
  expect(among(await statesAgain(machine(), before, new Set(many)))).toEqual(after);
  expect(calls.at(-1)).toEqual(["list-units", "--all", "--no-pager", "--output=json"]);
});
