import { expect, test } from "vitest";
import type { BundleFolder } from "../../../components/registry/bundle/bundle-folder.ts";
import { bundleFolders } from "../../../components/registry/bundle/bundle-folders.generated.ts";
import type { BundleUnit } from "../../../delivery/protocol/bundle.ts";
import { sealGroup } from "../../../delivery/protocol/digest.ts";
import { bundleOf, hostGroup, Tree } from "../../../testing/fakes/host-tree.ts";
import type { Run } from "../../os/machine.ts";
import { chooseHooks } from "./choose.ts";
import { runHooks } from "./hooks.ts";

const example: BundleFolder = {
  name: "example",
  entry: { file: "example/example.conf", unit: "example.service" },
  takesEffect: { by: "reload", unit: "example.service", says: (host) => `Reloads ${host}.` },
};
const unit: BundleUnit = { name: "example.service", want: "start", restartOn: [] };

function withRules(content: string) {
  const base = hostGroup("one", [
    { path: "example/example.conf", content: "include rules" },
    { path: "example/rules", content },
  ]);
  return bundleOf({}, sealGroup({ ...base, units: [...base.units, unit] }));
}

test("to have its unit reloaded, a folder needs only its declaration", async () => {
  using tree = new Tree();
  const calls: string[] = [];
  const run: Run = async (program, args) => {
    calls.push([program, ...args].join(" "));
    return { status: 0, stdout: "", stderr: "" };
  };
  const chosen = chooseHooks({ bases: [withRules("1")], next: withRules("2"), folders: [...bundleFolders, example] });
  expect(chosen).toMatchObject({ load: [], restart: [], reload: ["example.service"] });
  expect(await runHooks(tree.machine({ live: true, run }), chosen)).toEqual({
    hooks: ["reload example.service"],
    problems: [],
  });
  expect(calls).toContain("systemctl --no-ask-password --quiet reload-or-restart -- example.service");
});

test("the message of a failed reload is a problem of the host", async () => {
  using tree = new Tree();
  const run: Run = async () => ({ status: 1, stdout: "", stderr: "Job failed.\n" });
  const nothing = chooseHooks({ bases: [withRules("1")], next: withRules("1") });
  const { problems } = await runHooks(tree.machine({ live: true, run }), { ...nothing, reload: ["example.service"] });
  expect(problems).toEqual([{ group: "host", message: "reload example.service: Job failed." }]);
});

test("the firewall is loaded first; if that fails, nothing else is done", async () => {
  using tree = new Tree();
  const run: Run = async (program) => ({ status: program === "nft" ? 1 : 0, stdout: "", stderr: "no such table" });
  const files = (content: string) => [
    { path: "nftables/fairhost.nft", content },
    { path: "sysctl/60-fairhost.conf", content },
  ];
  const [base, next] = ["1", "2"].map((content) => bundleOf({}, hostGroup(content, files(content))));
  const chosen = chooseHooks({ bases: [base!], next: next! });
  expect(chosen.load.map(({ folder }) => folder)).toEqual(["nftables", "sysctl"]);
  expect((await runHooks(tree.machine({ live: true, run }), chosen)).hooks).toEqual(["load the firewall"]);
  expect((await runHooks(tree.machine(), chosen)).hooks.slice(0, 2)).toEqual(["load the firewall", "sysctl"]);
});

test("in a container kernel parameters are skipped", async () => {
  using tree = new Tree();
  tree.machine().disk.makeDirectory(tree.at("/run/systemd/container"));
  const machine = tree.machine({ live: true });
  const nothing = chooseHooks({ bases: [withRules("1")], next: withRules("1") });
  await runHooks(machine, { ...nothing, load: [{ folder: "sysctl", paths: ["sysctl/60-fairhost.conf"] }] });
  expect(machine.said).toEqual(["sysctl", "sysctl: skipped: running in a container"]);
});

test("a unit that fails because it is stopped leaves nothing behind: systemd would keep its old file", async () => {
  using tree = new Tree();
  const calls: string[] = [];
  const run: Run = async (_, args) => {
    calls.push(args.filter((arg) => !arg.startsWith("-")).join(" "));
    const active = calls.includes("stop gone.service") ? "failed" : "active";
    return { status: 0, stdout: JSON.stringify([{ unit: "gone.service", active }]), stderr: "" };
  };
  const nothing = chooseHooks({ bases: [withRules("1")], next: withRules("1") });
  await runHooks(tree.machine({ live: true, run }), { ...nothing, stop: ["gone.service"] });
  expect(calls.slice(calls.indexOf("stop gone.service"))).toContain("reset-failed gone.service");
});

test("a restart that systemd did not do is a problem of the host; one after which a unit is down is left to verify", async () => {
  using tree = new Tree();
  const nothing = chooseHooks({ bases: [withRules("1")], next: withRules("1") });
  const restart = async (...invocations: readonly string[]) => {
    const left = [...invocations];
    const run: Run = async (_, args) => {
      if (args.includes("show")) return { status: 0, stdout: `${left.shift()}\n`, stderr: "" };
      return { status: 1, stdout: "", stderr: "Failed to restart: Connection timed out\n" };
    };
    const chosen = { ...nothing, restart: ["example.service", "account-1-http-a.service"] };
    return (await runHooks(tree.machine({ live: true, run }), chosen)).problems.map(({ message }) => message);
  };
  expect(await restart("one", "one")).toEqual([
    "restart example.service account-1-http-a.service: example.service went on as before: Failed to restart: Connection timed out",
  ]);
  expect(await restart("one", "two")).toEqual([]);
  expect(await restart("one", "")).toEqual([]);
});

test("of many units that start systemd is not asked whether it knows older ones: reading all of them again is quicker", async () => {
  using tree = new Tree();
  const ran = async (count: number) => {
    const asked: string[] = [];
    const run: Run = async (_program, args) => {
      if (args.includes("--property=NeedDaemonReload")) asked.push(...args.slice(3));
      return { status: 0, stdout: args.includes("list-units") ? "[]" : "", stderr: "" };
    };
    const start = Array.from({ length: count }, (_, index) => `account-${index}-http-app.socket`);
    const nothing = chooseHooks({ bases: [withRules("1")], next: withRules("1") });
    const { hooks } = await runHooks(tree.machine({ live: true, run }), { ...nothing, start });
    return { asked: asked.length, reloads: hooks.includes("daemon-reload") };
  };
  expect(await ran(100)).toEqual({ asked: 100, reloads: false });
  expect(await ran(101)).toEqual({ asked: 0, reloads: true });
});
