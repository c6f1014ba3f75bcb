import { expect, onTestFinished, test, vi } from "vitest";
import { routeProtocol } from "../../delivery/protocol/bundle.ts";
import { bundleOf, hostGroup, Tree } from "../../testing/fakes/host-tree.ts";
import { lookAtFirewall, lookAtRoutes } from "../inspect/checks/network.ts";
import type { Run } from "./machine.ts";
import { loadHostLinks } from "./network/links.ts";
import { loadFirewall } from "./network/nftables.ts";
import { ask } from "./systemd.ts";

/** A program that fails has not said "there is nothing": what follows from nothing being there must not happen. */
const rules = { path: "nftables/fairhost.nft", content: "table inet fairhost {\n}\n" };
const bundle = bundleOf({}, hostGroup("one", [rules, { path: "network/set-routes", content: "#!/bin/sh\n" }]));

/** A host on which one command fails, and the commands that were run. */
function failing(program: string, args: string, stderr: string) {
  const calls: string[] = [];
  const run: Run = async (name, words) => {
    const call = [name, ...words].join(" ");
    calls.push(call);
    return call.startsWith(`${program} ${args}`)
      ? { status: 1, stdout: "", stderr }
      : { status: 0, stdout: '{"nftables":[]}', stderr: "" };
  };
  return { run, calls };
}

test.each([
  [
    "the rules in force",
    "nft",
    "list table",
    "Operation not permitted",
    /^nft cannot list the rules in force: Op.*new rules were not loaded$/,
  ],
  [
    "where SSH listens",
    "ss",
    "-H",
    "Cannot open netlink socket",
    /^cannot check SSH, so the new rules were not loaded: ss: Cannot/,
  ],
])("%s are not known: no other firewall is loaded", async (_what, program, args, stderr, said) => {
  using tree = new Tree();
  const { run, calls } = failing(program, args, stderr);
  const machine = tree.machine({ live: true, run });
  machine.disk.makeDirectory(`${tree.at("/var/lib/fairhost/current")}/nftables`);
  machine.disk.replace(tree.at("/var/lib/fairhost/current/nftables/fairhost.nft"), rules.content, 0o644);
  expect(await loadFirewall(machine)).toMatch(said);
  expect(calls.filter((call) => call.startsWith("nft -f"))).toEqual([]);
});

test("a firewall or routes that cannot be listed are no firewall and routes without drift", async () => {
  using tree = new Tree();
  const nft = failing("nft", "-j list tables", "Operation not permitted");
  expect(await lookAtFirewall(tree.machine({ live: true, run: nft.run }), bundle)).toMatchObject([
    { kind: "firewall-changed", message: "`nft -j list tables` fails: Operation not permitted" },
  ]);
  const ip = failing("ip", "-", "Cannot open netlink socket");
  expect(await lookAtRoutes(tree.machine({ live: true, run: ip.run }), bundle)).toMatchObject(
    ["-6", "-4"].map((family) => ({
      kind: "route-missing",
      message: `\`ip ${family} -j route show table local proto ${routeProtocol}\` fails: Cannot open netlink socket`,
    })),
  );
});

test("systemd is asked again for five minutes, not for ever", async () => {
  let minutes = 0;
  const clock = vi.spyOn(performance, "now").mockImplementation(() => minutes * 60_000);
  onTestFinished(() => clock.mockRestore());
  const run: Run = async () => {
    minutes++;
    return { status: 1, stdout: "", stderr: "Connection timed out\n" };
  };
  await expect(ask({ run }, ["show", "x.service"], 0)).rejects.toThrow(
    "systemd has not answered `systemctl show` for 300 s: Connection timed out",
  );
  expect(minutes).toBe(6);
});

test("whether networkd runs is asked again before anybody is told to take its files out of the inventory", async () => {
  using tree = new Tree();
  const answers = [
    { status: 1, stdout: "", stderr: "Failed to get properties: Connection timed out" },
    { status: 0, stdout: "inactive\n", stderr: "" },
  ];
  const run: Run = async () => answers.shift()!;
  expect(await loadHostLinks(tree.machine({ live: true, run }))).toMatch(/^systemd-networkd does not run/);
  expect(answers).toEqual([]);
});
