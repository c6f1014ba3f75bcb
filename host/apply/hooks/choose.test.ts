import { expect, test } from "vitest";
import type { BundleFolder } from "../../../components/registry/bundle/bundle-folder.ts";
import type { Bundle, BundleFile, BundleUnit } from "../../../delivery/protocol/bundle.ts";
import { sealGroup } from "../../../delivery/protocol/digest.ts";
import { accountGroup, bundleOf, hostGroup } from "../../../testing/fakes/host-tree.ts";
import { givenUp } from "../../os/systemd.ts";
import { chooseHooks, type HookInput, isEmpty, splitHooks } from "./choose.ts";

const group = (files: readonly BundleFile[], units: readonly BundleUnit[] = []) => {
  const base = hostGroup();
  return sealGroup({ files: [...base.files, ...files], units: [...base.units, ...units] });
};
const nginx: BundleUnit = { name: "nginx.service", want: "start", restartOn: ["systemd/nginx.service.d/x.conf"] };
const conf: BundleFile = { path: "nginx/nginx.conf", content: "1" };
const before = bundleOf({ 1: accountGroup(1) }, group([conf], [nginx]));

/** Unit states in which all of a bundle's units that should be active are. */
const up = ({ groups }: Bundle, more: Record<string, string> = {}) =>
  new Map([
    ...Object.values(groups).flatMap((part) =>
      part!.units.filter(({ want }) => want === "start").map(({ name }) => [name, "active"] as const),
    ),
    ...Object.entries(more),
  ]);

/** The chosen hooks without empty parts. */
function todo(next: Bundle, input: Partial<HookInput> = {}): object {
  const chosen = chooseHooks({ bases: [before], next, states: up(before), ...input });
  return Object.fromEntries(
    Object.entries(chosen).filter(([, part]) => (Array.isArray(part) ? part.length > 0 : part)),
  );
}

test("the same bundle on a healthy host: nothing", () => {
  expect(isEmpty(chooseHooks({ bases: [before], next: before, states: up(before) }))).toBe(true);
});

test("a new account is only started, because systemd finds new files by itself", () => {
  const next = bundleOf({ 1: accountGroup(1), 2: accountGroup(2) }, group([conf], [nginx]));
  expect(todo(next)).toEqual({ start: ["account-2-http-blog.socket"] });
});

test("many new sites need one reload of the front end, and a change that touches no name needs none", () => {
  const map = (number: number) => ({ path: `nginx/accounts/${number}.map`, content: `n${number}.test 1;\n` });
  const numbers = Array.from({ length: 50 }, (_, index) => index + 2);
  const accounts = Object.fromEntries(numbers.map((number) => [number, accountGroup(number, "x", [map(number)])]));
  const next = bundleOf({ 1: accountGroup(1), ...accounts }, group([conf], [nginx]));
  expect(todo(next)).toMatchObject({ reload: ["nginx.service"] });
  expect(todo(bundleOf({ 1: accountGroup(1, "other") }, group([conf], [nginx])))).not.toHaveProperty("reload");
});

test("a new account's own drop-in needs no reload either, a new drop-in for an old unit does", () => {
  const dropIn = (number: number) => ({ path: `systemd/account-${number}.slice.d/60-plan.conf`, content: "[Slice]\n" });
  expect(
    todo(bundleOf({ 1: accountGroup(1), 2: accountGroup(2, "x", [dropIn(2)]) }, group([conf], [nginx]))),
  ).not.toHaveProperty("daemonReload");
  expect(todo(bundleOf({ 1: accountGroup(1, "one", [dropIn(1)]) }, group([conf], [nginx])))).toEqual({
    daemonReload: true,
  });
});

