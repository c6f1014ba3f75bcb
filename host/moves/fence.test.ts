import { expect, test } from "vitest";
import type { HostAnswer } from "../../delivery/protocol/backups.ts";
import { keepersFile } from "../../delivery/protocol/backups.ts";
import type { Bundle } from "../../delivery/protocol/bundle.ts";
import { sealBundle } from "../../delivery/protocol/digest.ts";
import { FakeSystemd } from "../../testing/fakes/fake-systemd.ts";
import { accountGroup, bundleOf, hostGroup, secret, Tree } from "../../testing/fakes/host-tree.ts";
import { apply } from "../apply/apply.ts";
import { init } from "../apply/init.ts";
import type { Machine, Run } from "../os/machine.ts";
import { readCurrent } from "../store/generations.ts";
import { goneAccounts, isMarked, marked } from "../store/moving.ts";
import { fence, readHostAnswer, whetherGone } from "./fence.ts";
import * as steps from "./steps.ts";

const lost = (...accounts: number[]): HostAnswer => ({ host: "web1", lost: "2026-11-27", accounts });
const here: HostAnswer = { host: "web1" };
const by = (...names: string[]) => ({ by: names, lost: "2026-11-27" });

test.each<[string, Record<string, HostAnswer>, ReturnType<typeof by> | undefined, ReturnType<typeof by> | undefined]>([
  ["no backup host answers", {}, undefined, undefined],
  ["the host is not lost", { bak1: here }, undefined, undefined],
  ["it is lost, and the account still declared on it", { bak1: lost(7) }, undefined, undefined],
  ["it is lost, and the account elsewhere", { bak1: lost(8) }, undefined, by("bak1")],
  ["one has not heard of it yet", { bak1: here, bak2: lost() }, undefined, by("bak2")],
  ["both say so", { bak2: lost(), bak1: lost() }, undefined, by("bak1", "bak2")],
  ["the one that said so is silent", { bak2: here }, by("bak1"), by("bak1")],
  ["the host is not lost any more, and waits for its deploy", { bak1: here }, by("bak1"), by("bak1")],
  ["the account is declared on it again", { bak1: lost(7) }, by("bak1"), undefined],
  ["only one of two says that", { bak1: lost(7), bak2: here }, by("bak1", "bak2"), by("bak2")],
])("whether account 7 has gone: %s", (_, answers, known, expected) => {
  expect(whetherGone(7, new Map(Object.entries(answers)), known)).toEqual(expected);
});

test.each([
  ["", undefined],
  ["null", undefined],
  ['{"host":"web2"}', undefined],
  ['{"host":"web1","lost":true,"accounts":[]}', undefined],
  ['{"host":"web1","lost":"\\u001b[2J","accounts":[]}', undefined],
  ['{"host":"web1","lost":"2026-11-27"}', undefined],
  ['{"host":"web1","lost":"2026-11-27","accounts":["7"]}', undefined],
  [`{"host":"web1"}${" ".repeat(1 << 20)}`, undefined],
  ['{"host":"web1","more":1}', here],
  ['{"host":"web1","lost":"2026-11-27","accounts":[7]}', lost(7)],
])("an answer that a backup host may give: %s", (text, expected) => {
  expect(readHostAnswer(text, "web1")).toEqual(expected);
});

const route = (number: number) => `bird/accounts/${number}.conf`;
const account = (number: number) =>
  accountGroup(number, "one", [{ path: route(number), content: `route fd00:8000:0:${number}::/64 unreachable;\n` }]);
const keeper = (name: string) => ({ name, site: "s2", address: `fd00:8100::${name.slice(-1)}` });
const bundle = (...numbers: number[]): Bundle =>
  bundleOf(
    Object.fromEntries(numbers.map((number) => [number, account(number)])),
    hostGroup("one", [{ path: keepersFile, content: JSON.stringify([keeper("bak1"), keeper("bak2")]) }]),
  );
const socket = (number: number) => `account-${number}-http-blog.socket`;
const hasRoute = (machine: Machine, number: number) =>
  readCurrent(machine).bundle.groups[`account-${number}`]?.files.some(({ path }) => path === route(number));

/** A host with accounts, and what its first backup host says. The other one has no answer; `silent`: not before nobody waits for it any more. */
async function asking(tree: Tree, ...numbers: number[]) {
  const systemd = new FakeSystemd(tree.root);
  const state = { answer: (): Promise<HostAnswer> | HostAnswer => here, before: () => {}, silent: false };
  const run: Run = async (program, args, options) => {
    if (program === "systemctl" && args.includes("--no-block")) {
      systemd.calls.push(args.join(" "));
      return { status: 0, stdout: "", stderr: "" };
    }
    if (program !== "ssh") {
      state.before();
      return systemd.run(program, args, options);
    }
    if (!args.some((word) => word.endsWith("@fd00:8100::2")))
      return { status: 0, stdout: JSON.stringify(await state.answer()), stderr: "" };
    if (state.silent) await new Promise((resolve) => options!.signal!.addEventListener("abort", resolve));
    return { status: 128, stdout: "", stderr: "" };
  };
  const machine = tree.machine({ run, live: true });
  await init(machine);
  await apply(machine, bundle(...numbers), secret, "from a controller");
  systemd.calls.length = 0;
  return { machine, systemd, state };
}

