import { expect, test } from "vitest";
import { signAnswer } from "../../delivery/protocol/answers.ts";
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
import { waiting } from "../store/waiting.ts";
import { fence, startNow, whetherGone } from "./fence.ts";
import * as steps from "./steps.ts";

const here = '{"host":"web1"}\n';
/** An answer as the controller makes it. */
function told(number: number, accounts: readonly number[], by = secret, host = "web1"): string {
  const text = JSON.stringify({ host, lost: "2026-11-27", accounts } satisfies HostAnswer);
  const { epoch, master } = by;
  return `${text}\n${JSON.stringify({ number, epoch, signature: signAnswer(master, epoch, number, text) })}\n`;
}
const lost = (...accounts: number[]) => told(1, accounts);
const newest = (...accounts: number[]) => ({ by: ["bak1"], lost: "2026-11-27", accounts, number: 2 });
const gone = { by: ["bak1"], lost: "2026-11-27", number: 2 };

test.each<[string, Parameters<typeof whetherGone>[1], Parameters<typeof whetherGone>[2], typeof gone | undefined]>([
  ["no backup host says that this host is lost", undefined, undefined, undefined],
  ["the account is declared on it all the same", newest(7), undefined, undefined],
  ["the account is elsewhere", newest(8), undefined, gone],
  ["the one that said so is silent, or says that the host is not lost", undefined, gone, gone],
  ["the account is declared on it again", newest(7), gone, undefined],
  ["it has gone again", newest(), { ...gone, number: 1 }, gone],
])("whether account 7 has gone: %s", (_, said, known, expected) => {
  expect(whetherGone(7, said, known)).toEqual(expected);
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

/** A host with accounts, and what its backup hosts say. By default the second has no answer; `silent`: not before nobody waits for it any more. */
async function asking(tree: Tree, ...numbers: number[]) {
  const systemd = new FakeSystemd(tree.root);
  const state = { answer: (): Promise<string> | string => here, other: "", before: () => {}, silent: false };
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
      return { status: 0, stdout: await state.answer(), stderr: "" };
    if (state.silent) await new Promise((resolve) => options!.signal!.addEventListener("abort", resolve));
    return { status: state.other ? 0 : 128, stdout: state.other, stderr: "" };
  };
  const machine = tree.machine({ run, live: true });
  await init(machine);
  await apply(machine, bundle(...numbers), secret, {});
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

test("what the controller said before it delivered to this host counts no more, whoever repeats it", async () => {
  using tree = new Tree();
  const { machine, systemd, state } = await asking(tree, 1);
  state.answer = async () => {
    await apply(machine, bundle(1, 2), secret, { answered: 2 });
    return told(1, []);
  };
  for (const boot of [true, false]) expect(await fence(machine, boot)).toEqual([]);
  state.answer = () => told(1, []);
  expect(await fence(machine, false)).toEqual([]);
  expect(machine.said).toContainEqual("bak1 gives an old answer: number 1, and web1 knows of 2");
  expect([marked(machine, "held"), marked(machine, "gone")]).toEqual([[], []]);
  expect(systemd.running.has(socket(1))).toBe(true);
  state.answer = () => told(3, []);
  expect(await fence(machine, false)).toHaveLength(2);
});

test("a delivery that knows of no answer lets no older one count", async () => {
  using tree = new Tree();
  const { machine, state } = await asking(tree, 1);
  await apply(machine, bundle(1, 2), secret, { answered: 2 });
  await apply(machine, bundle(1, 2), secret, {});
  state.answer = () => told(1, []);
  expect(await fence(machine, false)).toEqual([]);
  expect(machine.said).toContainEqual("bak1 gives an old answer: number 1, and web1 knows of 2");
});

test("of two answers the newer one counts, and an old one lets nothing go that a newer one holds", async () => {
  using tree = new Tree();
  const { machine, state } = await asking(tree, 1, 2);
  state.answer = () => told(5, [2]);
  state.other = told(4, [1]);
  expect(await fence(machine, false)).toEqual(["account 1 is held: it has gone to another host"]);
  state.answer = () => told(4, [1, 2]);
  for (const boot of [true, false]) expect(await fence(machine, boot)).toEqual([]);
  expect([...goneAccounts(machine)]).toEqual([[1, { by: ["bak1"], lost: "2026-11-27", number: 5 }]]);
  // What a boot has heard is old too from then on.
  state.answer = () => told(6, []);
  expect(await fence(machine, true)).toHaveLength(1);
  state.answer = () => told(5, [2]);
  await fence(machine, false);
  expect([...goneAccounts(machine).keys()]).toEqual([1, 2]);
  state.answer = () => told(7, [1, 2]);
  expect(await fence(machine, false)).toHaveLength(2);
  state.answer = () => told(6, []);
  expect(await fence(machine, false)).toEqual([]);
  expect(goneAccounts(machine).size).toBe(0);
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
  state.answer = () => told(2, [1]);
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
  await expect(apply(machine, other, secret, {})).rejects.toThrow("the bundle is for web2");
  expect([...goneAccounts(machine).keys()]).toEqual([1]);
  await apply(machine, bundle(1), secret, {});
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

const hours = 3_600_000;
/** The host was off for so long; its backup hosts are silent. */
async function away(tree: Tree, time: number) {
  const asked = await asking(tree, 1, 2);
  asked.state.answer = () => "";
  const { disk, layout } = asked.machine;
  const ran = (ago: number) => disk.replace(`${layout.state}/running`, `${Date.now() - ago}\n`, 0o600);
  ran(time);
  return { ...asked, ran, boot: () => fence(asked.machine, true, { short: 0, long: hours }) };
}

test("a boot without an answer waits if the host was off for long: what has gone never starts", async () => {
  using tree = new Tree();
  const { machine, state, boot } = await away(tree, hours);
  let questions = 0;
  state.answer = () => (++questions < 3 ? "" : lost(2));
  expect(await boot()).toEqual(["account 1 is held: it has gone to another host"]);
  expect(machine.said).toContainEqual(
    expect.stringMatching(/^no backup host answers, and web1 was off since .*: it may have been declared/),
  );
  expect(waiting(machine)).toBeUndefined();
  // It runs since the answer.
  state.answer = () => "";
  expect(await boot()).toEqual([]);
});

test.each<[string, number]>([
  ["after a restart", 60_000],
  ["with a clock that is a little behind", -30_000],
])("a boot without an answer does not wait %s", async (_, ago) => {
  using tree = new Tree();
  const { machine, boot } = await away(tree, ago);
  expect(await boot()).toEqual([]);
  expect(machine.said).not.toContainEqual(expect.stringContaining("it may have been declared lost"));
});

test("a host that ran while its backup hosts were away does not wait for them when it boots", async () => {
  using tree = new Tree();
  const { machine, boot } = await away(tree, hours);
  expect(await fence(machine, false)).toEqual([]);
  expect(await boot()).toEqual([]);
  expect(machine.said).not.toContainEqual(expect.stringContaining("it may have been declared lost"));
});

test("a boot waits if the clock has gone back or nobody knows when the host ran, but not beyond its bound", async () => {
  using tree = new Tree();
  const { machine, ran } = await away(tree, -hours);
  const bounded = () => fence(machine, true, { short: 0, long: 2500 });
  const waited = () => machine.said.filter((line) => line.includes("it may have been declared lost")).length;
  expect([await bounded(), waited()]).toEqual([[], 1]);
  ran(Number.NaN);
  expect([await bounded(), waited(), waiting(machine)]).toEqual([[], 2, undefined]);
});

test("an operator ends the wait of a boot, and so does a delivery, also of the same bundle", async () => {
  using tree = new Tree();
  const { machine, ran, state, boot } = await away(tree, hours);
  expect(() => startNow(machine)).toThrow("nothing waits for an answer of backup hosts");
  let end: () => unknown = () => startNow(machine);
  state.answer = async () => {
    if (waiting(machine) !== undefined) await end();
    return "";
  };
  expect(await boot()).toEqual([]);
  ran(hours);
  end = () => apply(machine, bundle(1, 2), secret, {});
  expect(await boot()).toEqual([]);
  expect(machine.said.filter((line) => line.includes("it may have been declared lost"))).toHaveLength(2);
  expect(waiting(machine)).toBeUndefined();
});