test("nor do those for all units of a new account, or of one that goes; for one that stays they do", () => {
  const joins = (number: number) => ({
    path: `systemd/account-${number}-.service.d/50-network.conf`,
    content: "[Unit]\n",
  });
  const with1 = bundleOf({ 1: accountGroup(1, "x", [joins(1)]) }, group([conf], [nginx]));
  const with2 = bundleOf({ 1: accountGroup(1), 2: accountGroup(2, "x", [joins(2)]) }, group([conf], [nginx]));
  expect(todo(with2)).not.toHaveProperty("daemonReload");
  expect(todo(before, { bases: [with2], states: up(with2) })).not.toHaveProperty("daemonReload");
  expect(todo(with1)).toMatchObject({ daemonReload: true });
  expect(todo(before, { bases: [with1], states: up(with1) })).toMatchObject({ daemonReload: true });
});

test("every folder that says so has its changed files read by a daemon-reload, whatever its name", () => {
  const folders: BundleFolder[] = [{ name: "generators", takesEffect: { by: "daemon-reload" } }];
  const dropIn = (content: string): BundleFile => ({ path: "generators/a.service.d/x.conf", content });
  const bases = [bundleOf({}, group([dropIn("1")]))];
  const next = bundleOf({}, group([dropIn("2")]));
  expect(chooseHooks({ bases, next, states: up(next), folders })).toMatchObject({ daemonReload: true });
  const without = bundleOf({}, group([]));
  expect(chooseHooks({ bases: [without], next, states: up(next), folders })).toMatchObject({ daemonReload: true });
  expect(chooseHooks({ bases, next: without, states: up(next), folders })).toMatchObject({ daemonReload: true });
});

test("units of a removed account are stopped, without a daemon-reload", () => {
  expect(todo(bundleOf({}, group([conf], [nginx])))).toEqual({
    stop: ["account-1-http-blog.socket", "account-1-http-blog.service"],
  });
});

test("a socket that was stopped while its service still runs: the service stops first", () => {
  const states = up(before, { "account-1-http-blog.socket": "inactive", "account-1-http-blog.service": "active" });
  expect(todo(before, { states })).toEqual({
    stopChanged: ["account-1-http-blog.service"],
    start: ["account-1-http-blog.socket"],
  });
});

test("units that run with other settings than their files: daemon-reload and restart, whatever the bundles say", () => {
  const outdated = new Set(["nginx.service", "account-1-http-blog.socket"]);
  expect(todo(before, { outdated, daemonReload: true })).toEqual({
    daemonReload: true,
    stopChanged: ["account-1-http-blog.socket", "account-1-http-blog.service"],
    start: ["account-1-http-blog.socket"],
    restart: ["nginx.service"],
  });
});

test("a changed socket: its service stops first, then the socket restarts", () => {
  const changed = accountGroup(1);
  const files = changed.files.map((file) =>
    file.path.endsWith(".socket") && file.content ? { ...file, content: "[Socket]\n" } : file,
  );
  expect(todo(bundleOf({ 1: sealGroup({ ...changed, files }) }, group([conf], [nginx])))).toEqual({
    daemonReload: true,
    stopChanged: ["account-1-http-blog.socket", "account-1-http-blog.service"],
    start: ["account-1-http-blog.socket"],
  });
});

test("front end: a reload for its files, a restart for its drop-in, a start when it is down, never two of these", () => {
  const changed = { ...conf, content: "2" };
  const dropIn = { path: "systemd/nginx.service.d/x.conf", content: "[Service]\n" };
  expect(todo(bundleOf({ 1: accountGroup(1) }, group([changed], [nginx])))).toEqual({ reload: ["nginx.service"] });
  expect(todo(bundleOf({ 1: accountGroup(1) }, group([changed, dropIn], [nginx])))).toEqual({
    daemonReload: true,
    restart: ["nginx.service"],
  });
  const down = up(before, { "nginx.service": "failed" });
  expect(todo(bundleOf({ 1: accountGroup(1) }, group([changed], [nginx])), { states: down })).toEqual({
    start: ["nginx.service"],
  });
});

test("a unit that ran before the first apply is restarted to read the new files", () => {
  const dropIn = { path: "systemd/nginx.service.d/x.conf", content: "[Service]\n" };
  const next = bundleOf({}, group([conf, dropIn], [nginx]));
  expect(
    todo(next, {
      bases: [bundleOf({}, sealGroup({ files: [], units: [] }))],
      states: new Map([["nginx.service", "active"]]),
    }),
  ).toMatchObject({
    restart: ["nginx.service"],
    start: ["fairhost.target"],
  });
});

