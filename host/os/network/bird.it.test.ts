import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { bird as folder } from "../../../components/network/bird.host.ts";
import { renderAnnouncement, renderBird } from "../../../components/network/render-bird.ts";
import type { AccountAddressInputs } from "../../../components/registry/kinds.generated.ts";
import { currentGeneration } from "../../../delivery/protocol/bundle.ts";
import { bootContainer, type ContainerHost } from "../../../lab/container.ts";
import { Tree } from "../../../testing/fakes/host-tree.ts";
import { succeed } from "../../../testing/fakes/placed-host.ts";
import { declarationOf, fixtureHost } from "../../../testing/fixtures/bundle-fixture.ts";
import type { Machine } from "../machine.ts";
import { bird } from "./bird.ts";

/**
 * Configurations of BIRD that are wrong, each on a host of its own: two namespaces, the host's and one with a second BIRD that plays both of
 * the site's routers. All of them wait at the same time.
 */
let container: ContainerHost;
const sh = (command: string) => succeed(container, command);

const { file } = folder.entry;
const [first, second, third] = declarationOf([1, 2, 3].map((number) => ({ number, name: `site-${number}` })))
  .addresses as [AccountAddressInputs, AccountAddressInputs, AccountAddressInputs];
const right = new Map(
  [...renderBird(fixtureHost, {}), ...[first, second].flatMap(renderAnnouncement)].map(({ path, content }) => [
    path,
    content!,
  ]),
);
const announced = [first.prefix, second.prefix];

/** The controller is behind the routers. */
const controller = { address: "fd00:99::5", port: 50_000, own: 2222 } as const;

const routers = `
router id 10.0.0.1;
protocol device {}
protocol bfd { interface "*" { interval 200 ms; multiplier 3; }; }
protocol static { ipv6; route ::/0 unreachable; }
template bgp host {
  bfd on; hold time 90; connect delay time 1; connect retry time 2; error wait time 1, 2;
  ipv6 { import all; export where source = RTS_STATIC; };
}
${fixtureHost.routers
  .map(
    ({ name, address, asNumber }) =>
      `protocol bgp ${name.replace("-", "_")} from host { local ${address} as ${asNumber}; neighbor ${fixtureHost.address} as ${fixtureHost.asNumber}; }\n`,
  )
  .join("")}`;

/** A host with the right configuration, and its routers. */
class Host {
  readonly #name: string;
  readonly #tree = new Tree();
  #pid = "";

  private constructor(name: string) {
    this.#name = name;
  }

  static async start(name: string, files = right, others = routers): Promise<Host> {
    const host = new Host(name);
    await host.write(files);
    await container.writeFile(`/run/${name}/router.conf`, others);
    const addresses = fixtureHost.routers.map(
      ({ address }) => `ip -n ${name}r -6 address add ${address}/64 dev eth0 nodad`,
    );
    await sh(`ip netns add ${name}; ip netns add ${name}r; mkdir -p /run/${name}/socket
      ip -n ${name} link add eth0 type veth peer name eth0 netns ${name}r
      for each in ${name} ${name}r; do ip -n $each link set lo up; ip -n $each link set eth0 up; done
      ip -n ${name} -6 address add ${fixtureHost.address}/64 dev eth0 nodad; ${addresses.join("; ")}
      ip -n ${name}r -6 address add ${controller.address}/128 dev lo nodad
      systemd-run --quiet --collect --unit=${name}r ip netns exec ${name}r bird -f -c /run/${name}/router.conf -s /run/${name}/router.ctl
      systemd-run --quiet --collect --unit=${name} ip netns exec ${name} sh -c 'mount --bind /run/${name}/current ${currentGeneration}
        mount --bind /run/${name}/socket /run/bird; exec bird -f -c ${currentGeneration}/${file}'`);
    host.#pid = (await sh(`systemctl show -P MainPID ${name}`)).trim();
    await host.until("both sessions", () => host.works());
    return host;
  }

  /** Puts files where the host and the applier read them. */
  async write(files: ReadonlyMap<string, string>): Promise<void> {
    for (const [path, content] of files) {
      await container.writeFile(`/run/${this.#name}/current/${path}`, content);
      const copy = this.#tree.at(`${currentGeneration}/${path}`);
      mkdirSync(dirname(copy), { recursive: true });
      writeFileSync(copy, content);
    }
  }

