/** `npm run lab`: real Debian 13 hosts on this machine. */
import { spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import Table from "cli-table3";
import { Argument, Command } from "commander";
import * as lab from "../lab/lab-api.ts";
import { guestRun } from "../lab/machine/guest.ts";
import { hosts } from "../lab/network/network.ts";
import { inNamespace } from "../lab/network/router.ts";
import { hostPaths } from "../lab/paths.ts";
import { listEndings, run, withAction } from "./exit-status.ts";
import { disagreements, formatTrial, proveOnNetwork } from "./lab/prove.ts";
import { trialSvg } from "./lab/trial-picture.ts";

const begin = performance.now();
const say = (line: string): void =>
  console.log(`${((performance.now() - begin) / 1000).toFixed(1).padStart(6)} s  ${line}`);

/** Runs a program on this terminal. @returns its exit status */
function foreground(command: readonly string[]): Promise<number> {
  const [program, ...args] = command as [string, ...string[]];
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: "inherit" });
    // Ctrl-C is for the program; wait until it ends.
    process.on("SIGINT", () => {});
    child.once("error", reject);
    child.once("exit", (code, signal) => resolve(signal ? 130 : (code ?? 1)));
  });
}

const duration = (seconds: number | undefined): string => {
  if (seconds === undefined) return "";
  return seconds < 120
    ? `${seconds} s`
    : seconds < 7200
      ? `${Math.round(seconds / 60)} min`
      : `${Math.round(seconds / 3600)} h`;
};

function table(status: lab.LabStatus): string {
  const head = ["host", "state", "address", "ssh", "links", "mirrors", "uptime", "memory"];
  const rows = new Table({ head, style: { head: [], border: [] } });
  for (const host of status.hosts) {
    const links = host.links.map((link) => `${link.switch} ${link.cut ? "CUT" : link.active ? "active" : "ready"}`);
    const mirrors = Object.entries(host.mirrors).map(
      ([name, disks]) => `${name} ${disks.includes("_") ? `DEGRADED [${disks}]` : "whole"}`,
    );
    const memory = host.usedMiB === undefined ? "" : `${host.usedMiB} MiB (here ${host.machineMiB ?? "?"})`;
    rows.push([
      host.name,
      host.state,
      host.address,
      `127.0.0.1:${host.sshPort}`,
      links.join("\n"),
      mirrors.join("\n"),
      duration(host.uptimeSeconds),
      memory,
    ]);
  }
  return `${rows.toString()}\nnetwork ${status.network}, routers ${status.router}`;
}

const hostArgument = (): Argument =>
  new Argument("<host>", "a host of the lab").choices(hosts.map((host) => host.name));
const linkArgument = (): Argument => new Argument("<link>", "0 goes to switch-a, 1 to switch-b").choices(["0", "1"]);
const linkIndex = (text: string): 0 | 1 => (text === "0" ? 0 : 1);

const program = new Command("lab")
  .description(
    "Real Debian 13 hosts on this machine: own kernel, two disks as RAID1, two links, IPv6. Nothing leaves the machine.",
  )
  .addHelpText(
    "after",
    `
Try:
  npm run lab -- up                                 start everything (minutes the first time, seconds later)
  npm run lab -- status
  npm run lab -- ssh web1                           a shell on a host
  npm run lab -- curl -s http://[fd00:8000:0:1::1]/   a request from inside the lab's network
  npm run lab -- cut-link web1 0                    cut a link; restore-link ends it
  npm run lab -- power-cut web1                     cut its power; power-on boots it from its own disks
  npm run lab -- prove                              try the N-1 proof on a network of namespaces
  npm run lab -- down                               stop everything, delete the hosts' disks

ssh, logs, curl and exec end with the exit status of the program that they run.`,
  )
  .enablePositionalOptions();
listEndings(program, ["failed"]);

/** Adds a command of the lab, with everything that they have in common. */
function add<A extends unknown[]>(
  command: Command,
  action: (...args: A) => Promise<"done" | "failed" | number | undefined>,
): void {
  withAction(command, ["failed"], action);
}