test("a folder in restartOn means every file in it", () => {
  const routes: BundleUnit = { name: "fairhost-routes.service", want: "start", restartOn: ["network/"] };
  const old = bundleOf({}, group([{ path: "network/accounts/1", content: "a" }], [routes]));
  const next = bundleOf({}, group([], [routes]));
  expect(todo(next, { bases: [old], states: up(old) })).toEqual({ restart: ["fairhost-routes.service"] });
});

test("the firewall is loaded in one step, its unit never restarted; lost rules are loaded again", () => {
  const unit: BundleUnit = {
    name: "nftables.service",
    want: "start",
    restartOn: ["systemd/nftables.service.d/x.conf"],
  };
  const files = (text: string) => [
    { path: "nftables/fairhost.nft", content: text },
    { path: "systemd/nftables.service.d/x.conf", content: text },
  ];
  const old = bundleOf({}, group(files("1"), [unit]));
  expect(todo(bundleOf({}, group(files("2"), [unit])), { bases: [old], states: up(old) })).toEqual({
    load: [{ folder: "nftables", paths: ["nftables/fairhost.nft"] }],
    daemonReload: true,
  });
  expect(todo(old, { bases: [old], states: up(old), lost: new Set(["nftables"]) })).toEqual({
    load: [{ folder: "nftables", paths: [] }],
  });
});

test("an interrupted run: units that it may have started, stopped or changed are corrected", () => {
  const interrupted = bundleOf(
    { 1: accountGroup(1, "two"), 2: accountGroup(2) },
    group([{ ...conf, content: "2" }], [nginx]),
  );
  expect(todo(before, { bases: [before, interrupted] })).toEqual({
    stop: ["account-2-http-blog.socket", "account-2-http-blog.service"],
    daemonReload: true,
    stopChanged: ["account-1-http-blog.service"],
    reload: ["nginx.service"],
  });
});

const template: BundleUnit = {
  name: "account-1-ssh@.service",
  want: "on-demand",
  restartOn: ["systemd/account-1-ssh@.service"],
};
const templateFile = (content: string): BundleFile => ({ path: "systemd/account-1-ssh@.service", content });
const withTemplate = (content = "one") =>
  bundleOf({ 1: accountGroup(1) }, group([conf, templateFile(content)], [nginx, template]));
const instances = { "account-1-ssh@3-[::1]:22.service": "active", "account-1-other@3.service": "active" };

test("a template stands for its loaded instances: they are stopped when it changes or goes, and no others", () => {
  const base = { bases: [withTemplate()], states: up(before, instances) };
  expect(todo(withTemplate(), base)).toEqual({});
  expect(todo(withTemplate("two"), base)).toEqual({
    daemonReload: true,
    stopChanged: ["account-1-ssh@3-[::1]:22.service"],
  });
  expect(todo(before, base)).toEqual({ stop: ["account-1-ssh@3-[::1]:22.service"] });
  expect(todo(withTemplate("two"), { ...base, states: up(before) })).toEqual({ daemonReload: true });
});

test("an instance that runs with other settings than its template has is stopped", () => {
  const outdated = new Set(["account-1-ssh@3-[::1]:22.service"]);
  expect(todo(withTemplate(), { bases: [withTemplate()], states: up(before, instances), outdated })).toEqual({
    stopChanged: ["account-1-ssh@3-[::1]:22.service"],
  });
});

