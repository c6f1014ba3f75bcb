import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

// A second lab, because the usual one may be up and in use. Read when the modules below are loaded.
process.env.FAIRHOST_LAB = "it";
process.env.FAIRHOST_LAB_PORTS = "2300";
const lab = await import("./lab-api.ts");
const { labDirectory, labName, runtimeDirectory } = await import("./paths.ts");
const { isAlive } = await import("../toolchain/system/processes.ts");
const { recordedServices } = await import("./machine/services.ts");
const { inTurn } = await import("../testing/lab-turn.ts");

inTurn();

const minutes = 60_000;

interface Outcome {
  readonly exitCode: number | null;
  readonly output: string;
}

/** Runs the command as a user does. `onOutput` gets all output so far. */
function command(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  onOutput: (output: string, pid: number) => void = () => {},
): Promise<Outcome> {
  const child = spawn(process.execPath, [`${import.meta.dirname}/../cli/lab.ts`, ...args], {
    env: { ...process.env, ...env },
  });
  let output = "";
  const hear = (data: Buffer): void => {
    output += data.toString();
    onOutput(output, child.pid as number);
  };
  child.stdout.on("data", hear);
  child.stderr.on("data", hear);
  return new Promise((resolve) => child.once("close", (exitCode) => resolve({ exitCode, output })));
}

async function expectNothingLeft(processes: ReturnType<typeof recordedServices>): Promise<void> {
  for (const service of processes) expect(await isAlive(service), service.name).toBe(false);
  expect(existsSync(`/run/netns/${labName}`)).toBe(false);
  expect(existsSync(runtimeDirectory)).toBe(false);
  expect(existsSync(`${labDirectory}/hosts`)).toBe(false);
  expect(recordedServices()).toEqual([]);
}

async function until(what: string, seconds: number, look: () => Promise<boolean>): Promise<void> {
  for (
    const end = Date.now() + seconds * 1000;
    Date.now() < end;
    await new Promise((resolve) => setTimeout(resolve, 500))
  ) {
    if (await look()) return;
  }
  throw new Error(`${what}: not within ${seconds} s`);
}