add(
  program
    .command("up")
    .description("start the lab; running parts stay unchanged, a host that is off boots from its disks"),
  async () => {
    await lab.up(say);
    console.log(table(await lab.status()));
  },
);
add(
  program
    .command("down")
    .description("stop every process, remove the network and the hosts' disks; images and keys stay")
    .option("--checkout <directory>", "take down the lab of another checkout, even one that is gone"),
  async (options: { checkout?: string }) => {
    await lab.down(say, options.checkout && resolve(options.checkout));
    say("the lab is down");
  },
);
add(
  program.command("status").description("show what runs; fails if something does not").option("--json", "for programs"),
  async (options: { json?: boolean }) => {
    const status = await lab.status();
    console.log(options.json ? JSON.stringify(status, null, 2) : table(status));
    return status.router === "up" && status.hosts.every((host) => host.state === "up") ? "done" : "failed";
  },
);
add(
  program
    .command("ssh")
    .description("a shell on a host as root, or one command")
    .addArgument(hostArgument())
    .argument("[command...]")
    .passThroughOptions(),
  (host: string, command: string[]) =>
    foreground(["ssh", ...lab.sshArguments(lab.hostNamed(host)), ...(command.length > 0 ? ["--", ...command] : [])]),
);
add(
  program
    .command("logs")
    .description("a host's console; the journal with --journal, which needs no network on the host")
    .addArgument(hostArgument())
    .option("-f, --follow", "follow until Ctrl-C")
    .option("--journal", "the last 200 lines of the journal instead"),
  async (host: string, options: { follow?: boolean; journal?: boolean }) => {
    if (!options.journal)
      return foreground(["tail", "-n", "200", ...(options.follow ? ["-f"] : []), lab.consolePath(host)]);
    console.log((await guestRun(hostPaths(host).agent, "journalctl --merge --no-pager -n 200")).stdout);
  },
);
add(
  program
    .command("power-cut")
    .description("stop a host as a power failure does; its disks stay")
    .addArgument(hostArgument()),
  async (host: string) => {
    await lab.powerCut(host);
    say(`${host} has no power`);
  },
);
add(
  program
    .command("power-on")
    .description("boot a host from its own disks and wait for SSH")
    .addArgument(hostArgument()),
  async (host: string) => {
    say(`${host} boots (about a minute under emulation)`);
    await lab.powerOn(host);
    say(`${host} is up`);
  },
);
add(
  program
    .command("cut-link")
    .description("cut one of a host's two links")
    .addArgument(hostArgument())
    .addArgument(linkArgument()),
  async (host: string, index: string) => {
    await lab.cutLink(host, linkIndex(index));
    say(`${host}: link ${index} is cut`);
  },
);
add(
  program
    .command("restore-link")
    .description("restore a cut link")
    .addArgument(hostArgument())
    .addArgument(linkArgument()),
  async (host: string, index: string) => {
    await lab.restoreLink(host, linkIndex(index));
    say(`${host}: link ${index} is restored`);
  },
);
add(
  program
    .command("curl")
    .description("curl inside the lab's network, for example curl -s http://[fd00:8000:0:1::1]/")
    .argument("<args...>", "arguments of curl")
    .passThroughOptions()
    .allowUnknownOption()
    .helpOption(false),
  (args: string[]) => foreground([...inNamespaceOrFail(), "curl", ...args]),
);
add(
  program
    .command("exec")
    .description("a command inside the lab's network, for example exec -- ping -c 3 fd00:8000::11")
    .argument("<command...>")
    .passThroughOptions(),
  (command: string[]) => foreground([...inNamespaceOrFail(), ...command]),
);
add(
  program
    .command("prove")
    .description(
      "build a fleet's network in namespaces, cut each link, switch, router, operator and host in turn, and compare with the N-1 proof; needs no running lab",
    )
    .argument("[directory]", "the fleet's directory; its routers are of bird or frr", "inventory/trial")
    .option("--only <element...>", 'cut only these, as the proof calls them: "router router-1"')
    .option("--svg <file>", "draw what went down, beside what the proof says, into this file")
    .option("--json", "for programs"),
  async (directory: string, options: { only?: string[]; svg?: string; json?: boolean }) => {
    const { only = [], svg, json = false } = options;
    const trial = await proveOnNetwork(directory, only, json ? () => {} : say);
    if (svg !== undefined) await writeFile(svg, trialSvg(trial));
    console.log(json ? JSON.stringify(trial, null, 2) : formatTrial(trial));
    const isRight =
      disagreements(trial.outcomes).length === 0 && trial.outcomes.every(({ wrong }) => wrong.length === 0);
    return isRight ? "done" : "failed";
  },
);
add(
  program.command("clean").description("delete keys, logs and cached images; the next up makes everything again"),
  async () => {
    await lab.clean();
    say("everything is deleted");
  },
);

function inNamespaceOrFail(): readonly string[] {
  lab.requireUp();
  return inNamespace;
}

await run(program);