  run(program: string, args: readonly string[]) {
    return container.run(["nsenter", "-t", this.#pid, "-m", "-n", "--", program, ...args]);
  }

  machine(): Machine {
    const run: Machine["run"] = async (program, args) => {
      const { exitCode, stdout, stderr } = await this.run(program, args);
      return { status: exitCode, stdout, stderr };
    };
    const machine = this.#tree.machine({ live: true, run });
    // As what the applier says goes to the controller.
    return { ...machine, say: (line) => void container.run(`echo '${line}' >>/run/${this.#name}/said`) };
  }

  /** Whether both routers have exactly the announced prefixes, and the host a way out over each. */
  async works(): Promise<boolean> {
    const { stdout } = await container.run(`birdc -s /run/${this.#name}/router.ctl show route table master6`);
    const out = await this.run("birdc", ["show", "route", "::/0"]);
    // A route a line, of which those of one prefix follow on each other.
    const told = (name: string) => stdout.split("\n").filter((line) => line.includes(` unicast [${name} `)).length;
    const from = (name: string) => told(name) === announced.length && out.stdout.includes(`[${name} `);
    const prefixes = [...stdout.matchAll(/^(fd\S+)/gm)].map(([, prefix]) => prefix);
    const kernel = await this.run("ip", ["-6", "route", "show", "default", "proto", "bird"]);
    return from("edge_a") && from("edge_b") && prefixes.length === announced.length && kernel.stdout.includes("via");
  }

  async until(what: string, holds: () => Promise<boolean>): Promise<void> {
    for (const end = performance.now() + 90_000; performance.now() < end; await sleep(500)) if (await holds()) return;
    const { stdout } = await this.run("birdc", ["show", "protocols", "all"]);
    throw new Error(`not seen in 90 s on ${this.#name}: ${what}\n${stdout}`);
  }
}

beforeAll(async () => {
  container = await bootContainer({ name: "bird" });
  await sh(`mkdir -p ${currentGeneration} /run/bird`);
}, 300_000);
afterAll(() => container?.stop());

type Change = (text: string) => string;
const exchange =
  (from: string | RegExp, to: string): Change =>
  (text) => {
    const changed = text.replace(from, to);
    if (changed === text) throw new Error(`the configuration has no ${from}`);
    return changed;
  };
const inTemplate = (line: string) => exchange("  bfd on;\n", `  bfd on;\n  ${line}\n`);

/** What BIRD refuses to read. */
const refused: readonly (readonly [string, Change])[] = [
  ["a word that BIRD does not know", exchange("hold time", "hold tiem")],
  ["a brace too few", exchange("protocol device {\n}", "protocol device {")],
  ["files that are not there", exchange("accounts/*.conf", "account/*.conf")],
  ["an AS number that is none", exchange(/as 60362;/, "as 4294967296;")],
  ["a session without an AS of its own", exchange(/ {2}local .*;\n/, "")],
  ["an address that is none", exchange("neighbor fd00:8000::1 ", "neighbor fd00:8000:::1 ")],
  ["a session that is there twice", exchange("bgp edge_b", "bgp edge_a")],
];

/** What BIRD reads, and what is missing then. */
const restored: readonly (readonly [string, Change, string])[] = [
  ["another AS of the host", exchange(/(local \S+ as) \d+/, "$1 4200000099"), "session with edge_"],
  ["another AS of a router", exchange(/(neighbor fd00:8000::2 as) \d+/, "$1 64999"), "session with edge_b is not"],
  ["another address of a router", exchange("neighbor fd00:8000::1 ", "neighbor fd00:8000::77 "), "session with edge_a"],
  ["an address that the host has not", exchange("local fd00:8000::11", "local fd00:8000::99"), "session with edge_"],
  ["a password", inTemplate('password "secret";'), "session with edge_"],
  ["sessions that are off", inTemplate("disabled;"), "session with edge_"],
  ["routers in another network", inTemplate("ttl security on;"), "session with edge_"],
  ["no session", exchange(/protocol bgp edge_a[\s\S]*/, ""), "no session with a router is left"],
  [
    "nothing announced",
    exchange('where proto = "accounts"', "none"),
    "does not get routes fd00:8000:0:1::/64, fd00:8000:0:2::/64 from this host",
  ],
  [
    "an account left out",
    exchange('where proto = "accounts"', "where net = fd00:8000:0:1::/64"),
    "does not get routes fd00:8000:0:2::/64 from this host",
  ],
  [
    "all that it hears announced",
    exchange('where proto = "accounts"', "all"),
    "is told of ::/0, which this host does not announce",
  ],
  [
    "no account read",
    exchange("accounts/*.conf", "accounts/0.conf"),
    "does not get routes fd00:8000:0:1::/64, fd00:8000:0:2::/64 from this host",
  ],
  [
    "a filter that refuses all",
    exchange(/import filter \{ if net[^}]*\}/, "import none"),
    "the default route of edge_",
  ],
  ["a filter for IPv4 alone", exchange("if net != ::/0", "if net != 2000::/3"), "the default route of edge_"],
  ["routes that stay in BIRD", exchange("export where source = RTS_BGP", "export none"), "no default route for IPv6"],
  [
    "no IPv6 in sessions",
    exchange(/ {2}ipv6 \{\n {4}import filter[\s\S]*? {2}\};\n/, "  ipv4 { import none; export none; };\n"),
    "edge_",
  ],
];

describe("a configuration of BIRD that is wrong", () => {
  test.concurrent(`in ${refused.length} ways is refused by BIRD itself`, async () => {
    const host = await Host.start("refused");
    const [program, ...args] = folder.validator;
    const judge = () => host.run(program, [...args, `${currentGeneration}/${file}`]);
    expect((await judge()).exitCode).toBe(0);
    for (const [what, change] of refused) {
      await host.write(new Map([[file, change(right.get(file)!)]]));
      expect((await judge()).exitCode, what).not.toBe(0);
      expect(await bird.reload(host.machine()), what).toMatch(/./);
    }
    expect(await host.works()).toBe(true);
  }, 240_000);

  test.concurrent(`in ${restored.length} other ways is in force for a while, and the old one returns`, async ({
    expect,
  }) => {
    const [program, ...args] = folder.validator;
    const seen = await Promise.all(
      restored.map(async ([what, change], index) => {
        const host = await Host.start(`wrong${index}`);
        await host.write(new Map([[file, change(right.get(file)!)]]));
        const { exitCode } = await host.run(program, [...args, `${currentGeneration}/${file}`]);
        const begun = performance.now();
        const said = (await bird.reload(host.machine())) ?? "stayed";
        if (said !== "stayed") await host.until(what, () => host.works());
        return { what, exitCode, said, seconds: (performance.now() - begun) / 1000 };
      }),
    );
    for (const [index, { what, exitCode, said }] of seen.entries()) {
      expect.soft(exitCode, what).toBe(0);
      expect.soft(said, what).toContain(restored[index]![2]);
      expect.soft(said, what).toMatch(/; the old routing is restored(?:, but [^;]*)?$/);
    }
    const took = seen.map(({ seconds }) => seconds);
    console.info(`back after ${Math.min(...took).toFixed(0)} to ${Math.max(...took).toFixed(0)} s`);
  }, 600_000);
});

test.concurrent("what is right stays, and sessions with it", async () => {
  const host = await Host.start("right");
  const since = async () =>
    [...(await host.run("birdc", ["show", "protocols"])).stdout.matchAll(/^edge.* up +(\S+)/gm)].join();
  const before = await since();
  await host.write(new Map(renderAnnouncement(third).map(({ path, content }) => [path, content!])));
  expect(await bird.reload(host.machine())).toBeUndefined();
  expect(await since()).toBe(before);
  expect((await host.run("birdc", ["show", "route", "export", "edge_b"])).stdout).toContain(third.prefix);
  // Timers of sessions: they begin anew.
  await host.write(new Map([[file, exchange("connect retry time 2", "connect retry time 3")(right.get(file)!)]]));
  expect(await bird.reload(host.machine())).toBeUndefined();
  expect(await since()).not.toBe(before);
  expect((await host.run("birdc", ["configure", "status"])).stdout).not.toContain("unconfirmed");
  // A router that is not declared any more may go.
  await host.write(new Map([[file, exchange(/protocol bgp edge_b[\s\S]*/, "")(right.get(file)!)]]));
  expect(await bird.reload(host.machine())).toBeUndefined();
}, 240_000);

test.concurrent("a host may give up its IPv4 address, and with it its way out by IPv4", async ({ expect }) => {
  const both = new Map(right);
  for (const { path, content } of renderBird(fixtureHost, { address4: "192.0.2.10" })) both.set(path, content!);
  const with4 = routers
    .replace("protocol bgp", "protocol static { ipv4; route 0.0.0.0/0 unreachable; }\nprotocol bgp")
    .replace(
      "ipv6 { import all",
      "ipv4 { import all; export where source = RTS_STATIC; extended next hop on; };\n  ipv6 { import all",
    );
  const host = await Host.start("given-up", both, with4);
  const out = async () => (await host.run("ip", ["-4", "route", "show", "default", "proto", "bird"])).stdout;
  await host.until("a way out by IPv4", async () => (await out()).includes("via"));
  await host.write(right);
  expect(await bird.reload(host.machine())).toBeUndefined();
  await expect.poll(out).toBe("");
  expect(await host.works()).toBe(true);
}, 240_000);

test.concurrent("what an applier left unconfirmed when it was killed is not what the next one measures by", async ({
  expect,
}) => {
  const host = await Host.start("anew");
  await host.write(new Map([[file, inTemplate("disabled;")(right.get(file)!)]]));
  const { run, ...machine } = host.machine();
  let configured = false;
  const killed: Machine["run"] = async (program, args, options) => {
    if (configured) throw new Error("killed");
    configured = args.includes("timeout");
    return run(program, args, options);
  };
  await expect(bird.reload({ ...machine, run: killed })).rejects.toThrow("killed");
  expect(await bird.reload(host.machine())).toMatch(/^the session with edge_. is not established any more; the old/);
  await host.until("the old configuration", () => host.works());
}, 300_000);

test.concurrent("without the applier BIRD takes the old configuration by itself", async () => {
  const host = await Host.start("killed");
  await host.write(new Map([[file, exchange('where proto = "accounts"', "none")(right.get(file)!)]]));
  const { run, ...machine } = host.machine();
  let configured = false;
  const killed: Machine["run"] = async (program, args, options) => {
    if (configured) throw new Error("killed");
    configured = args.includes("timeout");
    return run(program, args, options);
  };
  await expect(bird.reload({ ...machine, run: killed })).rejects.toThrow("killed");
  await host.until("nothing announced", async () => !(await host.works()));
  await host.until("the old configuration", () => host.works());
}, 300_000);

test.concurrent("a configuration with which the controller hears nothing any more does not stay", async () => {
  const host = await Host.start("cut");
  const { address, port, own } = controller;
  await sh(`touch /run/cut/said
    systemd-run --quiet --unit=cut-here ip netns exec cut sh -c 'tail -f /run/cut/said | socat -u - TCP6-LISTEN:${own}'
    systemd-run --quiet --unit=cut-there ip netns exec cutr socat -u 'TCP6:[${fixtureHost.address}]:${own},bind=[${address}]:${port},retry=100,interval=0.1' OPEN:/run/cut/heard,creat`);
  await host.until("the controller", async () =>
    (await host.run("ss", ["-Htn", `sport = :${own}`])).stdout.includes("ESTAB"),
  );
  vi.stubEnv("SSH_CONNECTION", `${address} ${port} ${fixtureHost.address} ${own}`);
  try {
    const hole = "protocol static hole {\n  ipv6;\n  route fd00:99::/64 blackhole;\n}\n";
    const all = exchange("export where source = RTS_BGP", 'export where source = RTS_BGP || proto = "hole"');
    await host.write(new Map([[file, `${all(right.get(file)!)}${hole}`]]));
    expect(await bird.reload(host.machine())).toBe(
      `the controller at ${address} does not answer any more; the old routing is restored`,
    );
    await host.write(right);
    expect(await bird.reload(host.machine())).toBeUndefined();
    expect(await sh("cat /run/cut/heard")).toContain("controller");
  } finally {
    vi.unstubAllEnvs();
  }
}, 240_000);