test("a program that always runs is started by the deploy, and stopped before its socket is made anew", () => {
  const files = (listen: string) => [
    { path: "systemd/account-1-http-app.socket", content: `[Socket]\nListenStream=${listen}\n` },
    { path: "systemd/account-1-http-app.service", content: "[Service]\n" },
  ];
  const socket: BundleUnit = { name: "account-1-http-app.socket", want: "start", restartOn: [files("")[0]!.path] };
  const service: BundleUnit = {
    ...socket,
    name: "account-1-http-app.service",
    restartOn: files("").map(({ path }) => path),
  };
  const of = (listen: string, units = [service, socket]) =>
    bundleOf({ 1: sealGroup({ files: files(listen), units }) }, group([], []));
  const names = [service.name, socket.name];
  const [old, next] = [of("/run/a"), of("/run/b")];
  expect(todo(next, { bases: [old], states: up(old) })).toEqual({
    daemonReload: true,
    stopChanged: names,
    start: names,
  });
  const states = (changes: Record<string, string>) => ({ bases: [old], states: up(old, changes) });
  expect(todo(old, states({ [service.name]: "inactive" }))).toEqual({ start: [service.name] });
  // Its socket has failed: it cannot start while the program runs.
  expect(todo(old, states({ [socket.name]: "failed" }))).toEqual({ stopChanged: [service.name], start: names });
  // It ended by itself: that is its owner's affair.
  expect(todo(old, states({ [service.name]: "failed" }))).toEqual({});
});

test("the socket of a server that was given up is started only with a change of the server, whatever else a deploy changes", () => {
  const [service, socket] = ["account-1-http-app.service", "account-1-http-app.socket"];
  const files = [service, socket].map((name) => ({ path: `systemd/${name}`, content: "one" }));
  const units = (want: BundleUnit["want"]): BundleUnit[] => [
    { name: service, want, restartOn: files.map(({ path }) => path) },
    { name: socket, want: "start", restartOn: [files[1]!.path] },
  ];
  const account = (want: BundleUnit["want"], content = "one") => {
    const { files: own, ...rest } = accountGroup(1);
    return sealGroup({
      ...rest,
      files: [...own, { ...files[0]!, content }, files[1]!],
      units: [...rest.units, ...units(want)],
    });
  };
  const states = (old: Bundle) => up(old, { [service]: "failed", [socket]: givenUp });
  for (const [want, stopped] of [
    ["on-demand", [service]],
    ["start", []],
  ] as const) {
    const old = bundleOf({ 1: account(want) }, group([conf], [nginx]));
    const others = bundleOf({ 1: account(want), 2: accountGroup(2) }, group([conf], [nginx]));
    expect(todo(others, { bases: [old], states: states(old) })).toEqual({ start: ["account-2-http-blog.socket"] });
    const changed = bundleOf({ 1: account(want, "two") }, group([conf], [nginx]));
    const chosen = todo(changed, { bases: [old], states: states(old) }) as { start: string[]; stopChanged?: string[] };
    expect(chosen.start).toContain(socket);
    expect(chosen.stopChanged ?? []).toEqual(stopped);
    // With new secrets it starts too, and not without its socket.
    const secrets = todo(old, { bases: [old], states: states(old), rotated: new Set(["account-1"]) }) as {
      start: string[];
    };
    expect(secrets.start).toContain(socket);
  }
});

test("new secrets restart programs of the accounts that have them; the host's part of the hooks comes before the accounts'", () => {
  const service = (number: number): BundleUnit => ({
    name: `account-${number}-service-x.service`,
    want: "start",
    restartOn: [],
  });
  const account = (number: number) => {
    const { files, units } = accountGroup(number);
    return sealGroup({ files, units: [...units, service(number)] });
  };
  const old = bundleOf({ 1: account(1), 2: account(2) }, group([conf], [nginx]));
  const dropIn: BundleFile = { path: "systemd/nginx.service.d/x.conf", content: "[Service]\n" };
  const next = bundleOf({ 1: account(1), 2: account(2) }, group([conf, dropIn], [nginx]));
  const chosen = chooseHooks({ bases: [old], next, states: up(old), rotated: new Set(["account-2"]) });
  const programs = ["account-2-service-x.service"];
  expect(chosen.restart.toSorted()).toEqual([...programs, "nginx.service"]);
  const { host, accounts } = splitHooks(chosen, next);
  expect([host.restart, accounts.restart]).toEqual([["nginx.service"], programs]);
  expect([host.daemonReload, accounts.daemonReload]).toEqual([chosen.daemonReload, false]);
});