test("all that has gone is stopped at once, and shown to nobody; who does not answer is not waited for", async () => {
  using tree = new Tree();
  const { machine, systemd, state } = await asking(tree, 1, 2, 3);
  state.silent = true;
  state.answer = () => lost(3);
  expect(await fence(machine, false)).toHaveLength(2);
  expect([1, 2, 3].map((number) => systemd.running.has(socket(number)))).toEqual([false, false, true]);
  expect([1, 2, 3].map((number) => hasRoute(machine, number))).toEqual([false, false, true]);
  expect(systemd.calls.filter((call) => call.includes(" stop ") && call.includes("-http-blog"))).toHaveLength(1);
  systemd.calls.length = 0;
  state.silent = false;
  expect(await fence(machine, false)).toEqual([]);
  expect(systemd.calls.filter((call) => !call.includes("list-units"))).toEqual([]);
});

test("a run that was interrupted is resumed: marks are no proof that nothing runs", async () => {
  using tree = new Tree();
  const { machine, systemd, state } = await asking(tree, 1, 2);
  state.answer = () => lost();
  state.before = () => {
    throw new Error("power cut");
  };
  await expect(fence(machine, false)).rejects.toThrow("power cut");
  expect(marked(machine, "held")).toHaveLength(2);
  expect(systemd.running.has(socket(1))).toBe(true);
  state.before = () => {};
  await fence(machine, false);
  expect([1, 2].map((number) => systemd.running.has(socket(number)))).toEqual([false, false]);
  expect([1, 2].map((number) => hasRoute(machine, number))).toEqual([false, false]);
});

test("an answer from before a deploy counts no more", async () => {
  using tree = new Tree();
  const { machine, systemd, state } = await asking(tree, 1);
  // Another run that has the lock changes what is so.
  state.answer = () => {
    state.answer = () => here;
    return lost();
  };
  expect(await fence(machine, false)).toEqual([]);
  state.answer = async () => {
    await apply(machine, bundle(1, 2), secret, "from a controller");
    return lost();
  };
  expect(await fence(machine, true)).toEqual([]);
  expect([marked(machine, "held"), marked(machine, "gone")]).toEqual([[], []]);
  expect(systemd.running.has(socket(1))).toBe(true);
});

test("a boot only holds what has gone, and leaves what has come back to the timer's run, which brings it into force", async () => {
  using tree = new Tree();
  const { machine, systemd, state } = await asking(tree, 1);
  state.answer = () => lost();
  expect(await fence(machine, true)).toHaveLength(1);
  expect(systemd.calls.at(-1)).toBe("start --no-block fairhost-fence-again.service");
  expect([...goneAccounts(machine).keys()]).toEqual([1]);
  expect([systemd.running.has(socket(1)), hasRoute(machine, 1)]).toEqual([false, true]);
  await fence(machine, false);
  expect(hasRoute(machine, 1)).toBe(false);
  state.answer = () => lost(1);
  systemd.calls.length = 0;
  expect(await fence(machine, true)).toEqual([]);
  expect(systemd.calls).toEqual(["start --no-block fairhost-fence-again.service"]);
  // The run ends when it has let go, and before that is in force.
  state.before = () => {
    if (!isMarked(machine, "held", 1)) throw new Error("power cut");
  };
  await expect(fence(machine, false)).rejects.toThrow("power cut");
  state.before = () => {};
  expect(await fence(machine, false)).toEqual(["account 1 runs here again"]);
  expect([systemd.running.has(socket(1)), hasRoute(machine, 1)]).toEqual([true, true]);
  expect([marked(machine, "held"), marked(machine, "gone")]).toEqual([[], []]);
});

test("a bundle for another host lets nothing go; one for this host does", async () => {
  using tree = new Tree();
  const { machine, systemd, state } = await asking(tree, 1);
  state.answer = () => lost();
  await fence(machine, false);
  const other = sealBundle("web2", bundle(1).groups);
  await expect(apply(machine, other, secret, "from a controller")).rejects.toThrow("the bundle is for web2");
  expect([...goneAccounts(machine).keys()]).toEqual([1]);
  await apply(machine, bundle(1), secret, "from a controller");
  expect([systemd.running.has(socket(1)), hasRoute(machine, 1)]).toEqual([true, true]);
});

test("an account that was leaving when the host was lost is shown to nobody", async () => {
  using tree = new Tree();
  const { machine, state } = await asking(tree, 1, 2);
  await steps.keep(machine, 1);
  await apply(machine, bundle(2), secret);
  expect(hasRoute(machine, 1)).toBe(true);
  state.answer = () => lost(2);
  await fence(machine, false);
  expect([hasRoute(machine, 1), hasRoute(machine, 2)]).toEqual([false, true]);
});
