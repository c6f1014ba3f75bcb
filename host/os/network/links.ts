import { existsSync, readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { linkFile, links } from "../../../components/host/links.host.ts";
import { networkd } from "../../../components/host/networkd.host.ts";
import { currentGeneration } from "../../../delivery/protocol/bundle.ts";
import type { Validator } from "../../apply/validate/staged.ts";
import { problemsIn } from "../../apply/validate/staged.ts";
import { readOwn, type Schema } from "../../store/own-file.ts";
import { arm, confirm, type DeadMan, restore } from "../dead-man.ts";
import type { Machine } from "../machine.ts";
import { controllerHears } from "../ssh/ssh.ts";
import { ask, said } from "../systemd.ts";
import { watchRouting, within } from "./bird.ts";

const daemon = "systemd-networkd.service";

/**
 * Routes and rules that it has made stay when it ends, and it must not touch what it does not know (components/host/render-links.ts): so those that are
 * not declared any more go here. Ways out by BIRD stay.
 */
const restart = `for family in -6 -4; do ip $family route flush proto static; ip $family rule flush proto static; done 2>/dev/null
systemctl restart ${daemon}`;

/** Milliseconds until sessions notice by BFD that their routers are lost: before, all seems to work. */
const noticed = 1500;

/** Seconds until all that was reached must be reached again. With 10 for the controller, less than the dead man's. */
const patience = 12;

/** Folders of the bundle, and where files of the same name count more, until the next boot. */
const places = [
  { folder: links.name, override: "/run/systemd/network" },
  { folder: networkd.name, override: "/run/systemd/networkd.conf.d" },
] as const;

/** Text by path in the bundle. */
type Files = ReadonlyMap<string, string>;
const isFiles: Schema<[string, string][]> = (value): value is [string, string][] =>
  Array.isArray(value) && value.every((each) => Array.isArray(each) && each.length === 2 && each.every(isText));
const isText = (value: unknown) => typeof value === "string";

/**
 * Lets systemd-networkd itself read the staged files, in a network namespace without links: it says of each line that it cannot read where it is.
 * It ignores such lines, so exit statuses tell nothing.
 */
export const hostLinks: Validator = async (staged) => {
  // Neither state nor bus of the one that runs.
  const script = `mount -t tmpfs -o "mode=755,uid=$(id -u systemd-network),gid=$(id -g systemd-network)" tmpfs /run/systemd/netif && mount -t tmpfs tmpfs /run/dbus || exit
DBUS_SYSTEM_BUS_ADDRESS=unix:path=/run/dbus/none SYSTEMD_LOG_TARGET=console SYSTEMD_LOG_LEVEL=notice timeout 2 /usr/lib/systemd/systemd-networkd 2>&1 | grep -E '^[^ ]*${currentGeneration}/[^ ]*:[0-9]+: '`;
  const { stdout, stderr } = await staged.run("unshare", ["--net", "--", "/bin/sh", "-c", script]);
  return problemsIn(staged, { status: stdout === "" ? 0 : 1, stdout, stderr: stdout === "" ? "" : stderr }, "networkd");
};

/**
 * Lets systemd-networkd set up the host's links as the generation in force says. Before that a timer is set that restores what last worked. It
 * is disarmed only once the routers and the controller are reached as before, and each link is set up by its file.
 * @returns the error, if any, and whether the old settings are in force again
 */
export async function loadHostLinks(machine: Machine): Promise<string | undefined> {
  const { disk, layout, run } = machine;
  const active = (await ask(machine, ["show", "--property=ActiveState", "--value", "--", daemon])).trim();
  if (!["active", "reloading"].includes(active))
    return "systemd-networkd does not run, so the links were not touched: first let it have the host's network, or take `setUpLinks` out of the inventory";
  const files = filesIn(machine);
  const confirmed = `${layout.state}/links-confirmed.json`;
  const remedy =
    "Remove it: the next deploy then goes back to the network that the host had without Fairhost, if it must";
  let before: Files;
  try {
    before = new Map(readOwn(confirmed, isFiles, remedy) ?? []);
  } catch (error) {
    return (error as Error).message;
  }
  const reached = await routersReached(machine);
  // One that these files make has to get a carrier, or nobody would ever know that it never did.
  const carrierless = interfacesIn(files).flatMap(({ name }) => (lacksCarrier(machine, name) ? name : []));
  const routing = await watchRouting(machine);
  const deadMan: DeadMan = {
    name: "links",
    what: "links",
    rescue: `${layout.jobs}/links-before`,
    restoring: (file) => ["/bin/sh", "-e", file],
  };
  disk.makeDirectory(layout.jobs, 0o700);
  disk.replace(deadMan.rescue, rescueOf(machine, before, files), 0o600);
  const unarmed = await arm(machine, deadMan);
  if (unarmed !== undefined) return unarmed;
  for (const path of overridesIn(machine)) disk.remove(path);
  const failed = await said(run("/bin/sh", ["-c", restart]));
  await sleep(noticed);
  const wrong =
    failed ??
    (await within(
      patience,
      async () => (await unmanaged(machine, carrierless)) ?? (await lost(machine, files, reached)) ?? (await routing()),
    )) ??
    (await controllerHears(machine));
  if (wrong !== undefined) return restore(machine, deadMan, wrong);
  return confirm(machine, deadMan, [confirmed, JSON.stringify([...files])]);
}

/** The generation's own files. */
function filesIn({ layout }: Machine): Files {
  return new Map(
    places.flatMap(({ folder }) => {
      const directory = layout.at(`${currentGeneration}/${folder}`);
      const names = existsSync(directory) ? readdirSync(directory).toSorted() : [];
      return names.map((name) => [`${folder}/${name}`, readFileSync(`${directory}/${name}`, "utf8")] as const);
    }),
  );
}

/** A script that restores files in places that count more than the generation, whatever that is by then. A file that is new then says nothing. */
function rescueOf(machine: Machine, before: Files, now: Files): string {
  const { layout } = machine;
  const lines = places.flatMap(({ folder, override }) =>
    [...new Set([...before.keys(), ...now.keys()])]
      .filter((path) => path.startsWith(`${folder}/`))
      .map((path) => {
        const target = `${override}/${path.slice(folder.length + 1)}`;
        const content = before.get(path);
        if (content === undefined) return `ln -sfn /dev/null '${target}'`;
        return `rm -f '${target}'; echo ${Buffer.from(content).toString("base64")} | base64 -d >'${target}'`;
      }),
  );
  // What an interface is part of stays until that is gone.
  const made = [...now]
    .flatMap(([path, content]) => (path.endsWith(".netdev") ? (/^Name=(\w+)$/m.exec(content)?.[1] ?? []) : []))
    .filter((name) => !existsSync(layout.at(`/sys/class/net/${name}`)));
  return [
    ...places.map(({ override }) => `mkdir -p ${override}`),
    ...lines,
    ...made.map((name) => `ip link delete '${name}' 2>/dev/null || :`),
    ...hardwareOf(machine, now),
    restart,
    "",
  ].join("\n");
}

/** Commands that restore what is set of interfaces now: systemd-networkd leaves alone what its files do not name, also if other files did before. */
function hardwareOf({ layout }: Machine, files: Files): string[] {
  return interfacesIn(files).flatMap(({ name }) => {
    const at = layout.at(`/sys/class/net/${name}`);
    if (!existsSync(at)) return [];
    const [mtu, address, flags] = ["mtu", "address", "flags"].map((of) => readFileSync(`${at}/${of}`, "utf8").trim());
    // netdevice(7): IFF_NOARP. A link of a bond has the bond's address.
    const arp = Number(flags) & 0x80 ? "off" : "on";
    return [
      `ip link set dev '${name}' mtu ${mtu} arp ${arp} || :`,
      `ip link set dev '${name}' address ${address} 2>/dev/null || :`,
    ];
  });
}

/** Interfaces that files are about, with the files' names. */
function interfacesIn(files: Files): { readonly name: string; readonly file: string }[] {
  return [...files.keys()].flatMap((path) => {
    const [, file, name] = /^\w+\/(\S*?([a-z0-9]+)\.network)$/.exec(path) ?? [];
    return file?.startsWith(linkFile) ? [{ name: name!, file }] : [];
  });
}

/** What an earlier restoration has left: it must not hide what is new. */
function overridesIn({ layout }: Machine): string[] {
  return places.flatMap(({ override }) => {
    const directory = layout.at(override);
    const names = existsSync(directory) ? readdirSync(directory) : [];
    return names.filter((name) => name.includes("fairhost")).map((name) => `${directory}/${name}`);
  });
}

/** Whether an interface is there, and has nobody at its other end or is down. */
function lacksCarrier({ layout }: Machine, name: string): boolean {
  const at = layout.at(`/sys/class/net/${name}`);
  if (!existsSync(at)) return false;
  try {
    return readFileSync(`${at}/carrier`, "utf8").trim() !== "1";
  } catch {
    // sysfs gives no answer of one that is down.
    return true;
  }
}

/**
 * An interface with a file of the generation that is not set up by it. One that is up with nobody at its other end is never done: its addresses stay
 * tentative. That is no fault of the files if it was so before (`carrierless`).
 */
async function unmanaged(machine: Machine, carrierless: readonly string[]): Promise<string | undefined> {
  for (const { name, file } of interfacesIn(filesIn(machine))) {
    const { stdout } = await machine.run("networkctl", ["--json=short", "status", name]);
    const {
      NetworkFile: by,
      AdministrativeState: state,
      OperationalState: operational,
    } = (stdout ? JSON.parse(stdout) : {}) as Readonly<
      Partial<Record<"NetworkFile" | "AdministrativeState" | "OperationalState", string>>
    >;
    if (!by?.endsWith(`/${file}`)) return `${name} is not set up by ${file}${by ? ` but by ${by}` : ""}`;
    if (state === "configuring" && operational === "no-carrier" && carrierless.includes(name)) continue;
    if (state !== "configured") return `${name} is ${state}`;
  }
  return undefined;
}

/** Gateways of default routes that answer. */
async function routersReached(machine: Machine): Promise<string[]> {
  const { stdout } = await machine.run("ip", ["-6", "route", "show", "default"]);
  const gateways = [...stdout.matchAll(/\bvia (\S+)/g)].map(([, gateway]) => gateway!);
  return answering(machine, [...new Set(gateways)]);
}

/** Those of these addresses on the link that answer to neighbour discovery (RFC 4861). */
async function answering({ run }: Machine, addresses: readonly string[]): Promise<string[]> {
  const states = await Promise.all(
    addresses.map(async (address) => {
      const known = await run("ip", ["-6", "-j", "neigh", "show", address]);
      // What is known may be old: it is asked again.
      for (const { dev } of JSON.parse(known.stdout || "[]") as { dev: string }[])
        await run("ip", ["-6", "neigh", "flush", "to", address, "dev", dev]);
      const knock = "exec 3<>/dev/udp/$1/9 && echo >&3 && sleep 0.5 && ip -6 neigh show $1";
      const { stdout } = await run("bash", ["-c", knock, "bash", address]);
      return /\blladdr\b/.test(stdout) && !/\bFAILED\b/.test(stdout);
    }),
  );
  return addresses.filter((_, index) => states[index]);
}

/** A router that was reached, and is not. At boot nothing was: then one of the declared ones must be. */
async function lost(machine: Machine, files: Files, before: readonly string[]): Promise<string | undefined> {
  const now = await answering(machine, before);
  const silent = before.filter((address) => !now.includes(address));
  if (silent.length > 0) return `${silent.join(", ")} is not reached any more`;
  if (process.env.SSH_CONNECTION !== undefined) return undefined;
  const declared = [...files.values()].flatMap((content) =>
    [...content.matchAll(/^Gateway=(\S+)$/gm)].map(([, gateway]) => gateway!),
  );
  const anyone = declared.length === 0 || (await answering(machine, declared)).length > 0;
  return anyone ? undefined : "no router answers";
}