describe("the lab", { timeout: 10 * minutes }, () => {
  const said: string[] = [];
  beforeAll(async () => {
    await lab.down();
    await lab.up((line) => said.push(line));
  }, 30 * minutes);
  afterAll(async () => {
    await lab.down();
    await rm(labDirectory, { recursive: true, force: true });
  }, 2 * minutes);

  it("has two Debian 13 hosts with their own kernel, mirrors and links", async () => {
    expect(said.join("\n")).toMatch(/web1: cloned, SSH at 127\.0\.0\.1:2301 after [\d.]+ s/);
    const { hosts, network, router } = await lab.status();
    expect({ network, router }).toEqual({ network: "up", router: "up" });
    for (const host of hosts) {
      expect(host).toMatchObject({ state: "up", mirrors: { md0: "UU", md1: "UU" } });
      expect(host.links).toEqual([
        { switch: "switch-a", cut: false, active: true },
        { switch: "switch-b", cut: false, active: false },
      ]);
      const seen = await lab.sshRun(
        host.name,
        "hostname; . /etc/os-release; echo $VERSION_CODENAME; cat /proc/1/comm; uname -v; findmnt -no FSTYPE,SOURCE /srv/accounts",
      );
      expect(seen.stdout).toMatch(new RegExp(`^${host.name}\ntrixie\nsystemd\n.*Debian 6\\.12.*\next4 +/dev/md1\n$`));
      const { stdout: ids } = await lab.sshRun(host.name, "udevadm settle; ls /dev/disk/by-id");
      expect(ids).toContain(`virtio-${host.name}-b-part2\n`);
    }
  });

  it("gives each clone an identity and randomness of its own", async () => {
    const look = async (host: string) =>
      (
        await lab.sshRun(
          host,
          "cat /etc/machine-id /etc/ssh/ssh_host_ed25519_key.pub /sys/class/net/bond0/address; head -c 16 /dev/urandom | base64; date +%s",
        )
      ).stdout.split("\n");
    const [one, two] = [await look("web1"), await look("web2")];
    for (const index of [0, 1, 2, 3]) expect(one[index]).not.toBe(two[index]);
    expect([one[2], two[2]]).toEqual(["52:54:00:fa:01:00", "52:54:00:fa:02:00"]);
    expect((await lab.sshRun("web1", "dmesg")).stdout).toContain("crng reseeded due to virtual machine fork");
    expect(Math.abs(Number(two[4]) - Date.now() / 1000)).toBeLessThan(30);
  });

  it("carries input, words and exit statuses over SSH, and checks the host's key", async () => {
    expect((await lab.sshRun("web1", ["printf", "%s|", "a b", "$HOME", "it's", "*"])).stdout).toBe("a b|$HOME|it's|*|");
    expect((await lab.sshRun("web1", ["cat"], { stdin: "in\n" })).stdout).toBe("in\n");
    await expect(lab.sshRun("web1", "echo why >&2; exit 9")).rejects.toThrow("ssh ended with 9: why");
    const wrong = [...lab.sshArguments(lab.hostNamed("web1"))].map((word) =>
      word.startsWith("UserKnownHostsFile") ? "UserKnownHostsFile=/dev/null" : word,
    );
    const { execa } = await import("execa");
    const refused = await execa("ssh", ["-o", "BatchMode=yes", ...wrong, "true"], { reject: false });
    expect(refused.stderr).toContain("Host key verification failed");
  });

  it("changes nothing on a second up", async () => {
    const before = await lab.status();
    const lines: string[] = [];
    await lab.up((line) => lines.push(line));
    expect(lines).toEqual(["the lab is up"]);
    const after = await lab.status();
    expect(after.hosts.map((host) => host.machineId)).toEqual(before.hosts.map((host) => host.machineId));
  });

  it("routes an announced prefix to its host, refuses any other, and has no route out", async () => {
    const configuration = `router id 10.0.0.1;
protocol device { }
protocol static { ipv6; route fd00:8000:0:1::/64 unreachable; route fd00:8000:1::/64 unreachable; route fd00:8000::/64 unreachable; }
protocol kernel { ipv6 { import none; export where source = RTS_BGP; }; }
template bgp site { local fd00:8000::11 as 4200000011; ipv6 { import where net = ::/0; export where source = RTS_STATIC; }; }
protocol bgp router_1 from site { neighbor fd00:8000::1 as 60362; }
protocol bgp router_2 from site { neighbor fd00:8000::2 as 60362; }
`;
    await lab.sshRun(
      "web1",
      "cat > /etc/bird/bird.conf && systemctl restart bird && ip -6 route replace local fd00:8000:0:1::/64 dev lo",
      { stdin: configuration },
    );
    const routes = async (prefix: string) => (await lab.exec(["ip", "-6", "route", "show", prefix])).stdout;
    await until(
      "announced over both routers",
      120,
      async () => (await routes("fd00:8000:0:1::/64")).split("via fd00:8000::11").length >= 2,
    );
    expect((await lab.curl(["-s", "--max-time", "60", "http://[fd00:8000:0:1::1]/"])).stdout).toContain("nginx");
    // It is written after the answer.
    await expect
      .poll(async () => (await lab.sshRun("web1", "tail -n 1 /var/log/nginx/access.log")).stdout)
      .toMatch(/^fd00:8000:ffff::1 /);
    expect(await routes("fd00:8000:1::/64")).toBe("");
    expect(await routes("fd00:8000::/64")).not.toContain("via");
    expect((await lab.exec(["ip", "-6", "route", "get", "2001:db8::1"], { reject: false })).stderr).toContain(
      "unreachable",
    );
    const links = (await lab.exec(["ip", "-o", "link"])).stdout;
    // A link to another namespace would show its number.
    expect(links).not.toContain("link-netns");
    const names = [...links.matchAll(/^\d+: ([^:@]+)/gm)].map((match) => match[1]).sort();
    const routers = ["router-1", "router-1-port", "router-2", "router-2-port"];
    expect(names).toEqual([
      "lo",
      ...routers,
      "switch-a",
      "switch-b",
      "trunk-a",
      "trunk-b",
      "web1-a",
      "web1-b",
      "web2-a",
      "web2-b",
    ]);
  });

  it("keeps a connection when a link is cut, and shows the cut", async () => {
    const talk = lab.sshRun("web1", "for i in 1 2 3 4 5 6 7 8; do echo $i; sleep 1; done");
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    await lab.cutLink("web1", 0);
    expect((await talk).stdout).toBe("1\n2\n3\n4\n5\n6\n7\n8\n");
    const cut = (await lab.status()).hosts[0];
    expect(cut?.links).toEqual([
      { switch: "switch-a", cut: true, active: false },
      { switch: "switch-b", cut: false, active: true },
    ]);
    await lab.restoreLink("web1", 0);
    await until("back on the first link", 60, async () => (await lab.status()).hosts[0]?.links[0]?.active === true);
  });

  it("loses the host when both links are cut, so a cut is real", async () => {
    await lab.cutLink("web2", 0);
    await lab.cutLink("web2", 1);
    const refused = await lab.exec(["curl", "-s", "--max-time", "5", "http://[fd00:8000::12]/"], { reject: false });
    expect(refused.exitCode).not.toBe(0);
    expect((await lab.status()).hosts[1]?.state).toBe("booting");
    await lab.restoreLink("web2", 1);
    await until("reachable again", 60, async () => (await lab.status()).hosts[1]?.state === "up");
  });

  it("shows a degraded mirror", async () => {
    await lab.sshRun("web1", "mdadm --quiet /dev/md1 --fail /dev/vdb2");
    expect((await lab.status()).hosts[0]?.mirrors).toEqual({ md0: "UU", md1: "U_" });
    const shown = await command(["status"]);
    expect(shown).toMatchObject({ exitCode: 0 });
    expect(shown.output).toContain("md1 DEGRADED [U_]");
    await lab.sshRun("web1", "mdadm --quiet /dev/md1 --remove /dev/vdb2 && mdadm --quiet /dev/md1 --re-add /dev/vdb2");
    await until("whole again", 120, async () => (await lab.status()).hosts[0]?.mirrors.md1 === "UU");
  });

  it("keeps flushed data over a power cut, and boots as the same host with its cut link still cut", async () => {
    await lab.sshRun("web2", "echo kept > /srv/accounts/kept; sync");
    const before = (await lab.status()).hosts[1];
    await lab.powerCut("web2");
    const off = await command(["status", "--json"]);
    expect(off.exitCode).toBe(5);
    expect(JSON.parse(off.output).hosts[1]).toMatchObject({ state: "off", machineId: before?.machineId });
    await lab.powerOn("web2");
    const after = (await lab.status()).hosts[1];
    expect(after).toMatchObject({ state: "up", machineId: before?.machineId, mirrors: { md0: "UU", md1: "UU" } });
    expect(after?.links).toEqual([
      { switch: "switch-a", cut: true, active: false },
      { switch: "switch-b", cut: false, active: true },
    ]);
    const seen = await lab.sshRun(
      "web2",
      "cat /srv/accounts/kept; hostname; cat /etc/machine-id /sys/class/net/bond0/address",
    );
    expect(seen.stdout).toBe(`kept\nweb2\n${after?.machineId}\n52:54:00:fa:02:00\n`);
    await lab.restoreLink("web2", 0);
  });

  it("says what is wrong and how to fix it", async () => {
    expect(await command(["ssh", "web9"])).toMatchObject({
      exitCode: 2,
      output: expect.stringContaining("web1, web2"),
    });
    const status = await command(["exec", "--", "sh", "-c", "exit 5"]);
    expect(status.exitCode).toBe(5);
    expect(await command(["clean"])).toMatchObject({ exitCode: 5, output: expect.stringContaining("a lab is up") });
    await expect(lab.sshRun("web9", "true")).rejects.toThrow("use one of web1, web2");
  });

  it("leaves nothing behind when it goes down, or is interrupted, or cannot start", async () => {
    const before = recordedServices();
    expect(before.map(({ name }) => name).sort()).toEqual(["router", "web1", "web1-ssh", "web2", "web2-ssh"]);
    const down = await command(["down"]);
    expect(down.exitCode, down.output).toBe(0);
    await expectNothingLeft(before);
    expect(await command(["curl", "http://[fd00:8000::11]/"])).toMatchObject({
      exitCode: 5,
      output: expect.stringContaining("the lab is down"),
    });

    let started: ReturnType<typeof recordedServices> = [];
    let sent = false;
    const interrupted = await command(["up"], {}, (output, pid) => {
      if (sent || !output.includes("network:")) return;
      sent = true;
      setTimeout(() => {
        started = recordedServices();
        process.kill(pid, "SIGINT");
      }, 500);
    });
    expect(interrupted).toMatchObject({ exitCode: 130 });
    expect(started.length).toBeGreaterThan(0);
    await expectNothingLeft(started);

    // The same command as another user: it fails before it does anything. It may read all files, as nobody else can read a
    // checkout in a private directory, mktemp(1)'s for example.
    const { execa } = await import("execa");
    const words = [
      "--reuid=65534",
      "--regid=65534",
      "--clear-groups",
      "--inh-caps=+dac_read_search",
      "--ambient-caps=+dac_read_search",
      process.execPath,
      `${import.meta.dirname}/../cli/lab.ts`,
      "up",
    ];
    const nobody = await execa("setpriv", words, { reject: false });
    expect(nobody).toMatchObject({ exitCode: 5, stderr: expect.stringContaining("the lab needs root") });
    expect(nobody.stderr).toContain("sudo");
    const poor = await command(["up"], { FAIRHOST_LAB_MEMORY_MIB: "1000" });
    expect(poor).toMatchObject({
      exitCode: 5,
      output: expect.stringContaining("2 hosts need 2400 MiB of memory, 1000 MiB are free"),
    });
    const server = createServer().listen(2302, "127.0.0.1");
    const taken = await command(["up"]);
    server.close();
    expect(taken).toMatchObject({
      exitCode: 5,
      output: expect.stringContaining("port 2302 of 127.0.0.1 is taken, web2 needs it"),
    });
    await expectNothingLeft([]);
  });
});
